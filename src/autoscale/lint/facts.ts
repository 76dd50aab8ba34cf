import type { Expression } from '../syntax.ts';
import type { Target } from '../variables.ts';
import { ANY, exactly, unite, type Range } from './ranges.ts';

/** What can be known of a value without running the formula. */
export interface Fact extends Range {
  /** The reads of metrics because of which there may be no value at all; none if there is always one. */
  readonly emptyBecause: readonly Expression[];
  /** The reads of metrics without which a `min(...)` on the way gives its other argument, the cap. */
  readonly cappedWithout: readonly Expression[];
  /** It is a vector of samples that has room for more than one. */
  readonly manySamples: boolean;
  /** Targets of the pool, as they are now, that this value is never below. */
  readonly atLeast: ReadonlySet<Target>;
  /** The number that a `min(...)` on the way held it to. */
  readonly cap: number | undefined;
  /** Whether it counts 0..100 or 0..1. */
  readonly scale: 'percent' | 'fraction' | undefined;
  /** It grows with the number of samples there are: a percentage or a count of samples. */
  readonly measuresSamples: boolean;
  /** Being true (or being false) implies that samples are there. */
  readonly samplesWhen: 'true' | 'false' | undefined;
}

const NONE: ReadonlySet<Target> = new Set();

const PLAIN: Fact = { ...ANY, emptyBecause: [], cappedWithout: [], manySamples: false, atLeast: NONE, cap: undefined, scale: undefined, measuresSamples: false, samplesWhen: undefined };

export function fact(range: Range, more: Partial<Fact> = {}): Fact {
  return { ...PLAIN, ...more, low: range.low, high: range.high };
}

export const UNKNOWN: Fact = PLAIN;

export function constantFact(value: number): Fact {
  return fact(Number.isNaN(value) ? ANY : exactly(value));
}

/** What holds whichever of the two it is. */
export function either(a: Fact, b: Fact): Fact {
  return fact(unite([a, b]), {
    emptyBecause: readsOf([a, b], 'emptyBecause'),
    cappedWithout: readsOf([a, b], 'cappedWithout'),
    manySamples: a.manySamples || b.manySamples,
    atLeast: common([a, b]),
    cap: largest([a.cap, b.cap]),
    scale: a.scale ?? b.scale,
    measuresSamples: a.measuresSamples && b.measuresSamples,
    samplesWhen: a.samplesWhen === b.samplesWhen ? a.samplesWhen : undefined,
  });
}

/** What is known of a value where there are samples, whatever it was when there were none. */
export function withSamples(known: Fact): Fact {
  return { ...known, emptyBecause: [], cappedWithout: [] };
}

/** The reads of all of them, each once. */
export function readsOf(facts: readonly Fact[], because: 'emptyBecause' | 'cappedWithout'): readonly Expression[] {
  return [...new Set(facts.flatMap((each) => each[because]))];
}

/** Targets that none of the values is below. */
export function common(facts: readonly Fact[]): ReadonlySet<Target> {
  const [first, ...rest] = facts;
  return new Set([...(first?.atLeast ?? [])].filter((target) => rest.every((other) => other.atLeast.has(target))));
}

export function largest(caps: readonly (number | undefined)[]): number | undefined {
  const known = caps.filter((cap) => cap !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
