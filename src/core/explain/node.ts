import type { NodeNumber } from '../keys.ts';
import type { CoreState, Job, Node } from '../model.ts';
import { feasible, feasibleAhead, feasibleTogether, widthOf, type Width } from '../placement/feasible.ts';
import { fitsPool } from '../placement/filters/fitsPool.ts';
import { jobIsActive } from '../placement/filters/jobIsActive.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import { parallelLimit } from '../placement/filters/parallelLimit.ts';
import { at } from '../task/table.ts';
import { EXPLAIN_LIST } from '../tunables.ts';
import { byUrgency, type Reason } from '../reasons.ts';
import { againstTogether, type InPool } from './together.ts';

/**
 * Why a node is idle, or has slots to spare; null: the rules know no such node. What it runs comes first, then what
 * keeps the jobs that have tasks waiting from being placed there, those of the highest priority first.
 */
export function explainNode(state: CoreState, number: NodeNumber): readonly Reason[] | null {
  const node = state.nodes.get(number);
  if (node === undefined || node.goneAt !== null) return null;
  const against = nodeTakesTasks({ node });
  if (against !== null) return [against];
  const { id: nodeId, running, offers, runningSlots, slots: taskSlotsPerNode, pool } = node;
  const isBusy = running.size + offers.size > 0;
  const busy: Reason[] = isBusy ? [{ code: 'NodeBusy', nodeId, runningTasks: running.size, runningSlots, taskSlotsPerNode, offers: offers.size }] : [];
  if (runningSlots >= taskSlotsPerNode) return busy;
  const jobs = [...state.jobs.values()].filter(({ poolQueue, gone }) => poolQueue === pool.queue && !gone);
  const first = jobs.toSorted((one, other) => other.intent.priority - one.intent.priority || one.number - other.number);
  const waits: Reason[] = [];
  for (const job of first) {
    if (waits.length >= EXPLAIN_LIST) break;
    waits.push(...ofJob(state, node, job));
  }
  if (waits.length === 0 && offers.size === 0) return [...busy, { code: 'NothingWaits', poolId: pool.intent.id }];
  return [...busy, ...byUrgency(waits)];
}

/** What keeps the first waiting tasks of the job, one of each width, from the node; none: none waits. */
function ofJob(state: CoreState, node: Node, job: Job): readonly Reason[] {
  const { queue, live, tasks, intent } = job;
  const offered = [...live].filter((task) => task.live.some(({ started }) => !started)).length;
  const blocked = Math.max(0, tasks.active - queue.count - offered);
  const waiting = queue.lanes.filter(({ head }) => head !== -1);
  if (waiting.length === 0) return blocked === 0 ? [] : [{ code: 'TasksBlocked', jobId: intent.id, tasks: blocked }];
  const held = jobIsActive({ job }) ?? parallelLimit({ job });
  if (held !== null) return [held];
  const { pool } = node;
  return waiting.map(({ slots, instances, head }): Reason => {
    const misfit = fitsPool({ pool, slots, instances });
    if (misfit !== null) return misfit;
    const number = at(state.table.number, head);
    const width = widthOf(job, pool, { number, slots });
    const against = instances > 0 ? againstInstance(state, node, { job, pool, number, slots, instances }) : againstTask(width, node);
    return against ?? { code: 'AboutToBePlaced', nodeId: node.id, jobId: intent.id };
  });
}

/** What keeps a multi-instance task from all its nodes, or at least from this one. */
function againstInstance(state: CoreState, node: Node, task: InPool): Reason | null {
  const here = feasibleTogether({ slots: task.slots, closed: task.job.closedNodes }, node);
  if (here !== null && here.code !== 'NoFreeSlots') return here;
  return againstTogether(state, task)[0] ?? here;
}

/** A job manager that has the node for itself says more than that its slots are taken. */
function againstTask(task: Width, node: Node): Reason | null {
  const reason = feasible(task, node);
  return reason?.code === 'NoFreeSlots' ? (feasibleAhead(task, node) ?? reason) : reason;
}
