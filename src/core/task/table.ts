import type { Instant, TaskNumber } from '../keys.ts';
import type { Task } from '../model.ts';

/** `TaskTable.queueState`: what an open task is to the queues. */
const FREE = 0;
export const BLOCKED = 1;
export const QUEUED = 2;
export const LIVE = 3;

/** In `retryLimit`: the job's limit holds. */
export const JOBS_LIMIT = -2;

const RETENTION_MAX_SECONDS = 0xffff_ffff;

/**
 * Open tasks as parallel typed arrays with a list of free rows: about 48 bytes a task, so that a million waiting ones
 * are no burden. `Task` objects exist only for those that have a status row (attempted at least once).
 */
export class TaskTable {
  number: Uint32Array = new Uint32Array(0);
  createdAt: Float64Array = new Float64Array(0);
  /** Any int32: a task that needs more than any node has is accepted and never runs (task semantics 6.13). */
  slots: Int32Array = new Int32Array(0);
  retryLimit: Int32Array = new Int32Array(0);
  retentionSeconds: Uint32Array = new Uint32Array(0);
  /** Dependencies not yet satisfied. */
  unmet: Int32Array = new Int32Array(0);
  /** Neighbours in the job's queue; -1: none. `next` also strings the free rows together. */
  next: Int32Array = new Int32Array(0);
  previous: Int32Array = new Int32Array(0);
  queueState: Uint8Array = new Uint8Array(0);
  /** Of a multi-instance task; 0: it is none. */
  instances: Uint8Array = new Uint8Array(0);
  readonly records: (Task | null)[] = [];
  private free = -1;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The longest time that the column can hold stands for ever. */
  retain(entry: number, retentionMs: number): void {
    this.retentionSeconds[entry] = Math.min(RETENTION_MAX_SECONDS, Math.ceil(retentionMs / 1000));
  }

  add(task: { readonly number: TaskNumber; readonly createdAt: Instant; readonly slots: number; readonly retryLimit: number; readonly retentionMs: number; readonly instances: number }): number {
    if (this.free === -1) this.grow();
    const entry = this.free;
    this.free = at(this.next, entry);
    this.number[entry] = task.number;
    this.createdAt[entry] = task.createdAt;
    this.slots[entry] = task.slots;
    this.retryLimit[entry] = task.retryLimit;
    this.retain(entry, task.retentionMs);
    this.unmet[entry] = 0;
    this.instances[entry] = task.instances;
    this.next[entry] = -1;
    this.previous[entry] = -1;
    this.queueState[entry] = BLOCKED;
    this.count += 1;
    return entry;
  }

  remove(entry: number): void {
    if (at(this.queueState, entry) === FREE) throw new Error(`row ${entry} of the open tasks is free already`);
    this.queueState[entry] = FREE;
    this.records[entry] = null;
    this.next[entry] = this.free;
    this.free = entry;
    this.count -= 1;
  }

  private grow(): void {
    const old = this.number.length;
    const length = old === 0 ? 256 : old * 2;
    this.number = grown(this.number, new Uint32Array(length));
    this.createdAt = grown(this.createdAt, new Float64Array(length));
    this.slots = grown(this.slots, new Int32Array(length));
    this.retryLimit = grown(this.retryLimit, new Int32Array(length));
    this.retentionSeconds = grown(this.retentionSeconds, new Uint32Array(length));
    this.unmet = grown(this.unmet, new Int32Array(length));
    this.next = grown(this.next, new Int32Array(length));
    this.previous = grown(this.previous, new Int32Array(length));
    this.queueState = grown(this.queueState, new Uint8Array(length));
    this.instances = grown(this.instances, new Uint8Array(length));
    for (let entry = old; entry < length; entry++) {
      this.next[entry] = entry + 1 < length ? entry + 1 : -1;
      this.records.push(null);
    }
    this.free = old;
  }
}

/** Reads a row that exists. Throws where there is none: a fault of ours. */
export function at(column: { readonly [row: number]: number | undefined }, row: number): number {
  const value = column[row];
  if (value === undefined) throw new Error(`the column has no row ${row}`);
  return value;
}

function grown<Column extends Uint8Array | Uint32Array | Int32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
