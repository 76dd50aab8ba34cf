/**
 * Our own operations that say why a pool is not at its target, a node idle, or a task waits, with what would mend it
 * (docs/explain.md).
 */
import { needsAction, sentenceOf, type Reason } from '../../../core/reasons.ts';
import type { AccountNumber } from '../../../core/keys.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { findNode } from '../../../store/intents/nodes.ts';
import { findPool, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { revOf } from '../../../store/intents/rev.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { findTask } from '../../../store/intents/tasks.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { ExplainedReason, Explanation } from '../../../wire/own/explanation.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import { storedJob } from '../../data/job/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf, poolOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';
import { fixesOf, type FixContext } from './fixes.ts';
import { reasonsOfJob, reasonsOfTask } from './reasons.ts';

export const explanationOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/explain/pools/{poolId}', right: 'read', of: 'pools', run: explainPool },
  { method: 'GET', path: '/linarite/explain/pools/{poolId}/nodes/{nodeId}', right: 'read', of: 'pools', run: explainNode },
  { method: 'GET', path: '/linarite/explain/jobs/{jobId}', right: 'read', of: 'jobs', run: explainJob },
  { method: 'GET', path: '/linarite/explain/jobs/{jobId}/tasks/{taskId}', right: 'read', of: 'jobs', run: explainTask },
];

/** @throws BatchError PoolNotFound, ServerBusy while the account is being loaded. */
async function explainPool(call: OwnCall, { database, explanations }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const reasons = await explanations.pool(call.account, pool.pool);
  if (reasons === undefined) throw new BatchError('ServerBusy');
  return answer(rev, (reasons ?? []).map((reason) => explained(reason, { pool })), `Pool ${pool.id} has just been made and is about to be looked at.`);
}

/** @throws BatchError PoolNotFound, NodeNotFound, ServerBusy while the account is being loaded. */
async function explainNode(call: OwnCall, { database, explanations }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const node = await findNode(database, call.account, pool.pool, param(call, 'nodeId'));
  if (node === null) throw new BatchError('NodeNotFound');
  const reasons = await explanations.node(call.account, node.n_node);
  if (reasons === undefined) throw new BatchError('ServerBusy');
  return answer(rev, (reasons ?? []).map((reason) => explained(reason, { pool })), `Node ${node.id} has left its pool.`);
}

/** @throws BatchError JobNotFound, ServerBusy while the account is being loaded. */
async function explainJob(call: OwnCall, parts: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(parts.database, call.account);
  const job = await jobOf(call, parts.database);
  const [{ open, reasons }, pool] = await Promise.all([reasonsOfJob(parts, call.account, job.job), poolOfJob(parts.database, call.account, job)]);
  const counted = reasons.map(({ reason, tasks, example }) => ({
    ...explained(reason, { pool, jobId: job.id }),
    count: tasks,
    ...(example === undefined ? {} : { example }),
  }));
  return answer(rev, counted, open === 0 ? `No task of job ${job.id} waits.` : `Nothing keeps the tasks of job ${job.id}.`);
}

/** @throws BatchError JobNotFound, TaskNotFound, ServerBusy while the account is being loaded. */
async function explainTask(call: OwnCall, parts: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(parts.database, call.account);
  const job = await jobOf(call, parts.database);
  const task = await findTask(parts.database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  const [reasons, pool] = await Promise.all([reasonsOfTask(parts, call.account, job, task), poolOfJob(parts.database, call.account, job)]);
  return answer(rev, reasons.map((reason) => explained(reason, { pool, jobId: job.id, taskId: task.id })), '');
}

async function poolOfJob(database: Database, account: AccountNumber, job: JobWithStatus): Promise<PoolWithStatus | null> {
  const id = storedJob(job).poolInfo.poolId ?? job.autoPoolId;
  return id === null || id === undefined ? null : findPool(database, account, id);
}

function answer(rev: string, reasons: readonly ExplainedReason[], nothing: string): Answer {
  return json(200, { rev, sentence: reasons[0]?.message ?? nothing, reasons } satisfies Explanation);
}

/** Those of which nothing but a change of the task, job or pool lets a task run. */
const NEVER: ReadonlySet<Reason['code']> = new Set(['OverTime', 'NotScheduled', 'TooManySlots', 'PoolNotForMultiInstance']);

export function explained(reason: Reason, context: FixContext): ExplainedReason {
  const { code, ...data } = reason;
  return {
    code,
    message: sentenceOf(reason),
    data,
    stays: needsAction(reason),
    never: NEVER.has(code),
    nodes: 'nodeId' in reason ? [reason.nodeId] : [],
    fixes: fixesOf(reason, context),
  };
}
