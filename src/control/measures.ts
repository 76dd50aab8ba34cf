import type { CoreEvent } from '../core/events.ts';
import type { PoolNumber } from '../core/keys.ts';
import { measured, type Measure, type PoolMeasure, withMeasure } from '../core/pool/measure.ts';

/**
 * So long what a node says may wait for what others say: all of it is one tick. Together with the time between two
 * frames of a node it is less than between two samples.
 */
const TOGETHER_MS = 10_000;

/**
 * What nodes say they use, added up by their pools until a tick takes it. No node's word is a tick of its own, and none
 * is repeated: what is in memory when an owner ends is lost.
 */
export class Measures {
  readonly #pools = new Map<PoolNumber, PoolMeasure>();
  /** On the monotonic clock; null: there is nothing. An owner turns each second, whatever is due. */
  #dueAt: number | null = null;

  ingest(pool: PoolNumber, measure: Measure, now: number): void {
    this.#pools.set(pool, withMeasure(this.#pools.get(pool) ?? null, measured(measure)));
    this.#dueAt ??= now + TOGETHER_MS;
  }

  /** What has come together, if it is time. */
  due(now: number): readonly CoreEvent[] {
    if (this.#dueAt === null || this.#dueAt > now) return [];
    const events = [...this.#pools].map(([pool, measure]): CoreEvent => ({ kind: 'measured', pool, measure }));
    this.#pools.clear();
    this.#dueAt = null;
    return events;
  }
}
