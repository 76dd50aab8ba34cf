import { randomUUID } from 'node:crypto';
import type { AccountNumber } from '../../core/keys.ts';
import { packageRemovals } from '../../store/intents/applications.ts';
import { findResource, insertResource, listResources, type ResourceRow } from '../../store/intents/resources.ts';
import { transaction } from '../../store/intents/statement.ts';
import { formatResourceId, groupId } from '../../wire/management/resourceId.ts';
import type { Account } from '../accounts.ts';
import { finishPackageRemoval } from '../application/applications.ts';
import { useAccess } from './batchAccount/access.ts';
import { finishCreation } from './batchAccount/creation.ts';
import { finishDeletion } from './batchAccount/deletion.ts';
import { useStorage } from './batchAccount/storage.ts';
import { ACCOUNT_TYPE, accountSpec } from './batchAccount/view.ts';
import type { ManagementParts } from './call.ts';
import { resumeDeployments } from './deployment/resume.ts';
import { finishGroupDeletion } from './group/deletion.ts';
import { GROUP_TYPE } from './group/existing.ts';
import { openStorageKeys } from './storageAccount/keys.ts';
import { removeStorageAccount } from './storageAccount/removal.ts';
import { STORAGE_ACCOUNT_TYPE, storageAccountName, type StorageAccountSpec } from './storageAccount/view.ts';

/** The account that a service has from its start. */
interface FirstAccount {
  readonly number: AccountNumber;
  readonly name: string;
}

/**
 * What the management plane does when a service starts: what the service made by itself has resources as all else has,
 * the blob server goes by the storage accounts, and what was begun in an earlier life is finished.
 */
export async function resumeManagement(parts: ManagementParts, first: FirstAccount, now: number): Promise<void> {
  await enterFirst(parts, first, now);
  await enterAll(parts);
  await finishBegun(parts, now);
}

/**
 * What the service keeps of accounts and storage accounts, as the database has it. `accounts`: all that there are; left
 * out: they are known.
 */
export async function enterAll(parts: ManagementParts, accounts?: readonly Account[]): Promise<void> {
  const stored = (await all(STORAGE_ACCOUNT_TYPE, parts)).filter(({ secrets }) => secrets !== null);
  if (parts.storages.isOurs && stored.length > 0) await parts.storages.put(stored.map((row) => ({ name: storageAccountName(row), keys: openStorageKeys(parts.sealing, row) })));
  const rows = await all(ACCOUNT_TYPE, parts);
  if (accounts !== undefined) {
    const notOpen = new Set(rows.filter(({ state }) => state === 'Creating' || state === 'Deleting').map(({ account }) => account));
    parts.accounts.replace(accounts.filter(({ number }) => !notOpen.has(number)));
  }
  for (const row of rows) {
    if (row.account === null) continue;
    useStorage(row, parts.storages);
    useAccess(row, parts.accounts);
  }
}

/** What was begun in an earlier life, or by a process that has ended. */
export async function finishBegun(parts: ManagementParts, now: number): Promise<void> {
  for (const row of await all(STORAGE_ACCOUNT_TYPE, parts)) {
    if (row.secrets !== null && row.state === 'Deleting') parts.later.resume('the deletion of a storage account', row.id, () => removeStorageAccount(row, parts, now));
  }
  const at = { now, requestId: randomUUID(), baseUrl: 'http://localhost' };
  for (const row of await all(ACCOUNT_TYPE, parts)) {
    if (row.state === 'Creating') parts.later.resume('the creation of an account', row.id, () => finishCreation(row, parts, now));
    if (row.state === 'Deleting') parts.later.resume('the deletion of an account', row.id, () => finishDeletion(row, parts, at));
  }
  for (const removal of await packageRemovals(parts.data.database)) {
    const storage = parts.data.storageOf(removal.account);
    parts.later.resume('the deletion of a package', `${removal.application} ${removal.version}`, () => finishPackageRemoval({ database: parts.data.database, storage }, removal));
  }
  await resumeDeployments(parts);
  for (const row of await all(GROUP_TYPE, parts)) {
    if (row.state === 'Deleting') parts.later.resume('the deletion of a resource group', row.id, () => finishGroupDeletion(row, parts, at));
  }
}

/** Thrown where a service is told to be in another region than its account is in, which stays where it was made. */
class OtherRegion extends Error {
  override readonly name = 'OtherRegion';
  readonly code = 'OTHER_REGION';
  constructor(account: string, is: string, asked: string) {
    super(`the account ${account} of this data directory is in ${is}, and accounts do not move: leave out --region ${asked}, or start with another data directory`);
  }
}

/**
 * The group, the account and the storage that were there before clients could make any.
 * @throws OtherRegion
 */
async function enterFirst({ data, directory, storages }: ManagementParts, { number, name }: FirstAccount, now: number): Promise<void> {
  const { subscriptionId, resourceGroup, location, isLocationGiven = false } = directory;
  const account = formatResourceId({ subscriptionId, resourceGroup, type: ACCOUNT_TYPE, names: [name] });
  const known = await findResource(data.database, account);
  if (known !== null && isLocationGiven && accountSpec(known).location !== location) throw new OtherRegion(name, accountSpec(known).location, location);
  const inGroup = { subscriptionId, resourceGroup };
  const storage = formatResourceId({ ...inGroup, type: STORAGE_ACCOUNT_TYPE, names: [storages.first.accountName] });
  const spec: StorageAccountSpec = { sku: { name: 'Standard_LRS' }, kind: 'StorageV2', location };
  await transaction(data.database, async (tx) => {
    await insertResource(tx, { id: groupId(subscriptionId, resourceGroup), type: GROUP_TYPE, spec: { location } }, now);
    await insertResource(tx, { id: storage, type: STORAGE_ACCOUNT_TYPE, spec }, now);
    await insertResource(tx, { id: account, type: ACCOUNT_TYPE, spec: { location, properties: { autoStorage: { storageAccountId: storage } } }, account: number }, now);
  });
}

const PAGE = 1_000;

async function all(type: string, { data }: ManagementParts): Promise<readonly ResourceRow[]> {
  const found: ResourceRow[] = [];
  for (;;) {
    const rows = await listResources(data.database, { type, prefix: '/', after: found.at(-1)?.id ?? '', limit: PAGE });
    found.push(...rows);
    if (rows.length < PAGE) return found;
  }
}
