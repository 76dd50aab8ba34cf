import type { Instant, JobNumber, TaskNumber } from './keys.ts';
import type { CoreState, Job, Pool, Task } from './model.ts';
import { dependenciesMet } from './placement/filters/dependenciesMet.ts';
import { fitsPool } from './placement/filters/fitsPool.ts';
import { hasFreeSlots } from './placement/filters/hasFreeSlots.ts';
import { jobIsActive } from './placement/filters/jobIsActive.ts';
import { nodeTakesTasks } from './placement/filters/nodeTakesTasks.ts';
import { parallelLimit } from './placement/filters/parallelLimit.ts';
import { poolExists } from './placement/filters/poolExists.ts';
import { roomAhead } from './placement/filters/roomAhead.ts';
import type { Filter } from './placement/filter.ts';
import type { JobExplanation, Reason } from './port.ts';
import { at } from './taskTable.ts';
import { EXPLAIN_LIST, EXPLAIN_TASKS } from './tunables.ts';

/** Why a task does not run: what each filter of placement has against it, in the order in which they are asked; of nodes, the first few. */
export const explain = (state: CoreState, jobNumber: JobNumber, number: TaskNumber, now: Instant): readonly Reason[] => {
  const job = state.jobs.get(jobNumber);
  if (job === undefined) return [{ code: 'JobNotOpen', message: 'The job is completed or does not exist.' }];
  const entry = job.directory.get(number);
  if (entry === -1) return [notOpen(job, number)];
  const task = state.table.records[entry] ?? null;
  if (task !== null && task.live !== null) return [out(task, now)];
  const slots = at(state.table.slots, entry);
  const { poolId } = job.intent;
  const pool = job.poolQueue.pool;
  const dependsOn = job.particulars.get(number)?.dependsOn ?? null;
  const reasons = [
    ...asked(jobIsActive, { job }),
    ...asked(dependenciesMet, { dependencies: job.dependencies, dependsOn }),
    ...asked(parallelLimit, { job }),
    ...asked(poolExists, { pool, poolId }),
    ...(pool === null ? [] : [...asked(fitsPool, { pool, slots }), ...ofNodes(pool, slots)]),
  ];
  return reasons.length > 0 ? reasons : [{ code: 'WaitingItsTurn', message: `The task can be placed; ${before(pool, job)} tasks are before it at most.` }];
};

/** What keeps the open tasks of a job: the first reason of each, counted; the numbers in the messages are those of the example. */
export function explainJob(state: CoreState, jobNumber: JobNumber, now: Instant): JobExplanation | null {
  const job = state.jobs.get(jobNumber);
  if (job === undefined) return null;
  const counted = new Map<string, { reason: Reason; tasks: number; example: TaskNumber }>();
  let open = 0;
  for (const entry of job.directory.entries()) {
    open += 1;
    if (open > EXPLAIN_TASKS) continue;
    const example = at(state.table.number, entry);
    const [reason] = explain(state, jobNumber, example, now);
    if (reason === undefined) continue;
    const known = counted.get(reason.code);
    if (known === undefined) counted.set(reason.code, { reason, tasks: 1, example });
    else known.tasks += 1;
  }
  const reasons = [...counted.values()].map(({ reason, tasks, example }) => ({ ...reason, tasks, example }));
  return { open, looked: Math.min(open, EXPLAIN_TASKS), reasons: reasons.sort((a, b) => b.tasks - a.tasks) };
}

const asked = <Subject>(filter: Filter<Subject>, subject: Subject): Reason[] =>
  filter.passes(subject) ? [] : [{ code: filter.code, message: filter.message(subject) }];

const notOpen = (job: Job, number: TaskNumber): Reason => {
  if (number > job.ingested) return { code: 'NotTakenIn', message: 'The task has just been added and is about to be taken in.' };
  return { code: 'TaskCompleted', message: 'The task is completed or deleted.' };
};

const out = ({ status, live }: Task, now: Instant): Reason => {
  const node = live?.node;
  const where = node === undefined ? 'a node' : `node ${node.id}`;
  if (live !== null && live.ending !== null) return { code: 'BeingEnded', message: `Attempt ${status.attempt} is being ended on ${where}.` };
  if (status.state === 'offered') {
    const behind = node === undefined ? 0 : [...node.offers].findIndex((other) => other.status === status);
    const seconds = Math.max(0, Math.round((now - (live?.offeredAt ?? now)) / 1000));
    return { code: 'WaitingOnNode', message: `The task was given to ${where} ${seconds} s ago and starts there when slots are free, after ${behind} others.` };
  }
  return { code: 'Running', message: `Attempt ${status.attempt} is running on ${where}.` };
};

/** If some node could have it at once, nodes are no reason. */
const ofNodes = (pool: Pool, slots: number): Reason[] => {
  if (pool.nodes.size === 0) return [{ code: 'NoNodes', message: `Pool ${pool.intent.id} has no nodes${shortfall(pool)}.` }];
  const reasons: Reason[] = [];
  for (const node of pool.nodes) {
    const against = [...asked(nodeTakesTasks, { node }), ...asked(hasFreeSlots, { node, slots }), ...asked(roomAhead, { node, slots })];
    const [first] = against;
    if (first === undefined || (against.length === 1 && first.code === hasFreeSlots.code)) return [];
    if (reasons.length < EXPLAIN_LIST) reasons.push(first);
  }
  const more = pool.nodes.size - reasons.length;
  return more > 0 ? [...reasons, { code: 'MoreNodes', message: `Likewise on ${more} more nodes.` }] : reasons;
};

const shortfall = ({ status, intent }: Pool): string => {
  if (status.allocationState !== 'steady') return ` yet; it is being resized to ${intent.targetDedicated + intent.targetLowPriority}`;
  const [error] = status.resizeErrors;
  return error === undefined ? '' : `; its last resize failed: ${error.code}, ${[error.message, ...(error.values ?? []).map(({ value }) => value)].join(': ')}`;
};

/** Waiting tasks of jobs that are served first, and of its own. */
const before = (pool: Pool | null, job: Job): number => {
  let count = 0;
  for (const other of pool?.queue.ready ?? []) {
    count += other.queue.count;
    if (other === job) break;
  }
  return Math.max(0, count - 1);
};
