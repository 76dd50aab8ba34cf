import { Histogram } from '../../base/histogram.ts';
import type { Series } from './exposition.ts';

const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];

/** Requests that were answered. Operations are those of the planes' tables: a closed set. */
export class Requests {
  readonly #answered = new Map<string, { readonly labels: readonly string[]; value: number }>();
  readonly #durations = new Map<string, Histogram>();

  observe(operation: string | null, status: number, durationMs: number): void {
    const name = operation ?? 'unknown';
    const key = `${name} ${status}`;
    const answered = this.#answered.get(key);
    if (answered === undefined) this.#answered.set(key, { labels: [name, String(status)], value: 1 });
    else answered.value += 1;
    const durations = this.#durations.get(name) ?? new Histogram(BOUNDS);
    this.#durations.set(name, durations);
    durations.observe(durationMs / 1_000);
  }

  answered(): readonly Series[] {
    return [...this.#answered.values()];
  }

  durations(): readonly Series[] {
    return [...this.#durations].map(([operation, value]) => ({ labels: [operation], value }));
  }
}
