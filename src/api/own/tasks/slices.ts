import { setImmediate } from 'node:timers/promises';

/** Places between two looks at the clock. */
const SLICE = 1_024;
/** Ticks of owners wait as long at most, and for the slice that is under way. */
const LONGEST_MS = 5;
/** When all else in the process had its turn, by the clock of `performance.now()`: one for all lists, however short. */
let turnAt = 0;

/**
 * Works on the places from 0 to `length` in order, a slice at a time: from one place up to before another. Each time
 * this has gone on for 5 ms, whatever else the process has to do gets its turn.
 */
export async function inSlices(length: number, work: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < length; from += SLICE) {
    if (performance.now() - turnAt >= LONGEST_MS) {
      await setImmediate();
      turnAt = performance.now();
    }
    work(from, Math.min(from + SLICE, length));
  }
}

/** The numbers of those of `length` tasks whose place is wanted, in order. */
export async function numbersWhere(length: number, isWanted: (place: number) => boolean): Promise<Uint32Array> {
  const numbers = new Uint32Array(length);
  let count = 0;
  await inSlices(length, (from, to) => {
    for (let place = from; place < to; place += 1) if (isWanted(place)) numbers[count++] = place + 1;
  });
  return numbers.subarray(0, count);
}
