/**
 * Carries operations on many tasks out, some tasks a transaction: what was done and how far it is are durable together,
 * so a service that ends in between goes on with it when it starts again.
 */
import type { AccountNumber } from '../../../core/keys.ts';
import type { Sealing } from '../../../store/sealing.ts';
import { advanceBulk, failBulk, lockBulk, unfinishedBulk, type BulkWork } from '../../../store/intents/bulkOperations.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { lockJob, type JobWithStatus } from '../../../store/intents/jobs.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import { insertTasks, lockTasks, updateTask, type NewTask, type TaskWithStatus } from '../../../store/intents/tasks.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { BulkReason, BulkSkipped } from '../../../wire/own/bulk.ts';
import type { Parts } from '../../call.ts';
import { guardJob, type JobCall } from '../../data/job/guards.ts';
import { viewOfJob } from '../../data/job/view.ts';
import { isNewProgram, stepFor } from './decide.ts';

/** Tasks of a transaction: the job's row is locked for as long as it takes. */
const AT_ONCE = 200;
/** How long the owner may take for what was asked before more is. */
const PATIENCE_MS = 5_000;

/** Does the rest of the operation. Rejects where it could not, and may be called again. */
async function carryOut(parts: Parts, account: AccountNumber, operation: string): Promise<void> {
  for (;;) {
    const went = await step(parts, account, operation).catch(async (error: unknown) => {
      if (!(error instanceof BatchError)) throw error;
      await failBulk(parts.database, operation, { code: error.code, message: error.message }, parts.clock());
      return false;
    });
    if (!went) return;
    await parts.wake.wake(account, parts.timeout(PATIENCE_MS)).catch(() => {
      // What was asked is durable: the owner finds it when it can.
    });
  }
}

/** Begins those anew that an earlier life of the service left. */
export async function resumeBulk(parts: Parts): Promise<void> {
  for (const { operation, account } of await unfinishedBulk(parts.database)) parts.later.resume(WHAT, keyOf(operation), () => carryOut(parts, account, operation));
}

export function begin(parts: Parts, account: AccountNumber, operation: string): void {
  parts.later.begin(WHAT, keyOf(operation), () => carryOut(parts, account, operation));
}

const WHAT = 'an operation on many tasks';

function keyOf(operation: string): string {
  return `bulk ${operation}`;
}

/** Returns whether something is left to do. @throws BatchError where the job's state forbids it. */
async function step(parts: Parts, account: AccountNumber, operation: string): Promise<boolean> {
  const now = parts.clock();
  return transaction(parts.database, async (tx) => {
    const bulk = await lockBulk(tx, account, operation, AT_ONCE);
    if (bulk === null) return false;
    const work = JSON.parse(bulk.work) as BulkWork;
    const job = bulk.jobId === null ? null : await lockJob(tx, account, bulk.jobId);
    if (job === null || job.job !== bulk.job) throw new BatchError('JobNotFound');
    guardJob(callOf(work), viewOfJob(job).state);
    const tasks = await lockTasks(tx, job.job, bulk.numbers);
    const there = new Set(tasks.map(({ task }) => task));
    const skipped = new Skipped(JSON.parse(bulk.skipped) as readonly BulkSkipped[]);
    for (const number of bulk.numbers) if (!there.has(number)) skipped.add('gone', null);
    const changed = await change(tx, parts.sealing, { account, job, tasks, work, now }, skipped);
    await advanceBulk(tx, operation, { done: bulk.numbers.length, changed, skipped: skipped.all() }, now);
    return bulk.done + bulk.numbers.length < bulk.matched;
  });
}

function callOf({ action, change }: BulkWork): JobCall {
  if (action === 'rerun') return 'reactivateTask';
  return action === 'change' && isNewProgram(change) ? 'addTask' : 'changeTask';
}

interface Some {
  readonly account: AccountNumber;
  /** Locked. */
  readonly job: JobWithStatus;
  readonly tasks: readonly TaskWithStatus[];
  readonly work: BulkWork;
  readonly now: number;
}

/** Returns how many have been changed. */
async function change(tx: Transaction, sealing: Sealing, { account, job, tasks, work, now }: Some, skipped: Skipped): Promise<number> {
  const anew: NewTask[] = [];
  const writes: Promise<unknown>[] = [];
  for (const task of tasks) {
    const next = stepFor(work, task, now);
    if (next.kind === 'skip') {
      skipped.add(next.reason, task.id);
      continue;
    }
    writes.push(updateTask(tx, sealing, job.job, task, next.change, now), tellOwner(tx, account, { kind: 'task', job: job.job, task: task.task }));
    if (next.kind === 'anew') anew.push(next.task);
  }
  await Promise.all(writes);
  await insertTasks(tx, sealing, account, job, anew);
  return writes.length / 2;
}

const MOST_EXAMPLES = 20;

/** Counts by reason. */
export class Skipped {
  readonly #reasons: Map<BulkReason, { count: number; readonly examples: string[] }>;

  constructor(before: readonly BulkSkipped[]) {
    this.#reasons = new Map(before.map(({ reason, count, examples }) => [reason, { count, examples: [...examples] }]));
  }

  /** `id` null: it is not known. */
  add(reason: BulkReason, id: string | null): void {
    const known = this.#reasons.get(reason) ?? { count: 0, examples: [] };
    this.#reasons.set(reason, known);
    known.count += 1;
    if (id !== null && known.examples.length < MOST_EXAMPLES) known.examples.push(id);
  }

  all(): readonly BulkSkipped[] {
    return [...this.#reasons].map(([reason, { count, examples }]) => ({ reason, count, examples }));
  }
}
