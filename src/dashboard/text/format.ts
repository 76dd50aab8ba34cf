/** Numbers, times and sizes as the page writes them. `–`: none; `?`: not known; 0 is zero. */

export const NONE = '–';

const MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** `240 ms`, `3.4 s`, `38 s`, `4 min 12 s`, `1 h 02 min`, `2 d 03 h`. */
export function duration(ms: number): string {
  if (ms < 0) return duration(0);
  if (ms < MS.second) return `${Math.round(ms)} ms`;
  if (ms < 10 * MS.second) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MS.minute) return `${Math.floor(ms / MS.second)} s`;
  if (ms < MS.hour) return `${Math.floor(ms / MS.minute)} min ${two(Math.floor((ms % MS.minute) / MS.second))} s`;
  if (ms < MS.day) return `${Math.floor(ms / MS.hour)} h ${two(Math.floor((ms % MS.hour) / MS.minute))} min`;
  return `${Math.floor(ms / MS.day)} d ${two(Math.floor((ms % MS.day) / MS.hour))} h`;
}

/** As `duration` without its smaller part: for axes and estimates. */
export function roughDuration(ms: number): string {
  return duration(ms).replace(/^(\d+ (?:min|h|d)) .*$/, '$1');
}

const BYTE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

/** Units of 1,000. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit] ?? ''}`;
}

/** Grouped by the browser's locale. */
export function count(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: 0 });
}

/** `1 task`, `38 tasks`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** Never 100 % before all is done, nor 0 % once something is. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return NONE;
  const share = (part / whole) * 100;
  if (part > 0 && share < 1) return '< 1 %';
  return `${part < whole ? Math.min(99, Math.floor(share)) : 100} %`;
}

/** Two decimals. */
export function money(amount: number, currency: string): string {
  return amount.toLocaleString(undefined, { style: 'currency', currency, minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** `2.4 /s`, `12 /min`: whichever says it without leading zeros. */
export function rate(perSecond: number): string {
  if (perSecond >= 1) return `${perSecond.toFixed(perSecond >= 10 ? 0 : 1)} /s`;
  const perMinute = perSecond * 60;
  if (perMinute >= 1) return `${perMinute.toFixed(perMinute >= 10 ? 0 : 1)} /min`;
  return `${(perMinute * 60).toFixed(perMinute * 60 >= 10 ? 0 : 1)} /h`;
}

/** In which zone times are written; `relative` stands beside local ones. */
export type Zone = 'local' | 'utc';

/** `14:03:12`, with the date if it is not that of `now`. */
export function clockTime(at: number, { zone, now }: { readonly zone: Zone; readonly now: number }): string {
  const time = parts(at, zone);
  const today = parts(now, zone);
  return time.date === today.date ? time.time : `${time.date} ${time.time}`;
}

/** With date, seconds and zone. */
export function fullTime(at: number, zone: Zone): string {
  const { date, time } = parts(at, zone);
  return `${date} ${time} ${zoneName(at, zone)}`;
}

/** `UTC`, `UTC+2`, `UTC+5:30`. */
export function zoneName(at: number, zone: Zone): string {
  const minutes = zone === 'utc' ? 0 : -new Date(at).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${size % 60 === 0 ? '' : `:${two(size % 60)}`}`;
}

function parts(at: number, zone: Zone): { readonly date: string; readonly time: string } {
  const shifted = new Date(zone === 'utc' ? at : at - new Date(at).getTimezoneOffset() * MS.minute);
  const text = shifted.toISOString();
  return { date: text.slice(0, 10), time: text.slice(11, 19) };
}
