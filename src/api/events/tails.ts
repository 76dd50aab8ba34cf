import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { Commits } from '../../ports.ts';
import type { Database } from '../../store/intents/statement.ts';
import { headPosition, type Position } from '../../store/transitions.ts';
import { Tail } from './tail.ts';

export interface TailsOptions {
  readonly database: Database;
  readonly commits: Commits;
  /** The clock of rows. */
  readonly clock: () => Instant;
  readonly log: Pick<Logger, 'info'>;
}

interface Used {
  readonly tail: Promise<Tail>;
  users: number;
}

/** Clocks of processes differ; no two by as much as this. */
const OLDEST_MS = 24 * 3_600_000;

/** The tails of accounts that somebody listens to: made for the first who does, closed after the last. */
export class Tails {
  readonly #options: TailsOptions;
  readonly #tails = new Map<AccountNumber, Used>();
  readonly #closing = new AbortController();

  constructor(options: TailsOptions) {
    this.#options = options;
    // Each stream waits for it.
    setMaxListeners(0, this.#closing.signal);
  }

  get log(): TailsOptions['log'] {
    return this.#options.log;
  }

  get clock(): TailsOptions['clock'] {
    return this.#options.clock;
  }

  /** Aborts when the service ends: streams end then, so that clients go on at the next one. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Where the account is now. */
  now(account: AccountNumber): Promise<Position> {
    return headPosition(this.#options.database, account, this.#options.clock() - OLDEST_MS);
  }

  /** To be given back with `release`. */
  async acquire(account: AccountNumber): Promise<Tail> {
    const used = this.#tails.get(account) ?? { tail: this.now(account).then((now) => new Tail({ ...this.#options, account }, now)), users: 0 };
    this.#tails.set(account, used);
    used.users += 1;
    return used.tail.catch((error: unknown) => {
      this.release(account);
      throw error;
    });
  }

  release(account: AccountNumber): void {
    const used = this.#tails.get(account);
    if (used === undefined) return;
    used.users -= 1;
    if (used.users > 0) return;
    this.#tails.delete(account);
    used.tail.then((tail) => tail.close(), () => undefined);
  }

  close(): void {
    this.#closing.abort();
  }
}
