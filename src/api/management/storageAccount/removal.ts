import { lockResource, removeResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import type { Instant } from '../../../core/keys.ts';
import type { ManagementParts } from '../call.ts';
import { storageAccountName } from './view.ts';

/**
 * No request reaches the account from then on. May be done again: one that is interrupted has lost some of its blobs,
 * so the next service goes on with it.
 */
export async function removeStorageAccount({ id }: Pick<ResourceRow, 'id'>, { data, storages }: Pick<ManagementParts, 'data' | 'storages'>, now: Instant): Promise<void> {
  const row = await transaction(data.database, async (tx) => {
    const locked = await lockResource(tx, id);
    return locked === null ? null : updateResource(tx, locked, { state: 'Deleting' }, now);
  });
  if (row === null) return;
  await storages.empty(storageAccountName(row));
  await transaction(data.database, (tx) => removeResource(tx, row));
  await storages.remove(storageAccountName(row));
}
