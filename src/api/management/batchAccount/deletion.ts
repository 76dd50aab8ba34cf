import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { removeAccountRows } from '../../../store/intents/accountRemoval.ts';
import { beginLongOperation, endLongOperationsOf } from '../../../store/intents/longOperations.ts';
import { findResource, lockResource, removeResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { BatchError } from '../../../wire/errors.ts';
import { etagOfMs } from '../../../wire/etag.ts';
import type { OperationId } from '../../../wire/operations.ts';
import type { Account } from '../../accounts.ts';
import { askWithin } from '../../data/within.ts';
import { empty } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { checkConditions } from '../conditions.ts';
import { begun } from '../longOperation.ts';
import { requireSubscription } from '../subscription/handlers.ts';
import { removeBlobs } from './blobs.ts';
import { accountId } from './existing.ts';
import { CREATION, DELETION } from './results.ts';
import { inTurn } from './turns.ts';
import { accountName, accountSpec } from './view.ts';

/** How often it is looked whether what is inside is gone. */
const LOOK_MS = 200;
/** How long one request within may take. */
const ASK_MS = 30_000;

/** What lies in an account, in the order in which it goes: what makes others first. */
const INSIDE: readonly { readonly list: OperationId; readonly remove: OperationId; readonly parameter: string }[] = [
  { list: 'JobSchedule_List', remove: 'JobSchedule_Delete', parameter: 'jobScheduleId' },
  { list: 'Job_List', remove: 'Job_Delete', parameter: 'jobId' },
  { list: 'Pool_List', remove: 'Pool_Delete', parameter: 'poolId' },
];

/** The account takes no request from then on; 202, and 200 where its client polls when all that was in it is gone. */
export const deleteAccount: ManagementHandler = async (call, parts) => {
  requireSubscription(call, parts);
  const operation = randomUUID();
  const row = await transaction(parts.data.database, async (tx) => {
    const locked = await lockResource(tx, accountId(call));
    if (locked === null) return null;
    checkConditions(call, etagOfMs(locked.modifiedAt));
    await beginLongOperation(tx, { operation, id: locked.id, kind: DELETION }, call.now);
    return locked.state === 'Deleting' ? locked : updateResource(tx, locked, { state: 'Deleting' }, call.now);
  });
  if (row === null) return empty(204);
  parts.accounts.remove(accountName(row).toLowerCase());
  parts.later.begin('the deletion of an account', row.id, () => finishDeletion(row, parts, call));
  return begun(deletionUrl(row, operation, call));
};

/** Recorded 8.10: below the account's region, since the account itself will be gone. */
function deletionUrl(row: ResourceRow, operation: string, call: ManagementCall): string {
  return `${call.baseUrl}/subscriptions/${param(call, 'subscriptionId')}/providers/Microsoft.Batch/locations/${accountSpec(row).location}/accountOperationResults/${accountName(row)}-${operation}?api-version=${call.version.text}`;
}

/** Of the request that asked for it. */
type At = Pick<ManagementCall, 'now' | 'requestId' | 'baseUrl'>;

/** Does what is left of a deletion; may be done again. Who asks while it is done waits for the same end. */
export function finishDeletion(row: ResourceRow, parts: ManagementParts, at: At): Promise<void> {
  return inTurn(parts.accounts, row, () => deleteAll(row, parts, at));
}

async function deleteAll(row: ResourceRow, parts: ManagementParts, at: At): Promise<void> {
  const { database } = parts.data;
  // One of the same name may have been made since.
  if ((await findResource(database, row.id))?.resource !== row.resource) return;
  const { account: number } = row;
  if (number !== null) {
    const name = accountName(row).toLowerCase();
    parts.accounts.remove(name);
    const account: Account = { number, name, keys: [] };
    for (const inside of INSIDE) await emptied(inside, account, parts, at);
    await parts.host.close(number);
    await removeBlobs(number, parts);
  }
  await transaction(database, async (tx) => {
    const locked = await lockResource(tx, row.id);
    if (locked !== null) await removeResource(tx, locked);
    if (number !== null) await removeAccountRows(tx, number);
    await endLongOperationsOf(tx, { id: row.id, kind: DELETION }, null, at.now);
    await endLongOperationsOf(tx, { id: row.id, kind: CREATION }, { status: 409, code: 'Conflict', message: `The account '${accountName(row)}' was deleted before it was made.` }, at.now);
  });
}

/** Asks for the end of all of a kind, and waits until it has come. */
async function emptied({ list, remove, parameter }: (typeof INSIDE)[number], account: Account, { data }: ManagementParts, { now, requestId, baseUrl }: At): Promise<void> {
  const ask = (operation: OperationId, params: Readonly<Record<string, string>>, query: Readonly<Record<string, string>>) =>
    askWithin(account, data, { operation, params, query, signal: AbortSignal.timeout(ASK_MS), now, requestId, baseUrl });
  for (;;) {
    const { body } = await ask(list, {}, { $select: 'id' });
    const ids = idsIn(body);
    if (ids.length === 0) return;
    for (const id of ids) {
      await ask(remove, { [parameter]: id }, {}).catch((error: unknown) => {
        // It goes already, or is gone.
        if (!(error instanceof BatchError) || (error.status !== 409 && error.status !== 404)) throw error;
      });
    }
    await pause(LOOK_MS);
  }
}

function idsIn(body: unknown): readonly string[] {
  if (typeof body !== 'string') throw new Error('a list has no body');
  const { value } = JSON.parse(body) as { readonly value: readonly { readonly id: string }[] };
  return value.map(({ id }) => id);
}
