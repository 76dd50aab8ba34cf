import { idKey } from '../keys.ts';
import type { CoreState, Job, Schedule } from '../model.ts';
import type { Random } from '../port.ts';
import { scheduleOf } from './ofSchedule.ts';
import type { FailureInfo } from '../status.ts';
import { POOL_QUOTA_REACHED } from '../task/failures.ts';
import { joinQueue, leaveQueue, releasePool } from './poolQueue.ts';

/**
 * The pool that the service makes for a job (task semantics 6.19). It is asked for in the tick in which the rules take
 * the job in (`Decisions.requests`), under an id that stands in the job's status from then on, whatever becomes of it.
 * Jobs of a schedule may share one: the first that finds none has it made. When the last of what it was made for is
 * over the pool is asked to be deleted (pool/allocation.ts), unless it is to be kept.
 */

/** The pool that the job's tasks run in, by its id; empty: its auto pool is still to be made. */
export function poolIdOf({ intent, status }: Job): string {
  return intent.autoPool === null ? intent.poolId : (status.autoPoolId ?? '');
}

/**
 * Has the job's pool made, if it is to have one and has none yet. Returns why there can't be one; null: there can, or
 * none is needed.
 */
export function makePool(state: CoreState, job: Job, random: Random): FailureInfo | null {
  const { autoPool } = job.intent;
  if (autoPool === null || job.status.autoPoolId !== null) return null;
  const schedule = autoPool.lifetime === 'jobschedule' ? scheduleOf(state, job) : null;
  const shared = schedule?.poolQueue?.pool;
  if (shared !== undefined && shared !== null && shared.intent.deletedAt === null) {
    take(state, job, shared.intent.id);
    return null;
  }
  const id = newPoolId(autoPool.prefix, job, random);
  take(state, job, id);
  const refusal = autoPool.refusal ?? (hasRoom(state) ? null : POOL_QUOTA_REACHED);
  if (refusal !== null) return refusal;
  if (schedule !== null) share(state, schedule, id);
  state.awaitedPools.add(idKey(id));
  state.changes.request({ kind: 'addPool', job: job.number, id });
  return null;
}

function hasRoom({ pools, awaitedPools, maxPools, quotas }: CoreState): boolean {
  const most = quotas.pools === undefined ? maxPools : quotas.pools;
  return most === null || pools.size + awaitedPools.size < most;
}

function take(state: CoreState, job: Job, id: string): void {
  job.status = { ...job.status, autoPoolId: id };
  state.changes.job(job);
  followPool(state, job);
}

/** The job names another pool, or has got one: its tasks wait for that. */
export function followPool(state: CoreState, job: Job): void {
  const poolId = poolIdOf(job);
  const former = job.poolQueue;
  if (former.poolIdKey !== idKey(poolId)) {
    if (former.pool?.keeping?.job === job) state.review.placement.add(former.pool);
    job.poolQueue = joinQueue(state, poolId);
    releasePool(state, former, job);
    leaveQueue(state, former);
  }
  if (job.intent.autoPool !== null && poolId !== '' && job.status.state !== 'completed') job.poolQueue.madeFor.add(job);
}

/** The jobs of a schedule share this pool from now on. */
function share(state: CoreState, schedule: Schedule, id: string): void {
  leaveShared(state, schedule);
  schedule.status = { ...schedule.status, autoPoolId: id };
  joinShared(state, schedule, id);
  state.changes.schedule(schedule);
}

/** The pool that the jobs of a schedule share, as it was loaded. */
export function joinShared(state: CoreState, schedule: Schedule, id: string): void {
  schedule.poolQueue = joinQueue(state, id);
  schedule.poolQueue.madeFor.add(schedule);
}

/** The schedule has no job any more that could use it. */
export function leaveShared(state: CoreState, schedule: Schedule): void {
  const { poolQueue } = schedule;
  if (poolQueue === null) return;
  schedule.poolQueue = null;
  releasePool(state, poolQueue, schedule);
  leaveQueue(state, poolQueue);
}

/**
 * Recorded: the prefix, an underscore and a GUID in upper case, or that alone. The job's number makes it one of a kind:
 * chance alone has 32 bits a tick.
 */
function newPoolId(prefix: string, { number }: Job, random: Random): string {
  const digits = (count: number): string => Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('');
  const guid = `${digits(8)}-${digits(4)}-4${digits(3)}-8${digits(3)}-${number.toString(16).padStart(12, '0')}`.toUpperCase();
  return prefix === '' ? guid : `${prefix}_${guid}`;
}
