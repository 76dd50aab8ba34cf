import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber } from './keys.ts';

/** What to look at again at an instant. Looking early or twice changes nothing, so timers need not be cancelled. */
export type Timer =
  | { readonly at: Instant; readonly kind: 'pool'; readonly pool: PoolNumber }
  | { readonly at: Instant; readonly kind: 'job'; readonly job: JobNumber }
  | { readonly at: Instant; readonly kind: 'schedule'; readonly schedule: ScheduleNumber }
  | { readonly at: Instant; readonly kind: 'node'; readonly node: NodeNumber }
  | { readonly at: Instant; readonly kind: 'usage' }
  | { readonly at: Instant; readonly kind: 'drill'; readonly drill: number }
  /** Offers may have waited long enough to be given to another node. */
  | { readonly at: Instant; readonly kind: 'placement'; readonly pool: PoolNumber };

/** A binary heap by time. */
export class Timers {
  private readonly heap: Timer[] = [];
  private outdated = 0;

  next(): Instant | null {
    return this.heap[0]?.at ?? null;
  }

  set(timer: Timer): void {
    const heap = this.heap;
    let child = heap.length;
    heap.push(timer);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= timer.at) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = timer;
  }

  /**
   * One of those set is needed no more. When that goes for half of them, those that `isNeeded` does not know go: a
   * bound that is years away holds up no memory.
   */
  outdate(isNeeded: (timer: Timer) => boolean): void {
    this.outdated += 1;
    if (this.outdated * 2 < this.heap.length) return;
    this.outdated = 0;
    for (const timer of this.heap.splice(0)) if (isNeeded(timer)) this.set(timer);
  }

  /** Takes out the first timer that is due; null: none is. */
  due(now: Instant): Timer | null {
    const heap = this.heap;
    const first = heap[0];
    if (first === undefined || first.at > now) return null;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left === undefined) break;
      let smaller = left;
      if (right !== undefined && right.at < left.at) {
        smaller = right;
        child += 1;
      }
      if (smaller.at >= last.at) break;
      heap[parent] = smaller;
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}
