import type { ClosedNodes } from './filters/isOpenToJob.ts';
import type { Width } from './feasible.ts';

/**
 * What is kept for all tasks that are as wide, during one filling of a pool. Those of a job to which nodes are closed
 * have their own: what is refused to them may be given to others.
 */
export class PerWidth<Kept> {
  readonly #open = new Map<number, Kept>();
  readonly #byJob = new Map<ClosedNodes, Map<number, Kept>>();
  readonly #make: (slots: number) => Kept;

  constructor(make: (slots: number) => Kept) {
    this.#make = make;
  }

  of({ slots, closed }: Width): Kept {
    const bySlots = closed === undefined ? this.#open : this.#ofJob(closed);
    const known = bySlots.get(slots);
    if (known !== undefined) return known;
    const made = this.#make(slots);
    bySlots.set(slots, made);
    return made;
  }

  #ofJob(closed: ClosedNodes): Map<number, Kept> {
    const known = this.#byJob.get(closed);
    if (known !== undefined) return known;
    const made = new Map<number, Kept>();
    this.#byJob.set(closed, made);
    return made;
  }
}
