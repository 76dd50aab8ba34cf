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
    where type = 'microsoft.authorization/roleassignments' and lower(spec -> 'properties' ->> 'principalId') = lower($1)`,
);

/** All that a principal has. */
export function findAssignments(database: Database, principalId: string): Promise<readonly RoleAssignmentRow[]> {
  return rows(database, find, [principalId]);
}
