import type { Decisions } from '../core/decisions.ts';
import { Refused } from '../store/ownerStore.ts';
import type { Session } from './session.ts';
import type { TickTimes } from './tickTimes.ts';
import type { Decided, Turn } from './turn.ts';

/** A turn ends after so many ticks, whatever arrives: who stops the owner waits for it. */
const MOST_TICKS_A_TURN = 8;

/** Who turns a session hears what becomes of it. */
export interface Turning {
  /** A tick is committed, and memory follows it. */
  readonly onSettled: (session: Session, turn: Turn, decisions: Decisions) => void;
  /** The rules failed on the turn, or its commit did: the session is no longer what the database holds. */
  readonly onBroken: (session: Session, error: unknown, turn: Turn) => void;
  /** What was to be read is refused: the session is over. */
  readonly onRefused: (error: Refused) => void;
}

/** A turn under way. `failure`: what keeps committed commands from being sent; null: nothing. */
interface Run {
  readonly session: Session;
  readonly times: TickTimes;
  readonly of: Turning;
  failure: { readonly error: unknown } | null;
}

/**
 * One turn of a session: what arrived -> core -> one commit -> acknowledgements and commands; while the commit is under
 * way and enough arrives, the same again, one commit ahead. Resolves when all of it is settled. Throws what reads
 * throw: the store is away, and is to be asked later.
 */
export async function turnSession(session: Session, times: TickTimes, of: Turning): Promise<void> {
  times.enter('dispatch');
  await session.deliver();
  times.enter('read');
  const run: Run = { session, times, of, failure: null };
  let turn = await ingest(run);
  /** Of the tick before: whether the session goes on. */
  let before = Promise.resolve(true);
  for (let decided = 1; turn !== null; decided += 1) {
    times.enter('decide');
    const tick = await decide(run, turn, before);
    if (tick === null) return;
    const settled = settle(run, tick, before);
    const mayGoAhead = (await before) && !tick.isBarrier && run.failure === null && decided < MOST_TICKS_A_TURN;
    turn = mayGoAhead ? await ahead(session, settled) : null;
    before = settled;
  }
  await before;
  if (run.failure !== null) throw run.failure.error;
}

/**
 * Nothing has been decided yet: a store that is away is asked again in the next tick, and what is in memory stays.
 * Null: the session is over.
 */
async function ingest({ session, of }: Run): Promise<Turn | null> {
  try {
    return await session.ingest();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    of.onRefused(error);
    return null;
  }
}

/** null: the rules failed. What is under way is settled first: it may be what the session ends with. */
async function decide({ session, times, of }: Run, turn: Turn, before: Promise<boolean>): Promise<Decided | null> {
  try {
    const decided = session.decide(turn, (part) => times.enter(part));
    times.tookIn(decided.events.length);
    return decided;
  } catch (error) {
    if (await before) of.onBroken(session, error, turn);
    return null;
  }
}

/** Once the tick before it is: what follows from its commit. Returns whether the session goes on. */
async function settle(run: Run, tick: Decided, before: Promise<boolean>): Promise<boolean> {
  const { session, times, of } = run;
  const { turn } = tick;
  if (!(await before)) return false;
  try {
    const decisions = await session.settle(tick);
    times.enter('dispatch');
    of.onSettled(session, turn, decisions);
  } catch (error) {
    of.onBroken(session, error, turn);
    return false;
  }
  run.failure = await session.deliver().then(() => null, (error: unknown) => ({ error }));
  times.enter('commit');
  return !session.isOver;
}

/** What arrives before that tick is settled, if it is worth one of its own; null: nothing is decided before. */
async function ahead(session: Session, settled: Promise<boolean>): Promise<Turn | null> {
  const isWorth = await Promise.race([session.enough().then(() => true), settled.then(() => false)]);
  return isWorth ? session.ingestArrived() : null;
}
