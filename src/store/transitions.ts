import type { AccountNumber, Instant } from '../core/keys.ts';
import type { Transition } from '../core/transitions/transition.ts';
import { decodeTransitions } from './transitionCode.ts';
import { row, rowsOf, statement, type Database } from './intents/statement.ts';

/** Places of transitions are numbered so far apart from one job's end by itself to the next. */
export const MOST_OF_AN_ENDING = 8;

/**
 * Where somebody is in what an account has told: after the transition at that place of that tick. In the order of
 * epoch, tick and place. `at`: the time of that tick or of one before it, by which older rows are passed over; within
 * an epoch it never goes back.
 */
export interface Position {
  readonly epoch: number;
  readonly tick: number;
  readonly place: number;
  readonly at: Instant;
}

/** After all of a tick. */
export const END_OF_TICK = 2 ** 31 - 1;

/** What one tick has told, or one job's end in it. */
export interface TransitionRow {
  readonly epoch: number;
  readonly tick: number;
  /** Of the first of them within the tick; the others follow one by one. */
  readonly first: number;
  readonly at: Instant;
  readonly transitions: readonly Transition[];
}

/** What `readTransitions` finds. */
export interface TransitionPage {
  readonly rows: readonly TransitionRow[];
  /** Some of what follows the position is not kept any more. */
  readonly isGap: boolean;
  /** Where who has taken in the page is: nothing before it is left. */
  readonly next: Position;
  /** Nothing followed it as this was read. */
  readonly isEnd: boolean;
}

interface StoredRow {
  readonly epoch: number;
  readonly tick: number;
  readonly first: number;
  readonly at: Instant;
  readonly data: Uint8Array;
  /** JSON. */
  readonly names: string | null;
}

function decode({ data, names: text, ...of }: StoredRow): TransitionRow {
  const names = text === null ? null : (JSON.parse(text) as Readonly<Record<string, string>>);
  const transitions = decodeTransitions(data);
  return { ...of, transitions: names === null ? transitions : transitions.map((one) => ('task' in one ? { ...one, jobId: one.jobId ?? names[one.job] ?? null, taskId: one.taskId ?? names[`${one.job}.${one.task}`] ?? null } : one)) };
}

const headOf = statement<{ epoch: number; tick: number }>('transition.head', 'select epoch, tick from ownership where account = $1');

/** Where an account is now: after all that was committed before this call. `at`: nothing that follows is older. */
export async function headPosition(database: Database, account: AccountNumber, at: Instant): Promise<Position> {
  const head = await row(database, headOf, [account]);
  return { epoch: head?.epoch ?? 0, tick: head?.tick ?? 0, place: END_OF_TICK, at };
}

/** Planned each time: only then partitions are passed over that cannot have it. */
const FIRST_SINCE = 'select epoch, tick, at from transition where account = $1 and at >= $2 order by at, epoch, tick limit 1';

/** Before the first transition of that time or a later one that is kept; null: there is none. */
export async function positionBefore(database: Database, account: AccountNumber, since: Instant): Promise<Position | null> {
  const [found] = await rowsOf<Pick<StoredRow, 'epoch' | 'tick' | 'at'>>(database, FIRST_SINCE, [account, since]);
  return found === undefined ? null : { epoch: found.epoch, tick: found.tick, place: -1, at: found.at };
}

const FOLLOWING = 'select epoch, tick, first, at, data, names from transition where account = $1 and epoch = $2 and at >= $3 and tick >= $4 order by tick, first limit $5';
const NEXT_EPOCH = 'select epoch, at from transition where account = $1 and epoch > $2 order by epoch, tick limit 1';
const floorOf = statement<{ epoch: number; tick: number }>('transition.floor', 'select epoch, tick from transition_floor where account = $1');

/**
 * What an account has told after a position, in order: rows of one epoch, at most `limit`. The first may begin before
 * the position: who reads passes over the places up to it.
 */
export async function readTransitions(database: Database, account: AccountNumber, after: Position, limit: number): Promise<TransitionPage> {
  // Read before the rows: all up to there is in what they show.
  const head = await headPosition(database, account, after.at);
  if (!isAfter(head, after)) return { rows: [], isGap: await isBelowFloor(database, account, after), next: after, isEnd: true };
  let found = await rowsOf<StoredRow>(database, FOLLOWING, [account, after.epoch, after.at, after.place === END_OF_TICK ? after.tick + 1 : after.tick, limit]);
  if (found.length === 0 && head.epoch > after.epoch) {
    const [next] = await rowsOf<Pick<StoredRow, 'epoch' | 'at'>>(database, NEXT_EPOCH, [account, after.epoch]);
    if (next !== undefined) found = await rowsOf<StoredRow>(database, FOLLOWING, [account, next.epoch, next.at, 0, limit]);
  }
  // Asked after the rows: what is dropped between the two is seen as a gap.
  const isGap = await isBelowFloor(database, account, after);
  const page = found.map(decode);
  const last = page.at(-1);
  const isAll = found.length < limit && (last === undefined || last.epoch === head.epoch);
  const next = last === undefined ? head : { epoch: last.epoch, tick: last.tick, place: found.length < limit ? END_OF_TICK : last.first + last.transitions.length - 1, at: last.at };
  return { rows: page, isGap, next: isAll && isAfter(head, next) ? { ...head, at: next.at } : next, isEnd: isAll };
}

/** Planned each time, as above. */
const BACKWARDS = 'select epoch, tick, first, at, data, names from transition where account = $1 and at >= $2 and at < $3 and (epoch, tick, first) < ($4::bigint, $5::bigint, $6::int) order by epoch desc, tick desc, first desc limit $7';
const OLDEST = 'select at from transition where account = $1 order by epoch, tick limit 1';
/** Of rows; each may have thousands of transitions. */
const PAGE_BACKWARDS = 100;

/** What an account has told in a span of time, the newest row first, in pages: who has seen enough stops. */
export async function* readBackwards(database: Database, account: AccountNumber, { from, to }: { readonly from: Instant; readonly to: Instant }): AsyncGenerator<readonly TransitionRow[]> {
  let before: readonly [epoch: number, tick: number, first: number] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0];
  for (;;) {
    const found = await rowsOf<StoredRow>(database, BACKWARDS, [account, from, to, ...before, PAGE_BACKWARDS]);
    const last = found.at(-1);
    if (last === undefined) return;
    yield found.map(decode);
    before = [last.epoch, last.tick, last.first];
  }
}

/** From when on all that an account has told is kept; 0: nothing was dropped yet. */
export async function keptSince(database: Database, account: AccountNumber, now: Instant): Promise<Instant> {
  if ((await row(database, floorOf, [account])) === null) return 0;
  const [oldest] = await rowsOf<Pick<StoredRow, 'at'>>(database, OLDEST, [account]);
  return oldest?.at ?? now;
}

async function isBelowFloor(database: Database, account: AccountNumber, { epoch, tick, place }: Position): Promise<boolean> {
  const floor = await row(database, floorOf, [account]);
  if (floor === null) return false;
  return floor.epoch > epoch || (floor.epoch === epoch && (floor.tick > tick || (floor.tick === tick && place !== END_OF_TICK)));
}

/** Whether `one` comes after `other`. */
export function isAfter(one: Omit<Position, 'at'>, other: Omit<Position, 'at'>): boolean {
  if (one.epoch !== other.epoch) return one.epoch > other.epoch;
  return one.tick === other.tick ? one.place > other.place : one.tick > other.tick;
}
