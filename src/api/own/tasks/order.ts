import type { Instant } from '../../../core/keys.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import type { TaskSort } from '../../../wire/own/tasks.ts';
import type { TaskColumns } from './columns.ts';
import { inSlices } from './slices.ts';

/** What is sorted by: a whole number from 0, or null for a task that has no such value, which then comes last. */
type Key = (columns: TaskColumns, at: number, now: Instant) => number | null;

/** Exit codes have 32 bits and a sign. */
const BELOW_EXIT_CODES = 2 ** 31;

/** `id` has no key: ids are in the database, in their order (`taskNumbersById`). */
const KEYS: Readonly<Record<Exclude<TaskSort, 'id' | 'number'>, Key>> = {
  created: ({ created }, at) => created[at] ?? null,
  started: ({ started }, at) => shown(started[at]),
  ended: ({ ended }, at) => shown(ended[at]),
  runTime: runMs,
  waitTime: waitMs,
  exitCode: ({ exitCode }, at) => {
    const code = exitCode[at] ?? NOTHING;
    return code === NOTHING ? null : code + BELOW_EXIT_CODES;
  },
  retries: ({ retries }, at) => retries[at] ?? 0,
  state: ({ state }, at) => state[at] ?? 0,
};

function shown(value = NOTHING): number | null {
  return value === NOTHING ? null : value;
}

/** How long the present or last attempt runs, or ran; null: none has begun, or it waits for another. */
export function runMs({ started, ended }: Pick<TaskColumns, 'started' | 'ended'>, at: number, now: Instant): number | null {
  const begunAt = started[at] ?? NOTHING;
  if (begunAt === NOTHING) return null;
  const endedAt = ended[at] ?? NOTHING;
  return Math.max(0, (endedAt === NOTHING ? now : endedAt) - begunAt);
}

const COMPLETED = 3;

/**
 * From when the task was added to when its present or last attempt began, or until now; null: it ended without one.
 */
export function waitMs({ created, started, state }: Pick<TaskColumns, 'created' | 'started' | 'state'>, at: number, now: Instant): number | null {
  const begunAt = started[at] ?? NOTHING;
  if (begunAt === NOTHING && state[at] === COMPLETED) return null;
  return Math.max(0, (begunAt === NOTHING ? now : begunAt) - (created[at] ?? 0));
}

/** Digits of 11 bits; four of them hold milliseconds until the year 2527. */
const DIGIT = 2_048;
const DIGITS = 4;
const LARGEST = DIGIT ** DIGITS - 1;

/**
 * The tasks with these numbers, which are in order, sorted by a key; equal ones stay in the order of numbers. A radix
 * sort, since it can be left at any place of a pass.
 */
export async function sorted(columns: TaskColumns, numbers: Uint32Array, by: keyof typeof KEYS, descending: boolean, now: Instant): Promise<Uint32Array> {
  const key = KEYS[by];
  const keys = new Float64Array(columns.length);
  const having = new Uint32Array(numbers.length);
  const without = new Uint32Array(numbers.length);
  let [count, countWithout, most] = [0, 0, 0];
  await inSlices(numbers.length, (first, end) => {
    for (let at = first; at < end; at += 1) {
      const number = numbers[at] ?? 0;
      const value = key(columns, number - 1, now);
      if (value === null) {
        without[countWithout++] = number;
        continue;
      }
      const ordered = descending ? LARGEST - value : value;
      keys[number - 1] = ordered;
      most = Math.max(most, ordered);
      having[count++] = number;
    }
  });
  let from: Uint32Array = having.subarray(0, count);
  let to: Uint32Array = new Uint32Array(count);
  for (let unit = 1; unit <= most; unit *= DIGIT) {
    await pass(from, to, keys, unit);
    [from, to] = [to, from];
  }
  const all = new Uint32Array(numbers.length);
  all.set(from);
  all.set(without.subarray(0, countWithout), count);
  return all;
}

/** Puts the numbers in the order of one digit of their keys. */
async function pass(from: Uint32Array, to: Uint32Array, keys: Float64Array, unit: number): Promise<void> {
  const places = new Uint32Array(DIGIT + 1);
  const digits = new Uint16Array(from.length);
  await inSlices(from.length, (first, end) => {
    for (let at = first; at < end; at += 1) {
      const digit = Math.floor((keys[(from[at] ?? 0) - 1] ?? 0) / unit) % DIGIT;
      digits[at] = digit;
      places[digit + 1] = (places[digit + 1] ?? 0) + 1;
    }
  });
  for (let digit = 0; digit < DIGIT; digit += 1) places[digit + 1] = (places[digit + 1] ?? 0) + (places[digit] ?? 0);
  await inSlices(from.length, (first, end) => {
    for (let at = first; at < end; at += 1) {
      const digit = digits[at] ?? 0;
      const place = places[digit] ?? 0;
      to[place] = from[at] ?? 0;
      places[digit] = place + 1;
    }
  });
}
