import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CoreEvent, PlainTasks, Snapshot } from '../core/events.ts';
import type { Instant } from '../core/keys.ts';
import type { Image } from '../core/port.ts';

/** Raised whenever the same inputs would be decided otherwise: a journal replays only with the core that wrote it. */
export const CORE_VERSION = '30';

/** A tick's inputs in the order in which they were applied, compressed. */
export function encodeInputs(events: readonly CoreEvent[]): Uint8Array {
  return deflateRawSync(JSON.stringify(events), { level: 1 });
}

export function decodeInputs(bytes: Uint8Array): readonly CoreEvent[] {
  return JSON.parse(inflateRawSync(bytes).toString('utf8')) as readonly CoreEvent[];
}

/** What `createCore` was given when the epoch began: the ticks of the epoch, from its first one on, replay from it. */
export interface Beginning {
  readonly now: Instant;
  readonly snapshot: Snapshot;
}

/**
 * An account that weighs more is not recorded: its owner would stand still for more than half a second. A million tasks
 * that wait in one queue weigh almost nothing, since they come in runs (measured: 30 kB, 70 ms); 50,000 that are out on
 * nodes, or of jobs with dependencies, are as much as this (1 MB, 540 ms).
 */
const HEAVIEST_BEGINNING = 500_000;
/** Of a row, against that of an id that satisfies, or of a run. */
const ROW_WEIGHT = 10;

/** Compressed; null: the account is too large. */
export function encodeBeginning({ now, snapshot }: Beginning): Uint8Array | null {
  const tasks = snapshot.tasks.map(({ plain, ...of }) => ({ ...of, plain: packed(plain) }));
  if (weightOf(snapshot, tasks.map(({ plain }) => plain)) > HEAVIEST_BEGINNING) return null;
  return deflateRawSync(JSON.stringify({ now, snapshot: { ...snapshot, tasks } }), { level: 1 });
}

/**
 * Rules that hold more are not written down within an epoch: their owner would stand still for more than a twentieth of
 * a second (measured: 18,000 open tasks of which 4,000 are out on 500 nodes are 0.4 MB and take 25 to 55 ms).
 */
const HEAVIEST_IMAGE = 20_000;

/**
 * What the rules hold between two ticks, compressed, so that those that follow replay; null: it is too much, or its
 * objects hang together in longer chains than the stack takes.
 */
export function encodeImage({ weight, held }: Image): Uint8Array | null {
  if (weight > HEAVIEST_IMAGE) return null;
  try {
    return deflateRawSync(serialize(held), { level: 1 });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** What was written by `encodeBeginning` or `encodeImage`. */
export function decodeBeginning(bytes: Uint8Array): Beginning | Pick<Image, 'held'> {
  const text = inflateRawSync(bytes);
  if (text[0] !== OPENING_BRACE) return { held: deserialize(text) as Image['held'] };
  const { now, snapshot } = JSON.parse(text.toString('utf8')) as PackedBeginning;
  return { now, snapshot: { ...snapshot, tasks: snapshot.tasks.map(({ plain, ...of }) => ({ ...of, plain: unpacked(plain) })) } };
}

const OPENING_BRACE = 0x7b;

interface PackedBeginning {
  readonly now: Instant;
  readonly snapshot: Omit<Snapshot, 'tasks'> & { readonly tasks: readonly (Omit<Snapshot['tasks'][number], 'plain'> & { readonly plain: PackedPlain })[] };
}

/** Each column as runs, [first, length, …]: numbers go up by one within a run, the others stay. */
interface PackedPlain extends Pick<PlainTasks, 'retentionMs'> {
  readonly numbers: readonly number[];
  readonly createdAt: readonly number[];
  readonly slots: readonly number[];
}

function packed({ numbers, createdAt, slots, retentionMs }: PlainTasks): PackedPlain {
  return { numbers: runs(numbers, 1), createdAt: runs(createdAt, 0), slots: runs(slots, 0), retentionMs };
}
function unpacked({ numbers, createdAt, slots, retentionMs }: PackedPlain): PlainTasks {
  return { numbers: unrolled(numbers, 1), createdAt: unrolled(createdAt, 0), slots: unrolled(slots, 0), retentionMs };
}

function runs(values: readonly number[], step: 0 | 1): number[] {
  const found: number[] = [];
  let [first, length] = [0, 0];
  for (const value of values) {
    if (length > 0 && value === first + step * length) {
      length += 1;
      continue;
    }
    if (length > 0) found.push(first, length);
    [first, length] = [value, 1];
  }
  if (length > 0) found.push(first, length);
  return found;
}

function unrolled(found: readonly number[], step: 0 | 1): number[] {
  const values: number[] = [];
  for (let index = 0; index + 1 < found.length; index += 2) {
    const [first, length] = found.slice(index, index + 2) as [number, number];
    for (let offset = 0; offset < length; offset += 1) values.push(first + step * offset);
  }
  return values;
}

function weightOf({ pools, nodes, jobs, schedules = [], jobNodes, tasks, subtasks = [], satisfied }: Snapshot, plain: readonly PackedPlain[]): number {
  const rows = tasks.reduce((sum, of) => sum + of.tasks.length, pools.length + nodes.length + jobs.length + schedules.length + jobNodes.length + subtasks.length);
  const ids = satisfied.reduce((sum, of) => sum + of.ids.length, 0);
  return ROW_WEIGHT * rows + ids + plain.reduce((sum, { numbers, createdAt, slots }) => sum + (numbers.length + createdAt.length + slots.length) / 2, 0);
}

/** mulberry32: small, seedable, good enough to spread choices. One seed a tick makes replay exact. */
export function seededRandom(seed: number): (() => number) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
