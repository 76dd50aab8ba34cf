import { clockTime, duration, fullTime, NONE } from '../text/format.ts';
import { cut, shownInLine } from '../text/clean.ts';
import { now } from '../client/live.ts';
import { zone } from '../client/settings.ts';

/** What somebody named: kept from turning around what stands beside it. `most`: letters shown, cut in the middle. */
export function Name({ children, most = 80, mono = false }: { readonly children: string; readonly most?: number; readonly mono?: boolean }) {
  const text = shownInLine(children);
  const short = cut(text, most);
  return (
    <bdi class={mono ? 'mono' : undefined} title={short === text ? undefined : text}>
      {short}
    </bdi>
  );
}

/** The time of day, with the date if it is not today's. */
export function Time({ at }: { readonly at: string | number | undefined }) {
  if (at === undefined) return <>{NONE}</>;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={fullTime(ms, zone.value)}>
      {clockTime(ms, { zone: zone.value, now: now.value })}
    </time>
  );
}

/** How long it is since; grows by itself. */
export function Since({ at }: { readonly at: string | number | undefined }) {
  if (at === undefined) return <>{NONE}</>;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(ms).toISOString()} title={fullTime(ms, zone.value)}>
      {duration(now.value - ms)}
    </time>
  );
}
