import type { Decisions } from '../core/decisions.ts';
import type { CoreEvent } from '../core/events.ts';
import type { Instant, JobNumber, NodeNumber } from '../core/keys.ts';
import type { TickTransitions } from '../core/transitions/tracker.ts';
import type { AttemptSpec } from '../store/ownerStore.ts';
import type { Portion } from './careful.ts';

/** What a tick takes. */
export interface Turn {
  readonly portion: Portion;
  readonly events: readonly CoreEvent[];
  /** Inbox entries that its commit removes. */
  readonly entries: readonly number[];
  /** The sweep that is done with it; null: the inbox is not looked at. */
  readonly sweep: number | null;
}

/** What the store says of a tick that it has committed. */
export interface Outcome {
  readonly specs: ReadonlyMap<string, AttemptSpec>;
  readonly refused: readonly JobNumber[];
}

/** A tick that is decided, and whose commit is under way. */
export interface Decided {
  readonly turn: Turn;
  /** All that the rules were told. */
  readonly events: readonly CoreEvent[];
  readonly decisions: Decisions;
  readonly transitions: TickTransitions;
  /** null: nothing is committed. */
  readonly committed: { readonly tick: number; readonly at: Instant } | null;
  /** Up to which report of each node all are taken in with it. */
  readonly marks: ReadonlyMap<NodeNumber, number>;
  readonly outcome: Promise<Outcome>;
  /** What follows from it has to be done before anything else is decided. */
  readonly isBarrier: boolean;
}

export const NOTHING_SAID: Outcome = { specs: new Map(), refused: [] };
