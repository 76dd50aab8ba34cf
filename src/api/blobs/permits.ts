import type { Instant } from '../../core/keys.ts';
import { findResourceNamed } from '../../store/intents/resources.ts';
import type { Database } from '../../store/intents/statement.ts';
import type { AssignedRoles } from '../identity/assignedRoles.ts';
import { TokenRefused } from '../identity/tokenRefused.ts';
import type { Tokens } from '../identity/tokens.ts';
import { STORAGE_ACCOUNT_TYPE } from '../management/storageAccount/view.ts';
import { givesAction, givesDataAction } from '../roles.ts';
import type { BlobFrontOptions } from './front.ts';
import { StorageRefusal } from './refusals.ts';

const BLOBS = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';

/** What a bearer may do with blobs: what a role gives that is assigned at the storage account or above it. */
export function blobPermits({ tokens, roles, database, wallClock }: { readonly tokens: Tokens; readonly roles: AssignedRoles; readonly database: Database; readonly wallClock: () => Instant }): BlobFrontOptions['permits'] {
  return async (token, account, action) => {
    const identity = await tokens.verify(token, { audiences: audiencesOf(account), now: wallClock() }).catch((error: unknown) => {
      throw error instanceof TokenRefused ? new StorageRefusal('InvalidAuthenticationInfo', error.message) : error;
    });
    const resource = await findResourceNamed(database, { type: STORAGE_ACCOUNT_TYPE, name: account });
    if (resource === null) return false;
    const assigned = await roles.at(identity, resource.id);
    // Who may list the account's keys may do all that they allow.
    return givesAction(assigned, `${STORAGE_ACCOUNT_TYPE}/listKeys/action`) || givesDataAction(assigned, `${BLOBS}/${action}`);
  };
}

/** Tokens are for Azure Storage as a whole, or for the account by its name. */
function audiencesOf(account: string): readonly string[] {
  return ['https://storage.azure.com', 'https://storage.azure.com/', `https://${account}.blob.core.windows.net`, `https://${account}.blob.core.windows.net/`];
}
