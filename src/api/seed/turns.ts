import { setTimeout as pause } from 'node:timers/promises';
import { lockSeeds } from '../../store/intents/seedLock.ts';
import { transaction, type Database } from '../../store/intents/statement.ts';

/** How often it is looked whether the seed of another process has ended. */
const LOOK_MS = 200;

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs one seed after the other, those of other processes on the same database too, so that of two with the same item
 * one finds what the other has made. In this process they wait without a connection: all of them together could hold
 * every one. `run` calls `keep` between two items. Rejects with the reason of `signal`.
 */
export function inTurn<Result>(database: Database, signal: AbortSignal, run: (keep: () => Promise<unknown>) => Promise<Result>): Promise<Result> {
  const turn = last.then(() => {
    signal.throwIfAborted();
    return transaction(database, async (tx) => {
      while (!(await lockSeeds(tx))) await pause(LOOK_MS, undefined, { signal });
      return run(() => lockSeeds(tx));
    });
  });
  last = turn.catch(() => undefined);
  return turn;
}
