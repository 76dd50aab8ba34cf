import type { StorageAccounts } from '../../../blobs/accounts.ts';
import { signedOwnUrl } from '../../../blobs/ownUrls.ts';
import { blobSasUrl, containerSasUrl, type SasRight } from '../../../blobs/sas.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { Signer, StorageAccess } from '../../../control/work.ts';

/**
 * What a task names of the account's storage is opened for as long as a task may live (limits: 180 days).
 */
const SIGNED_FOR_MS = 180 * 24 * 3_600_000;

const RIGHTS: Readonly<Record<StorageAccess, readonly SasRight[]>> = { blob: ['read'], container: ['read', 'list'], output: ['read', 'create', 'write'] };

/**
 * Opens the storage of a Batch account to its tasks, and the other storage accounts of the service where they name them
 * by identity; by the accounts' keys. `wallClock`: milliseconds since 1970.
 */
export function signerOf(storages: StorageAccounts, account: AccountNumber, wallClock: () => number): Signer {
  const expiresAt = (): number => wallClock() + SIGNED_FOR_MS;
  return {
    container: (container, blob) => {
      const storage = storages.usedBy(account);
      return blob === undefined
        ? containerSasUrl(storage, container, RIGHTS.container, expiresAt())
        : blobSasUrl(storage, { container, blob, rights: RIGHTS.blob, startsAt: null, expiresAt: expiresAt() });
    },
    endpoint: (accountName) => storages.named(accountName)?.endpoint ?? `https://${accountName}.blob.core.windows.net`,
    url: (url, access) => {
      for (const storage of storages.all()) {
        const signed = signedOwnUrl(storage, url, { scope: access === 'blob' ? 'blob' : 'container', rights: RIGHTS[access], expiresAt: expiresAt() });
        if (signed !== null) return signed;
      }
      return null;
    },
  };
}
