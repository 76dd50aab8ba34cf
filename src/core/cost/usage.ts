import type { Instant } from '../keys.ts';
import type { CoreState, Job, Live } from '../model.ts';
import { hourOf } from './meter.ts';
import type { JobUsage } from '../status.ts';
import { USAGE_EVERY_MS } from '../tunables.ts';

/**
 * What the tasks of a job have used of nodes: of each attempt its slots' part of the node as long as it had them, by
 * pool and kind of node. It stands in the job's row, which each end of a task writes anyway. Now and then, and when the
 * job is over, what has come since is added to the hour of the pool: the row says how much of it has been.
 */

/** The attempt's slots are free again. `isLost`: what it did has to be done again. */
export function useSlots(state: CoreState, { task: { job }, node, slots, occupiedAt }: Live, isLost: boolean): void {
  if (occupiedAt === null) return;
  const ms = Math.round((Math.max(0, state.now - occupiedAt) * slots) / Math.max(1, node.slots));
  const { pool, dedicated } = node;
  let usage = job.usage.find((one) => one.pool === pool.number && one.lowPriority === !dedicated);
  if (usage === undefined) {
    usage = { pool: pool.number, poolId: pool.intent.id, size: pool.intent.machine?.size ?? '', lowPriority: !dedicated, ms: 0, lostMs: 0, countedMs: 0, countedLostMs: 0 };
    job.usage.push(usage);
  }
  usage.ms += ms;
  if (isLost) usage.lostMs += ms;
  state.changes.job(job);
  expectCount(state, job);
}

/** What has come and was not added to its hour yet will be. */
export function expectCount(state: CoreState, job: Job): void {
  if (!job.usage.some(({ ms, countedMs }) => ms > countedMs)) return;
  const { usage } = state;
  usage.jobs.add(job);
  if (usage.dueAt !== null) return;
  usage.dueAt = state.now + USAGE_EVERY_MS;
  state.timers.set({ at: usage.dueAt, kind: 'usage' });
}

/** Adds to the hours of pools what is due: of all jobs at times, at once of those that are over. */
export function countUsage(state: CoreState, now: Instant): void {
  const { usage } = state;
  if (usage.jobs.size === 0) return;
  const isDue = usage.dueAt !== null && usage.dueAt <= now;
  for (const job of usage.jobs) {
    if (!isDue && !job.gone && job.status.state !== 'completed') continue;
    usage.jobs.delete(job);
    for (const one of job.usage) count(state, one, now);
    state.changes.job(job);
  }
  if (isDue) usage.dueAt = null;
}

function count(state: CoreState, one: JobUsage, now: Instant): void {
  const { pool, poolId, size, lowPriority } = one;
  const [busyMs, lostMs] = [one.ms - one.countedMs, one.lostMs - one.countedLostMs];
  if (busyMs > 0 || lostMs > 0) state.changes.usage({ hour: hourOf(now), pool, poolId, size, lowPriority, nodeMs: 0, busyMs, lostMs });
  one.countedMs = one.ms;
  one.countedLostMs = one.lostMs;
}
