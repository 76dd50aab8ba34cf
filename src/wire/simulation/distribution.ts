import { timeMs } from '../../base/times.ts';

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
