import { setTimeout as pause } from 'node:timers/promises';
import { CommandError, EXIT } from '../errors.ts';
import { inParallel } from '../run/concurrency.ts';
import { troubleOf } from './actions.ts';
import { REQUESTS, type Place } from './find.ts';
import { at, NOUNS, type Item } from './nouns.ts';
import { get, pathOf } from './requests.ts';

/** How often is asked: at first soon, then as rarely as a real account likes it. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A service that restarts is away for a moment. */
const MOST_SILENCE_MS = 30_000;

export interface Waiting {
  readonly isOver: (item: Item | undefined) => boolean;
  /** null: for as long as it takes. */
  readonly timeoutMs: number | null;
  /** Hears of each that is over; `trouble`: why it is no success. */
  readonly tell: (id: string, trouble: string | null) => void;
}

/**
 * Waits until each is over. Returns how many of them are no success. @throws CommandError timedOut, failure, and
 * notRunning for a service that stays away for half a minute.
 */
export async function waitFor(place: Place, ids: readonly string[], { isOver, timeoutMs, tell }: Waiting): Promise<number> {
  const until = timeoutMs === null ? Infinity : Date.now() + timeoutMs;
  let troubled = 0;
  let left = [...ids];
  let heardAt = Date.now();
  for (let pauseMs = FIRST_PAUSE_MS; left.length > 0; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    try {
      const over = new Set<string>();
      await inParallel(left, REQUESTS, async (id) => {
        const item = await get(place.connection, pathOf(place.noun, place.parentId, id));
        if (!isOver(item)) return;
        const trouble = item === undefined ? null : await endOf(place, item);
        if (trouble !== null) troubled += 1;
        tell(id, trouble);
        over.add(id);
      });
      left = left.filter((id) => !over.has(id));
      heardAt = Date.now();
    } catch (error) {
      if (!(error instanceof CommandError) || error.exitCode !== EXIT.notRunning || Date.now() - heardAt > MOST_SILENCE_MS) throw error;
    }
    if (left.length === 0) break;
    if (Date.now() + pauseMs > until) throw new CommandError(EXIT.timedOut, `${left.length === 1 ? `${place.noun.name} ${left[0] ?? ''} is` : `${left.length} ${place.noun.plural} are`} not over by the time that --timeout gives`);
    await pause(pauseMs);
  }
  return troubled;
}

/** A job that ended as it should may have tasks that did not. */
async function endOf({ connection, noun }: Place, item: Item): Promise<string | null> {
  const trouble = troubleOf(noun.name, item);
  if (noun.name !== 'job' || trouble !== null) return trouble;
  const counts = await get(connection, `${pathOf(NOUNS.job, undefined, String(item['id']))}/taskcounts`);
  const failed = Number(at(counts ?? {}, 'taskCounts.failed') ?? 0);
  return failed === 0 ? null : `${failed} of its tasks failed`;
}
