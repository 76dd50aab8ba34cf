import type { Width } from './feasible.ts';
import { dedicatedIfAsked } from './filters/dedicatedIfAsked.ts';
import { isOpenToJob } from './filters/isOpenToJob.ts';
import { notKept } from './filters/notKept.ts';
import type { MayBeKept } from './filters/mayBeKept.ts';
import { PerWidth } from './perWidth.ts';
import { askRevoke } from '../task/attempts.ts';
import type { CoreState, Live, Node, Pool } from '../model.ts';
import { aheadSlots } from '../tunables.ts';

/**
 * Priority among offers. Agents start what they were offered in that order, so a task that is offered ahead has the
 * offers of lower priority on its node taken back: they return to their queues and wait behind it. What has slots
 * already, or gets them at once, is left alone here: see preempt.ts.
 */
export function outrank(state: CoreState, node: Node, priority: number): void {
  if (!anyBelow(node.pool.offered, priority)) return;
  for (const live of waitingBelow(node, priority)) askRevoke(state, live, 'outranked');
}

/** Takes back all that waits for a slot on nodes of the pool that are wanted, up to this priority. */
export function clearFor(state: CoreState, pool: Pool, priority: number, isWanted: (node: Node) => boolean): void {
  if (!anyBelow(pool.offered, priority + 1)) return;
  for (const node of pool.capacity.overcommitted()) {
    if (isWanted(node)) for (const live of waitingBelow(node, priority + 1)) askRevoke(state, live, 'outranked');
  }
}

type Offer = Pick<Live, 'slots' | 'priority' | 'revoking' | 'ending'>;

/** What is looked at of a node. */
export interface Outrankable extends MayBeKept {
  readonly dedicated: boolean;
  readonly slots: number;
  readonly free: number;
  readonly runningSlots: number;
  readonly taskMs: number | null;
  readonly offers: Iterable<Offer>;
}

interface Outranked<Item> {
  readonly offered: Pool['offered'];
  readonly capacity: { overcommitted(): Iterable<Item> };
}

/**
 * Finds nodes to outrank during one filling of a pool, in which jobs come by falling priority. What is offered ahead
 * meanwhile outranks its node, so a node's offers that could be taken back only become fewer, and its room less: one
 * that is refused to a task is refused to every later one as wide. Nodes that are not refused have turns, so that none
 * has many waiting where on another tasks of lower priority come first.
 */
export class Outranking<Item extends Outrankable> {
  readonly #pool: Outranked<Item>;
  /** Those that are not refused to tasks as wide. Taken down at first: an offer moves a node to another place. */
  readonly #rounds = new PerWidth<{ present: readonly Item[]; index: number; following: Item[] }>(() => ({ present: [...this.#pool.capacity.overcommitted()], index: 0, following: [] }));
  #hasOutranked = false;
  /** How many nodes have been looked at. */
  looks = 0;

  constructor(pool: Outranked<Item>) {
    this.#pool = pool;
  }

  /**
   * Of the nodes without room ahead that have it once the offers below this priority are taken back, those with most
   * waiting first. What is being taken back already is counted as gone. The caller outranks it.
   */
  next(priority: number, task: Width): Item | null {
    if (!this.#hasOutranked && !anyBelow(this.#pool.offered, priority)) return null;
    const round = this.#rounds.of(task);
    for (;;) {
      const node = round.present[round.index];
      if (node === undefined) {
        if (round.following.length === 0) return null;
        Object.assign(round, { present: round.following, index: 0, following: [] });
        continue;
      }
      round.index += 1;
      this.looks += 1;
      if (!hasRoomOnceCleared(node, priority, task)) continue;
      round.following.push(node);
      this.#hasOutranked = true;
      return node;
    }
  }
}

function hasRoomOnceCleared(node: Outrankable, priority: number, task: Width): boolean {
  if (task.slots > node.slots || isClosed(task, node)) return false;
  let cleared = waitingBelow(node, priority).reduce((sum, { slots }) => sum + slots, node.free);
  for (const { slots, revoking, ending } of node.offers) if (revoking !== null || ending !== null) cleared += slots;
  return cleared > node.free && task.slots - cleared <= aheadSlots(node.slots, node.taskMs);
}

/** Whatever is taken back there. */
function isClosed({ closed, dedicatedOnly, keeping }: Width, node: Outrankable): boolean {
  return dedicatedIfAsked({ node, dedicatedOnly }) !== null || isOpenToJob({ node, closed }) !== null || notKept({ node, keeping }) !== null;
}

function anyBelow(offers: Pool['offered'], priority: number): boolean {
  for (const offered of offers.keys()) if (offered < priority) return true;
  return false;
}

/** Offers below this priority that wait for a slot and are not being taken back. */
export function waitingBelow<Attempt extends Offer>(
  node: { readonly slots: number; readonly runningSlots: number; readonly offers: Iterable<Attempt> },
  priority: number,
): readonly Attempt[] {
  let room = node.slots - node.runningSlots;
  return [...node.offers].filter((live) => {
    room -= live.slots;
    return room < 0 && live.priority < priority && live.revoking === null && live.ending === null;
  });
}
