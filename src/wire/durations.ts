/**
 * The longest duration the service knows (.NET's TimeSpan.MaxValue): it means "no limit" and stands for Infinity here.
 */
export const UNLIMITED_DURATION = 'P10675199DT2H48M5.4775807S';

const UNLIMITED_MS = 922_337_203_685_477;
const FORM = /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+(?:[.,]\d+)?)D)?(?:T(?=.)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$/;
const [secondMs, minuteMs, hourMs, dayMs] = [1000, 60_000, 3_600_000, 86_400_000] as const;

/**
 * Milliseconds of an ISO 8601 duration in any legal spelling (`PT06M00S`, `P1W`, `PT1.5H`), Infinity for the unlimited
 * one and anything longer, undefined when it is none. A year counts 365 days and a month 30, as .NET's XmlConvert does;
 * digits below the millisecond are cut. Negative durations are refused: no property takes one.
 */
export function parseDuration(text: string): number | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [years, months, weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number((part ?? '0').replace(',', '.')));
  if (match.slice(4, 7).some((part, index) => isFraction(part) && match.slice(index + 5).some((later) => later !== undefined))) return undefined;
  const ms =
    ((years ?? 0) * 365 + (months ?? 0) * 30 + (weeks ?? 0) * 7 + (days ?? 0)) * dayMs +
    (hours ?? 0) * hourMs +
    (minutes ?? 0) * minuteMs +
    Math.round((seconds ?? 0) * 1e7) / 1e4;
  return ms >= UNLIMITED_MS ? Infinity : Math.floor(ms + 1e-6);
}

/** ISO 8601 lets only the smallest part carry a fraction. */
function isFraction(part: string | undefined): boolean {
  return part !== undefined && /[.,]/.test(part);
}

/** The service's own spelling of a duration in milliseconds: largest parts first, no zero parts, `PT0S` for nothing. */
export function formatDuration(ms: number): string {
  if (ms >= UNLIMITED_MS) return UNLIMITED_DURATION;
  const days = Math.floor(ms / dayMs);
  const hours = Math.floor((ms % dayMs) / hourMs);
  const minutes = Math.floor((ms % hourMs) / minuteMs);
  const seconds = Math.floor(ms % minuteMs) / secondMs;
  const time = (hours > 0 ? `${hours}H` : '') + (minutes > 0 ? `${minutes}M` : '') + (seconds > 0 ? `${seconds}S` : '');
  if (days === 0 && time === '') return 'PT0S';
  return `P${days > 0 ? `${days}D` : ''}${time === '' ? '' : `T${time}`}`;
}
