import { MANAGER_TASK } from '../intent.ts';
import type { Instant, JobNumber, TaskNumber } from '../keys.ts';
import type { CoreState, Job, Live, Pool } from '../model.ts';
import { feasible, feasibleAhead, managerWidth, type Width } from '../placement/feasible.ts';
import { dependenciesMet } from '../placement/filters/dependenciesMet.ts';
import { fitsPool } from '../placement/filters/fitsPool.ts';
import { jobIsActive } from '../placement/filters/jobIsActive.ts';
import { parallelLimit } from '../placement/filters/parallelLimit.ts';
import { withinLifetime } from '../placement/filters/withinLifetime.ts';
import { poolIdOf } from '../job/autoPool.ts';
import { poolExists } from '../placement/filters/poolExists.ts';
import type { JobExplanation } from '../port.ts';
import { firstOf, nodesMissing, readyNodesOf } from './nodesMissing.ts';
import { byUrgency, needsAction, type Reason } from '../reasons.ts';
import { nodesOf, NOTHING_OUT } from '../task/attempts.ts';
import { at } from '../task/table.ts';
import { EXPLAIN_TASKS } from '../tunables.ts';
import { againstTogether, type InPool } from './together.ts';

/**
 * Why a task does not run: what each filter of placement has against it, first what does not pass by itself, otherwise
 * in the order in which they are asked; of nodes, the first few.
 */
export function explain(state: CoreState, jobNumber: JobNumber, number: TaskNumber, now: Instant): readonly Reason[] {
  const job = state.jobs.get(jobNumber);
  return job === undefined ? [{ code: 'JobNotOpen' }] : explainTask(state, job, number, now, new Map());
}

/**
 * What keeps the open tasks of a job: the first reason of each, counted by its code, with what it says of the first
 * task that has it.
 */
export function explainJob(state: CoreState, jobNumber: JobNumber, now: Instant): JobExplanation | null {
  const job = state.jobs.get(jobNumber);
  if (job === undefined) return null;
  const counted = new Map<string, { readonly reason: Reason; tasks: number; readonly example: TaskNumber }>();
  const byWidth: ReasonsByWidth = new Map();
  let open = 0;
  for (const entry of job.directory.entries()) {
    open += 1;
    if (open > EXPLAIN_TASKS) continue;
    const example = at(state.table.number, entry);
    const [reason] = explainTask(state, job, example, now, byWidth);
    if (reason === undefined) continue;
    const known = counted.get(reason.code);
    if (known === undefined) counted.set(reason.code, { reason, tasks: 1, example });
    else known.tasks += 1;
  }
  const reasons = [...counted.values()].sort((a, b) => Number(needsAction(b.reason)) - Number(needsAction(a.reason)) || b.tasks - a.tasks);
  return { open, looked: Math.min(open, EXPLAIN_TASKS), reasons };
}

/** What nodes have against tasks of a job, by the slots those need: a pool is looked through once for each width. */
type ReasonsByWidth = Map<number, readonly Reason[]>;

function explainTask(state: CoreState, job: Job, number: TaskNumber, now: Instant, byWidth: ReasonsByWidth): readonly Reason[] {
  const { schedulingError: error, autoPoolId } = job.status;
  if (error !== null) return [{ code: 'NotScheduled', jobId: job.intent.id, poolId: autoPoolId ?? '', error }];
  const entry = job.directory.get(number);
  if (entry === -1) return [number > job.ingested ? { code: 'NotTakenIn' } : { code: 'TaskCompleted', ended: null }];
  const task = state.table.records[entry] ?? null;
  const [live] = task?.live ?? NOTHING_OUT;
  if (live !== undefined) return [whereItIs(live, now)];
  const slots = at(state.table.slots, entry);
  const instances = at(state.table.instances, entry);
  const { pool } = job.poolQueue;
  const dependsOn = job.particulars.get(number)?.dependsOn ?? null;
  const reasons = [
    jobIsActive({ job }),
    withinLifetime({ createdAt: at(state.table.createdAt, entry), overTimeUntil: state.overTimeUntil }),
    dependenciesMet({ dependencies: job.dependencies, dependsOn }),
    parallelLimit({ job }),
    poolExists({ pool, poolId: poolIdOf(job) }),
    ...(pool === null ? [] : againstPool(state, { job, pool, number, slots, instances }, byWidth)),
  ].filter((reason) => reason !== null);
  const waits: readonly Reason[] = reasons.length > 0 ? byUrgency(reasons) : [{ code: 'WaitingItsTurn', tasksBefore: tasksBefore(pool, job) }];
  const { cause, requeueCount = 0 } = task?.status ?? {};
  if (cause === 'nodePreempted') return [...waits, { code: 'NodePreempted', requeueCount }];
  return cause === 'preempted' ? [...waits, { code: 'MadeRoom', requeueCount }] : waits;
}

