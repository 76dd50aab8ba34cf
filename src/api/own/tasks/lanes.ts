import type { Instant } from '../../../core/keys.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import type { TaskColumns } from './columns.ts';
import type { EarlierRun } from './earlierRuns.ts';
import { endOf, nodeOf, outcomeOf, runsOf, startOf, type Run, type Runs } from './runs.ts';
import { inSlices } from './slices.ts';

/** A slot of a node, and the attempts that ran in it one after the other. */
export interface Lane {
  /** Its number. */
  readonly node: number;
  readonly slot: number;
  readonly runs: Run[];
  hasFailed: boolean;
}

export interface Lanes {
  readonly runs: Runs;
  readonly lanes: readonly Lane[];
}

/**
 * The attempts of a job's tasks, each in a slot of its node that was free then: which one it was is not on record.
 * Lanes come in the order in which their nodes had their first task.
 */
export async function lanesOf(columns: TaskColumns, earlier: readonly EarlierRun[], now: Instant): Promise<Lanes> {
  const known = byColumns.get(columns);
  if (known !== undefined && known.version === columns.version && known.earlier === earlier.length) return known.of;
  const { version } = columns;
  const of = await lanesAnew(await runsOf(columns, [...earlier], now));
  byColumns.set(columns, { version, earlier: earlier.length, of });
  return of;
}

/** While nothing changes they stay. */
const byColumns = new WeakMap<TaskColumns, { readonly version: number; readonly earlier: number; readonly of: Lanes }>();

const FAILED = 2;

async function lanesAnew(runs: Runs): Promise<Lanes> {
  const byNode = new Map<number, Slot[]>();
  await inSlices(runs.inOrder.length, (first, end) => {
    for (const run of runs.inOrder.subarray(first, end)) {
      const node = nodeOf(runs, run);
      const slots = byNode.get(node) ?? [];
      byNode.set(node, slots);
      const { lane } = slotOf(slots, node, startOf(runs, run), endOf(runs, run));
      lane.runs.push(run);
      if (outcomeOf(runs, run) === FAILED) lane.hasFailed = true;
    }
  });
  return { runs, lanes: [...byNode.values()].flatMap((slots) => slots.map(({ lane }) => lane)) };
}

interface Slot {
  readonly lane: Lane;
  until: Instant;
}

/** The first slot of a node that is free as an attempt begins; it is not until that ends. */
function slotOf(slots: Slot[], node: number, startedAt: Instant, endedAt: Instant): Slot {
  let slot = slots.find(({ until }) => until <= startedAt);
  if (slot === undefined) {
    slot = { lane: { node, slot: slots.length, runs: [], hasFailed: false }, until: 0 };
    slots.push(slot);
  }
  slot.until = endedAt === NOTHING ? Number.POSITIVE_INFINITY : endedAt;
  return slot;
}
