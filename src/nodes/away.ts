import type { Observation } from './provider.ts';

/**
 * An engine cannot be asked about its nodes now. They are not dead for that: whoever asked takes them as they were,
 * under their leases, and asks again. `seen`: what others said meanwhile.
 */
export class EngineAway extends Error {
  readonly seen: readonly Observation[];

  constructor(reason: string, seen: readonly Observation[] = []) {
    super(reason);
    this.seen = seen;
  }
}
