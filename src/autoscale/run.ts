import type { SampleHistory, SampleWindow } from './history.ts';
import type { Limits } from './limits.ts';
import { Failure, type Span } from './problems.ts';
import type { Value } from './values.ts';

/** The facts that a formula may know of its pool at the moment of evaluation. */
export interface PoolFacts {
  readonly targetDedicatedNodes: number;
  readonly targetLowPriorityNodes: number;
  readonly currentDedicatedNodes: number;
  /** Preempted nodes included. */
  readonly currentLowPriorityNodes: number;
  readonly preemptedNodes: number;
  readonly usableNodes: number;
  readonly taskSlotsPerNode: number;
}

/** A read of a metric's history, kept so that a run can be explained. */
export interface WindowRead {
  readonly method: string;
  /** Where in the formula it was read. */
  readonly span: Span;
  readonly window: SampleWindow;
}

/** The state of one evaluation: what the closures read and write. */
export interface Run {
  readonly samples: SampleHistory;
  readonly nowMs: number;
  readonly random: () => number;
  readonly pool: PoolFacts;
  readonly limits: Limits;
  /** What `GetSample` over a window asks for when the formula names no percentage. */
  readonly samplePercentWhenOmitted: number;
  /** Variables by slot number; undefined is "not assigned". */
  readonly slots: (Value | undefined)[];
  readonly windows: WindowRead[];
  steps: number;
  /** Statements that ran to their end. */
  finished: number;
}

/**
 * Thrown by `stop()`: nothing further is computed, not even the rest of the statement it stands in, which assigns
 * nothing.
 */
export const STOP = Symbol('stop()');

/** Counts work. @throws Failure TooManySteps */
export function spend(run: Run, steps: number, span: Span): void {
  run.steps += steps;
  if (run.steps > run.limits.steps) throw new Failure('TooManySteps', span, `at most ${run.limits.steps} steps`, 'more');
}
