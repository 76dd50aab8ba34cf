import type { Job, Pool, Schedule } from '../model.ts';
import { jobIsActive } from '../placement/filters/jobIsActive.ts';
import { parallelLimit } from '../placement/filters/parallelLimit.ts';
import { at, LIVE, QUEUED, type TaskTable } from './table.ts';
import { REQUEUE_LOOKAHEAD } from '../tunables.ts';

/** Waiting tasks of a job that need the same number of slots and of nodes, as a list through the table. */
export interface Lane {
  readonly slots: number;
  /** Of multi-instance tasks; 0: they are none. */
  readonly instances: number;
  head: number;
  tail: number;
}

/**
 * The waiting tasks of a job: those whose dependencies are met and that no node has, in the order of their numbers.
 * Each `requiredSlots`, and each number of instances, has a lane of its own, so that a wide task that finds no room
 * does not hide narrow ones behind it.
 */
export class JobQueue {
  readonly lanes: Lane[] = [];
  count = 0;
  slots = 0;
  /** Multi-instance tasks among them. */
  gangs = 0;

  /**
   * New and released tasks find their place by number, if that is near; one that is retried goes last, so that a task
   * that always fails starves nobody.
   */
  enqueue(table: TaskTable, entry: number, where: 'byNumber' | 'last'): void {
    if (at(table.queueState, entry) === QUEUED) throw new Error(`task ${at(table.number, entry)} is queued already`);
    const slots = at(table.slots, entry);
    const instances = at(table.instances, entry);
    let lane = this.laneOf(slots, instances);
    if (lane === undefined) {
      lane = { slots, instances, head: -1, tail: -1 };
      this.lanes.push(lane);
    }
    if (instances > 0) this.gangs += 1;
    table.queueState[entry] = QUEUED;
    this.count += 1;
    this.slots += slots;
    const before = where === 'last' ? -1 : placeOf(table, lane, at(table.number, entry));
    const previous = before === -1 ? lane.tail : at(table.previous, before);
    table.next[entry] = before;
    table.previous[entry] = previous;
    if (previous === -1) lane.head = entry;
    else table.next[previous] = entry;
    if (before === -1) lane.tail = entry;
    else table.previous[before] = entry;
  }

  dequeue(table: TaskTable, entry: number): void {
    const slots = at(table.slots, entry);
    const instances = at(table.instances, entry);
    const lane = this.laneOf(slots, instances);
    if (lane === undefined || at(table.queueState, entry) !== QUEUED) throw new Error(`task ${at(table.number, entry)} is not queued`);
    const next = at(table.next, entry);
    const previous = at(table.previous, entry);
    if (previous === -1) lane.head = next;
    else table.next[previous] = next;
    if (next === -1) lane.tail = previous;
    else table.previous[next] = previous;
    table.queueState[entry] = LIVE;
    this.count -= 1;
    this.slots -= slots;
    if (instances > 0) this.gangs -= 1;
  }

  /** How many may begin as soon as there is room; a multi-instance task counts as its instances. */
  ready(table: TaskTable): number {
    let ready = this.count;
    for (const { instances, head } of this.lanes) {
      for (let entry = instances > 0 ? head : -1; entry !== -1; entry = at(table.next, entry)) ready += instances - 1;
    }
    return ready;
  }

  clear(): void {
    this.lanes.length = 0;
    this.count = 0;
    this.slots = 0;
    this.gangs = 0;
  }

  private laneOf(slots: number, instances: number): Lane | undefined {
    return this.lanes.find((lane) => lane.slots === slots && lane.instances === instances);
  }
}

/** The task to go before; -1: none, go last. Looks only a little way in. */
function placeOf(table: TaskTable, lane: Lane, number: number): number {
  if (lane.tail === -1 || at(table.number, lane.tail) < number) return -1;
  let entry = lane.head;
  for (let steps = 0; entry !== -1 && steps < REQUEUE_LOOKAHEAD; steps++) {
    if (at(table.number, entry) > number) return entry;
    entry = at(table.next, entry);
  }
  return entry;
}

/**
 * The jobs that name one pool by its id. `ready`: those that could have a task placed now, highest priority first, and
 * among equals the one with the lower number (the older one). `yielding`: those with tasks on nodes that may have to
 * make room for others (placement/preempt.ts).
 */
export interface PoolQueue {
  readonly poolIdKey: string;
  pool: Pool | null;
  readonly ready: Job[];
  readonly yielding: Set<Job>;
  /** Those of them that have multi-instance tasks waiting. */
  readonly withGangs: Set<Job>;
  /** Pools, jobs and schedules in memory that name it. */
  holders: number;
  /** Of an auto pool: what it was made for and is not over. */
  readonly madeFor: Set<Job | Schedule>;
}

/**
 * Keeps the job at its place in `PoolQueue.ready` and `yielding`, or out of them. To be called after a change of its
 * state, limit, priority, pool, queue or attempts.
 */
export function updateReady(job: Job): void {
  updateYielding(job);
  const wanted = isReady(job);
  const { listed, poolQueue: queue } = job;
  if (listed !== null && (!wanted || listed.queue !== queue || listed.priority !== job.intent.priority)) {
    const place = placeAmong(listed.queue.ready, listed.priority, job.number);
    if (listed.queue.ready[place] !== job) throw new Error(`job ${job.number} does not stand where it is listed`);
    listed.queue.ready.splice(place, 1);
    listed.queue.withGangs.delete(job);
    job.listed = null;
  }
  if (wanted && job.queue.gangs > 0) queue.withGangs.add(job);
  else queue.withGangs.delete(job);
  if (!wanted || job.listed !== null) return;
  const { priority } = job.intent;
  queue.ready.splice(placeAmong(queue.ready, priority, job.number), 0, job);
  job.listed = { queue, priority };
}

function updateYielding(job: Job): void {
  const wanted = job.intent.allowTaskPreemption && job.live.size > 0 && jobIsActive({ job }) === null ? job.poolQueue : null;
  if (job.yielding === wanted) return;
  job.yielding?.yielding.delete(job);
  wanted?.yielding.add(job);
  job.yielding = wanted;
}

function isReady(job: Job): boolean {
  return job.queue.count > 0 && jobIsActive({ job }) === null && parallelLimit({ job }) === null;
}

/** The place at which a job of this priority and number stands or would stand. */
export function placeAmong(ready: readonly Job[], priority: number, number: number): number {
  let low = 0;
  let high = ready.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = ready[middle];
    const rank = other?.listed?.priority;
    if (other === undefined || rank === undefined) throw new Error(`among the jobs that could have a task placed, number ${middle} is not listed`);
    if (rank > priority || (rank === priority && other.number < number)) low = middle + 1;
    else high = middle;
  }
  return low;
}
