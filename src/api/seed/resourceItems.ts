import { setTimeout as pause } from 'node:timers/promises';
import type { SigningAccount } from '../../blobs/sas.ts';
import { ResourceFailure } from '../../templates/run.ts';
import type { JsonObject as Json } from '../../templates/json.ts';
import { BatchError } from '../../wire/errors.ts';
import { ManagementError } from '../../wire/management/errors.ts';
import { formatResourceId, groupId } from '../../wire/management/resourceId.ts';
import type { Account } from '../accounts.ts';
import { ACCOUNT_TYPE } from '../management/batchAccount/view.ts';
import { putResource, readResource } from '../management/deployment/doing.ts';
import { STORAGE_ACCOUNT_TYPE } from '../management/storageAccount/view.ts';
import { differences } from './compare.ts';
import type { Asking, Item, ItemKind } from './item.ts';
import type { Entry, JsonObject, Seed, SeedAccount } from './read.ts';

/** The versions of the providers by which resources are made. */
const VERSIONS = { group: '2022-09-01', storage: '2023-01-01', batch: '2025-06-01' } as const;

/** The group that accounts are made in, where the document names one. */
export function groupItems({ group }: Seed, asking: Asking): readonly Item[] {
  if (group === null) return [];
  const { subscriptionId, location } = asking.parts.directory;
  return [resourceItem({ kind: 'resource group', name: group.name, place: group.place, id: groupId(subscriptionId, group.name), apiVersion: VERSIONS.group, body: {}, defaults: { location } }, asking)];
}

export function storageAccountItems({ storageAccounts, group }: Seed, asking: Asking): readonly Item[] {
  const defaults = { location: asking.parts.directory.location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
  return storageAccounts.map(({ id: name, place, body }) => resourceItem({ kind: 'storage account', name, place, id: resourceIn(group?.name ?? null, STORAGE_ACCOUNT_TYPE, name, asking), apiVersion: VERSIONS.storage, body, defaults }, asking));
}

export function accountItem({ id: name, place, body }: Entry, { group }: Seed, asking: Asking): Item {
  return resourceItem({ kind: 'account', name, place, id: resourceIn(group?.name ?? null, ACCOUNT_TYPE, name, asking), apiVersion: VERSIONS.batch, body, defaults: { location: asking.parts.directory.location } }, asking);
}

/**
 * The account that was made, for what is to be in it: for whoever may list its keys. undefined: it is not there, as in
 * a trial. @throws ManagementError AuthorizationFailed, BatchError InsufficientAccountPermissions.
 */
export async function permittedAccount({ id: name }: SeedAccount, { group }: Seed, asking: Asking): Promise<Account | undefined> {
  const id = resourceIn(group?.name ?? null, ACCOUNT_TYPE, name, asking);
  if ((await read(id, VERSIONS.batch, asking)) === null) return undefined;
  await asking.parts.within.check({ identity: identityOf(asking), method: 'POST', path: `${id}/listKeys` });
  return opened(name, asking);
}

/** How long an account that stands there may take until requests reach it. */
const OPEN_MS = 30_000;
const LOOK_MS = 50;

/** Its resource says that it is made a moment before. @throws ManagementError Conflict. */
async function opened(name: string, { parts: { accounts }, signal }: Asking): Promise<Account> {
  for (let waitedMs = 0; waitedMs < OPEN_MS; waitedMs += LOOK_MS) {
    const found = accounts.named(name);
    if (found !== undefined) return found;
    await pause(LOOK_MS, undefined, { signal });
  }
  throw new ManagementError('Conflict', `The account '${name}' is not open yet.`, { target: 'BatchAccount' });
}

/** `name` null: the one that the service has from its start. @throws as `permittedAccount`, and where there is none. */
export async function permittedStorage(name: string | null, group: string | null, asking: Asking): Promise<SigningAccount> {
  const { within, storages } = asking.parts;
  const isFirst = name === null || name === storages.first.accountName;
  const id = resourceIn(isFirst ? null : group, STORAGE_ACCOUNT_TYPE, name ?? storages.first.accountName, asking);
  const identity = identityOf(asking);
  const found = (await read(id, VERSIONS.storage, asking)) === null ? undefined : storages.named(name ?? storages.first.accountName);
  if (found === undefined) throw new ManagementError('ResourceNotFound', `The storage account '${name ?? storages.first.accountName}' is not there.`);
  await within.check({ identity, method: 'POST', path: `${id}/listKeys` });
  return found;
}

interface Resource {
  readonly kind: ItemKind;
  readonly name: string;
  readonly place: string;
  readonly id: string;
  readonly apiVersion: string;
  readonly body: JsonObject;
  /** What it is made with where the document does not say; not held against what is there. */
  readonly defaults: JsonObject;
}

function resourceItem({ kind, name, place, id, apiVersion, body, defaults }: Resource, asking: Asking): Item {
  const put = async (): Promise<void> => {
    const { within } = asking.parts;
    await putResource({ within, request: { identity: identityOf(asking), baseUrl: asking.baseUrl } }, id, apiVersion, { ...defaults, ...body } as Json);
  };
  return {
    kind,
    id: name,
    place,
    within: null,
    differing: async () => {
      const there = await read(id, apiVersion, asking);
      return there === null ? null : differences(spelt(body), spelt(there));
    },
    make: async () => {
      await put();
      return true;
    },
    change: put,
  };
}

/** Regions are the same with spaces and capitals: `West Europe` is answered as `westeurope`. */
function spelt(body: JsonObject): JsonObject {
  const { location } = body;
  return typeof location === 'string' ? { ...body, location: location.toLowerCase().replaceAll(' ', '') } : body;
}

async function read(id: string, apiVersion: string, asking: Asking): Promise<JsonObject | null> {
  try {
    return await readResource({ within: asking.parts.within, request: { identity: identityOf(asking), baseUrl: asking.baseUrl } }, id, apiVersion);
  } catch (error) {
    if (error instanceof ResourceFailure && error.status === 404) return null;
    throw error;
  }
}

function identityOf({ identity }: Asking) {
  if (identity !== null) return identity;
  throw new BatchError('InsufficientAccountPermissions', [{ key: 'Reason', value: 'Accounts and blobs are made for whoever shows a token of the directory; the key of an account is good for what is in that account.' }]);
}

function resourceIn(group: string | null, type: string, name: string, { parts: { directory } }: Asking): string {
  return formatResourceId({ subscriptionId: directory.subscriptionId, resourceGroup: group ?? directory.resourceGroup, type, names: [name] });
}
