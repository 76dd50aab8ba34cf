const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000] as const;

/** The least of 1, 2, 5, 10, 20, 50 … that is not below. */
export function nextStep(least: number): number {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map((factor) => factor * unit).find((step) => step >= least) ?? 10 * unit;
}

const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
];
const MOST_LABELS = 12;

/** From one label to the next, for so long an axis. */
export function timeStep(spanMs: number): number {
  if (spanMs < 2 * SECOND) return nextStep(spanMs / MOST_LABELS);
  return TIME_STEPS.find((step) => spanMs / step <= MOST_LABELS) ?? nextStep(spanMs / MOST_LABELS / DAY) * DAY;
}

/** In the unit of its step: `30 s`, `5 min`, `2 h`, `3 d`. */
export function timeLabel(ms: number, stepMs: number): string {
  if (ms === 0) return '0';
  const [unitMs, unit] = ([[DAY, 'd'], [HOUR, 'h'], [MINUTE, 'min'], [SECOND, 's'], [1, 'ms']] as const).find(([length]) => stepMs % length === 0) ?? [1, 'ms'];
  return `${(ms / unitMs).toLocaleString('en')} ${unit}`;
}
