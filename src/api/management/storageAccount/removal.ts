import { removeResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import type { ManagementParts } from '../call.ts';
import { storageAccountName } from './view.ts';

/** No request reaches the account from then on. May be done again. */
export async function removeStorageAccount(row: ResourceRow, { data, storages }: Pick<ManagementParts, 'data' | 'storages'>): Promise<void> {
  await storages.empty(storageAccountName(row));
  await transaction(data.database, (tx) => removeResource(tx, row));
  await storages.remove(storageAccountName(row));
}
