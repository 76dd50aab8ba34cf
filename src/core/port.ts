import type { Decisions } from './decisions.ts';
import type { CoreEvent, Snapshot } from './events.ts';
import type { Instant, JobNumber, TaskNumber } from './keys.ts';

/** A source of chance in [0, 1); seeded in the simulator. */
export type Random = () => number;

/** Why a task does not run: what each filter of placement found. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/**
 * The rules of one account as a reactor: mutates its own state in place, no I/O, no clock, no chance of its own.
 * `apply` any number of events, then `decide` once: that is a tick. The same events, instants and random numbers give the same decisions.
 */
export interface Core {
  apply(event: CoreEvent, now: Instant): void;
  /** Places tasks, advances what the clock moves, and hands over all that changed since the last call. */
  decide(now: Instant, random: Random): Decisions;
  /** When `decide` has to be called again though nothing happens; null: never. */
  nextTimer(): Instant | null;
  /** Whether the task has not ended; true of one that has not been taken in yet. */
  isOpen(job: JobNumber, task: TaskNumber): boolean;
  explain(job: JobNumber, task: TaskNumber, now: Instant): readonly Reason[];
}

export type CreateCore = (snapshot: Snapshot, now: Instant) => Core;
