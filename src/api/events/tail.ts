import type { AccountNumber } from '../../core/keys.ts';
import type { CommitNews, Commits } from '../../ports.ts';
import type { Database } from '../../store/intents/statement.ts';
import { END_OF_TICK, isAfter, readTransitions, type Position, type TransitionRow } from '../../store/transitions.ts';
import type { Told } from './cloudEvent.ts';
import { positionText } from './position.ts';

/** What a tail of an account works with. */
export interface TailOptions {
  readonly database: Database;
  readonly commits: Commits;
  readonly account: AccountNumber;
}

type TickNews = Extract<CommitNews, { kind: 'tick' }>;

export interface ToldPage {
  readonly told: readonly Told[];
  readonly isGap: boolean;
  readonly next: Position;
  /** Nothing followed as it was read. */
  readonly isEnd: boolean;
}

/** An account whose owner is another process is looked at so often. */
const LOOK_MS = 1_000;
/** Listeners hear of all ticks of such a time at once, so what it costs to tell them does not grow with ticks. */
const TOGETHER_MS = 50;
/** Of the latest events so many are kept for listeners that are up to date; others read for themselves. */
const MOST_RECENT = 5_000;
const MOST_A_PAGE = 500;
const ROWS_A_READ = 100;
/** Since the latest events were told. */
const MOST_PAGES = 16;

/**
 * The latest events of an account, read once for all who listen. Each listener goes on at its own pace from where it
 * is: one that is slower than what is kept here reads from the database, and costs nobody anything. Looks at the
 * database when the owner has committed, if that is in this process, and each second.
 */
export class Tail {
  readonly #options: TailOptions;
  /** In order, without a gap: all after `#begin`, up to `#end`. Listeners are told what there is up to `#toldTo`. */
  #recent: Told[] = [];
  #begin: Position;
  #end: Position;
  #toldTo: Position;
  /** By where they begin: who is up to date hears the same, and what is written of it is written once. */
  readonly #pages = new Map<string, ToldPage>();
  #isStale = true;
  #reading: Promise<void> | null = null;
  readonly #waiting = new Set<() => void>();
  /** Since the last look. */
  #isHeard = false;
  /** While something is read. */
  readonly #heard: TickNews[] = [];
  #waking: NodeJS.Timeout | null = null;
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;

  /** `now`: where the account is. */
  constructor(options: TailOptions, now: Position) {
    this.#options = options;
    this.#begin = now;
    this.#end = now;
    this.#toldTo = now;
    this.#unlisten = options.commits.listen(options.account, (news) => this.#hear(news));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#waking !== null) clearTimeout(this.#waking);
    this.#unlisten();
    this.#wake();
  }

  /**
   * What follows a position; nothing, if nothing does within `waitMs`, or `signal` aborts. Listeners that are at the
   * same position get the same page. Rejects as the database does.
   */
  async after(position: Position, waitMs: number, signal: AbortSignal): Promise<ToldPage> {
    if (isAfter(this.#begin, position)) return this.read(position);
    if (!isAfter(this.#toldTo, position)) await this.#wait(waitMs, signal);
    // Who waited long may have been overtaken.
    return isAfter(this.#begin, position) ? this.read(position) : this.#page(position);
  }

  /** What follows a position, without waiting. */
  async read(after: Position): Promise<ToldPage> {
    const { rows, isGap, next, isEnd } = await readTransitions(this.#options.database, this.#options.account, after, ROWS_A_READ);
    return { told: rows.flatMap(toldOf).filter(({ position }) => isAfter(position, after)), isGap, next, isEnd };
  }

  #page(after: Position): ToldPage {
    const key = positionText(after);
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = this.#pageAnew(after);
    if (this.#pages.size >= MOST_PAGES) this.#pages.clear();
    this.#pages.set(key, page);
    return page;
  }

  #pageAnew(after: Position): ToldPage {
    const from = firstAfter(this.#recent, after);
    const end = Math.max(from, firstAfter(this.#recent, this.#toldTo));
    const told = this.#recent.slice(from, Math.min(from + MOST_A_PAGE, end));
    const isAll = from + told.length === end;
    const next = isAll ? (isAfter(this.#toldTo, after) ? this.#toldTo : after) : (told.at(-1)?.position ?? after);
    return { told, isGap: false, next, isEnd: isAll };
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
      if (this.#isStale) this.#kick();
    });
  }

  /** The owner is in this process, and tells what it has committed: what follows on what is here need not be read. */
  #hear(news: CommitNews): void {
    this.#isHeard = true;
    if (news.kind === 'loaded') return this.#kick();
    if (this.#reading !== null) this.#heard.push(news);
    else if (!this.#append(news)) this.#kick();
  }

  /** Whether it follows; one that was read already does. */
  #append(news: TickNews): boolean {
    if (this.#isStale) return false;
    const { epoch, tick, at } = news;
    if (epoch === this.#end.epoch && tick <= this.#end.tick) return true;
    const told = isNext(news, this.#end) ? toldBy(news) : null;
    if (told === null) return false;
    this.#keep(told, { epoch, tick, place: END_OF_TICK, at });
    return true;
  }

  #wakeSoon(): void {
    this.#waking ??= setTimeout(() => {
      this.#waking = null;
      this.#tell();
      this.#wake();
    }, TOGETHER_MS);
  }

  /** What the owner of another process has committed nobody tells. */
  #look(): void {
    if (!this.#isHeard) this.#kick();
    this.#isHeard = false;
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
      const { told, isGap, next, isEnd } = await this.read(this.#end);
      if (isGap) this.#forget(next);
      else this.#keep(told, next);
      this.#isStale = !isEnd;
      const heard = this.#heard.splice(0);
      if (!heard.every((news) => this.#append(news))) this.#isStale = true;
    }
  }

  #keep(told: readonly Told[], next: Position): void {
    for (const one of told) this.#recent.push(one);
    this.#end = next;
    if (told.length > 0) this.#wakeSoon();
    else if (this.#waking === null) this.#tell();
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
    this.#tell();
    this.#wake();
  }

  /** From now on listeners get what there is. What was written for them would outlive many collections of garbage. */
  #tell(): void {
    this.#toldTo = this.#end;
    for (const { told } of this.#pages.values()) for (const one of told) one.frame = undefined;
    this.#pages.clear();
  }

  #wake(): void {
    for (const done of this.#waiting) done();
  }
}

function isNext({ epoch, tick }: TickNews, end: Position): boolean {
  return end.epoch === epoch && end.tick === tick - 1 && end.place === END_OF_TICK;
}

/** As the database has them; null: it alone has all names, or knows the place of each. */
function toldBy({ epoch, tick, at, decisions, transitions }: TickNews): readonly Told[] | null {
  if (decisions.guards.length > 0 || transitions.some((one) => 'task' in one && (one.taskId === null || one.jobId === null))) return null;
  return toldOf({ epoch, tick, first: 0, at, transitions });
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
