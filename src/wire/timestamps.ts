/* oxlint-disable no-restricted-globals -- `Date` is used here as a calendar only (Date.UTC, parsing): never the clock. */

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/;
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const RFC1123 = /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;

/**
 * A point in time as bodies carry it: `2022-09-06T23:44:11.515Z`. The real service writes up to seven digits and drops
 * trailing zeros; we carry milliseconds, so there are at most three.
 */
export function formatTimestamp(epochMs: number): string {
  const ms = ((epochMs % 1000) + 1000) % 1000;
  const second = secondText((epochMs - ms) / 1000);
  if (ms === 0) return `${second}Z`;
  const digits = String(1000 + ms).slice(1);
  return `${second}.${digits.endsWith('00') ? digits.slice(0, 1) : digits.endsWith('0') ? digits.slice(0, 2) : digits}Z`;
}

/**
 * Seconds as text, the last few kept: a page of a thousand tasks carries seven thousand times, most of them of the same
 * seconds.
 */
const secondTexts = new Map<number, string>();
const SECONDS_KEPT = 1024;

function secondText(epochSeconds: number): string {
  const known = secondTexts.get(epochSeconds);
  if (known !== undefined) return known;
  if (secondTexts.size >= SECONDS_KEPT) secondTexts.clear();
  const text = new Date(epochSeconds * 1000).toISOString().slice(0, -'.000Z'.length);
  secondTexts.set(epochSeconds, text);
  return text;
}

/**
 * Milliseconds since 1970 of an ISO 8601 / W3C-DTF date and time, or undefined when it is none. Digits beyond the
 * millisecond are cut; a time without zone counts as UTC, as the service's OData reader takes it.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', zone = 'Z'] = match;
  const epochMs = utc(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  if (epochMs === undefined) return undefined;
  return epochMs + Number(fraction.padEnd(3, '0').slice(0, 3)) - zoneMs(zone);
}

/** A point in time as headers carry it: `Tue, 06 Sep 2022 23:44:11 GMT`. */
export function formatHttpDate(epochMs: number): string {
  return new Date(epochMs).toUTCString();
}

/** Milliseconds since 1970 of an RFC 1123 date, or undefined when it is none. */
export function parseHttpDate(text: string): number | undefined {
  const match = RFC1123.exec(text.trim());
  if (match === null) return undefined;
  const [, day, month = '', year, hour, minute, second] = match;
  const epochMs = utc(Number(year), MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
  return epochMs !== undefined && DAYS[new Date(epochMs).getUTCDay()] === text.trim().slice(0, 3) ? epochMs : undefined;
}

/** Date.UTC that refuses what does not exist (30 February, 25 o'clock) instead of rolling over. */
function utc(year: number, month: number, day: number, hour: number, minute: number, second: number): number | undefined {
  if (month < 0 || month > 11 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month) return undefined;
  return date.setUTCHours(hour, minute, second, 0);
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
