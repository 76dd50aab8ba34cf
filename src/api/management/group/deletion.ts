import { randomUUID } from 'node:crypto';
import { beginLongOperation, endLongOperationsOf } from '../../../store/intents/longOperations.ts';
import { listResourcesBelow, lockResource, removeResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { empty } from '../answers.ts';
import { finishDeletion } from '../batchAccount/deletion.ts';
import { ACCOUNT_TYPE } from '../batchAccount/view.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { begun, existingOperation, underWay } from '../longOperation.ts';
import { removeStorageAccount } from '../storageAccount/removal.ts';
import { STORAGE_ACCOUNT_TYPE } from '../storageAccount/view.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { groupOf, noGroup } from './existing.ts';

const DELETION = 'group.delete';

/** Of the request that asked for it. */
type At = Pick<ManagementCall, 'now' | 'requestId' | 'baseUrl'>;

/** Nothing is made in the group from then on; 202, and 200 where its client polls when all that was in it is gone. */
export const deleteGroup: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  const operation = randomUUID();
  const row = await transaction(parts.data.database, async (tx) => {
    const locked = await lockResource(tx, groupOf(call));
    if (locked === null) throw noGroup(param(call, 'resourceGroupName'));
    if (param(call, 'resourceGroupName').toLowerCase() === parts.directory.resourceGroup) {
      throw new ManagementError('Conflict', `The resource group '${parts.directory.resourceGroup}' holds the account that the service is made for: it cannot be deleted. 'linarite down --purge' removes all.`);
    }
    await beginLongOperation(tx, { operation, id: locked.id, kind: DELETION }, call.now);
    return updateResource(tx, locked, { state: 'Deleting' }, call.now);
  });
  parts.later.begin('the deletion of a resource group', row.id, () => finishGroupDeletion(row, parts, call));
  const url = `${call.baseUrl}/subscriptions/${param(call, 'subscriptionId')}/operationresults/${operation}?api-version=${call.version.text}`;
  return begun(url);
};

export const groupDeletionResult: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  const { endedAt } = await existingOperation(param(call, 'operationId'), parts.data.database);
  return endedAt === null ? underWay(call) : empty(200);
};

const PAGE = 1_000;
/** Batch accounts use the others, and go first. */
const FIRST = ACCOUNT_TYPE.toLowerCase();

/** Does what is left of a deletion; may be done again. */
export async function finishGroupDeletion(group: ResourceRow, parts: ManagementParts, at: At): Promise<void> {
  const { database } = parts.data;
  for (;;) {
    const rows = await listResourcesBelow(database, { prefix: `${group.id}/`, after: '', limit: PAGE });
    if (rows.length === 0) break;
    for (const row of rows.toSorted((a, b) => Number(b.type === FIRST) - Number(a.type === FIRST))) await removeOne(row, parts, at);
  }
  await transaction(database, async (tx) => {
    const locked = await lockResource(tx, group.id);
    if (locked !== null) await removeResource(tx, locked);
    await endLongOperationsOf(tx, { id: group.id, kind: DELETION }, null, at.now);
  });
}

async function removeOne(row: ResourceRow, parts: ManagementParts, at: At): Promise<void> {
  switch (row.type) {
    case FIRST:
      return finishDeletion(row, parts, at);
    case STORAGE_ACCOUNT_TYPE.toLowerCase():
      return removeStorageAccount(row, parts, at.now);
    default:
      await transaction(parts.data.database, async (tx) => removeResource(tx, row));
  }
}
