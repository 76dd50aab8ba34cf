import type { JobNumber, TaskNumber } from '../core/keys.ts';

/** A sweep that has begun: what was committed before that and has still to be taken in. */
interface Begun {
  readonly number: number;
  /**
   * The highest inbox entry there was when it began; `unknown`: the first page is being read; null: all entries up to
   * there have been read.
   */
  newest: number | 'unknown' | null;
  /**
   * Jobs whose tasks were waiting when its entries had been read, and up to which number; null: not known before their
   * next page.
   */
  readonly jobs: Map<JobNumber, TaskNumber | null>;
}

/**
 * Sweeps of the inbox, numbered. A sweep covers all that was committed before it began, however many ticks that takes;
 * what is committed meanwhile belongs to the next one. So whoever waits for a sweep waits for a known amount of work,
 * however fast others add to it.
 */
export class Sweeps {
  #isAsked = true;
  #begun: Begun | null = null;
  #covered = 0;
  #committed = 0;
  /** The highest number that was given out: after a fresh start one sweep does for all that were asked for. */
  #asked = 0;

  /** The last sweep that is covered: true once the commit of what was read is done. */
  get covered(): number {
    return this.#covered;
  }

  /** Whether the inbox is to be read. */
  get isDue(): boolean {
    return this.#isAsked;
  }

  /** Returns the number of the sweep that will cover everything committed before this call. */
  ask(): number {
    this.#isAsked = true;
    this.#asked = this.#begun === null ? this.#next : this.#begun.number + 1;
    return this.#asked;
  }

  /** To be called before a page of the inbox is asked for: what is committed from now on belongs to the next sweep. */
  begin(): void {
    this.#isAsked = false;
    this.#begun ??= { number: this.#next, newest: 'unknown', jobs: new Map() };
  }

  /**
   * A page of the inbox was read: up to `last`, while `newest` was the highest entry there; `more`: others wait.
   * `unread`: jobs with tasks that wait.
   */
  readEntries(page: { readonly last: number; readonly newest: number; readonly more: boolean }, unread: Iterable<JobNumber>): void {
    if (page.more) this.#isAsked = true;
    const begun = this.#begun;
    if (begun === null || begun.newest === null) return;
    if (begun.newest === 'unknown') begun.newest = page.newest;
    if (page.more && page.last < begun.newest) return;
    begun.newest = null;
    for (const job of unread) begun.jobs.set(job, null);
  }

  /** A page of a job's tasks was read: up to `through`, while `newest` was its last task. */
  readTasks(job: JobNumber, through: TaskNumber, newest: TaskNumber): void {
    const jobs = this.#begun?.jobs;
    if (jobs === undefined || !jobs.has(job)) return;
    const until = jobs.get(job) ?? newest;
    if (through >= until) jobs.delete(job);
    else jobs.set(job, until);
  }

  forgetJob(job: JobNumber): void {
    this.#begun?.jobs.delete(job);
  }

  /** To be called after a tick's reading: what it began is covered if nothing of it is left. */
  end(): void {
    if (this.#begun === null || this.#begun.newest !== null || this.#begun.jobs.size > 0) return;
    this.#covered = this.#begun.number;
    this.#begun = null;
  }

  /** What has been read is committed. */
  commit(): void {
    this.#committed = this.#covered;
  }

  /** Whatever was read since is forgotten (it was not committed, or the reading failed): the sweep begins anew. */
  startOver(): void {
    this.#isAsked = true;
    this.#covered = this.#committed;
    this.#begun = null;
  }

  get #next(): number {
    return Math.max(this.#covered + 1, this.#asked);
  }
}
