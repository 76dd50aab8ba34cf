import { timeMs } from '../../base/times.ts';
import type { Random } from '../../core/port.ts';

/** How long something takes, in milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** `sigma`: of the logarithm; 0.5 is little, 1 much. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  | { readonly kind: 'uniform'; readonly leastMs: number; readonly mostMs: number }
  /** One of these, each as likely: what has been measured. */
  | { readonly kind: 'recorded'; readonly ms: readonly number[] };

export const DISTRIBUTION_FORMS = '30s, exp(30s), lognormal(30s, 0.5) or uniform(10s, 1min)';

/**
 * Reads `30s`, `exp(30s)` (its mean), `lognormal(30s, 0.5)` (its median, and the deviation of the logarithm) and
 * `uniform(10s, 1min)`; undefined: it is none of them.
 */
export function readDistribution(text: string): Distribution | undefined {
  const [, name, list = ''] = /^\s*([a-z]+)\s*\(([^()]*)\)\s*$/i.exec(text) ?? [];
  if (name === undefined) return constant(timeMs(text));
  const parts = list.split(',').map((part) => part.trim());
  const [first = Number.NaN, second] = parts.map((part, index) => (name.toLowerCase() === 'lognormal' && index === 1 ? decimal(part) : timeMs(part)) ?? Number.NaN);
  if (!(first >= 0) || parts.length > 2 || (second !== undefined && !(second >= 0))) return undefined;
  switch (name.toLowerCase()) {
    case 'exp':
      return second === undefined ? { kind: 'exponential', meanMs: first } : undefined;
    case 'lognormal':
      return second === undefined ? undefined : { kind: 'lognormal', medianMs: first, sigma: second };
    case 'uniform':
      return second === undefined || second < first ? undefined : { kind: 'uniform', leastMs: first, mostMs: second };
    default:
      return undefined;
  }
}

function constant(ms: number | undefined): Distribution | undefined {
  return ms === undefined ? undefined : { kind: 'constant', ms };
}

function decimal(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Not rounded. */
export function draw(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms;
    case 'exponential':
      return -Math.log(1 - random()) * distribution.meanMs;
    case 'lognormal':
      return distribution.medianMs * Math.exp(distribution.sigma * normal(random));
    case 'uniform':
      return distribution.leastMs + random() * (distribution.mostMs - distribution.leastMs);
    case 'recorded':
      return distribution.ms[Math.floor(random() * distribution.ms.length)] ?? 0;
  }
}

/** Of mean 0 and deviation 1 (Box and Muller). */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
