import { randomUUID } from 'node:crypto';
import { insertAccount, keysOf } from '../../../store/intents/accounts.ts';
import { beginLongOperation, endLongOperationsOf } from '../../../store/intents/longOperations.ts';
import { countResourcesAt, findResource, insertResource, lockResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { BatchError } from '../../../wire/errors.ts';
import { etagOfMs } from '../../../wire/etag.ts';
import { isLocation, locationName } from '../../../wire/management/locations.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { parseResourceId } from '../../../wire/management/resourceId.ts';
import type { ArmAccountCreate, ArmIdentity } from '../../../wire/management/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { begun } from '../longOperation.ts';
import { assignedIdentities } from '../managedIdentity/assigned.ts';
import { requireLinked } from '../linked.ts';
import { holdGroup, openGroup } from '../group/existing.ts';
import { checkNetworkProfile, useAccess } from './access.ts';
import { STORAGE_ACCOUNT_TYPE } from '../storageAccount/view.ts';
import { checkConditions } from '../conditions.ts';
import { accountId, accountAnswer, existingAccount, noAccount } from './existing.ts';
import { newKeys, openKeys } from './keys.ts';
import { accountQuota } from './quota.ts';
import { CREATION, resultUrl } from './results.ts';
import { useStorage } from './storage.ts';
import { inTurn } from './turns.ts';
import { ACCOUNT_TYPE, accountName, accountSpec, isAccountName, type AccountSpec } from './view.ts';

/** One that came to nothing: those that are under way under the same name go on. */
const REFUSAL = 'account.create.refused';

/**
 * A new account is durable when it is answered 202, and works when its client has polled 200. One that is there is
 * changed, and answered at once.
 */
export const createAccount: ManagementHandler = async (call, parts) => {
  const name = param(call, 'accountName');
  if (!isAccountName(name)) throw new ManagementError('InvalidResourceName', `The account name '${name}' is not valid: it has 3 to 24 lower-case letters and digits.`, { target: 'BatchAccount' });
  await openGroup(call, parts);
  const asked = await readAccount(call, parts);
  const known = await findResource(parts.data.database, accountId(call));
  if (known !== null) return replaced(known, asked, call, parts);
  const operation = randomUUID();
  const keys = newKeys();
  const row = await made().catch(async (error: unknown) => {
    if (!(error instanceof QuotaReached)) throw error;
    await refusedLate(operation, call, parts);
    return null;
  });
  if (row !== null) parts.later.begin('the creation of an account', row.id, () => finishCreation(row, parts, call.now));
  return begun(resultUrl(call, operation));

  function made(): Promise<ResourceRow> {
    return transaction(parts.data.database, async (tx) => {
      await holdGroup(tx, call);
      const account = await insertAccount(tx, name, parts.sealing.seal(keys), call.now);
      checkConditions(call, null);
      if (account === null) throw new ManagementError('AccountAlreadyExists', `An account named '${name}' is already in use.`, { target: 'BatchAccount' });
      // Accounts are made one after the other: no two see the last place free.
      if ((await countResourcesAt(tx, ACCOUNT_TYPE, asked.location)) >= accountQuota(parts)) throw new QuotaReached();
      const resource = await insertResource(tx, { id: accountId(call), type: ACCOUNT_TYPE, spec: withKeySync(asked, call), state: 'Creating', account }, call.now);
      if (resource === null) throw new Error(`${accountId(call)} is there although its account is not`);
      await beginLongOperation(tx, { operation, id: resource.id, kind: CREATION }, call.now);
      return resource;
    });
  }
};

class QuotaReached extends Error {}

/** Recorded: the client hears of it where it polls. */
async function refusedLate(operation: string, call: ManagementCall, { data }: ManagementParts): Promise<void> {
  const id = accountId(call);
  const failure = { status: 409, code: 'SubscriptionQuotaExceeded', message: 'The regional Batch account quota for the specified subscription has been reached.' };
  await transaction(data.database, async (tx) => {
    await beginLongOperation(tx, { operation, id, kind: REFUSAL }, call.now);
    await endLongOperationsOf(tx, { id, kind: REFUSAL }, failure, call.now);
  });
}

/** Does what is left of a creation; may be done again. Of an account that is being deleted, nothing is left. */
export function finishCreation(row: ResourceRow, parts: ManagementParts, now: number): Promise<void> {
  return inTurn(parts.accounts, row, () => create(row, parts, now));
}

async function create({ id, resource }: ResourceRow, { accounts, host, sealing, data, storages }: ManagementParts, now: number): Promise<void> {
  const row = await findResource(data.database, id);
  if (row?.resource !== resource || row.state !== 'Creating') return;
  const { account: number } = row;
  if (number === null) throw new Error(`${id} is no account`);
  const name = accountName(row);
  const sealed = await keysOf(data.database, number);
  if (sealed === null) throw new Error(`the account ${name} has no keys`);
  const { primary, secondary } = openKeys(sealing, sealed);
  useStorage(row, storages);
  useAccess(row, accounts);
  await host.open({ number, name });
  const isMade = await transaction(data.database, async (tx) => {
    const locked = await lockResource(tx, id);
    if (locked?.state !== 'Creating') return false;
    await updateResource(tx, locked, { state: 'Succeeded' }, now);
    await endLongOperationsOf(tx, { id, kind: CREATION }, null, now);
    return true;
  });
  if (isMade) accounts.put({ number, name, keys: [primary, secondary] });
}

/** PUT of an account that is there: what it has is replaced, but for what can be set only once. */
async function replaced(known: ResourceRow, asked: AccountSpec, call: ManagementCall, parts: ManagementParts) {
  const former = accountSpec(known);
  if (former.location !== asked.location) {
    throw new ManagementError('InvalidResourceLocation', `The resource '${accountName(known)}' already exists in location '${former.location}' in resource group '${param(call, 'resourceGroupName')}'. A resource with the same name cannot be created in location '${asked.location}'. Please select a new resource name.`);
  }
  const mode = asked.properties?.poolAllocationMode;
  if (mode !== undefined && mode !== (former.properties?.poolAllocationMode ?? 'BatchService')) throw unchangeable('poolAllocationMode', mode);
  return changed(call, parts, (spec) => ({ ...spec, ...asked, properties: { ...asked.properties, poolAllocationMode: former.properties?.poolAllocationMode } }));
}

/** PATCH: what is named is replaced whole. */
export const changeAccount: ManagementHandler = async (call, parts) => {
  const asked = readBody('ArmAccountUpdate', call, await call.json());
  await existingAccount(call, parts);
  checkNetworkProfile(asked.properties?.networkProfile);
  await checkStorage(asked.properties?.autoStorage?.storageAccountId, call, parts);
  const identity = await knownIdentity(asked.identity, call, parts);
  return changed(call, parts, (spec) => {
    const { properties, ...rest } = asked;
    return { ...spec, ...rest, ...identity, properties: { ...spec.properties, ...properties } };
  });
};

async function changed(call: ManagementCall, parts: ManagementParts, next: (spec: AccountSpec) => AccountSpec) {
  const row = await transaction(parts.data.database, async (tx) => {
    const locked = await lockResource(tx, accountId(call));
    if (locked === null) throw noAccount(call);
    if (locked.state === 'Deleting') throw new ManagementError('Conflict', `The account '${accountName(locked)}' is being deleted.`, { target: 'BatchAccount' });
    checkConditions(call, etagOfMs(locked.modifiedAt));
    return updateResource(tx, locked, { spec: withKeySync(next(accountSpec(locked)), call) }, call.now);
  });
  useStorage(row, parts.storages);
  useAccess(row, parts.accounts);
  return accountAnswer(row, call, parts);
}

async function readAccount(call: ManagementCall, parts: ManagementParts): Promise<AccountSpec> {
  const asked: ArmAccountCreate = readBody('ArmAccountCreate', call, await call.json());
  if (!isLocation(asked.location)) {
    throw new ManagementError('LocationNotAvailableForResourceType', `The provided location '${asked.location}' is not available for resource type '${ACCOUNT_TYPE}'.`);
  }
  const { poolAllocationMode, keyVaultReference, autoStorage } = asked.properties ?? {};
  if (poolAllocationMode === 'UserSubscription' && keyVaultReference === undefined) {
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: "keyVaultReference must be set if poolAllocationMode is specified as 'UserSubscription' on a PUT request" }]);
  }
  for (const [path, id] of [['properties.keyVaultReference.id', keyVaultReference?.id], ['properties.autoStorage.storageAccountId', autoStorage?.storageAccountId]] as const) {
    if (id !== undefined && parseResourceId(id) === undefined) {
      throw new ManagementError('LinkedInvalidPropertyId', `Property id '${id.slice(0, 256)}' at path '${path}' is invalid. Expect fully qualified resource Id that start with '/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.`);
    }
  }
  checkNetworkProfile(asked.properties?.networkProfile);
  await checkStorage(autoStorage?.storageAccountId, call, parts);
  return { ...asked, ...(await knownIdentity(asked.identity, call, parts)), location: locationName(asked.location) };
}