function whereItIs(live: Live, now: Instant): Reason {
  const { node, offeredAt, ending, attempt, started, preparing, task: { job } } = live;
  if (ending === 'outranked') return { code: 'MakingRoom', nodeId: node.id, attempt };
  if (ending === 'preempted') return { code: 'BeingPreempted', nodeId: node.id, attempt, seconds: secondsLeft(live, now) };
  if (ending !== null) return { code: 'BeingEnded', nodeId: node.id, attempt };
  if (preparing) return { code: 'Preparing', nodeId: node.id, jobId: job.intent.id, retryCount: job.nodes.get(node)?.preparation?.retryCount ?? 0 };
  if (started) return { code: 'Running', nodeId: node.id, attempt };
  const makingRoom = [...node.running].filter((other) => other.ending === 'outranked' && other.task.job.intent.priority < job.intent.priority).length;
  if (makingRoom > 0) return { code: 'RoomIsMade', nodeId: node.id, tasks: makingRoom };
  const seconds = Math.max(0, Math.round((now - offeredAt) / 1000));
  return { code: 'WaitingOnNode', nodeId: node.id, seconds, tasksBefore: Math.max(0, [...node.offers].indexOf(live)) };
}

/** Until the first of its nodes is taken back. */
function secondsLeft(live: Live, now: Instant): number {
  const until = Math.min(...nodesOf(live).flatMap(({ notice }) => notice?.notBefore ?? []));
  return Number.isFinite(until) ? Math.max(0, Math.ceil((until - now) / 1000)) : 0;
}

function againstPool(state: CoreState, task: InPool, byWidth: ReasonsByWidth): readonly (Reason | null)[] {
  const fits = fitsPool(task);
  if (task.instances === 0) return [fits, ...againstNodes(state, task, byWidth)];
  return fits === null ? againstTogether(state, task) : [fits];
}

function againstNodes(state: CoreState, { job, pool, number, slots }: InPool, byWidth: ReasonsByWidth): readonly Reason[] {
  const { manager } = job.intent;
  const closed = job.closedNodes;
  const { keeping } = pool;
  const isBehind = keeping !== null && job.intent.priority <= keeping.priority;
  if (manager !== null && number === MANAGER_TASK) return lookThrough(state, pool, { ...managerWidth(manager, slots, pool), closed, ...(isBehind ? { keeping } : null) });
  return ofNodes(state, pool, { slots, closed, ...(isBehind ? { keeping } : null) }, byWidth);
}

function ofNodes(state: CoreState, pool: Pool, task: Width, byWidth: ReasonsByWidth): readonly Reason[] {
  let reasons = byWidth.get(task.slots);
  if (reasons === undefined) {
    reasons = lookThrough(state, pool, task);
    byWidth.set(task.slots, reasons);
  }
  return reasons;
}

/** If some node could have it at once, or have it wait there, nodes are no reason. */
function lookThrough(state: CoreState, pool: Pool, task: Width): Reason[] {
  const against: Reason[] = [];
  for (const node of pool.nodes) {
    const reason = feasible(task, node) === null ? null : feasibleAhead(task, node);
    if (reason === null) return [];
    against.push(reason);
  }
  return [...nodesMissing(state, pool, readyNodesOf(pool)), ...firstOf(against)];
}

/**
 * Waiting tasks of jobs that are served first, and of its own. Where jobs of equal priority take turns, one of them has
 * as many before the last of its own as those are.
 */
function tasksBefore(pool: Pool | null, job: Job): number {
  let count = 0;
  for (const other of pool?.queue.ready ?? []) {
    const takesTurns = pool?.intent.jobOrder === 'none' && other.intent.priority === job.intent.priority;
    if (other.intent.priority < job.intent.priority) break;
    count += takesTurns ? Math.min(other.queue.count, job.queue.count) : other.queue.count;
    if (other === job && !takesTurns) break;
  }
  return Math.max(0, count - 1);
}
