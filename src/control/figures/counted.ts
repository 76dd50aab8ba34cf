import { Histogram } from '../../base/histogram.ts';
import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskStatus } from '../../core/status.ts';
import type { CommitNews, Counted } from '../../ports.ts';

const TURN_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const COMMIT_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
/** Milliseconds to days. */
const TASK_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 604_800];

/** What a turn of an owner was. */
export interface TurnFigures {
  readonly ticks: number;
  readonly events: number;
  readonly ms: number;
}

/** What the owners of a process do, counted over all accounts while they do it: a few additions each time. */
export class Counting implements Counted {
  ticks = 0;
  events = 0;
  readonly turnSeconds = new Histogram(TURN_BOUNDS);
  readonly commitSeconds = new Histogram(COMMIT_BOUNDS);
  readonly waitSeconds = new Histogram(TASK_BOUNDS);
  readonly runSeconds = { success: new Histogram(TASK_BOUNDS), failure: new Histogram(TASK_BOUNDS) };
  readonly turnaroundSeconds = { success: new Histogram(TASK_BOUNDS), failure: new Histogram(TASK_BOUNDS) };

  turn({ ticks, events, ms }: TurnFigures): void {
    if (ticks === 0) return;
    this.ticks += ticks;
    this.events += events;
    this.turnSeconds.observe(ms / 1_000);
  }

  commit(ms: number): void {
    this.commitSeconds.observe(ms / 1_000);
  }

  /** Hears what one account commits. */
  ofAccount(): (news: CommitNews) => void {
    return hearing(this);
  }
}

/** When tasks under way became active, which their later rows do not say: by job and task. */
type Begun = Map<JobNumber, Map<TaskNumber, number>>;

function hearing(counting: Counting): (news: CommitNews) => void {
  const begun: Begun = new Map();
  return (news) => {
    // What had begun in the epoch before is not known to have ended in it or not.
    if (news.kind === 'loaded') return begun.clear();
    for (const row of news.decisions.tasks) hear(counting, begun, row);
    for (const { job, task } of news.decisions.gone.tasks) begun.get(job)?.delete(task);
    for (const { job, state } of news.decisions.jobs) if (state === 'completed') begun.delete(job);
    for (const job of news.decisions.gone.jobs) begun.delete(job);
  };
}

function hear(counting: Counting, begun: Begun, { job, task, state, since, previousState, previousSince, startedAt, endedAt, result }: TaskStatus): void {
  const ofJob = begun.get(job);
  switch (state) {
    case 'offered':
      return;
    case 'active':
      ofJob?.delete(task);
      return;
    case 'preparing':
    case 'starting':
    case 'running':
      // The same try may be told of several times.
      if (previousState !== 'active' || previousSince === null || ofJob?.has(task) === true) return;
      counting.waitSeconds.observe((since - previousSince) / 1_000);
      if (ofJob === undefined) begun.set(job, new Map([[task, previousSince]]));
      else ofJob.set(task, previousSince);
      return;
    case 'completed': {
      const activeAt = ofJob?.get(task);
      ofJob?.delete(task);
      if (result === null || endedAt === null) return;
      if (startedAt !== null) counting.runSeconds[result].observe((endedAt - startedAt) / 1_000);
      if (activeAt !== undefined) counting.turnaroundSeconds[result].observe((endedAt - activeAt) / 1_000);
    }
  }
}
