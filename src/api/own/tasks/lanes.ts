import { setImmediate } from 'node:timers/promises';
import type { Instant, TaskNumber } from '../../../core/keys.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { sorted } from './order.ts';

/** A slot of a node, and the tasks that ran in it one after the other. */
export interface Lane {
  /** The place in the columns' `nodes`. */
  readonly node: number;
  readonly slot: number;
  readonly tasks: TaskNumber[];
  hasFailed: boolean;
}

const FAILURE = 2;
const AT_ONCE = 100_000;

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
  const begun = new Uint32Array(length);
  let count = 0;
  for (let at = 0; at < length; at += 1) if (state[at] !== ABSENT && started[at] !== NOTHING && node[at] !== 0) begun[count++] = at + 1;
  const numbers = await sorted(columns, begun.subarray(0, count), 'started', false, now);
  const byNode = new Map<number, { readonly lane: Lane; until: Instant }[]>();
  let done = 0;
  for (const number of numbers) {
    done += 1;
    if (done % AT_ONCE === 0) await setImmediate();
    const at = number - 1;
    const place = node[at] ?? 0;
    const slots = byNode.get(place) ?? [];
    byNode.set(place, slots);
    const startedAt = started[at] ?? 0;
    const endedAt = ended[at] ?? NOTHING;
    let slot = slots.find(({ until }) => until <= startedAt);
    if (slot === undefined) {
      slot = { lane: { node: place, slot: slots.length, tasks: [], hasFailed: false }, until: 0 };
      slots.push(slot);
    }
    slot.until = endedAt === NOTHING ? Number.POSITIVE_INFINITY : endedAt;
    slot.lane.tasks.push(number);
    if (result[at] === FAILURE) slot.lane.hasFailed = true;
  }
  return [...byNode.values()].flatMap((slots) => slots.map(({ lane }) => lane));
}
