import { findAssignments, type RoleAssignmentRow } from '../../store/intents/roleAssignments.ts';
import type { Database } from '../../store/intents/statement.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { builtInRole, type Role, ROLES } from '../roles.ts';
import type { Identity } from './identity.ts';
import { isOperatorIdentity, TENANT_ID } from './wellKnown.ts';

/** Which roles an identity has. */
export interface AssignedRoles {
  /** `scope`: the id of a resource, or a path below it. An assignment counts for its own scope and all below it. */
  at(identity: Identity, scope: string): Promise<readonly Role[]>;
}

const ASSIGNMENTS = '/providers/microsoft.authorization/roleassignments/';

/** Whoever runs the service is owner of all; others have what was assigned to them. */
export function createAssignedRoles(database: Database): AssignedRoles {
  return {
    at: async (identity, scope) => {
      if (isOperatorIdentity(identity)) return [ROLES.owner];
      const assigned = await findAssignments(database, { principalId: identity.objectId, isOurs: identity.tenantId === TENANT_ID });
      return assigned.filter(({ id }) => reaches(id, scope)).flatMap(rolesOf);
    },
  };
}

/** A role that was deleted since gives nothing; one of the operator's own may have several parts. */
function rolesOf({ roleDefinitionId, permissions }: RoleAssignmentRow): readonly Role[] {
  const builtIn = builtInRole(roleDefinitionId);
  if (builtIn !== undefined) return [builtIn];
  return permissions === null ? [] : (JSON.parse(permissions) as readonly Role[]);
}

function reaches(assignmentId: string, path: string): boolean {
  const id = lowerAscii(assignmentId);
  const scope = id.slice(0, Math.max(id.lastIndexOf(ASSIGNMENTS), 0));
  return `${lowerAscii(path)}/`.startsWith(`${scope}/`);
}
