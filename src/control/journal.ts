import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { CoreEvent } from '../core/events.ts';

/** Raised whenever the same inputs would be decided otherwise: a journal replays only with the core that wrote it. */
export const CORE_VERSION = '6';

/** A tick's inputs in the order in which they were applied, compressed. */
export const encodeInputs = (events: readonly CoreEvent[]): Uint8Array => deflateRawSync(JSON.stringify(events), { level: 1 });

export const decodeInputs = (bytes: Uint8Array): readonly CoreEvent[] => JSON.parse(inflateRawSync(bytes).toString('utf8')) as readonly CoreEvent[];

/** mulberry32: small, seedable, good enough to spread choices. One seed a tick makes replay exact. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};
