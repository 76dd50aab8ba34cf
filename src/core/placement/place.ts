import type { Instant } from '../keys.ts';
import type { CoreState, Job, Node, Pool } from '../model.ts';
import type { Lane } from '../task/queue.ts';
import { at } from '../task/table.ts';
import { offer } from '../task/life.ts';
import { Candidates } from './candidates.ts';
import { widthOf } from './feasible.ts';
import { fitsPool } from './filters/fitsPool.ts';
import { nodeTakesTasks } from './filters/nodeTakesTasks.ts';
import { Gangs } from './gangs.ts';
import { mayBeKept } from './filters/mayBeKept.ts';
import { outrank, Outranking } from './outrank.ts';
import { owe } from '../task/owed.ts';
import { preemptForWaiting, Preempting } from './preempt.ts';
import { steal } from './steal.ts';
import { turns } from './turns.ts';

/**
 * Offers waiting tasks to the nodes of a pool: jobs as their turn comes (turns.ts), within a job by task number.
 *
 * A task goes where slots are free (`spread`: the emptiest node, `pack`: the fullest that has room). If no node has
 * them, it goes where others make room for it (preempt.ts). If none do, it is offered ahead, to the node with the least
 * waiting that may have more: the agent starts what it was offered in that order, each as soon as its slots are free.
 * So short tasks follow each other without asking, and a wide task is sure of its slots in the end, because nothing
 * passes it on its node. Once a task finds no room ahead, none behind it gets any in this round; slots that are free
 * now are still given to those that fit.
 *
 * Multi-instance tasks go first among those of their priority, and have nodes kept for them: see `Gangs`.
 */
export function place(state: CoreState, pool: Pool, now: Instant): void {
  new Filling(state, pool, now).run();
  steal(state, pool, now);
  preemptForWaiting(state, pool, now);
}

/** One filling of a pool. */
class Filling {
  readonly #state: CoreState;
  readonly #pool: Pool;
  readonly #now: Instant;
  readonly #candidates: Candidates<Node>;
  readonly #outranking: Outranking<Node>;
  readonly #preempting: Preempting;
  /** null: none waits, or none can come before what waits for room. */
  #gangs: Gangs | null;
  #aheadOpen = true;
  /** Nothing that comes now can find room. */
  #isOver = false;
  /** Those of which the first task has found no room. */
  readonly #closed = new Set<Lane>();

  constructor(state: CoreState, pool: Pool, now: Instant) {
    this.#state = state;
    this.#pool = pool;
    this.#now = now;
    this.#candidates = new Candidates<Node>(pool.capacity, pool.intent.fillType);
    this.#outranking = new Outranking<Node>(pool);
    this.#preempting = new Preempting(state, pool, now);
    this.#gangs = pool.queue.withGangs.size === 0 ? null : new Gangs(state, pool);
  }

  run(): void {
    this.#pool.keeping = null;
    this.#fill();
    this.#preempting.endReserved();
  }

  #fill(): void {
    let waiting = turns(this.#pool);
    for (let isServed = false; !this.#isOver; ) {
      const turn = waiting.next(isServed);
      isServed = false;
      const job = turn.done === true ? null : turn.value;
      // Others may have left the list, so that turns begin anew.
      if (this.#placeGangs(job?.intent.priority ?? Number.NEGATIVE_INFINITY)) waiting = turns(this.#pool);
      else if (job === null) return;
      else if (!this.#isOver) isServed = this.#serve(job);
    }
  }

  /** Places those of this priority, or a higher one, that can start now. Returns whether there was one. */
  #placeGangs(priority: number): boolean {
    if (this.#gangs === null) return false;
    let isPlaced = false;
    for (;;) {
      const gang = this.#gangs.next(priority, this.#candidates, (job, lane) => wanted(this.#state, job, this.#pool, lane));
      if (gang === null) break;
      owe(this.#pool, gang.job, gang.nodes.length, this.#now);
      offer(this.#state, gang.job, gang.lane.head, gang.nodes, this.#now);
      isPlaced = true;
    }
    const { keeping } = this.#pool;
    if (keeping === null) return isPlaced;
    this.#gangs = null;
    this.#preempting.makeRoomTogether(keeping);
    this.#isOver = [...this.#pool.nodes].every((node) => mayBeKept(keeping.job, node) || nodeTakesTasks({ node }) !== null);
    return isPlaced;
  }

  /** Places one task of the job. Returns whether there was room for one. */
  #serve(job: Job): boolean {
    for (let lane = this.#nextLane(job); lane !== null; lane = this.#nextLane(job)) {
      if (this.#placeFirst(job, lane)) return true;
      this.#closed.add(lane);
      // One that may run on few nodes only keeps nobody from waiting on the others.
      if (job.closedNodes.size === 0) {
        this.#aheadOpen = false;
        // Those of lower priority: this one comes before them wherever slots become free.
        this.#gangs = null;
      }
      this.#isOver = this.#gangs === null && (this.#pool.capacity.roomiest()?.free ?? 0) <= 0 && !this.#preempting.isOpenTo(job.intent.priority);
      if (this.#isOver) return false;
    }
    return false;
  }

  #placeFirst(job: Job, lane: Lane): boolean {
    const { priority } = job.intent;
    const width = widthOf(job, this.#pool, { number: at(this.#state.table.number, lane.head), slots: lane.slots });
    const atOnce = this.#candidates.atOnce(width, wanted(this.#state, job, this.#pool, lane));
    const plan = atOnce === null ? this.#preempting.next(priority, width) : null;
    const node = atOnce ?? plan?.node ?? (this.#aheadOpen ? (this.#candidates.ahead(width) ?? this.#outranking.next(priority, width)) : null);
    if (node === null) return false;
    if (atOnce === null) outrank(this.#state, node, priority);
    offer(this.#state, job, lane.head, [node], this.#now);
    if (plan !== null) this.#preempting.reserve(plan);
    return true;
  }

  /** The lane whose first task is the oldest, of those that have not been found without room. */
  #nextLane(job: Job): Lane | null {
    const { number } = this.#state.table;
    let best: Lane | null = null;
    for (const lane of job.queue.lanes) {
      if (lane.head === -1 || lane.instances > 0 || this.#closed.has(lane) || fitsPool({ pool: this.#pool, ...lane }) !== null) continue;
      if (best === null || at(number, lane.head) < at(number, best.head)) best = lane;
    }
    return best;
  }
}

/** The node of the pool that the lane's first task wants to be near to. */
function wanted(state: CoreState, job: Job, pool: Pool, lane: Lane): Node | null {
  if (job.particulars.size === 0) return null;
  const near = nodeNear(state, job.particulars.get(at(state.table.number, lane.head))?.affinity ?? null);
  return near?.pool === pool ? near : null;
}

/** Affinity ids are `TVM:` and a node's id, on nodes and on tasks that ran there. Any other is near to nothing. */
function nodeNear(state: CoreState, affinity: string | null): Node | null {
  return affinity === null ? null : (state.nodesById.get(affinity.toLowerCase().replace(/^tvm:/, '')) ?? null);
}
