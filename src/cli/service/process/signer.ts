import { signedOwnUrl } from '../../../blobs/ownUrls.ts';
import { blobSasUrl, containerSasUrl, type SasRight, type SigningAccount } from '../../../blobs/sas.ts';
import type { Signer, StorageAccess } from '../../../control/work.ts';

/**
 * What a task names of the account's storage is opened for as long as a task may live (limits: 180 days).
 */
const SIGNED_FOR_MS = 180 * 24 * 3_600_000;

const RIGHTS: Readonly<Record<StorageAccess, readonly SasRight[]>> = { blob: ['read'], container: ['read', 'list'], output: ['read', 'create', 'write'] };

/** Opens the account's storage to tasks, by the account's key. `wallClock`: milliseconds since 1970. */
export function signerOf(storage: SigningAccount, wallClock: () => number): Signer {
  const expiresAt = (): number => wallClock() + SIGNED_FOR_MS;
  return {
    container: (container, blob) =>
      blob === undefined
        ? containerSasUrl(storage, container, RIGHTS.container, expiresAt())
        : blobSasUrl(storage, { container, blob, rights: RIGHTS.blob, startsAt: null, expiresAt: expiresAt() }),
    endpoint: (accountName) => (accountName === storage.accountName ? storage.endpoint : `https://${accountName}.blob.core.windows.net`),
    url: (url, access) => signedOwnUrl(storage, url, { scope: access === 'blob' ? 'blob' : 'container', rights: RIGHTS[access], expiresAt: expiresAt() }),
  };
}
