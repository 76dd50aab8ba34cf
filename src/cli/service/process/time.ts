import { MACHINE_TIME } from '../../../control/loop.ts';
import { steadyClock } from '../../../control/steadyClock.ts';
import { VirtualClock } from '../../../control/virtualClock.ts';
import type { Instant } from '../../../core/keys.ts';
import { keepClockOffset, readClockOffset } from '../data/clockFile.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';

/** The times that a service goes by. */
export interface ServiceTime {
  /** One for handlers and owners: what the rules hold against each other comes from both. */
  readonly clock: () => Instant;
  /** The machine's, for all that others check by theirs: signatures, certificates, links that expire. */
  readonly wallClock: () => Instant;
  /** null: users do not set the clock. */
  readonly virtual: VirtualClock | null;
}

function wallClock(): Instant {
  return Date.now();
}

export function serviceTime({ clockFile }: Pick<DataDirectory, 'clockFile'>): ServiceTime {
  const real = steadyClock(wallClock, MACHINE_TIME.now);
  if (clockFile === null) return { clock: real, wallClock, virtual: null };
  const virtual = new VirtualClock({ real, offsetMs: readClockOffset(clockFile), keep: (offsetMs) => keepClockOffset(clockFile, offsetMs) });
  return { clock: () => virtual.now(), wallClock, virtual };
}
