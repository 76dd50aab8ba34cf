import type { AttemptEnd } from '../../core/events.ts';
import { idKey, type AccountNumber, type JobNumber, type TaskNumber } from '../../core/keys.ts';
import type { TaskTransition } from '../../core/transitions/transition.ts';
import type { CommitNews } from '../../ports.ts';
import { newSpanId } from './context.ts';
import type { AddedTasks } from './port.ts';
import type { Attributes, Span } from './span.ts';

/** The request that a task was added by, as the parent of what becomes of it. */
export interface RequestContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
}

/** A task under way. `since`: when it became active last; the others are of its present try. */
interface TaskTrace {
  readonly context: RequestContext;
  readonly spanId: string;
  readonly addedAt: number;
  readonly attributes: Attributes;
  since: number;
  offeredAt: number | null;
  preparingAt: number | null;
  runningAt: number | null;
  end: AttemptEnd | null;
}

/** So many tasks are followed at a time; of others the request alone is seen. */
const MOST_TASKS = 100_000;

/**
 * Follows tasks from the request that adds them to their end, through what their owner commits. A span is made when
 * what it tells of is over: of a task one that spans all, and in it for each try `queue` (until it was offered to a
 * node), `offer` (until the node began it), `preparation` of its job where it had to wait for that, `run`, and in that
 * `fetch` and `upload`; last `commit`, from its end on the node until that was durable.
 */
export class TaskTraces {
  readonly #emit: (span: Span) => void;
  readonly #lost: () => void;
  /** By account and ids: not taken in by the owner yet. */
  readonly #added = new Map<string, TaskTrace>();
  /** By account, and numbers of job and task. */
  readonly #known = new Map<AccountNumber, Map<JobNumber, Map<TaskNumber, TaskTrace>>>();
  #size = 0;

  /** `lost`: called for each task that is not followed for want of room. */
  constructor(emit: (span: Span) => void, lost: () => void) {
    this.#emit = emit;
    this.#lost = lost;
  }

  /** To be called before they are added: the owner may be quick. Returns what forgets those that were refused. */
  add(context: RequestContext, { account, jobId, taskIds, at }: AddedTasks): (refused: readonly string[]) => void {
    const own = new Set<string>();
    for (const taskId of taskIds) {
      const name = nameOf(account.number, jobId, taskId);
      // The first one has the id.
      if (this.#added.has(name)) continue;
      if (this.#size >= MOST_TASKS) {
        this.#lost();
        continue;
      }
      this.#size += 1;
      own.add(name);
      const attributes = { 'linarite.account': account.name, 'linarite.job.id': jobId, 'linarite.task.id': taskId };
      this.#added.set(name, { context, spanId: newSpanId(), addedAt: at, attributes, since: at, offeredAt: null, preparingAt: null, runningAt: null, end: null });
    }
    return (refused) => {
      for (const taskId of refused) {
        const name = nameOf(account.number, jobId, taskId);
        if (own.has(name) && this.#added.delete(name)) this.#size -= 1;
      }
    };
  }

  hear(account: AccountNumber, news: CommitNews): void {
    if (news.kind !== 'tick' || this.#size === 0) return;
    for (const { kind, ...transition } of news.transitions) {
      if (kind === 'task.created' && 'task' in transition) this.#created(account, transition);
    }
    for (const { job, task } of [...(news.decisions.offered ?? []), ...news.decisions.tasks.filter(({ state }) => state === 'offered')]) {
      const trace = this.#find(account, job, task);
      if (trace !== undefined) trace.offeredAt ??= news.at;
    }
    for (const end of news.ends?.() ?? []) {
      const trace = end.key.instance === 0 ? this.#find(account, end.key.job, end.key.task) : undefined;
      if (trace !== undefined) trace.end = end;
    }
    for (const transition of news.transitions) {
      if (!('task' in transition)) continue;
      const trace = this.#find(account, transition.job, transition.task);
      if (trace !== undefined) this.#follow(account, trace, transition, news.at);
    }
    for (const job of news.decisions.gone.jobs) this.#forgetJob(account, job);
  }

  #created(account: AccountNumber, { job, jobId, task, taskId }: Pick<TaskTransition, 'job' | 'jobId' | 'task' | 'taskId'>): void {
    if (jobId === null || taskId === null) return;
    const name = nameOf(account, jobId, taskId);
    const trace = this.#added.get(name);
    if (trace === undefined) return;
    this.#added.delete(name);
    const jobs = this.#known.get(account) ?? new Map<JobNumber, Map<TaskNumber, TaskTrace>>();
    const tasks = jobs.get(job) ?? new Map<TaskNumber, TaskTrace>();
    this.#known.set(account, jobs.set(job, tasks.set(task, trace)));
  }

  #find(account: AccountNumber, job: JobNumber, task: TaskNumber): TaskTrace | undefined {
    return this.#known.get(account)?.get(job)?.get(task);
  }

  #follow(account: AccountNumber, trace: TaskTrace, transition: TaskTransition, committedAt: number): void {
    const { kind, at } = transition;
    switch (kind) {
      case 'task.created':
        return;
      case 'task.preparing':
        this.#waited(trace, at);
        trace.preparingAt = at;
        return;
      case 'task.running':
        if (trace.preparingAt === null) this.#waited(trace, at);
        else this.#part(trace, 'preparation', trace.preparingAt, at);
        trace.runningAt = transition.startedAt ?? at;
        return;
      case 'task.requeued':
      case 'task.reactivated':
        this.#ran(trace, transition);
        Object.assign(trace, { since: at, offeredAt: null, preparingAt: null, runningAt: null, end: null });
        return;
      case 'task.succeeded':
      case 'task.failed':
        this.#ran(trace, transition);
        if (transition.endedAt !== undefined) this.#part(trace, 'commit', transition.endedAt, committedAt);
        this.#over(account, trace, transition, committedAt);
        return;
      case 'task.deleted':
        this.#over(account, trace, transition, committedAt);
    }
  }

