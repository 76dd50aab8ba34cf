import type { Node } from '../model.ts';
import type { Reason } from '../explain/reasons.ts';
import type { Filter } from './filter.ts';
import { hasFreeSlots } from './filters/hasFreeSlots.ts';
import { nodeTakesTasks } from './filters/nodeTakesTasks.ts';
import { roomAhead } from './filters/roomAhead.ts';

/** What a task is to a node: its width. */
export interface Width {
  readonly slots: number;
}

/** What placement looks at of a node. */
export type Place = Pick<Node, 'id' | 'state' | 'connected' | 'scheduling' | 'startTask' | 'slots' | 'free' | 'runningSlots' | 'offers' | 'taskMs'>;

interface Placement extends Width {
  readonly node: Place;
}

/** In the order in which they are asked. */
const AT_ONCE: readonly Filter<Placement>[] = [nodeTakesTasks, hasFreeSlots];
const AHEAD: readonly Filter<Placement>[] = [nodeTakesTasks, roomAhead];

/** Whether the node can have the task at once: null, or what is against it. */
export function feasible(task: Width, node: Place): Reason | null {
  return firstAgainst(AT_ONCE, { slots: task.slots, node });
}

/** Whether the node, which has no slots for the task now, may have it wait there: null, or what is against it. */
export function feasibleAhead(task: Width, node: Place): Reason | null {
  return firstAgainst(AHEAD, { slots: task.slots, node });
}

function firstAgainst(filters: readonly Filter<Placement>[], placement: Placement): Reason | null {
  for (const filter of filters) {
    const reason = filter(placement);
    if (reason !== null) return reason;
  }
  return null;
}
