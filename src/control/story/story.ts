import type { Decisions } from '../../core/decisions.ts';
import type { CoreEvent, Snapshot } from '../../core/events.ts';
import type { JobIntent, PoolIntent, ScheduleIntent } from '../../core/intent.ts';
import type { JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../../core/keys.ts';
import type { JobState, JobStatus, NodeStatus, PoolStatus, ScheduleState, ScheduleStatus } from '../../core/status.ts';
import type { AttemptSpec } from '../../store/ownerStore.ts';
import { jobDeleted, jobDeleting, jobLines } from './jobs.ts';
import type { StoryLine } from './line.ts';
import { nodeLines, nodeSilent } from './nodes.ts';
import { poolAsked, poolDeleted, poolDeleting, poolSettled } from './pools.ts';
import { scheduleDeleted, scheduleDeleting, scheduleLines } from './schedules.ts';
import { taskDeleted, taskLine, type TaskNames } from './tasks.ts';

/** Who hears the story of an account. */
export interface StoryOptions {
  /** Whether tasks are told of: thousands of lines a second, and their ids are kept while they are out on nodes. */
  readonly tasks: boolean;
  readonly tell: (line: StoryLine) => void;
}

/** A tick that was committed. */
export interface CommittedTick {
  readonly events: readonly CoreEvent[];
  readonly decisions: Decisions;
  /** Of the tasks that it offers. */
  readonly specs: Iterable<AttemptSpec>;
  /** As they were before. */
  readonly nodes: ReadonlyMap<NodeNumber, NodeStatus>;
}

interface KnownPool {
  readonly intent: PoolIntent;
  readonly status: PoolStatus | null;
}

interface KnownJob {
  readonly intent: JobIntent;
  readonly state: JobState | null;
}

interface KnownSchedule {
  readonly intent: ScheduleIntent;
  readonly state: ScheduleState | null;
}

/**
 * What becomes of pools, nodes, schedules, jobs and tasks, told line by line from what was committed. A tick of unknown
 * outcome is not told; what it did shows in what follows. Kept of each pool, and of each job and schedule that is not
 * completed: what names it and how it was told last.
 */
export class Story {
  readonly #options: StoryOptions;
  readonly #pools = new Map<PoolNumber, KnownPool>();
  readonly #jobs = new Map<JobNumber, KnownJob>();
  readonly #schedules = new Map<ScheduleNumber, KnownSchedule>();
  /** Of tasks that are out on nodes. */
  readonly #taskIds = new Map<JobNumber, Map<TaskNumber, string>>();

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  /** Goes on from what has been loaded. */
  load({ pools, jobs, schedules = [] }: Pick<Snapshot, 'pools' | 'jobs' | 'schedules'>): void {
    this.#pools.clear();
    this.#jobs.clear();
    this.#schedules.clear();
    for (const { intent, status } of pools) this.#pools.set(intent.pool, { intent, status });
    for (const { intent, status } of jobs) this.#jobs.set(intent.job, { intent, state: status?.state ?? null });
    for (const { intent, status } of schedules) this.#schedules.set(intent.schedule, { intent, state: status?.state ?? null });
  }

  /** Tells a tick. Never throws: what is told changes nothing of what is done. */
  tick(tick: CommittedTick): void {
    try {
      const { decisions } = tick;
      this.#tellEvents(tick);
      // What holds others begins before them, and ends after them.
      this.#tellPools(decisions.pools, poolAsked);
      this.#tellNodes(tick);
      this.#tellPools(decisions.pools, poolSettled);
      for (const status of decisions.pools) this.#pools.set(status.pool, { ...this.#pool(status.pool), status });
      this.#tellSchedules((decisions.schedules ?? []).filter(({ state }) => state !== 'completed'));
      this.#tellJobs(decisions.jobs.filter(({ state }) => state !== 'completed'));
      if (this.#options.tasks) this.#tellTasks(tick);
      this.#tellJobs(decisions.jobs.filter(({ state }) => state === 'completed'));
      this.#tellSchedules((decisions.schedules ?? []).filter(({ state }) => state === 'completed'));
      this.#tellGone(decisions);
    } catch (error) {
      this.#options.tell({ level: 'warn', message: 'a fault of ours: not all that a tick did was told', fields: { error } });
    }
  }

  /** Learns names, and tells what no row shows: silence, and what clients ask for that takes longer than this tick. */
  #tellEvents({ events, decisions: { gone }, nodes }: CommittedTick): void {
    const { tell } = this.#options;
    for (const event of events) {
      if (event.kind === 'pool') {
        const { intent } = event;
        const known = this.#pools.get(intent.pool);
        this.#pools.set(intent.pool, { intent, status: known?.status ?? null });
        if (isNewlyDeleted(intent, known?.intent) && !gone.pools.includes(intent.pool)) tell(poolDeleting(intent));
      } else if (event.kind === 'job') {
        const { intent, status } = event;
        const known = this.#jobs.get(intent.job);
        // Asked about for the sake of one of its tasks.
        if (known === undefined && status?.state === 'completed' && intent.deletedAt === null) continue;
        this.#jobs.set(intent.job, { intent, state: known?.state ?? status?.state ?? null });
        if (isNewlyDeleted(intent, known?.intent) && !gone.jobs.includes(intent.job)) tell(jobDeleting(intent));
      } else if (event.kind === 'schedule') {
        const { intent, status } = event.schedule;
        const known = this.#schedules.get(intent.schedule);
        if (known === undefined && status?.state === 'completed' && intent.deletedAt === null) continue;
        this.#schedules.set(intent.schedule, { intent, state: known?.state ?? status?.state ?? null });
        if (isNewlyDeleted(intent, known?.intent) && gone.schedules?.includes(intent.schedule) !== true) tell(scheduleDeleting(intent));
      } else if (event.kind === 'unheard' && event.step === 'unknown') {
        const status = nodes.get(event.node);
        if (status !== undefined) tell(nodeSilent(this.#pool(status.pool).intent.id, status, event.silentMs));
      }
    }
  }

  #tellPools(rows: readonly PoolStatus[], linesOf: typeof poolAsked): void {
    for (const status of rows) {
      const { intent, status: before } = this.#pool(status.pool);
      for (const line of linesOf(intent, before, status)) this.#options.tell(line);
    }
  }

  #tellNodes({ decisions, nodes }: CommittedTick): void {
    for (const status of decisions.nodes) {
      for (const line of nodeLines(this.#pool(status.pool).intent.id, nodes.get(status.node), status)) this.#options.tell(line);
    }
  }

  #tellJobs(rows: readonly JobStatus[]): void {
    for (const status of rows) {
      const known = this.#jobs.get(status.job);
      // One that was completed before: a task of it was deleted, or made active again.
      if (known === undefined) continue;
      for (const line of jobLines(known.intent, known.state, status)) this.#options.tell(line);
      if (status.state === 'completed' && known.intent.deletedAt === null) this.#forgetJob(status.job);
      else if (status.state !== known.state) this.#jobs.set(status.job, { ...known, state: status.state });
    }
  }

  #tellSchedules(rows: readonly ScheduleStatus[]): void {
    for (const status of rows) {
      const { intent, state } = this.#schedule(status.schedule);
      for (const line of scheduleLines(intent, state, status)) this.#options.tell(line);
      if (status.state === 'completed' && intent.deletedAt === null) this.#schedules.delete(status.schedule);
      else this.#schedules.set(status.schedule, { intent, state: status.state });
    }
  }

  #tellTasks({ decisions, specs, nodes }: CommittedTick): void {
    for (const { job, task, id } of specs) {
      const ids = this.#taskIds.get(job);
      if (ids === undefined) this.#taskIds.set(job, new Map([[task, id]]));
      else ids.set(task, id);
    }
    for (const status of [...decisions.tasks, ...(decisions.offered ?? [])]) {
      const { job, task, state, node } = status;
      const nodeId = node === null ? undefined : nodes.get(node)?.id;
      this.#options.tell(taskLine({ ...this.#names(job, task), ...(nodeId === undefined ? {} : { nodeId }) }, status));
      if (state === 'active' || state === 'completed') this.#taskIds.get(job)?.delete(task);
    }
    for (const { job, task } of decisions.gone.tasks) {
      this.#options.tell(taskDeleted(this.#names(job, task), job, task));
      this.#taskIds.get(job)?.delete(task);
    }
  }

  #names(job: JobNumber, task: TaskNumber): TaskNames {
    const jobId = this.#jobs.get(job)?.intent.id;
    const taskId = this.#taskIds.get(job)?.get(task);
    return { ...(jobId === undefined ? {} : { jobId }), ...(taskId === undefined ? {} : { taskId }) };
  }

  #tellGone({ gone }: Decisions): void {
    for (const pool of gone.pools) {
      this.#options.tell(poolDeleted(this.#pool(pool).intent));
      this.#pools.delete(pool);
    }
    for (const schedule of gone.schedules ?? []) {
      this.#options.tell(scheduleDeleted(this.#schedule(schedule).intent));
      this.#schedules.delete(schedule);
    }
    for (const job of gone.jobs) {
      const known = this.#jobs.get(job);
      if (known === undefined) throw new Error(`job ${job} was never told of`);
      this.#options.tell(jobDeleted(known.intent));
      this.#forgetJob(job);
    }
  }

  #forgetJob(job: JobNumber): void {
    this.#jobs.delete(job);
    this.#taskIds.delete(job);
  }

  #schedule(number: ScheduleNumber): KnownSchedule {
    const known = this.#schedules.get(number);
    if (known === undefined) throw new Error(`schedule ${number} was never told of`);
    return known;
  }

  #pool(number: PoolNumber): KnownPool {
    const known = this.#pools.get(number);
    if (known === undefined) throw new Error(`pool ${number} was never told of`);
    return known;
  }
}

interface Deletable {
  readonly deletedAt: number | null;
}

function isNewlyDeleted(intent: Deletable, known: Deletable | undefined): boolean {
  return intent.deletedAt !== null && (known?.deletedAt ?? null) === null;
}