  #waited(trace: TaskTrace, until: number): void {
    // An offer is written when its commit is done, which may be after the node's word.
    const offeredAt = Math.min(trace.offeredAt ?? until, until);
    this.#part(trace, 'queue', trace.since, offeredAt);
    if (trace.offeredAt !== null) this.#part(trace, 'offer', offeredAt, until);
  }

  #ran(trace: TaskTrace, { kind, at, cause, attempt, nodeId, poolId, startedAt, endedAt, exitCode, failure }: TaskTransition): void {
    const begunAt = startedAt ?? trace.runningAt;
    // It ended before it began.
    if (begunAt === null) return;
    // Whoever was quick has its start and its end in one tick.
    if (trace.runningAt === null && trace.preparingAt === null) this.#waited(trace, begunAt);
    const overAt = endedAt ?? trace.end?.endedAt ?? at;
    const attributes = { 'linarite.attempt': attempt, 'linarite.node.id': nodeId, 'linarite.pool.id': poolId, 'linarite.cause': cause, 'process.exit.code': exitCode };
    const spanId = this.#part(trace, 'run', begunAt, overAt, attributes, kind === 'task.failed' ? (failure?.code ?? `exit code ${exitCode}`) : null);
    const { steps } = trace.end?.outcome ?? {};
    if (steps === undefined) return;
    if (steps.beforeMs > 0) this.#part(trace, 'fetch', begunAt, begunAt + steps.beforeMs, {}, null, spanId);
    if (steps.afterMs > 0) this.#part(trace, 'upload', overAt - steps.afterMs, overAt, {}, null, spanId);
  }

  #over(account: AccountNumber, trace: TaskTrace, { kind, job, task, exitCode, failure, retryCount }: TaskTransition, at: number): void {
    const { context, spanId, addedAt, attributes } = trace;
    const error = kind === 'task.failed' ? (failure?.code ?? `exit code ${exitCode}`) : null;
    this.#emit({ ...context, spanId, parentSpanId: context.spanId, name: 'task', kind: 'internal', startMs: addedAt, endMs: at, attributes: { ...attributes, 'linarite.end': kind, 'linarite.retries': retryCount, 'process.exit.code': exitCode }, error });
    const jobs = this.#known.get(account);
    const tasks = jobs?.get(job);
    if (tasks?.delete(task) !== true) return;
    this.#size -= 1;
    if (tasks.size === 0) jobs?.delete(job);
  }

  #part({ context, spanId: parentSpanId, attributes }: TaskTrace, name: string, startMs: number, endMs: number, more: Attributes = {}, error: string | null = null, within = parentSpanId): string {
    const spanId = newSpanId();
    this.#emit({ traceId: context.traceId, traceState: context.traceState, spanId, parentSpanId: within, name, kind: 'internal', startMs, endMs, attributes: { ...attributes, ...more }, error });
    return spanId;
  }

  #forgetJob(account: AccountNumber, job: JobNumber): void {
    const jobs = this.#known.get(account);
    this.#size -= jobs?.get(job)?.size ?? 0;
    jobs?.delete(job);
  }
}

function nameOf(account: AccountNumber, jobId: string, taskId: string): string {
  return `${account}/${idKey(jobId)}/${idKey(taskId)}`;
}
