import { type JobManager, MANAGER_TASK } from '../intent.ts';
import type { TaskNumber } from '../keys.ts';
import type { Job, Keeping, Node, Pool } from '../model.ts';
import type { Reason } from '../reasons.ts';
import type { Filter } from './filters/filter.ts';
import { dedicatedIfAsked } from './filters/dedicatedIfAsked.ts';
import { type ClosedNodes, isOpenToJob } from './filters/isOpenToJob.ts';
import { hasFreeSlots } from './filters/hasFreeSlots.ts';
import { knowsGangs } from './filters/knowsGangs.ts';
import { nodeTakesTasks } from './filters/nodeTakesTasks.ts';
import { notHeldByManager } from './filters/notHeldByManager.ts';
import { notKept } from './filters/notKept.ts';
import { roomAhead } from './filters/roomAhead.ts';

/** What a task is to a node: its width, and which nodes are not for it. */
export interface Width {
  readonly slots: number;
  /** Left out: none. */
  readonly closed?: ClosedNodes | undefined;
  /** Not for low-priority nodes. */
  readonly dedicatedOnly?: boolean | undefined;
  /** Nodes are kept free for a task that goes before this one. */
  readonly keeping?: Keeping | undefined;
}

/** What placement looks at of a node. */
export type Place = Pick<Node, 'id' | 'state' | 'connected' | 'scheduling' | 'startTask' | 'errors' | 'slots' | 'free' | 'runningSlots' | 'offers' | 'taskMs' | 'dedicated' | 'heldBy' | 'agent' | 'running' | 'notice'>;

/** An exclusive job manager is as wide as a node. */
export function managerWidth({ runExclusive, allowLowPriorityNode }: JobManager, slots: number, { intent }: Pick<Pool, 'intent'>): Width {
  return { slots: runExclusive ? Math.max(slots, intent.taskSlotsPerNode) : slots, dedicatedOnly: !allowLowPriorityNode };
}

/** What the job's task of this number is to the nodes of the pool. */
export function widthOf({ intent: { manager, priority }, closedNodes }: Job, pool: Pool, { number, slots }: { readonly number: TaskNumber; readonly slots: number }): Width {
  const width = manager !== null && number === MANAGER_TASK ? managerWidth(manager, slots, pool) : { slots };
  const { keeping } = pool;
  const isBehind = keeping !== null && priority <= keeping.priority;
  if (closedNodes.size === 0 && !isBehind) return width;
  return { ...width, ...(closedNodes.size === 0 ? null : { closed: closedNodes }), ...(isBehind ? { keeping } : null) };
}

interface Placement extends Width {
  readonly node: Place;
}

/** In the order in which they are asked. */
const AT_ONCE: readonly Filter<Placement>[] = [nodeTakesTasks, dedicatedIfAsked, isOpenToJob, notKept, hasFreeSlots];
const WITH_ROOM: readonly Filter<Placement>[] = [nodeTakesTasks, dedicatedIfAsked, isOpenToJob, notKept, notHeldByManager];
const AHEAD: readonly Filter<Placement>[] = [...WITH_ROOM, roomAhead];
/** Of a node that a task on several nodes wants to have. */
const TOGETHER: readonly Filter<Placement>[] = [nodeTakesTasks, knowsGangs, isOpenToJob, notHeldByManager, hasFreeSlots];

/** Whether the node can have the task at once: null, or what is against it. */
export function feasible(task: Width, node: Place): Reason | null {
  return firstAgainst(AT_ONCE, task, node);
}

/** Whether the node, which has no slots for the task now, may have it wait there: null, or what is against it. */
export function feasibleAhead(task: Width, node: Place): Reason | null {
  return firstAgainst(AHEAD, task, node);
}

/** Whether the node could have the task if slots became free there: null, or what is against it. */
export function feasibleWithRoom(task: Width, node: Place): Reason | null {
  return firstAgainst(WITH_ROOM, task, node);
}

/** Whether an instance of a multi-instance task can be started there at once: null, or what is against it. */
export function feasibleTogether(task: Width, node: Place): Reason | null {
  return firstAgainst(TOGETHER, task, node);
}

function firstAgainst(filters: readonly Filter<Placement>[], { slots, closed, dedicatedOnly, keeping }: Width, node: Place): Reason | null {
  const placement = { slots, closed, dedicatedOnly, keeping, node };
  for (const filter of filters) {
    const reason = filter(placement);
    if (reason !== null) return reason;
  }
  return null;
}
