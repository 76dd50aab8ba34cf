import type { Instant, TaskNumber } from '../../../core/keys.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { sorted } from './order.ts';
import { inSlices, numbersWhere } from './slices.ts';

/** A slot of a node, and the tasks that ran in it one after the other. */
export interface Lane {
  /** The place in the columns' `nodes`. */
  readonly node: number;
  readonly slot: number;
  readonly tasks: TaskNumber[];
  hasFailed: boolean;
}

const FAILURE = 2;

/**
 * The present or last attempts of a job's tasks, each in a slot of its node that was free then: which one it was is not
 * on record. Lanes come in the order in which their nodes had their first task.
 */
export async function lanesOf(columns: TaskColumns, now: Instant): Promise<readonly Lane[]> {
  const known = byColumns.get(columns);
  if (known !== undefined && known.version === columns.version) return known.lanes;
  const { version } = columns;
  const lanes = await lanesAnew(columns, now);
  byColumns.set(columns, { version, lanes });
  return lanes;
}

/** While nothing changes they stay. */
const byColumns = new WeakMap<TaskColumns, { readonly version: number; readonly lanes: readonly Lane[] }>();

async function lanesAnew(columns: TaskColumns, now: Instant): Promise<readonly Lane[]> {
  const { length, state, started, ended, node, result } = columns;
  const begun = await numbersWhere(length, (at) => state[at] !== ABSENT && started[at] !== NOTHING && node[at] !== 0);
  const numbers = await sorted(columns, begun, 'started', false, now);
  const byNode = new Map<number, Slot[]>();
  await inSlices(numbers.length, (first, end) => {
    for (const number of numbers.subarray(first, end)) {
      const at = number - 1;
      const place = node[at] ?? 0;
      const slots = byNode.get(place) ?? [];
      byNode.set(place, slots);
      const { lane } = slotOf(slots, place, started[at] ?? 0, ended[at] ?? NOTHING);
      lane.tasks.push(number);
      if (result[at] === FAILURE) lane.hasFailed = true;
    }
  });
  return [...byNode.values()].flatMap((slots) => slots.map(({ lane }) => lane));
}

interface Slot {
  readonly lane: Lane;
  until: Instant;
}

/** The first slot of a node that is free as an attempt begins; it is not until that ends. */
function slotOf(slots: Slot[], node: number, startedAt: Instant, endedAt: Instant): Slot {
  let slot = slots.find(({ until }) => until <= startedAt);
  if (slot === undefined) {
    slot = { lane: { node, slot: slots.length, tasks: [], hasFailed: false }, until: 0 };
    slots.push(slot);
  }
  slot.until = endedAt === NOTHING ? Number.POSITIVE_INFINITY : endedAt;
  return slot;
}
