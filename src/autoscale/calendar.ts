/** Timestamps and civil time (UTC, Gregorian), both ways, without `Date`: this folder has no clock. */

const MS_PER_DAY = 86_400_000;

export interface CivilTime {
  readonly year: number;
  /** 1-12 */
  readonly month: number;
  /** 1-31 */
  readonly day: number;
  /**
   * 1 = Monday ... 7 = Sunday: ISO 8601, and what Batch Shipyard's weekend formula tests (`weekday >= 6 && weekday <=
   * 7`).
   */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** The members a timestamp has (autoscale article, "Types"). */
export const TIMESTAMP_MEMBERS = ['year', 'month', 'day', 'weekday', 'hour', 'minute', 'second'] as const satisfies readonly (keyof CivilTime)[];
export type TimestampMember = (typeof TIMESTAMP_MEMBERS)[number];

export function isTimestampMember(name: string): name is TimestampMember {
  return TIMESTAMP_MEMBERS.some((member) => member === name);
}

/** @param ms milliseconds since 1970-01-01T00:00:00Z; the parts are cut, not rounded. */
export function civilTime(ms: number): CivilTime {
  const days = Math.floor(ms / MS_PER_DAY);
  const msOfDay = ms - days * MS_PER_DAY;
  return {
    ...civilDate(days),
    weekday: ((((days + 3) % 7) + 7) % 7) + 1, // day 0 was a Thursday
    hour: Math.floor(msOfDay / 3_600_000),
    minute: Math.floor(msOfDay / 60_000) % 60,
    second: Math.floor(msOfDay / 1000) % 60,
  };
}

/** Whether a time lies in the years 1 to 9999, which ISO 8601 writes with four digits. */
export function isWritable(ms: number): boolean {
  return ms >= FIRST_MS && ms <= LAST_MS;
}

/**
 * ISO 8601 in UTC with milliseconds, as in the results text of a recorded run: `2016-10-13T19:18:47.805Z`. @param ms
 * one that is writable
 */
export function printTimestamp(ms: number): string {
  const t = civilTime(ms);
  const fraction = Math.floor(ms - Math.floor(ms / 1000) * 1000);
  const date = `${pad(t.year, 4)}-${pad(t.month, 2)}-${pad(t.day, 2)}`;
  return `${date}T${pad(t.hour, 2)}:${pad(t.minute, 2)}:${pad(t.second, 2)}.${pad(fraction, 3)}Z`;
}

/**
 * ISO 8601 duration, the form of every other interval of the Batch API: `PT5M`, `PT1H30M`, `P1DT0.5S`, `-PT1M`, `PT0S`.
 */
export function printInterval(ms: number): string {
  if (!Number.isFinite(ms)) return Number.isNaN(ms) ? 'nan' : ms > 0 ? 'inf' : '-inf';
  const total = Math.abs(ms);
  const days = Math.floor(total / MS_PER_DAY);
  const hours = Math.floor(total / 3_600_000) % 24;
  const minutes = Math.floor(total / 60_000) % 60;
  const seconds = ((total / 1000) % 60).toFixed(7).replace(/\.?0+$/, '');
  const time = `${part(hours, 'H')}${part(minutes, 'M')}${part(seconds, 'S')}`;
  if (days === 0 && time === '') return 'PT0S';
  return `${ms < 0 ? '-' : ''}P${part(days, 'D')}${time === '' ? '' : `T${time}`}`;
}

/**
 * Reads the forms the article names: W3C-DTF (`2024`, `2024-10`, `2024-10-30`, `2024-10-30T00:00Z`, with seconds and up
 * to seven digits of fraction, `Z` or an offset) and RFC 1123 (`Wed, 06 Sep 2023 09:12:53 GMT`). A time without zone is
 * UTC.
 * @returns milliseconds since 1970, or undefined if it is none of these.
 */
export function parseTime(text: string): number | undefined {
  const groups = (W3C_DTF.exec(text) ?? RFC_1123.exec(text))?.groups;
  if (groups === undefined) return undefined;
  const monthName = groups.monthName;
  const year = Number(groups.year);
  const month = monthName === undefined ? Number(groups.month ?? 1) : MONTHS.indexOf(monthName) + 1;
  const day = Number(groups.day ?? 1);
  const hour = Number(groups.hour ?? 0);
  const minute = Number(groups.minute ?? 0);
  const second = Number(groups.second ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = zoneMinutes(groups.zone ?? 'Z');
  if (offset === undefined) return undefined;
  const fraction = Number(`0.${groups.fraction ?? '0'}`) * 1000;
  const ms = daysFromCivil(year, month, day) * MS_PER_DAY + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
  return isWritable(ms) ? ms : undefined;
}

// Seven digits are 100 ns, the finest unit of the language. Nine did not parse on the service (nextflow pull request
// 3868).
const W3C_DTF =
  /^(?<year>\d{4})(?:-(?<month>\d{2})(?:-(?<day>\d{2})(?:T(?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<fraction>\d{1,7}))?)?(?<zone>Z|[+-]\d{2}:\d{2})?)?)?)?$/;
const RFC_1123 =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(?<day>\d{1,2}) (?<monthName>[A-Z][a-z]{2}) (?<year>\d{4}) (?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2}))? (?<zone>GMT|UTC|UT|Z|[+-]\d{4})$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const FIRST_MS = daysFromCivil(1, 1, 1) * MS_PER_DAY;
const LAST_MS = daysFromCivil(10_000, 1, 1) * MS_PER_DAY - 1;

function zoneMinutes(zone: string): number | undefined {
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (match === null) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  if (Number(match[2]) > 23 || Number(match[3]) > 59) return undefined;
  return match[1] === '-' ? -minutes : minutes;
}

function daysIn(year: number, month: number): number {
  return (month === 12 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, month + 1, 1)) - daysFromCivil(year, month, 1);
}

// Days to date and back over 400-year eras of a year that starts in March, so that the leap day comes last.
function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1 };
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function part(value: number | string, unit: string): string {
  return Number(value) === 0 ? '' : `${value}${unit}`;
}
