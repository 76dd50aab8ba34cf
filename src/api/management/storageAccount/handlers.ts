import { randomUUID } from 'node:crypto';
import { beginLongOperation, endLongOperationsOf } from '../../../store/intents/longOperations.ts';
import { findResource, insertNamedResource, lockResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { isLocation, locationName } from '../../../wire/management/locations.ts';
import { formatResourceId, groupId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { empty, json } from '../answers.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { existingGroup, holdGroup, openGroup } from '../group/existing.ts';
import { listOfType } from '../list.ts';
import { begun, existingOperation } from '../longOperation.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { newStorageKey, newStorageKeys, openStorageKeys, type StorageKeys } from './keys.ts';
import { removeStorageAccount } from './removal.ts';
import { STORAGE_ACCOUNT_TYPE, storageAccountName, storageAccountSpec, storageAccountView, type StorageAccountSpec } from './view.ts';

/** Letters and digits; the name is unique, since it is a host's (resource name rules). */
const NAME = /^[a-z0-9]{3,24}$/;

export const storageAccountHandlers = {
  StorageAccounts_CheckNameAvailability: async (call, parts) => {
    requireSubscription(call, parts);
    const { name } = readBody('ArmCheckStorageName', call, await call.json());
    if (!NAME.test(name)) return json(200, { nameAvailable: false, reason: 'AccountNameInvalid', message: invalidName(name).message });
    if (parts.storages.named(name) !== undefined) return json(200, { nameAvailable: false, reason: 'AlreadyExists', message: taken(name).message });
    return json(200, { nameAvailable: true });
  },
  StorageAccounts_List: (call, parts) => {
    requireSubscription(call, parts);
    return listOfType(STORAGE_ACCOUNT_TYPE, `${subscriptionId(param(call, 'subscriptionId'))}/`, call, parts, (row) => view(row, parts));
  },
  StorageAccounts_ListByResourceGroup: async (call, parts) => {
    await existingGroup(call, parts);
    return listOfType(STORAGE_ACCOUNT_TYPE, `${groupId(param(call, 'subscriptionId'), param(call, 'resourceGroupName'))}/`, call, parts, (row) => view(row, parts));
  },
  StorageAccounts_GetProperties: async (call, parts) => json(200, view(await existing(call, parts), parts)),
  StorageAccounts_Create: create,
  StorageAccounts_OperationResult: creationResult,
  StorageAccounts_Update: async (call, parts) => {
    const { properties, ...asked } = readBody('ArmStorageAccountUpdate', call, await call.json());
    await existing(call, parts);
    const row = await changed(call, parts, (former) => ({ spec: { ...former, ...defined(asked), properties: { ...former.properties, ...defined(properties ?? {}) } } }));
    return json(200, view(row, parts));
  },
  StorageAccounts_Delete: async (call, parts) => {
    requireSubscription(call, parts);
    const row = await findResource(parts.data.database, idOf(call));
    if (row === null) return empty(204);
    refuseFirst(row, parts);
    await removeStorageAccount(row, parts, call.now);
    return empty(200);
  },
  StorageAccounts_ListKeys: async (call, parts) => {
    const row = await existing(call, parts);
    return json(200, keysView(await keysOf(row, parts)));
  },
  StorageAccounts_RegenerateKey: async (call, parts) => {
    const { keyName } = readBody('ArmStorageRegenerateKey', call, await call.json());
    if (keyName !== 'key1' && keyName !== 'key2') throw new ManagementError('InvalidParameter', `The key name '${keyName.slice(0, 64)}' is invalid: it is 'key1' or 'key2'.`, { target: 'keyName' });
    const known = await existing(call, parts);
    refuseFirst(known, parts);
    const row = await changed(call, parts, (_spec, locked) => {
      const [key1, key2] = openStorageKeys(parts.sealing, locked);
      return { secrets: parts.sealing.seal(keyName === 'key1' ? [newStorageKey(), key2] : [key1, newStorageKey()]) };
    });
    await serve(row, parts);
    return json(200, keysView(openStorageKeys(parts.sealing, row)));
  },
  BlobServices_GetServiceProperties: (call, parts) => service('blobServices', { cors: { corsRules: [] }, deleteRetentionPolicy: { enabled: false } }, call, parts),
  /** Terraform reads them with each account of a kind that has shares; there are none here. */
  FileServices_GetServiceProperties: (call, parts) => service('fileServices', { cors: { corsRules: [] }, shareDeleteRetentionPolicy: { enabled: false } }, call, parts),
} satisfies Record<string, ManagementHandler>;

async function service(kind: 'blobServices' | 'fileServices', properties: object, call: ManagementCall, parts: ManagementParts) {
  const { id } = await existing(call, parts);
  const name = param(call, 'serviceName');
  return json(200, { id: `${id}/${kind}/${name}`, name, type: `${STORAGE_ACCOUNT_TYPE}/${kind}`, properties });
}

/** What the long operation is called. */
const CREATION = 'storage.create';

/**
 * A new account takes blobs when this is answered, with 202 as the real service does; what is there already is changed,
 * and shown with 200.
 */
async function create(call: ManagementCall, parts: ManagementParts) {
  const name = param(call, 'accountName');
  if (!NAME.test(name)) throw invalidName(name);
  await openGroup(call, parts);
  const asked = readBody('ArmStorageAccountCreate', call, await call.json());
  if (!isLocation(asked.location)) throw new ManagementError('LocationNotAvailableForResourceType', `The provided location '${asked.location}' is not available for resource type '${STORAGE_ACCOUNT_TYPE}'.`);
  if (!parts.storages.isOurs) throw new ManagementError('NotImplemented', `This service uses the storage account '${parts.storages.first.accountName}' that it was given, and makes no others.`);
  const spec: StorageAccountSpec = { ...asked, location: locationName(asked.location) };
  // The one that the service itself uses may have no resource yet.
  if (name === parts.storages.first.accountName && (await findResource(parts.data.database, idOf(call))) === null) throw taken(name);
  const secrets = parts.sealing.seal(newStorageKeys());
  const operation = randomUUID();
  const row = await transaction(parts.data.database, async (tx) => {
    await holdGroup(tx, call);
    const inserted = await insertNamedResource(tx, { id: idOf(call), name, type: STORAGE_ACCOUNT_TYPE, spec, secrets }, call.now);
    if (inserted === 'taken' || inserted === null) return inserted;
    // It has ended when its client hears of it: whoever is killed before, the next service serves the account first.
    await beginLongOperation(tx, { operation, id: inserted.id, kind: CREATION }, call.now);
    await endLongOperationsOf(tx, { id: inserted.id, kind: CREATION }, null, call.now);
    return inserted;
  });
  if (row === 'taken') throw taken(name);
  if (row !== null) {
    await serve(row, parts);
    return begun(`${call.baseUrl}${subscriptionId(param(call, 'subscriptionId'))}/providers/Microsoft.Storage/locations/${spec.location}/asyncoperations/${operation}?monitor=true&api-version=${call.version.text}`);
  }
  const replaced = await changed(call, parts, (former) => {
    if (former.location !== spec.location) throw new ManagementError('InvalidResourceLocation', `The resource '${name}' already exists in location '${former.location}' in resource group '${param(call, 'resourceGroupName')}'.`);
    if (former.kind !== spec.kind) throw new ManagementError('Conflict', `The kind of the storage account '${name}' is '${former.kind}' and cannot be changed to '${spec.kind}'.`);
    return { spec };
  });
  if (replaced.secrets !== null) await serve(replaced, parts);
  return json(200, view(replaced, parts));
}

/** The account that was made, for who may read it. */
async function creationResult(call: ManagementCall, parts: ManagementParts) {
  requireSubscription(call, parts);
  const { id, kind } = await existingOperation(param(call, 'operationId'), parts.data.database);
  if (kind !== CREATION) throw new ManagementError('NotFound', `The operation '${param(call, 'operationId')}' is not one of a storage account.`);
  return parts.within.ask({ identity: call.identity, method: 'GET', path: id, apiVersion: call.version.text, baseUrl: call.baseUrl });
}

/** Without what is not there: it replaces nothing. */
function defined<T extends object>(asked: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Has the blob server go by the account's keys. */
function serve(row: ResourceRow, { storages, sealing }: ManagementParts): Promise<void> {
  return storages.put([{ name: storageAccountName(row), keys: openStorageKeys(sealing, row) }]);
}

async function changed(call: ManagementCall, parts: ManagementParts, next: (spec: StorageAccountSpec, row: ResourceRow) => { readonly spec?: StorageAccountSpec; readonly secrets?: string }): Promise<ResourceRow> {
  return transaction(parts.data.database, async (tx) => {
    const locked = await lockResource(tx, idOf(call));
    if (locked === null) throw noStorageAccount(call);
    if (locked.state === 'Deleting') throw new ManagementError('Conflict', `The storage account '${param(call, 'accountName')}' is being deleted.`);
    return updateResource(tx, locked, next(storageAccountSpec(locked), locked), call.now);
  });
}

async function existing(call: ManagementCall, parts: ManagementParts): Promise<ResourceRow> {
  await existingGroup(call, parts);
  const found = await findResource(parts.data.database, idOf(call));
  if (found === null) throw noStorageAccount(call);
  return found;
}

function idOf(call: ManagementCall): string {
  return formatResourceId({ subscriptionId: param(call, 'subscriptionId'), resourceGroup: param(call, 'resourceGroupName'), type: STORAGE_ACCOUNT_TYPE, names: [param(call, 'accountName')] });
}

/** The first account's keys are those of the data directory, or of the connection string that was given. */
async function keysOf(row: ResourceRow, { storages, sealing }: ManagementParts): Promise<readonly string[]> {
  return row.secrets === null ? [storages.first.accountKey] : openStorageKeys(sealing, row);
}

function refuseFirst(row: ResourceRow, { storages }: ManagementParts): void {
  if (row.secrets !== null) return;
  throw new ManagementError('Conflict', `The storage account '${storages.first.accountName}' is the one that the service itself uses: it cannot be deleted, and its key is kept in the data directory.`);
}

function keysView(keys: readonly string[] | StorageKeys): object {
  return { keys: keys.map((value, index) => ({ keyName: `key${index + 1}`, value, permissions: 'FULL' })) };
}

function view(row: ResourceRow, { storages, places }: ManagementParts): object {
  const name = storageAccountName(row);
  return storageAccountView(row, places.blobs(name) ?? storages.named(name)?.endpoint);
}

function invalidName(name: string): ManagementError {
  return new ManagementError('AccountNameInvalid', `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`);
}

function taken(name: string): ManagementError {
  return new ManagementError('StorageAccountAlreadyTaken', `The storage account named ${name} is already taken.`);
}

function noStorageAccount(call: ManagementCall): ManagementError {
  return new ManagementError('ResourceNotFound', `The Resource '${STORAGE_ACCOUNT_TYPE}/${param(call, 'accountName')}' under resource group '${param(call, 'resourceGroupName')}' was not found.`);
}
