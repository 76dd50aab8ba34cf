import type { AccountNumber } from '../../core/keys.ts';
import type { Commits } from '../../ports.ts';
import type { Database } from '../../store/intents/statement.ts';
import { isAfter, readTransitions, type Position, type TransitionRow } from '../../store/transitions.ts';
import type { Told } from './cloudEvent.ts';

/** What a tail of an account works with. */
export interface TailOptions {
  readonly database: Database;
  readonly commits: Commits;
  readonly account: AccountNumber;
}

export interface ToldPage {
  readonly told: readonly Told[];
  readonly isGap: boolean;
  readonly next: Position;
}

/** An account whose owner is another process is looked at so often. */
const LOOK_MS = 1_000;
/** Ticks that follow each other closely are read together. */
const TOGETHER_MS = 20;
/** Of the latest events so many are kept for listeners that are up to date; others read for themselves. */
const MOST_RECENT = 5_000;
const MOST_A_PAGE = 500;
const ROWS_A_READ = 100;

/**
 * The latest events of an account, read once for all who listen. Each listener goes on at its own pace from where it
 * is: one that is slower than what is kept here reads from the database, and costs nobody anything. Looks at the
 * database when the owner has committed, if that is in this process, and each second.
 */
export class Tail {
  readonly #options: TailOptions;
  /** In order, without a gap: all after `#begin`, up to `#end`. */
  #recent: Told[] = [];
  #begin: Position;
  #end: Position;
  #isStale = true;
  #reading: Promise<void> | null = null;
  readonly #waiting = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;

  /** `now`: where the account is. */
  constructor(options: TailOptions, now: Position) {
    this.#options = options;
    this.#begin = now;
    this.#end = now;
    this.#unlisten = options.commits.listen(options.account, () => this.#kick());
    this.#timer = setInterval(() => this.#kick(), LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#wake();
  }

  /**
   * What follows a position; nothing, if nothing does within `waitMs`, or `signal` aborts. Rejects as the database
   * does.
   */
  async after(position: Position, waitMs: number, signal: AbortSignal): Promise<ToldPage> {
    if (isAfter(this.#begin, position)) return this.read(position);
    if (!isAfter(this.#end, position)) await this.#wait(waitMs, signal);
    // Who waited long may have been overtaken.
    return isAfter(this.#begin, position) ? this.read(position) : this.#page(position);
  }

  /** What follows a position, without waiting. */
  async read(after: Position): Promise<ToldPage> {
    const { rows, isGap, next } = await readTransitions(this.#options.database, this.#options.account, after, ROWS_A_READ);
    return { told: rows.flatMap(toldOf).filter(({ position }) => isAfter(position, after)), isGap, next };
  }

  #page(after: Position): ToldPage {
    const from = firstAfter(this.#recent, after);
    const told = this.#recent.slice(from, from + MOST_A_PAGE);
    const last = told.at(-1);
    const isAll = from + told.length === this.#recent.length;
    const next = isAll ? (isAfter(this.#end, after) ? this.#end : after) : (last?.position ?? after);
    return { told, isGap: false, next };
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
      this.#kick();
    });
  }

  /** Nobody waits: what is new is read when somebody does. */
  #kick(): void {
    this.#isStale = true;
    if (this.#waiting.size === 0 || this.#reading !== null) return;
    this.#reading = this.#catchUp().finally(() => {
      this.#reading = null;
    });
    // The database is away: whoever waits asks again.
    this.#reading.catch(() => undefined);
  }

  async #catchUp(): Promise<void> {
    while (this.#isStale && this.#waiting.size > 0) {
      this.#isStale = false;
      const { told, isGap, next } = await this.read(this.#end);
      if (isGap) this.#forget(next);
      else this.#keep(told, next);
      // Not all is read yet.
      if (isAfter(next, this.#end) || told.length > 0) this.#isStale = true;
      if (told.length > 0) this.#wake();
      await new Promise((resolve) => setTimeout(resolve, TOGETHER_MS));
    }
  }

  #keep(told: readonly Told[], next: Position): void {
    for (const one of told) this.#recent.push(one);
    this.#end = next;
    if (this.#recent.length <= 2 * MOST_RECENT) return;
    const dropped = this.#recent.length - MOST_RECENT;
    this.#begin = this.#recent[dropped - 1]?.position ?? next;
    this.#recent = this.#recent.slice(dropped);
  }

  /** Whoever is not past it reads for himself, and hears of the gap. */
  #forget(next: Position): void {
    this.#recent = [];
    this.#begin = next;
    this.#end = next;
    this.#wake();
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}

function toldOf({ epoch, tick, first, at, transitions }: TransitionRow): readonly Told[] {
  return transitions.map((transition, index) => ({ position: { epoch, tick, place: first + index, at }, transition }));
}

/** The place of the first that comes after a position. */
function firstAfter(told: readonly Told[], position: Position): number {
  let [low, high] = [0, told.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = told[middle];
    if (one !== undefined && isAfter(one.position, position)) high = middle;
    else low = middle + 1;
  }
  return low;
}
