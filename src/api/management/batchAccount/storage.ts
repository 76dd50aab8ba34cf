import type { StorageAccounts } from '../../../blobs/accounts.ts';
import type { ResourceRow } from '../../../store/intents/resources.ts';
import { accountSpec } from './view.ts';

/** The account works with the storage that it names (`autoStorage`), or with the service's own. */
export function useStorage(row: ResourceRow, storages: StorageAccounts): void {
  if (row.account === null) throw new Error(`${row.id} is no account`);
  const id = accountSpec(row).properties?.autoStorage?.storageAccountId;
  storages.use(row.account, id === undefined ? null : id.slice(id.lastIndexOf('/') + 1).toLowerCase());
}
