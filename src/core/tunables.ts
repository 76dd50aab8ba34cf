import type { EndReason } from './decisions.ts';

/** Bounds and times of the rules. All times in milliseconds. */

/**
 * From SIGTERM to SIGKILL where an attempt is ended. No document of the real service names a time to end in any of
 * these cases: there is none. A node that is taken back has its own (`PreemptionNotice`).
 */
export const END_DEADLINE_MS: Readonly<Record<Exclude<EndReason, 'preempted'>, number>> = { terminate: 0, requeue: 0, outranked: 0, stale: 0 };

/**
 * For how many decides the rules remember how a task ended, so that a `task` event may carry a status as old as that.
 */
export const STATUS_MEMORY_TICKS = 16;
/** Completed jobs kept in memory; older ones come back with their `job` event. */
export const COMPLETED_JOBS_KEPT = 1000;

/** Jobs of a schedule that is deleted with so many at a time: a tick stays short, however many there are. */
export const JOBS_PER_DELETION = 500;

/** At most so many slots' worth of offers wait on a node beyond its slots; at least twice its slots, and 4. */
const AHEAD_MOST = 32;
/** Between these, as much as the node gets done in this time: several round trips with their commits. */
const AHEAD_WORK_MS = 50;

/**
 * Slots' worth of offers kept waiting on a node, so that short tasks follow each other without a round trip. `taskMs`:
 * how long its tasks take; null: not known yet.
 */
export function aheadSlots(slots: number, taskMs: number | null): number {
  const worth = taskMs === null ? 0 : Math.ceil((slots * AHEAD_WORK_MS) / Math.max(1, taskMs));
  return Math.min(AHEAD_MOST, Math.max(4, slots * 2, worth));
}
/** With fewer free slots than this, no node may have a task of so many slots wait for its turn. */
export function leastFreeAhead(slots: number): number {
  return Math.min(0, slots - AHEAD_MOST);
}
/**
 * Nodes that are passed over in one filling of a pool, for each width of tasks, in the search for one where tasks may
 * wait. Where all nodes have enough waiting, as in most pools that are full, there is none.
 */
export const LOOKS_AHEAD = 64;
/** The weight of the latest task in `taskMs`. */
export const TASK_MS_WEIGHT = 0.2;
/**
 * An offer that has waited so long for a slot may be taken back for a node that has one free. Shorter waits are not
 * worth the two row changes.
 */
export const STEAL_AFTER_MS = 50;
/** Offers taken back from one pool in one decide. */
export const REVOKES_PER_DECIDE = 256;

/** Tasks that make room for others in one pool in one decide, or move to where that is done for them. */
export const PREEMPTIONS_PER_DECIDE = 256;
/**
 * Where tasks take less than this, one that has not run for so long is waited for: ending it would win next to nothing.
 */
export const QUICK_TASK_MS = 1000;
const SAFE_FIRST_MS = 10_000;
const SAFE_MOST_MS = 3_600_000;

/** How long a task that has been requeued so often runs before it may have to make room (again). */
export function safeForMs(requeueCount: number): number {
  return requeueCount === 0 ? 0 : Math.min(SAFE_MOST_MS, SAFE_FIRST_MS * 2 ** (requeueCount - 1));
}

/**
 * Pools whose size a formula decides are measured so often (autoscale article, "Samples"), and so long is that kept.
 */
export const SAMPLE_EVERY_MS = 30_000;
export const SAMPLES_KEPT_MS = 24 * 3_600_000;
/** Nodes say what they use so often: twice a sample, so that none is without. */
export const MEASURE_EVERY_MS = SAMPLE_EVERY_MS / 2;

/** Slots that tasks have used are added to the hours of their pools so often. */
export const USAGE_EVERY_MS = 5_000;

/** A job looks no more often for tasks that have lived as long. */
export const LIFETIME_LOOK_MS = 60_000;

/** Dependants released in one decide; the rest follows in the next ones. */
export const RELEASES_PER_DECIDE = 10_000;
/** How far into a job's queue a returning task looks for its place in the order of numbers. */
export const REQUEUE_LOOKAHEAD = 64;

/**
 * Nodes of an account, of both kinds, those on their way in or out included. A client may write any int32 as a target:
 * without a bound one such request would use up the memory of the service. Far more than the providers known today can
 * give, and few enough for what is done per node.
 */
export const NODES_PER_ACCOUNT = 10_000;

/**
 * The wait before a node that was lost twice in a row is acquired again, doubled each time it is lost without having
 * run for `NODE_SETTLED_MS`.
 */
export const REACQUIRE_FIRST_MS = 1000;
export const REACQUIRE_MAX_MS = 60_000;
export const NODE_SETTLED_MS = 10_000;
/** A drill decides so often whom it takes. */
export const DRILL_STEP_MS = 1000;

/**
 * The wait before a low-priority node is sought again that was taken back or could not be had, doubled each time it
 * cannot be had.
 */
const SEEK_FIRST_MS = 1000;
export const SEEK_MAX_MS = 60_000;

/** `tries`: how often it was sought in vain. */
export function seekWaitMs(tries: number): number {
  return Math.min(SEEK_MAX_MS, SEEK_FIRST_MS * 2 ** Math.min(tries, 16));
}
/**
 * A started attempt that a connected agent of the same life does not hold, and of whose end it says nothing for so
 * long, is lost.
 */
export const MISSING_AFTER_MS = 30_000;

/**
 * An agent that has said nothing for so long after the provider saw its node run keeps the node from being used. Less
 * than after what a silent one is ended (`SILENCE_BOUNDS`), so that it shows before.
 */
export const FIRST_WORD_MS = 90_000;

export const RECENT_TASKS = 10;
/** Reasons `explain` gives of single nodes or dependencies before it only counts them. */
export const EXPLAIN_LIST = 5;
/** Tasks of a job that an explanation of the whole job looks at. */
export const EXPLAIN_TASKS = 1_000;
