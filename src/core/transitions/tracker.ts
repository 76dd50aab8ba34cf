import type { Decisions } from '../decisions.ts';
import type { CoreEvent, Snapshot } from '../events.ts';
import type { JobIntent, PoolIntent, ScheduleIntent } from '../intent.ts';
import type { Instant, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../keys.ts';
import type { JobState, JobStatus, NodeStatus, PoolStatus, ScheduleState, ScheduleStatus } from '../status.ts';
import { jobCreated, jobDeleted, jobDeleting, jobTransitions, scheduleCreated, scheduleDeleted, scheduleDeleting, scheduleTransitions } from './jobs.ts';
import { nodeTransitions } from './nodes.ts';
import { poolAsked, poolCreated, poolDeleted, poolDeleting, poolEvaluated, poolSettled } from './pools.ts';
import { taskCreated, taskDeleted, taskTransition, type TaskNames } from './tasks.ts';
import type { Transition } from './transition.ts';

/** What a tick changes. */
export interface TickTransitions {
  readonly all: readonly Transition[];
  /** Of each job that ends by itself, if the commit does not refuse that. After all others. */
  readonly endings: readonly { readonly job: JobNumber; readonly transitions: readonly Transition[] }[];
  /** Tasks of which the name is not known here, or that of their job. */
  readonly unnamed: readonly { readonly job: JobNumber; readonly task: TaskNumber }[];
}

export const NO_TRANSITIONS: TickTransitions = { all: [], endings: [], unnamed: [] };

/** Those that a commit made which refused the ends of these jobs. */
export function durableTransitions({ all, endings }: TickTransitions, refused: readonly JobNumber[]): readonly Transition[] {
  return endings.length === 0 ? all : [...all, ...endings.flatMap(({ job, transitions }) => (refused.includes(job) ? [] : transitions))];
}

interface KnownPool {
  readonly intent: PoolIntent;
  readonly status: PoolStatus | null;
  /**
   * That it is being deleted was told. After a load nobody knows, but what asks for it is in the inbox until then.
   */
  readonly isDeleting: boolean;
}

interface KnownJob {
  readonly intent: JobIntent;
  readonly state: JobState | null;
  readonly isDeleting: boolean;
}

interface KnownSchedule {
  readonly intent: ScheduleIntent;
  readonly state: ScheduleState | null;
  readonly isDeleting: boolean;
}

/**
 * Tells from what the rules decide what has changed. Kept of each pool and node, and of each job and schedule that is
 * not completed: what names it and how it was told last; of tasks that are out on nodes: their ids. To be told of each
 * tick in order; it lives as long as the rules do.
 */
export class TransitionTracker {
  readonly #pools = new Map<PoolNumber, KnownPool>();
  readonly #nodes = new Map<NodeNumber, NodeStatus>();
  readonly #jobs = new Map<JobNumber, KnownJob>();
  readonly #schedules = new Map<ScheduleNumber, KnownSchedule>();
  readonly #taskIds = new Map<JobNumber, Map<TaskNumber, string>>();
  /** Completed jobs that were asked about for the sake of one of their tasks, in this tick. */
  readonly #passing = new Map<JobNumber, JobIntent>();

  constructor({ pools, nodes, jobs, schedules = [] }: Pick<Snapshot, 'pools' | 'nodes' | 'jobs' | 'schedules'>) {
    for (const { intent, status } of pools) this.#pools.set(intent.pool, { intent, status, isDeleting: false });
    for (const node of nodes) this.#nodes.set(node.node, node);
    for (const { intent, status } of jobs) this.#jobs.set(intent.job, { intent, state: status?.state ?? null, isDeleting: false });
    for (const { intent, status } of schedules) this.#schedules.set(intent.schedule, { intent, state: status?.state ?? null, isDeleting: false });
  }

  tick(events: readonly CoreEvent[], decisions: Decisions, now: Instant): TickTransitions {
    const all: Transition[] = [];
    const { guards, gone, schedules = [] } = decisions;
    const otherwise = new Map(guards.map((guard) => [guard.job, guard.otherwise]));
    const jobs = decisions.jobs.map((row) => otherwise.get(row.job) ?? row);
    this.#learn(events, decisions, all);
    // What holds others begins before them, and ends after them.
    this.#tellPools(decisions.pools, poolAsked, all);
    this.#tellNodes(decisions.nodes, now, all);
    this.#tellPools(decisions.pools, poolSettled, all);
    this.#tellPools(decisions.pools, poolEvaluated, all);
    for (const status of decisions.pools) {
      const known = this.#pools.get(status.pool);
      if (known !== undefined) this.#pools.set(status.pool, { ...known, status });
    }
    this.#tellSchedules(schedules.filter(({ state }) => state !== 'completed'), all);
    this.#tellJobs(jobs.filter(({ state }) => state !== 'completed'), all);
    const unnamed = this.#tellTasks(decisions, now, all);
    this.#tellJobs(jobs.filter(({ state }) => state === 'completed'), all);
    this.#tellSchedules(schedules.filter(({ state }) => state === 'completed'), all);
    this.#tellGone(gone, now, all);
    for (const { node, goneAt } of decisions.nodes) if (goneAt !== null) this.#nodes.delete(node);
    const endings = guards.map(({ job }) => ({ job, transitions: this.#ending(decisions.jobs.find((row) => row.job === job)) }));
    this.#passing.clear();
    return { all, endings, unnamed };
  }

  /** Ids of tasks that a commit has offered. */
  named(specs: Iterable<{ readonly job: JobNumber; readonly task: TaskNumber; readonly id: string }>): void {
    for (const { job, task, id } of specs) {
      const ids = this.#taskIds.get(job);
      if (ids === undefined) this.#taskIds.set(job, new Map([[task, id]]));
      else ids.set(task, id);
    }
  }

  /** The commit has refused the ends of these jobs. */
  refused(rows: readonly JobStatus[]): void {
    for (const { job, state } of rows) {
      const known = this.#jobs.get(job);
      if (known !== undefined) this.#jobs.set(job, { ...known, state });
    }
  }

  /** The job of a task, and the node that it is on. */
  namesOf(job: JobNumber, task: TaskNumber, on: NodeNumber | null): TaskNames {
    const node = on === null ? undefined : this.#nodes.get(on);
    const intent = this.#jobs.get(job)?.intent ?? this.#passing.get(job);
    const taskId = this.#taskIds.get(job)?.get(task) ?? null;
    if (node === undefined) return { jobId: intent?.id ?? null, taskId };
    const poolId = this.poolId(node.pool);
    return { jobId: intent?.id ?? null, taskId, nodeId: node.id, ...(poolId === null ? {} : { poolId }) };
  }

  poolId(pool: PoolNumber): string | null {
    return this.#pools.get(pool)?.intent.id ?? null;
  }

  /** Learns names, and what clients ask for that takes longer than this tick. */
  #learn(events: readonly CoreEvent[], { gone }: Decisions, found: Transition[]): void {
    for (const event of events) {
      if (event.kind === 'pool') {
        const { intent } = event;
        const known = this.#pools.get(intent.pool);
        const status = known?.status ?? null;
        const isDeleting = intent.deletedAt !== null && status !== null;
        this.#pools.set(intent.pool, { intent, status, isDeleting });
        if (isDeleting && known?.isDeleting !== true && intent.deletedAt !== null && !gone.pools.includes(intent.pool)) found.push(poolDeleting(intent, status.allocationState, intent.deletedAt));
      } else if (event.kind === 'job') {
        const { intent, status } = event;
        const known = this.#jobs.get(intent.job);
        if (known === undefined && status?.state === 'completed' && intent.deletedAt === null) {
          this.#passing.set(intent.job, intent);
          continue;
        }
        const state = known?.state ?? status?.state ?? null;
        const isDeleting = intent.deletedAt !== null && state !== null;
        this.#jobs.set(intent.job, { intent, state, isDeleting });
        if (isDeleting && known?.isDeleting !== true && intent.deletedAt !== null && !gone.jobs.includes(intent.job)) found.push(jobDeleting(intent, state, intent.deletedAt));
      } else if (event.kind === 'schedule') {
        const { intent, status } = event.schedule;
        const known = this.#schedules.get(intent.schedule);
        if (known === undefined && status?.state === 'completed' && intent.deletedAt === null) continue;
        const state = known?.state ?? status?.state ?? null;
        const isDeleting = intent.deletedAt !== null && state !== null;
        this.#schedules.set(intent.schedule, { intent, state, isDeleting });
        if (isDeleting && known?.isDeleting !== true && intent.deletedAt !== null && gone.schedules?.includes(intent.schedule) !== true) found.push(scheduleDeleting(intent, state, intent.deletedAt));
      }
    }
  }

  #tellPools(rows: readonly PoolStatus[], transitionsOf: typeof poolAsked, found: Transition[]): void {
    for (const status of rows) {
      const known = this.#pools.get(status.pool);
      if (known !== undefined) found.push(...transitionsOf(known.intent, known.status, status));
    }
  }

  #tellNodes(rows: readonly NodeStatus[], now: Instant, found: Transition[]): void {
    for (const row of rows) {
      for (const transition of nodeTransitions(this.poolId(row.pool), this.#nodes.get(row.node), row, now)) found.push(transition);
      this.#nodes.set(row.node, row);
    }
  }

  #tellJobs(rows: readonly JobStatus[], found: Transition[]): void {
    for (const row of rows) {
      const known = this.#jobs.get(row.job);
      // One that was completed before: a task of it was deleted, or made active again.
      if (known === undefined) continue;
      found.push(...jobTransitions(known.intent, known.state, row, this.#scheduleIdOf(known.intent)));
      if (row.state === 'completed' && known.intent.deletedAt === null) this.#forgetJob(row.job);
      else if (row.state !== known.state) this.#jobs.set(row.job, { ...known, state: row.state });
    }
  }

  /** The job stays known: the commit may refuse its end. */
  #ending(row: JobStatus | undefined): readonly Transition[] {
    const known = row === undefined ? undefined : this.#jobs.get(row.job);
    if (row === undefined || known === undefined) return [];
    const found = jobTransitions(known.intent, known.state, row, this.#scheduleIdOf(known.intent));
    this.#jobs.set(row.job, { ...known, state: row.state });
    return found;
  }

  #scheduleIdOf({ schedule }: JobIntent): string | null {
    return schedule === null ? null : (this.#schedules.get(schedule.schedule)?.intent.id ?? null);
  }

  #tellSchedules(rows: readonly ScheduleStatus[], found: Transition[]): void {
    for (const status of rows) {
      const known = this.#schedules.get(status.schedule);
      if (known === undefined) continue;
      found.push(...scheduleTransitions(known.intent, known.state, status));
      if (status.state === 'completed' && known.intent.deletedAt === null) this.#schedules.delete(status.schedule);
      else this.#schedules.set(status.schedule, { ...known, state: status.state });
    }
  }

  #tellTasks({ added = [], moves = [], gone }: Decisions, now: Instant, found: Transition[]): TickTransitions['unnamed'] {
    const unnamed: { readonly job: JobNumber; readonly task: TaskNumber }[] = [];
    for (const { job, task, id, at } of added) {
      const intent = this.#jobs.get(job)?.intent ?? this.#passing.get(job);
      if (intent === undefined) unnamed.push({ job, task });
      found.push(taskCreated({ jobId: intent?.id ?? null, taskId: id, ...(intent === undefined || intent.poolId === '' ? {} : { poolId: intent.poolId }) }, job, task, at));
    }
    for (const { from, status } of moves) {
      const { job, task, state, node } = status;
      const names = this.namesOf(job, task, node);
      if (names.taskId === null || names.jobId === null) unnamed.push({ job, task });
      found.push(taskTransition(names, from, status));
      if (state === 'active' || state === 'completed') this.#taskIds.get(job)?.delete(task);
    }
    for (const { job, task } of gone.tasks) {
      const names = this.namesOf(job, task, null);
      if (names.taskId === null || names.jobId === null) unnamed.push({ job, task });
      found.push(taskDeleted(names, job, task, now));
      this.#taskIds.get(job)?.delete(task);
    }
    return unnamed;
  }

  /** What was deleted before it was seen was there, too. */
  #tellGone({ pools, jobs, schedules = [] }: Decisions['gone'], now: Instant, found: Transition[]): void {
    for (const pool of pools) {
      const known = this.#pools.get(pool);
      if (known !== undefined) found.push(...(known.status === null ? [poolCreated(known.intent)] : []), poolDeleted(known.intent, now));
      this.#pools.delete(pool);
    }
    for (const job of jobs) {
      const known = this.#jobs.get(job);
      if (known !== undefined) found.push(...(known.state === null ? [jobCreated(known.intent)] : []), jobDeleted(known.intent, now));
      this.#forgetJob(job);
    }
    for (const schedule of schedules) {
      const known = this.#schedules.get(schedule);
      if (known !== undefined) found.push(...(known.state === null ? [scheduleCreated(known.intent)] : []), scheduleDeleted(known.intent, now));
      this.#schedules.delete(schedule);
    }
  }

  #forgetJob(job: JobNumber): void {
    this.#jobs.delete(job);
    this.#taskIds.delete(job);
  }
}
