import { MANAGER_TASK } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Job, Node, Pool } from '../model.ts';
import type { Lane } from '../job/queue.ts';
import { at } from '../task/table.ts';
import { offer } from '../task/life.ts';
import { Candidates } from './candidates.ts';
import { managerWidth, type Width } from './feasible.ts';
import { fitsPool } from './filters/fitsPool.ts';
import { outrank, Outranking } from './outrank.ts';
import { steal } from './steal.ts';

/**
 * Offers waiting tasks to the nodes of a pool: jobs in the order of their priority, within a job by task number.
 *
 * A task goes where slots are free (`spread`: the emptiest node, `pack`: the fullest that has room). If no node has
 * them, it is offered ahead, to the node with the least waiting that may have more: the agent starts what it was
 * offered in that order, each as soon as its slots are free. So short tasks follow each other without asking, and a
 * wide task is sure of its slots in the end, because nothing passes it on its node. Once a task finds no room ahead,
 * none behind it gets any in this round; slots that are free now are still given to those that fit.
 */
export function place(state: CoreState, pool: Pool, now: Instant): void {
  fill(state, pool, now);
  steal(state, pool, now);
}

function fill(state: CoreState, pool: Pool, now: Instant): void {
  const { capacity, queue } = pool;
  const { ready } = queue;
  const candidates = new Candidates<Node>(capacity, pool.intent.fillType);
  const outranking = new Outranking<Node>(pool);
  let aheadOpen = true;
  const closed = new Set<Lane>();
  for (let index = 0; index < ready.length; ) {
    const job = ready[index];
    if (job === undefined) return;
    while (job.listed !== null) {
      const lane = nextLane(state, job, pool, closed);
      if (lane === null) break;
      const width = widthOf(state, job, pool, lane);
      const atOnce = candidates.atOnce(width, wanted(state, job, pool, lane));
      const node = atOnce ?? (aheadOpen ? (candidates.ahead(width) ?? outranking.next(job.intent.priority, width)) : null);
      if (node !== null) {
        if (atOnce === null) outrank(state, node, job.intent.priority);
        offer(state, job, lane.head, [node], now);
        continue;
      }
      closed.add(lane);
      // One that may run on few nodes only keeps nobody from waiting on the others.
      if (job.closedNodes.size === 0) aheadOpen = false;
      if ((capacity.roomiest()?.free ?? 0) <= 0) return;
    }
    if (ready[index] === job) index += 1;
  }
}

function widthOf({ table }: CoreState, { intent: { manager }, closedNodes }: Job, pool: Pool, lane: Lane): Width {
  const isManager = manager !== null && at(table.number, lane.head) === MANAGER_TASK;
  const width = isManager ? managerWidth(manager, lane.slots, pool) : lane;
  return closedNodes.size === 0 ? width : { ...width, closed: closedNodes };
}

/** The lane whose first task is the oldest, of those that have not been found without room. */
function nextLane(state: CoreState, job: Job, pool: Pool, closed: ReadonlySet<Lane>): Lane | null {
  let best: Lane | null = null;
  for (const lane of job.queue.lanes) {
    if (lane.head === -1 || closed.has(lane) || fitsPool({ pool, slots: lane.slots }) !== null) continue;
    if (best === null || at(state.table.number, lane.head) < at(state.table.number, best.head)) best = lane;
  }
  return best;
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
