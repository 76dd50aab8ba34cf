import { findAssignments } from '../../store/intents/roleAssignments.ts';
import type { Database } from '../../store/intents/statement.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { roleOfDefinition, type Role } from '../roles.ts';
import type { Identity } from './identity.ts';
import { OPERATOR, OPERATOR_USER } from './wellKnown.ts';

/** Which roles an identity has. */
export interface AssignedRoles {
  /** `scope`: the id of a resource, or a path below it. An assignment counts for its own scope and all below it. */
  at(identity: Identity, scope: string): Promise<readonly Role[]>;
}

const OPERATORS: ReadonlySet<string> = new Set([OPERATOR.objectId, OPERATOR_USER.objectId]);
const ASSIGNMENTS = '/providers/microsoft.authorization/roleassignments/';

/** Whoever runs the service is owner of all; others have what was assigned to them. */
export function createAssignedRoles(database: Database): AssignedRoles {
  return {
    at: async ({ objectId, tenantId }, scope) => {
      if (OPERATORS.has(objectId) && tenantId === OPERATOR.tenantId) return ['owner'];
      const assigned = await findAssignments(database, { principalId: objectId, isOurs: tenantId === OPERATOR.tenantId });
      return assigned.flatMap(({ id, roleDefinitionId }) => (reaches(id, scope) ? (roleOfDefinition(roleDefinitionId) ?? []) : []));
    },
  };
}

function reaches(assignmentId: string, path: string): boolean {
  const id = lowerAscii(assignmentId);
  const scope = id.slice(0, Math.max(id.lastIndexOf(ASSIGNMENTS), 0));
  return `${lowerAscii(path)}/`.startsWith(`${scope}/`);
}
