import type { ResourceRow } from './resources.ts';
import { rows, statement, type Database } from './statement.ts';

/** A role that was assigned to somebody, at the scope that its id begins with. */
interface RoleAssignmentRow {
  /** `SCOPE/providers/Microsoft.Authorization/roleAssignments/NAME` */
  readonly id: string;
  readonly roleDefinitionId: string;
}

/** Of what an assignment is at. One that was made later under the same id is another one. */
const SCOPE_KEY = "left(resource.id_key, strpos(resource.id_key, '/providers/microsoft.authorization/roleassignments/') - 1)";

const find = statement<RoleAssignmentRow>(
  'role-assignment.find',
  `select id, spec -> 'properties' ->> 'roleDefinitionId' as "roleDefinitionId" from resource
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
export function allAssignments(database: Database, limit: number): Promise<readonly ResourceRow[]> {
  return rows(database, list, [limit]);
}
