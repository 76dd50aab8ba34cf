import type { PoolCensus } from './census.ts';
import type { Decisions } from './decisions.ts';
import type { CoreEvent, Snapshot } from './events.ts';
import type { Held } from './image.ts';
import type { Instant, JobNumber, NodeNumber, PoolNumber, TaskNumber } from './keys.ts';
import type { Reason } from './reasons.ts';
import type { UnderWay } from './underWay.ts';

/** A source of chance in [0, 1); seeded in the simulator. */
export type Random = () => number;

/** The first reason of each open task of a job, counted by its code. */
export interface JobExplanation {
  /** Tasks that have not ended. */
  readonly open: number;
  /** How many of them were looked at, in the order of their numbers. */
  readonly looked: number;
  /** Those first that do not pass by themselves, then those of most tasks; each says what it says of the example. */
  readonly reasons: readonly { readonly reason: Reason; readonly tasks: number; readonly example: TaskNumber }[];
}

/**
 * The rules of one account as a reactor: mutates its own state in place, no I/O, no clock, no chance of its own.
 * `apply` any number of events, then `decide` once: that is a tick. The same events, instants and random numbers give
 * the same decisions.
 */
export interface Core {
  apply(event: CoreEvent, now: Instant): void;
  /** Places tasks, advances what the clock moves, and hands over all that changed since the last call. */
  decide(now: Instant, random: Random): Decisions;
  /** When `decide` has to be called again though nothing happens; null: never. */
  nextTimer(): Instant | null;
  /** What goes on in real time, whatever the time of `decide` is. */
  underWay(): Iterable<UnderWay>;
  /** Whether the task has not ended; true of one that has not been taken in yet. */
  isOpen(job: JobNumber, task: TaskNumber): boolean;
  /** Why the task does not run, or what has become of it: never empty. */
  explain(job: JobNumber, task: TaskNumber, now: Instant): readonly Reason[];
  /** null: the job is completed or does not exist. */
  explainJob(job: JobNumber, now: Instant): JobExplanation | null;
  /** Why the pool is not at its target, or that it is; null: there is no such pool. */
  explainPool(pool: PoolNumber): readonly Reason[] | null;
  /** Why the node is idle, or what it does; null: there is no such node. */
  explainNode(node: NodeNumber): readonly Reason[] | null;
  /** What each pool has now. */
  poolCensus(): readonly PoolCensus[];
  /** To be called between `decide` and the next `apply`. */
  image(): Image;
}

/** What rules hold between two ticks, to go on from. */
export interface Image {
  /** How much it is, about as many objects. */
  readonly weight: number;
  /** Data for the structured clone algorithm; it is what the rules change, so it is to be copied at once. */
  readonly held: Held;
}

export type ResumeCore = (image: Pick<Image, 'held'>) => Core;

export type CreateCore = (snapshot: Snapshot, now: Instant) => Core;
