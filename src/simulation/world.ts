import { seededRandom } from '../control/journal.ts';
import type { Instant } from '../core/keys.ts';

/**
 * Virtual time and all chance of one simulation. Everything that happens is an event in one queue; between two events
 * the promises of production code settle, so the whole run is a function of the seed.
 */
export interface World {
  now(): Instant;
  /** Runs `happen` after `delayMs` of virtual time; events of one instant in the order in which they were asked for. */
  after(delayMs: number, happen: () => void): void;
  sleep(delayMs: number): Promise<void>;
  random(): number;
  chance(probability: number): boolean;
  /** Whole numbers, both ends included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T | undefined;
  /**
   * Runs events until `done` (asked after each) or until none is left or the instant `limit` is reached. Returns
   * whether `done`.
   */
  run(done: () => boolean, limit: Instant): Promise<boolean>;
  /** Events that have happened. */
  readonly steps: number;
}

interface Pending {
  readonly at: Instant;
  readonly order: number;
  readonly happen: () => void;
}

/** The simulation begins here; any instant would do. */
export const EPOCH: Instant = 1_800_000_000_000;

/** `settled`: resolves when what an event has set off has happened; null: it has set off nothing. */
export function createWorld(seed: number, { startsAt = EPOCH, settled = promisesSettle }: { readonly startsAt?: Instant; readonly settled?: () => Promise<void> | null } = {}): World {
  const random = seededRandom(seed);
  const queue: Pending[] = [];
  let now = startsAt;
  let order = 0;
  let steps = 0;
  const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
  const after = (delayMs: number, happen: () => void): void => {
    order += 1;
    push(queue, { at: now + Math.max(0, Math.ceil(delayMs)), order, happen });
  };
  return {
    now: () => now,
    after,
    sleep: (delayMs) => new Promise((resolve) => after(delayMs, resolve)),
    random,
    chance: (probability) => random() < probability,
    between,
    pick: (items) => items[Math.floor(random() * items.length)],
    run: async (done, limit) => {
      // What was asked for just before is to have its place in the queue.
      await settled();
      for (;;) {
        if (done()) return true;
        const next = queue[0];
        if (next === undefined || next.at > limit) return false;
        pop(queue);
        now = next.at;
        steps += 1;
        next.happen();
        const settling = settled();
        if (settling !== null) await settling;
      }
    },
    get steps() {
      return steps;
    },
  };
}

/** Production code here waits for nothing but promises, so when the loop turns they have all settled. */
function promisesSettle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function before(a: Pending, b: Pending): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A binary heap, the earliest first. */
function push(heap: Pending[], item: Pending): void {
  let index = heap.length;
  heap.push(item);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || !before(item, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = item;
}

function pop(heap: Pending[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const left = heap[child];
    if (left === undefined) break;
    const right = heap[child + 1];
    const smaller = right !== undefined && before(right, left) ? right : left;
    if (smaller === right) child += 1;
    if (!before(smaller, last)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}
