import { MANAGER_TASK } from '../intent.ts';
import { type Lane, placeAmong } from '../task/queue.ts';
import type { CoreState, Job, Node, Pool } from '../model.ts';
import { at, QUEUED } from '../task/table.ts';
import type { Candidates } from './candidates.ts';
import { feasibleWithRoom, widthOf } from './feasible.ts';
import { fitsPool } from './filters/fitsPool.ts';
import { countMayBeKept, mayBeKept } from './filters/mayBeKept.ts';
import { clearFor } from './outrank.ts';

/**
 * Multi-instance tasks ("gangs") get all their nodes in one step or none.
 *
 * Among jobs of one priority they go before all other tasks, the older job first: what needs one slot finds one any
 * time, what needs several nodes at once never would beside it. The first of them that does not find enough free nodes,
 * though the pool has enough, has nodes kept: whichever become free from then on are given to nobody behind it, and
 * offers that wait for a slot there are taken back, until there are enough. So it starts as soon as any can, at the
 * latest when the longest of the tasks has ended that ran when it came. Nothing of that is stored: each filling of the
 * pool decides anew for whom nodes are kept, and only one task at a time has some. So no two of them can each keep what
 * the other waits for, and one of a higher priority takes them over.
 *
 * What it passes it owes something (task/owed.ts): the next one of its priority waits until that is paid to those of
 * them that came before it. So tasks of one priority have nodes by turns, in the order of their arrival, however many
 * of either kind there are.
 *
 * One for which the pool has too few nodes keeps nobody waiting. A node counts that works and may run it, busy or not,
 * and whether its agent is connected in this moment or not; one on which a job manager runs does not, since that may
 * wait for this very task.
 */
export class Gangs {
  readonly #state: CoreState;
  readonly #pool: Pool;
  /** Jobs that have some, in the order in which they are served. */
  readonly #jobs: readonly Job[];
  readonly #closed = new Set<Lane>();
  #next = 0;

  constructor(state: CoreState, pool: Pool) {
    this.#state = state;
    this.#pool = pool;
    this.#jobs = [...pool.queue.withGangs].sort((one, other) => other.intent.priority - one.intent.priority || one.number - other.number);
  }

  /**
   * The first that can start now, of this priority or a higher one, and its nodes. null: there is none, and `keeping`
   * of the pool says whether nodes are kept for the first that cannot.
   */
  next(priority: number, candidates: Candidates<Node>, near: (job: Job, lane: Lane) => Node | null): { readonly job: Job; readonly lane: Lane; readonly nodes: readonly [Node, ...Node[]] } | null {
    while (this.#pool.keeping === null) {
      const job = this.#jobs[this.#next];
      if (job === undefined || job.intent.priority < priority) return null;
      const lane = this.#laneOf(job);
      if (lane === null) {
        this.#next += 1;
        continue;
      }
      if (isOwed(this.#state, this.#pool, job, lane)) {
        this.#closed.add(lane);
        continue;
      }
      const width = { slots: lane.slots, closed: job.closedNodes };
      const [first, ...others] = candidates.together(width, lane.instances, near(job, lane));
      if (first !== undefined && others.length + 1 === lane.instances) return { job, lane, nodes: [first, ...others] };
      if (countMayBeKept(this.#pool.nodes, job, lane.instances) === lane.instances) keepFor(this.#state, this.#pool, job, lane);
      else this.#closed.add(lane);
    }
    return null;
  }

  /** Of the job's oldest one that has not been found to have too few nodes. A job manager goes before it. */
  #laneOf(job: Job): Lane | null {
    if (job.listed === null || managerWaits(this.#state, job)) return null;
    const { table } = this.#state;
    let best: Lane | null = null;
    for (const lane of job.queue.lanes) {
      if (lane.instances === 0 || lane.head === -1 || this.#closed.has(lane) || fitsPool({ pool: this.#pool, ...lane }) !== null) continue;
      if (best === null || at(table.number, lane.head) < at(table.number, best.head)) best = lane;
    }
    return best;
  }
}

/**
 * In the queue or on a node. If nodes were kept for a task that comes after it, its offer would be taken back, and be
 * given again as soon as it waits: without end.
 */
function managerWaits({ table }: CoreState, { intent, directory }: Job): boolean {
  if (intent.manager === null) return false;
  const entry = directory.get(MANAGER_TASK);
  if (entry === -1) return false;
  return at(table.queueState, entry) === QUEUED || table.records[entry]?.live.some(({ started }) => !started) === true;
}

function keepFor(state: CoreState, pool: Pool, job: Job, { head, instances }: Lane): void {
  const { priority } = job.intent;
  pool.keeping = { job, task: at(state.table.number, head), instances, priority };
  clearFor(state, pool, priority, (node) => mayBeKept(job, node));
}

/**
 * Whether a task that came before the first one of the lane was passed before, and has not had its turn: it waits on a
 * node, or some node of the pool would have it.
 */
function isOwed(state: CoreState, pool: Pool, { intent: { priority } }: Job, lane: Lane): boolean {
  const owed = pool.owed.get(priority);
  if (owed === undefined) return false;
  const { createdAt } = state.table;
  const before = Math.min(owed.passedAt, at(createdAt, lane.head));
  for (const { offers } of (pool.offered.get(priority) ?? 0) > 0 ? pool.nodes : []) {
    for (const { task, priority: offered, revoking, ending } of offers) {
      if (offered === priority && task.instances === 0 && revoking === null && ending === null && at(createdAt, task.entry) <= before) return true;
    }
  }
  const { ready } = pool.queue;
  for (let index = placeAmong(ready, priority, 0); ready[index]?.listed?.priority === priority; index++) {
    const job = ready[index];
    if (job === undefined) break;
    for (const { slots, instances, head } of job.queue.lanes) {
      if (instances > 0 || head === -1 || at(createdAt, head) > before || fitsPool({ pool, slots, instances }) !== null) continue;
      const width = widthOf(job, pool, { number: at(state.table.number, head), slots });
      for (const node of pool.nodes) if (width.slots <= node.slots && feasibleWithRoom(width, node) === null) return true;
    }
  }
  return false;
}
