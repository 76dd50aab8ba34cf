import { lockMaking, type ResourceRow } from './resources.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A role that was assigned to somebody, at the scope that its id begins with. */
export interface RoleAssignmentRow {
  /** `SCOPE/providers/Microsoft.Authorization/roleAssignments/NAME` */
  readonly id: string;
  readonly roleDefinitionId: string;
  /** JSON: what the role gives, if it is none of the built-in ones; null: it is, or is gone. */
  readonly permissions: string | null;
}

/** Of what an assignment is at. One that was made later under the same id is another one. */
const SCOPE_KEY = "left(resource.id_key, strpos(resource.id_key, '/providers/microsoft.authorization/roleassignments/') - 1)";

const find = statement<RoleAssignmentRow>(
  'role-assignment.find',
  `select id, spec -> 'properties' ->> 'roleDefinitionId' as "roleDefinitionId",
    (select role.spec -> 'properties' -> 'permissions' from resource role
      where role.type = 'microsoft.authorization/roledefinitions' and role.id_key = lower(resource.spec -> 'properties' ->> 'roleDefinitionId')) as permissions
    from resource
    where type = 'microsoft.authorization/roleassignments' and lower(spec -> 'properties' ->> 'principalId') = lower($1)
    and ($2 or not exists (select from resource ours where ours.type = 'microsoft.managedidentity/userassignedidentities' and lower(ours.spec ->> 'principalId') = lower($1)))
    and not exists (select from resource at where at.id_key = ${SCOPE_KEY} and at.created > resource.created)`,
);

/**
 * All that a principal has. `isOurs`: of this service's tenant; others are none of its managed identities, whatever
 * they call themselves.
 */
export function findAssignments(database: Database, { principalId, isOurs }: { readonly principalId: string; readonly isOurs: boolean }): Promise<readonly RoleAssignmentRow[]> {
  return rows(database, find, [principalId, isOurs]);
}

const list = statement<ResourceRow>(
  'role-assignment.list',
  `select resource, id, type, spec, secrets, state, account, created as "createdAt", modified as "modifiedAt" from resource
    where type = 'microsoft.authorization/roleassignments' order by id_key limit $1`,
);

/** Those of all principals, at most so many. */
export function allAssignments(connection: Database | Transaction, limit: number): Promise<readonly ResourceRow[]> {
  return rows(connection, list, [limit]);
}

/** Roles are made, assigned and removed one after the other: none is made twice, and none goes as it is assigned. */
export function lockRoles(tx: Transaction): Promise<void> {
  return lockMaking(tx, 'Microsoft.Authorization');
}

const listRoles = statement<ResourceRow>(
  'role-definition.list',
  `select resource, id, type, spec, secrets, state, account, created as "createdAt", modified as "modifiedAt" from resource
    where type = 'microsoft.authorization/roledefinitions' order by id_key limit $1`,
);
const isUsed = statement(
  'role-definition.is-used',
  `select 1 as found from resource where type = 'microsoft.authorization/roleassignments' and lower(spec -> 'properties' ->> 'roleDefinitionId') = lower($1) limit 1`,
);

/** Roles of the operator's own, at most so many. */
export function allRoleDefinitions(connection: Database | Transaction, limit: number): Promise<readonly ResourceRow[]> {
  return rows(connection, listRoles, [limit]);
}

/** Whether anybody has that role. */
export async function isRoleAssigned(connection: Database | Transaction, roleDefinitionId: string): Promise<boolean> {
  return (await row(connection, isUsed, [roleDefinitionId])) !== null;
}
