import type { Instant } from '../core/keys.ts';
import type { Measure } from '../core/pool/measure.ts';
import type { MeasuredAt } from './frames.ts';

const KEPT_MS = 3_600_000;
/** At the usual pace of a measure each 15 s an hour is less. */
const MOST = 400;

/** What a node used in the last hour, the oldest first: who asks about the node is answered from it. */
export interface KeptMeasures {
  keep(measure: Measure): void;
  all(): readonly MeasuredAt[];
}

export function createKeptMeasures(now: () => Instant): KeptMeasures {
  let kept: readonly MeasuredAt[] = [];
  const recent = (): readonly MeasuredAt[] => kept.filter(({ at }) => at > now() - KEPT_MS);
  return {
    keep: (measure) => {
      kept = [...recent(), { at: Math.round(now()), measure }].slice(-MOST);
    },
    all: recent,
  };
}
