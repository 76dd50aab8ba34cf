import { ManagementError } from '../../wire/management/errors.ts';
import type { ManagementCall, ManagementParts } from './call.ts';

/** What a resource that names another one does with it, and so what its caller needs a right to. */
const ACTIONS = {
  storage: 'Microsoft.Storage/storageAccounts/listKeys/action',
  identity: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action',
} as const;

/**
 * Whoever may write one resource is not let into another one by naming it there: a Batch account works with the keys of
 * its storage, and tasks get tokens of a pool's identity.
 * @throws ManagementError LinkedAuthorizationFailed (403), in the words of Azure Resource Manager.
 */
export async function requireLinked(kind: keyof typeof ACTIONS, ids: readonly string[], { identity, operation, path }: Pick<ManagementCall, 'identity' | 'operation' | 'path'>, { within }: Pick<ManagementParts, 'within'>): Promise<void> {
  const action = ACTIONS[kind];
  for (const id of ids) {
    if (await within.permits(identity, action, id)) continue;
    throw new ManagementError('LinkedAuthorizationFailed', `The client '${identity.name}' with object id '${identity.objectId}' has permission to perform action '${operation.action}' on scope '${path}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${id.slice(0, 256)}' (respectively) or the linked scope(s) are invalid.`);
  }
}
