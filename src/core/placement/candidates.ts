import type { Capacity, Spacious } from '../pool/capacity.ts';
import type { PoolIntent } from '../intent.ts';
import type { Reason } from '../reasons.ts';
import { LOOKS_AHEAD, leastFreeAhead } from '../tunables.ts';
import { feasible, feasibleAhead, feasibleTogether, type Place, type Width } from './feasible.ts';
import { PerWidth } from './perWidth.ts';

/**
 * Finds nodes for tasks during one filling of a pool. Candidates come in the order wanted, and one that a filter has
 * something against is passed over.
 *
 * While a pool is filled its nodes only get more to do. So a node that is refused to a task is refused to every later
 * one as wide, and a walk from the emptiest node down goes on where the last task of this width stopped: looks grow
 * with tasks and nodes, not with their product. A pool that packs begins each walk anew, at the fullest node. Whoever
 * is given a node offers the task there, or asks for none as wide again.
 */
export class Candidates<Node extends Spacious & Place> {
  readonly #capacity: Capacity<Node>;
  readonly #fillType: PoolIntent['fillType'];
  readonly #atOnce = new PerWidth<Iterator<Node>>((slots) => this.#capacity.candidates('emptiest', slots));
  readonly #ahead = new PerWidth<{ readonly walk: Iterator<Node>; passedOver: number }>((slots) => ({
    walk: this.#capacity.candidates('emptiest', leastFreeAhead(slots)),
    passedOver: 0,
  }));
  /** How many nodes have been looked at. */
  looks = 0;

  constructor(capacity: Capacity<Node>, fillType: PoolIntent['fillType']) {
    this.#capacity = capacity;
    this.#fillType = fillType;
  }

  /**
   * A node that can have the task at once: the one that the task wants to be near to, else the first in the pool's
   * order.
   */
  atOnce(task: Width, near: Node | null): Node | null {
    if (near !== null && this.#allows(feasible, task, near)) return near;
    const walk = this.#walkAtOnce(task);
    for (let next = walk.next(); next.done !== true; next = walk.next()) if (this.#allows(feasible, task, next.value)) return next.value;
    return null;
  }

  /**
   * The node with the least waiting of those where the task may wait. `LOOKS_AHEAD` bounds how many are passed over.
   */
  ahead(task: Width): Node | null {
    const state = this.#ahead.of(task);
    for (; state.passedOver < LOOKS_AHEAD; state.passedOver++) {
      const next = state.walk.next();
      if (next.done === true) return null;
      if (this.#allows(feasibleAhead, task, next.value)) return next.value;
    }
    return null;
  }

  /**
   * Different nodes that can each have an instance of the task at once, the one that the primary wants to be near to
   * first: so many, or all there are.
   */
  together(task: Width, instances: number, near: Node | null): Node[] {
    const found = near !== null && this.#allows(feasibleTogether, task, near) ? [near] : [];
    for (const node of this.#capacity.candidates('emptiest', task.slots)) {
      if (found.length === instances) break;
      if (node !== near && this.#allows(feasibleTogether, task, node)) found.push(node);
    }
    return found;
  }

  #walkAtOnce(task: Width): Iterator<Node> {
    return this.#fillType === 'pack' ? this.#capacity.candidates('fullest', task.slots) : this.#atOnce.of(task);
  }

  #allows(filter: (task: Width, node: Node) => Reason | null, task: Width, node: Node): boolean {
    this.looks += 1;
    return filter(task, node) === null;
  }
}
