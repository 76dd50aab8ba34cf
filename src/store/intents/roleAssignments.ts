import { rows, statement, type Database } from './statement.ts';

/** A role that was assigned to somebody, at the scope that its id begins with. */
interface RoleAssignmentRow {
  /** `SCOPE/providers/Microsoft.Authorization/roleAssignments/NAME` */
  readonly id: string;
  readonly roleDefinitionId: string;
}

const find = statement<RoleAssignmentRow>(
  'role-assignment.find',
  `select id, spec -> 'properties' ->> 'roleDefinitionId' as "roleDefinitionId" from resource
    where type = 'microsoft.authorization/roleassignments' and lower(spec -> 'properties' ->> 'principalId') = lower($1)
    and ($2 or not exists (select from resource ours where ours.type = 'microsoft.managedidentity/userassignedidentities' and lower(ours.spec ->> 'principalId') = lower($1)))`,
);

/**
 * All that a principal has. `isOurs`: of this service's tenant; others are none of its managed identities, whatever
 * they call themselves.
 */
export function findAssignments(database: Database, { principalId, isOurs }: { readonly principalId: string; readonly isOurs: boolean }): Promise<readonly RoleAssignmentRow[]> {
  return rows(database, find, [principalId, isOurs]);
}
