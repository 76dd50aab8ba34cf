/** Observations counted by bounds, as Prometheus has them: cheap enough for thousands a second. */
export class Histogram {
  /** Ascending; the last bucket, beyond them, has no bound. */
  readonly bounds: readonly number[];
  /** One more than `bounds`. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds, Infinity].map(() => 0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? Infinity)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }

  /** Of all observations. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}
