import { namedParents } from '../core/task/dependencies.ts';
import type { CoreEvent, Snapshot, TaskIntake } from '../core/events.ts';
import type { AccountNumber, JobNumber, TaskNumber } from '../core/keys.ts';
import type { AddedTasks, InboxBatch, OwnerStore } from '../store/ownerStore.ts';
import { Handed } from './handed.ts';
import type { Specs } from './specs.ts';
import type { Sweeps } from './sweeps.ts';

const INBOX_ENTRIES_A_TICK = 1_000;
const NEW_TASKS_A_TICK = 5_000;
/** Whose new tasks are asked for in one turn, which is one round trip (`tasksReader` of the store). */
const JOBS_AT_ONCE = 32;

/** One tick's worth of what clients asked for. */
export interface Ingested {
  readonly events: readonly CoreEvent[];
  /** Inbox entries to be named in the commit that takes the events in. */
  readonly entries: readonly number[];
  /** The last sweep that is done once this is committed. */
  readonly sweep: number;
}

export interface IntakeOptions {
  readonly store: OwnerStore;
  readonly account: AccountNumber;
  readonly specs: Specs;
  /** Outlasts the intake: callers wait for its numbers. */
  readonly sweeps: Sweeps;
  /** What of an event the rules may hear; null: nothing, and nothing follows from it. */
  readonly admit: (event: CoreEvent) => CoreEvent | null;
}

/** The ids that tasks name and that are satisfied; `isWhole`: all ids that are satisfied in their job. */
interface Parents {
  readonly ids: readonly string[];
  readonly isWhole: boolean;
}

/** New tasks of a job up to a number; `told`: what the rules may hear of them. */
interface Admitted {
  readonly job: JobNumber;
  readonly through: TaskNumber;
  readonly told: CoreEvent | null;
  readonly parents: Parents;
}

/** What clients asked for, turned into events: the inbox, and the new tasks of jobs page by page. */
export class Intake {
  readonly #admit: (event: CoreEvent) => CoreEvent | null;
  readonly #store: OwnerStore;
  readonly #account: AccountNumber;
  readonly #specs: Specs;
  readonly #sweeps: Sweeps;
  /** Jobs with committed tasks that have not been taken in, and up to where each job's have. */
  readonly #unread = new Set<JobNumber>();
  readonly #ingested = new Map<JobNumber, TaskNumber>();
  /**
   * Jobs of which it is not known what has been asked (`JobIntent.reactivations`): the next page of the inbox brings
   * their rows along, and each one after it while they are not whole (-1).
   */
  readonly #uncertain = new Set<JobNumber>();
  readonly #handed = new Handed();
  /** Jobs of which the rules may not know all ids that are satisfied: those that a task names are looked up. */
  readonly #partial = new Set<JobNumber>();

  /** What has been loaded: all jobs that are not completed. */
  constructor({ store, account, specs, sweeps, admit }: IntakeOptions, { jobs, satisfied }: Pick<Snapshot, 'jobs' | 'satisfied'>) {
    this.#store = store;
    this.#account = account;
    this.#specs = specs;
    this.#sweeps = sweeps;
    this.#admit = admit;
    sweeps.startOver();
    for (const { job, isWhole } of satisfied) if (!isWhole) this.#partial.add(job);
    for (const { intent: { job, nextTask, reactivations }, status } of jobs) {
      this.#expectTasks(job, nextTask, status?.ingested ?? 0);
      if (reactivations < 0) this.#uncertain.add(job);
    }
  }

  /** The job was found to have been asked for more than is known here: at the next `read` it comes with all of that. */
  catchUp(job: JobNumber): void {
    this.#uncertain.add(job);
    this.#sweeps.ask();
  }

  /**
   * Takes over what was committed just now, so that the next `read` need not look for it. Returns whether it will be
   * taken in without a sweep: not where the inbox will be read anyway, or has to be because something came before it.
   */
  hand(added: AddedTasks): boolean {
    return !this.#sweeps.isDue && this.#ingested.has(added.job) && !this.#unread.has(added.job) && this.#handed.enqueue(added);
  }

  get isHanded(): boolean {
    return !this.#handed.isEmpty;
  }

  hasWork(): boolean {
    return this.#sweeps.isDue || this.#unread.size > 0 || this.isHanded;
  }

  forgetJob(job: JobNumber): void {
    this.#ingested.delete(job);
    this.#unread.delete(job);
    this.#uncertain.delete(job);
    this.#partial.delete(job);
    this.#sweeps.forgetJob(job);
  }

