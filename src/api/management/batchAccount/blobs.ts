import type { AccountNumber } from '../../../core/keys.ts';
import { archivedBlobs, containersOfApplications } from '../../../store/intents/accountRemoval.ts';
import { ARCHIVE_CONTAINER } from '../../../store/logArchive.ts';
import type { ManagementParts } from '../call.ts';

const PAGE = 1_000;

/**
 * Deletes what lies in the account's storage and is no user's: packages of its applications, and its log archive. May
 * be done again. The container of the archive stays: other accounts may use the same storage.
 */
export async function removeBlobs(account: AccountNumber, { data }: Pick<ManagementParts, 'data'>): Promise<void> {
  const storage = data.storageOf(account);
  for (const container of await containersOfApplications(data.database, account)) await storage.deleteContainer(container);
  let after = 0;
  for (;;) {
    const objects = await archivedBlobs(data.database, account, { after, limit: PAGE });
    for (const { blob } of objects) await storage.deleteBlob(ARCHIVE_CONTAINER, blob);
    const last = objects.at(-1);
    if (last === undefined) return;
    after = last.object;
  }
}
