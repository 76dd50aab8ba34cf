import type { ClosedNodes } from './filters/isOpenToJob.ts';
import type { Width } from './feasible.ts';

/**
 * What is kept for all tasks that are as wide, during one filling of a pool. Those of a job to which nodes are closed,
 * and those for dedicated nodes alone, have their own: what is refused to them may be given to others.
 */
export class PerWidth<Kept> {
  /** By what is closed, then by slots: below zero for dedicated nodes alone. */
  readonly #kept = new Map<ClosedNodes | undefined, Map<number, Kept>>();
  readonly #make: (slots: number) => Kept;

  constructor(make: (slots: number) => Kept) {
    this.#make = make;
  }

  of({ slots, closed, dedicatedOnly }: Width): Kept {
    const bySlots = this.#ofClosed(closed);
    const key = dedicatedOnly === true ? -slots : slots;
    const known = bySlots.get(key);
    if (known !== undefined) return known;
    const made = this.#make(slots);
    bySlots.set(key, made);
    return made;
  }

  #ofClosed(closed: ClosedNodes | undefined): Map<number, Kept> {
    const known = this.#kept.get(closed);
    if (known !== undefined) return known;
    const made = new Map<number, Kept>();
    this.#kept.set(closed, made);
    return made;
  }
}
