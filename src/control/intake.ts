import type { CoreEvent } from '../core/events.ts';
import type { AccountNumber, JobNumber, TaskNumber } from '../core/keys.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { Specs } from './specs.ts';

const INBOX_ENTRIES_A_TICK = 1_000;
const NEW_TASKS_A_TICK = 5_000;

/** What clients asked for, turned into events: the inbox, and the new tasks of jobs page by page. */
export class Intake {
  readonly #store: OwnerStore;
  readonly #account: AccountNumber;
  readonly #specs: Specs;
  #isDirty = true;
  /** Jobs with committed tasks that have not been taken in, and up to where each job's have. */
  readonly #unread = new Set<JobNumber>();
  readonly #ingested = new Map<JobNumber, TaskNumber>();

  constructor(store: OwnerStore, account: AccountNumber, specs: Specs) {
    this.#store = store;
    this.#account = account;
    this.#specs = specs;
  }

  /** Starts over with what has been loaded. */
  reset(jobs: readonly { readonly job: JobNumber; readonly nextTask: TaskNumber; readonly ingested: TaskNumber }[]): void {
    this.#isDirty = true;
    this.#unread.clear();
    this.#ingested.clear();
    for (const { job, nextTask, ingested } of jobs) this.#expectTasks(job, nextTask, ingested);
  }

  /** Looks at the inbox at the next `read`. */
  sweep(): void {
    this.#isDirty = true;
  }

  hasWork(): boolean {
    return this.#isDirty || this.#unread.size > 0;
  }

  forgetJob(job: JobNumber): void {
    this.#ingested.delete(job);
    this.#unread.delete(job);
  }

  /** One tick's worth. `entries` are to be named in the commit that takes the events in; `more`: something that is committed already has been left for later. */
  async read(): Promise<{ readonly events: readonly CoreEvent[]; readonly entries: readonly number[]; readonly more: boolean }> {
    const events: CoreEvent[] = [];
    if (!this.#isDirty) {
      await this.#readNewTasks(events);
      return { events, entries: [], more: this.#unread.size > 0 };
    }
    this.#isDirty = false;
    const batch = await this.#store.readInbox(this.#account, INBOX_ENTRIES_A_TICK);
    for (const intent of batch.pools) {
      this.#specs.forgetPool(intent.pool);
      events.push({ kind: 'pool', intent });
    }
    for (const { intent, status } of batch.jobs) {
      this.#specs.forgetJob(intent.job);
      events.push({ kind: 'job', intent, status });
      this.#expectTasks(intent.job, intent.nextTask, status?.ingested ?? 0);
    }
    for (const job of batch.jobsWithNewTasks) this.#unread.add(job);
    // A task not taken in yet comes with its job's new tasks as it is by then: newer than here.
    const known = batch.tasks.filter(({ job, task }) => task.intent.task <= (this.#ingested.get(job) ?? 0));
    await this.#readNewTasks(events);
    for (const { job, task } of known) events.push({ kind: 'task', job, task });
    if (batch.more) this.#isDirty = true;
    return { events, entries: batch.entries, more: this.hasWork() };
  }

  /** A job whose tasks are more than one tick takes goes behind the others: a few tasks of theirs do not wait for its hundreds of thousands. */
  async #readNewTasks(events: CoreEvent[]): Promise<void> {
    let room = NEW_TASKS_A_TICK;
    for (const job of this.#unread) {
      if (room <= 0) return;
      const after = this.#ingested.get(job) ?? 0;
      const page = await this.#store.readTasks(job, after, room);
      if (page.through > after) {
        this.#ingested.set(job, page.through);
        events.push({ kind: 'tasks', job, through: page.through, tasks: page.tasks });
      }
      room -= page.tasks.length;
      this.#unread.delete(job);
      if (room <= 0) this.#unread.add(job);
    }
  }

  #expectTasks(job: JobNumber, nextTask: TaskNumber, ingested: TaskNumber): void {
    if (!this.#ingested.has(job)) this.#ingested.set(job, ingested);
    if (nextTask - 1 > (this.#ingested.get(job) ?? 0)) this.#unread.add(job);
  }
}
