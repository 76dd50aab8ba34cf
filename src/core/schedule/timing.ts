import type { ScheduleIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';

/**
 * When jobs of a schedule are due (API reference, "Schedule"; recorded: the next run is the creation and the interval,
 * to the tick). Due times lie on a grid from the first one on: a job that is made late does not move those after it.
 */
type Times = Pick<ScheduleIntent, 'createdAt' | 'doNotRunUntil' | 'doNotRunAfter' | 'startWindowMs' | 'recurrenceMs'>;

/** The next due time after `last`, which was made or missed; null: there is none, nor was one before (`last`). */
export function dueAfter(times: Times, last: Instant | null): Instant | null {
  const { createdAt, doNotRunUntil, recurrenceMs } = times;
  if (last === null) return Math.max(createdAt, doNotRunUntil ?? createdAt);
  if (recurrenceMs !== null) return Math.max(last + recurrenceMs, doNotRunUntil ?? last);
  return doNotRunUntil !== null && doNotRunUntil > last ? doNotRunUntil : null;
}

/**
 * What has become of a due time by now: those whose time to be made is over are missed, and the next one is due. A job
 * that is due in one interval is not made in the next one, so that a window as long as the interval is no bound.
 */
export function passMissed(times: Times, due: Instant | null, lastDue: Instant | null, now: Instant): { readonly due: Instant | null; readonly lastDue: Instant | null } {
  if (due === null || due > now) return { due, lastDue };
  const { recurrenceMs } = times;
  const steps = recurrenceMs === null ? 0 : Math.floor((now - due) / recurrenceMs);
  const latest = due + steps * (recurrenceMs ?? 0);
  if (!isMissed(times, latest, now)) return { due: latest, lastDue: steps === 0 ? lastDue : latest - (recurrenceMs ?? 0) };
  return { due: dueAfter(times, latest), lastDue: latest };
}

function isMissed(times: Times, due: Instant, now: Instant): boolean {
  const window = windowOf(times);
  return window !== null && now - due > window;
}

function windowOf({ startWindowMs, recurrenceMs }: Times): number | null {
  return startWindowMs === null || (recurrenceMs !== null && startWindowMs >= recurrenceMs) ? null : startWindowMs;
}

/** No job is made any more after it. */
export function isOver({ doNotRunAfter }: Times, now: Instant): boolean {
  return doNotRunAfter !== null && now > doNotRunAfter;
}

/** When something changes by the clock alone; null: never. `due` is what it is now. */
export function nextChange(times: Times, due: Instant | null, now: Instant): Instant | null {
  const { doNotRunAfter, recurrenceMs } = times;
  const window = windowOf(times);
  const changes = [
    doNotRunAfter === null ? null : doNotRunAfter + 1,
    due,
    due === null || recurrenceMs === null ? null : due + recurrenceMs,
    due === null || window === null ? null : due + window + 1,
  ].filter((at) => at !== null && at > now);
  return changes.length === 0 ? null : Math.min(...(changes as number[]));
}
