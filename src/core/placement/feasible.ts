import type { Node } from '../model.ts';
import type { Reason } from '../reasons.ts';
import { hasFreeSlots } from './filters/hasFreeSlots.ts';
import { nodeTakesTasks } from './filters/nodeTakesTasks.ts';
import { roomAhead } from './filters/roomAhead.ts';

/** What a task is to a node: its width. */
interface Width {
  readonly slots: number;
}

/** Whether the node can have the task at once: null, or what is against it. */
export function feasible({ slots }: Width, node: Node): Reason | null {
  return nodeTakesTasks({ node }) ?? hasFreeSlots({ node, slots });
}

/** Whether the node, which has no slots for the task now, may have it wait there: null, or what is against it. */
export function feasibleAhead({ slots }: Width, node: Node): Reason | null {
  return nodeTakesTasks({ node }) ?? roomAhead({ node, slots });
}
