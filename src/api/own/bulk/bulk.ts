/** Our own operations on many tasks of a job at once (docs/own-operations.md). */
import { randomUUID } from 'node:crypto';
import type { AccountNumber, Instant, TaskNumber } from '../../../core/keys.ts';
import { beginBulk, findBulk, timeOfTick, type BulkRow, type BulkWork } from '../../../store/intents/bulkOperations.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { transaction, type Database } from '../../../store/intents/statement.ts';
import { lockTasks, taskNumbers } from '../../../store/intents/tasks.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import type { BulkOperation, BulkSkipped } from '../../../wire/own/bulk.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import { authorize } from '../../principal.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';
import { readSelecting } from '../tasks/rows.ts';
import { selectWhole } from '../tasks/selection.ts';
import { stepFor } from './decide.ts';
import { readBulk, type BulkAsked } from './reading.ts';
import { begin, Skipped } from './work.ts';

export const bulkOperations: readonly OwnOperation[] = [
  { method: 'POST', path: '/linarite/jobs/{jobId}/bulk', right: 'write', of: 'jobs', body: true, run: bulk },
  { method: 'GET', path: '/linarite/operations/{operation}', right: 'read', of: 'jobs', run: operation },
];

/** How long the answer waits for the operation to end. */
const PATIENCE_MS = 2_000;
const LOOK_MS = 50;

/**
 * 200: it has ended, or nothing was to be done. 202: it goes on, and `GET /linarite/operations/{operation}` says how
 * far it is. @throws BatchError JobNotFound, InsufficientAccountPermissions, with the property named for what is wrong.
 */
async function bulk(call: OwnCall, parts: Parts): Promise<Answer> {
  readNames(call.query, []);
  const asked = readBulk(await call.json());
  if (asked.action === 'delete') authorize(call.principal, { right: 'delete', of: 'jobs', params: call.params });
  const { database } = parts;
  const job = await jobOf(call, database);
  const work = await workOf(asked, call.account, database);
  const { numbers, unknown } = await meant(call, database, job, asked);
  const gone: readonly BulkSkipped[] = unknown.length === 0 ? [] : [{ reason: 'gone', count: unknown.length, examples: unknown.slice(0, 20) }];
  if (asked.dryRun) return json(200, await tried(parts, job, { work, numbers, gone, now: call.now }));
  if (numbers.length === 0) return json(200, { operation: null, job: job.id, action: asked.action, state: 'completed', matched: 0, done: 0, changed: 0, skipped: gone } satisfies BulkOperation);
  const id = randomUUID();
  await beginBulk(database, { operation: id, account: call.account, job: job.job, work, numbers, skipped: gone }, call.now);
  begin(parts, call.account, id);
  const row = await ended(parts, call, id);
  return json(row.endedAt === null ? 202 : 200, viewOf(row));
}

async function workOf({ action, change, asOf }: BulkAsked, account: AccountNumber, database: Database): Promise<BulkWork> {
  const at = asOf === null ? undefined : await timeOf(database, account, asOf);
  return { action, ...(change === undefined ? {} : { change }), ...(at === undefined ? {} : { asOf: at }) };
}

async function timeOf(database: Database, account: AccountNumber, rev: string): Promise<Instant> {
  const [epoch = 0, tick = 0] = rev.split('-').map(Number);
  // Before an owner's first tick nothing had happened.
  if (tick === 0) return 0;
  const at = await timeOfTick(database, account, epoch, tick);
  if (at === null) throw invalidProperty('asOf', rev, 'It is too long ago, or no answer had it: look again.');
  return at;
}

/** Which tasks are meant. `unknown`: ids of none. */
async function meant(call: OwnCall, database: Database, job: JobWithStatus, { ids, filter, text }: BulkAsked): Promise<{ readonly numbers: readonly TaskNumber[]; readonly unknown: readonly string[] }> {
  if (ids === null) {
    const { numbers } = await selectWhole(database, job, readSelecting({ q: text, filter: filter ?? '', sort: '' }), call.now, call.signal);
    return { numbers: [...numbers], unknown: [] };
  }
  const numbers = await taskNumbers(database, job.job, ids);
  if (numbers.length === new Set(ids.map((id) => id.toLowerCase())).size) return { numbers, unknown: [] };
  const found = await Promise.all(ids.map(async (id) => ((await taskNumbers(database, job.job, [id])).length === 0 ? [id] : [])));
  return { numbers, unknown: found.flat() };
}

/** Tasks that a try looks at together. */
const AT_ONCE = 1_000;

/** What would become of each, without doing it. */
async function tried({ database }: Parts, job: JobWithStatus, { work, numbers, gone, now }: { readonly work: BulkWork; readonly numbers: readonly TaskNumber[]; readonly gone: readonly BulkSkipped[]; readonly now: Instant }): Promise<BulkOperation> {
  const skipped = new Skipped(gone);
  let changed = 0;
  for (let from = 0; from < numbers.length; from += AT_ONCE) {
    const some = numbers.slice(from, from + AT_ONCE);
    const tasks = await transaction(database, (tx) => lockTasks(tx, job.job, some));
    for (let missing = tasks.length; missing < some.length; missing += 1) skipped.add('gone', null);
    for (const task of tasks) {
      const step = stepFor(work, task, now);
      if (step.kind === 'skip') skipped.add(step.reason, task.id);
      else changed += 1;
    }
  }
  return { operation: null, job: job.id, action: work.action, state: 'completed', matched: numbers.length, done: 0, changed, skipped: skipped.all() };
}

async function ended({ database, timeout }: Parts, { account, signal }: OwnCall, id: string): Promise<BulkRow> {
  const patience = AbortSignal.any([signal, timeout(PATIENCE_MS)]);
  for (;;) {
    const row = await findBulk(database, account, id);
    if (row === null) throw new Error('the operation is gone');
    if (row.endedAt !== null || patience.aborted) return row;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const UUID_FORM = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @throws BatchError ResourceNotFound. */
async function operation(call: OwnCall, { database }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const id = param(call, 'operation');
  const row = UUID_FORM.test(id) ? await findBulk(database, call.account, id) : null;
  if (row === null) throw new BatchError('ResourceNotFound', [{ key: 'Reason', value: 'There is no such operation.' }]);
  return json(200, viewOf(row));
}

function viewOf({ operation: id, jobId, work, matched, done, changed, skipped, endedAt, failure }: BulkRow): BulkOperation {
  const { action } = JSON.parse(work) as BulkWork;
  const failed = failure === null ? undefined : (JSON.parse(failure) as NonNullable<BulkOperation['failure']>);
  return {
    operation: id,
    job: jobId ?? '',
    action,
    state: endedAt === null ? 'running' : failed === undefined ? 'completed' : 'failed',
    matched,
    done,
    changed,
    skipped: JSON.parse(skipped) as readonly BulkSkipped[],
    ...(failed === undefined ? {} : { failure: failed }),
  };
}