/** An identity is kept with what the service knows of those that are assigned. */
async function knownIdentity(identity: ArmIdentity | undefined, call: ManagementCall, parts: ManagementParts): Promise<Pick<AccountSpec, 'identity'>> {
  if (identity?.type !== 'UserAssigned') return identity === undefined ? {} : { identity: { type: identity.type } };
  const known = await assignedIdentities(identity.userAssignedIdentities, call, parts);
  return { identity: { type: 'UserAssigned', userAssignedIdentities: Object.fromEntries(known.map(({ resourceId, principalId, clientId }) => [resourceId, { principalId, clientId }])) } };
}

/** The storage of an account is one that the service has, and whose keys the caller may list: the account does so. */
async function checkStorage(id: string | undefined, call: ManagementCall, parts: ManagementParts): Promise<void> {
  if (id === undefined) return;
  await requireLinked('storage', [id], call, parts);
  if ((await findResource(parts.data.database, id))?.type === STORAGE_ACCOUNT_TYPE.toLowerCase()) return;
  throw new BatchError('InvalidPropertyValue', [
    { key: 'PropertyName', value: 'autoStorage.storageAccountId' },
    { key: 'PropertyValue', value: id.slice(0, 256) },
    { key: 'Reason', value: 'The specified storage account does not exist.' },
  ]);
}

function unchangeable(name: string, value: string): BatchError {
  return new BatchError('InvalidPropertyValue', [
    { key: 'PropertyName', value: name },
    { key: 'PropertyValue', value },
    { key: 'Reason', value: `${name} is set when the account is created, and cannot be changed.` },
  ]);
}

/** The keys of the storage are read when it is named. */
function withKeySync(spec: AccountSpec, { now }: Pick<ManagementCall, 'now'>): AccountSpec {
  const { lastKeySync: _former, ...rest } = spec;
  return spec.properties?.autoStorage === undefined ? rest : { ...rest, lastKeySync: formatTimestamp(now) };
}