  /** The last sweep that is done once what was read is committed. */
  get covered(): number {
    return this.#sweeps.covered;
  }

  /**
   * `amount`: as much as a tick takes, or one inbox entry, or, when there is none, one new task. Throws what the store
   * throws; then nothing has been taken, and the next call begins anew.
   */
  async read(amount: 'all' | 'one' = 'all'): Promise<Ingested> {
    const before = new Map<JobNumber, TaskNumber>();
    const uncertain = [...this.#uncertain];
    const partial = [...this.#partial];
    // Had it not been, all would have been started over.
    this.#sweeps.commit();
    try {
      return await this.#read(before, amount === 'one');
    } catch (error) {
      for (const [job, ingested] of before) {
        this.#ingested.set(job, ingested);
        this.#unread.add(job);
      }
      for (const job of uncertain) this.#uncertain.add(job);
      for (const job of partial) this.#partial.add(job);
      this.#sweeps.startOver();
      throw error;
    }
  }

  /** `before`: is told up to where tasks had been taken in of jobs whose tasks are read. */
  async #read(before: Map<JobNumber, TaskNumber>, isOne: boolean): Promise<Ingested> {
    const events: CoreEvent[] = [];
    const handed = this.#handed.dequeueAll();
    // A read of the inbox brings all of it, and what was asked for before.
    if (isOne && handed.length > 0) this.#sweeps.ask();
    const entries = isOne || this.#sweeps.isDue ? [] : await this.#ingestHanded(events, before, handed);
    const batch = this.#sweeps.isDue ? await this.#readInbox(events, isOne) : null;
    // A task not taken in yet comes with its job's new tasks as it is by then: newer than here.
    const known = batch?.tasks.filter(({ job, task }) => task.intent.task <= (this.#ingested.get(job) ?? 0)) ?? [];
    if (!isOne) await this.#readNewTasks(events, before, NEW_TASKS_A_TICK);
    else if (batch === null || batch.entries.length === 0) await this.#readNewTasks(events, before, 1);
    for (const [job, tasks] of byJob(known)) {
      this.#tellParents(events, job, await this.#lookUpParents(job, tasks));
      for (const task of tasks) this.#tell(events, { kind: 'task', job, task });
    }
    this.#sweeps.end();
    return { events, entries: [...entries, ...(batch?.entries ?? [])], sweep: this.#sweeps.covered };
  }

  async #readInbox(events: CoreEvent[], isOne: boolean): Promise<InboxBatch> {
    this.#sweeps.begin();
    const batch = await this.#store.readInbox(this.#account, isOne ? 1 : INBOX_ENTRIES_A_TICK, isOne ? [] : [...this.#uncertain]);
    if (!isOne) this.#uncertain.clear();
    for (const intent of batch.pools) {
      this.#specs.forgetPool(intent.pool);
      this.#tell(events, { kind: 'pool', intent });
    }
    for (const { intent, status } of batch.jobs) {
      this.#specs.forgetJob(intent.job);
      if (!this.#tell(events, { kind: 'job', intent, status })) continue;
      if (intent.reactivations < 0) this.#uncertain.add(intent.job);
      this.#expectTasks(intent.job, intent.nextTask, status?.ingested ?? 0);
    }
    for (const { pool, samples } of batch.ownSamples ?? []) this.#tell(events, { kind: 'ownSamples', pool, samples });
    if (batch.drills !== undefined) this.#tell(events, { kind: 'drills', drills: batch.drills });
    if (batch.quotas !== undefined) this.#tell(events, { kind: 'quotas', quotas: batch.quotas });
    for (const intent of batch.nodes) this.#tell(events, { kind: 'nodeAsked', intent });
    for (const schedule of batch.schedules) this.#tell(events, { kind: 'schedule', schedule });
    // Of a job that is not known here (it was completed before the account was loaded) all tasks are taken in that ever
    // will be.
    for (const job of batch.jobsWithNewTasks) if (this.#ingested.has(job)) this.#unread.add(job);
    this.#sweeps.readEntries({ last: batch.entries.at(-1) ?? 0, newest: batch.newest, more: batch.more }, this.#unread);
    return batch;
  }

  /**
   * Returns the inbox entries that are done with. What does not follow on what has been taken in is left to a sweep:
   * others have added to that job as well, or it is gone.
   */
  async #ingestHanded(events: CoreEvent[], before: Map<JobNumber, TaskNumber>, handed: readonly AddedTasks[]): Promise<readonly number[]> {
    const entries: number[] = [];
    const pages = new Map<JobNumber, TaskIntake[]>();
    for (const { entry, job, tasks } of handed) {
      const page = pages.get(job) ?? [];
      const through = page.at(-1)?.intent.task ?? this.#ingested.get(job) ?? Number.NaN;
      // A read of the job's tasks may have brought them before they were handed over.
      const isCovered = tasks.every(({ intent }) => intent.task <= through);
      if (!isCovered && tasks[0]?.intent.task !== through + 1) {
        this.#sweeps.ask();
        continue;
      }
      entries.push(entry);
      if (isCovered) continue;
      page.push(...tasks);
      pages.set(job, page);
    }
    const told = await Promise.all([...pages].map(([job, tasks]) => this.#admitTasks(job, tasks.at(-1)?.intent.task ?? 0, tasks)));
    for (const page of told) this.#tellTasks(events, before, page);
    return entries;
  }

  /**
   * Several jobs are read beside each other: one after the other each would cost all waiters a round trip. A job whose
   * tasks are more than its share of a tick goes behind the others: a few tasks of theirs do not wait for its hundreds
   * of thousands.
   */
  async #readNewTasks(events: CoreEvent[], before: Map<JobNumber, TaskNumber>, most: number): Promise<void> {
    let room = most;
    while (room > 0 && this.#unread.size > 0) {
      const jobs = [...this.#unread].slice(0, Math.min(JOBS_AT_ONCE, room));
      const limit = Math.floor(room / jobs.length);
      const pages = await Promise.all(
        jobs.map(async (job) => {
          const after = this.#ingested.get(job) ?? 0;
          const page = await this.#store.readTasks(job, after, limit);
          return { page, after, admitted: await this.#admitTasks(job, page.through, page.tasks) };
        }),
      );
      for (const { page, after, admitted } of pages) {
        const { job } = admitted;
        this.#sweeps.readTasks(job, page.through, page.newest);
        if (page.through > after) this.#tellTasks(events, before, admitted);
        // Of one, a page without tasks is enough as well.
        room -= most === 1 ? 1 : page.tasks.length;
        this.#unread.delete(job);
        if (page.through < page.newest) this.#unread.add(job);
      }
    }
  }

  /** New tasks as the rules may hear of them. */
  async #admitTasks(job: JobNumber, through: TaskNumber, tasks: readonly TaskIntake[]): Promise<Admitted> {
    const told = this.#admit({ kind: 'tasks', job, through, tasks });
    // A task that is kept from the rules waits for nothing.
    return { job, through, told, parents: await this.#lookUpParents(job, told?.kind === 'tasks' ? told.tasks : []) };
  }

  #tellTasks(events: CoreEvent[], before: Map<JobNumber, TaskNumber>, { job, through, told, parents }: Admitted): void {
    if (!before.has(job)) before.set(job, this.#ingested.get(job) ?? 0);
    this.#ingested.set(job, through);
    this.#tellParents(events, job, parents);
    if (told !== null) events.push(told);
  }

  /** Returns whether the rules may hear of it. */
  #tell(events: CoreEvent[], event: CoreEvent): boolean {
    const admitted = this.#admit(event);
    if (admitted !== null) events.push(admitted);
    return admitted !== null;
  }

  /**
   * What the rules do not know of what these tasks name. The last decisions are committed by now, and what the next
   * ones satisfy the rules see for themselves.
   */
  async #lookUpParents(job: JobNumber, tasks: readonly TaskIntake[]): Promise<Parents> {
    const named = this.#partial.has(job) ? namedParents(tasks) : [];
    return { ids: named?.length === 0 ? [] : await this.#store.readSatisfied(job, named), isWhole: named === null };
  }

  #tellParents(events: CoreEvent[], job: JobNumber, { ids, isWhole }: Parents): void {
    if (isWhole) this.#partial.delete(job);
    if (ids.length > 0) this.#tell(events, { kind: 'satisfied', job, ids });
  }

  #expectTasks(job: JobNumber, nextTask: TaskNumber, ingested: TaskNumber): void {
    if (!this.#ingested.has(job)) this.#ingested.set(job, ingested);
    if (nextTask - 1 > (this.#ingested.get(job) ?? 0)) this.#unread.add(job);
  }
}

function byJob(tasks: InboxBatch['tasks']): ReadonlyMap<JobNumber, readonly TaskIntake[]> {
  const jobs = new Map<JobNumber, TaskIntake[]>();
  for (const { job, task } of tasks) {
    const own = jobs.get(job);
    if (own === undefined) jobs.set(job, [task]);
    else own.push(task);
  }
  return jobs;
}
