import type { Snapshot } from '../core/events.ts';
import type { JobNumber, NodeNumber, PoolNumber, ScheduleNumber } from '../core/keys.ts';
import type { NodeStatus, TaskStatus } from '../core/status.ts';
import type { QuarantineSubject } from '../store/ownerStore.ts';

/** What an account goes on without. */
export interface LeftOut {
  readonly pools: ReadonlySet<PoolNumber>;
  readonly nodes: ReadonlySet<NodeNumber>;
  readonly jobs: ReadonlySet<JobNumber>;
  readonly schedules: ReadonlySet<ScheduleNumber>;
  /** By `taskInJob`. */
  readonly tasks: ReadonlySet<string>;
}

export function taskInJob(job: JobNumber, task: number): string {
  return `${job}.${task}`;
}

const NOTHING: ReadonlySet<never> = new Set();

/**
 * The account without these: jobs with their tasks, pools with their nodes, nodes with the tasks that are out on them.
 * Such a task is neither lost nor free to run again, since its agent may go on with it. Returns also the nodes that
 * were left out.
 */
export function leaveOut(snapshot: Snapshot, { pools, nodes: alone, jobs, schedules, tasks }: LeftOut): { readonly snapshot: Snapshot; readonly nodes: readonly NodeStatus[] } {
  if (pools.size + alone.size + jobs.size + schedules.size + tasks.size === 0) return { snapshot, nodes: [] };
  const nodes = snapshot.nodes.filter(({ node, pool }) => alone.has(node) || pools.has(pool));
  const numbers = new Set(nodes.map(({ node }) => node));
  const offered = new Set(nodes.flatMap(({ offers }) => offers.map(({ job, task }) => taskInJob(job, task))));
  const instances = new Set((snapshot.subtasks ?? []).flatMap(({ job, task, node, state }) => (state !== 'completed' && numbers.has(node) ? [taskInJob(job, task)] : [])));
  const isOut = (job: JobNumber, task: number, status: TaskStatus | null): boolean => tasks.has(taskInJob(job, task)) || instances.has(taskInJob(job, task)) || offered.has(taskInJob(job, task)) || isOn(numbers, status);
  return {
    nodes,
    snapshot: {
      ...snapshot,
      pools: snapshot.pools.filter(({ intent }) => !pools.has(intent.pool)),
      nodes: snapshot.nodes.filter(({ node }) => !numbers.has(node)),
      nodeIntents: (snapshot.nodeIntents ?? []).filter(({ node }) => !numbers.has(node)),
      jobs: snapshot.jobs.filter(({ intent }) => !jobs.has(intent.job)),
      schedules: (snapshot.schedules ?? []).filter(({ intent }) => !schedules.has(intent.schedule)),
      jobNodes: snapshot.jobNodes.filter(({ job, node }) => !jobs.has(job) && !numbers.has(node)),
      tasks: snapshot.tasks.filter(({ job }) => !jobs.has(job)).map((of) => ({
        job: of.job,
        tasks: of.tasks.filter(({ intent, status }) => !isOut(of.job, intent.task, status)),
        plain: withoutPlain(of.plain, (task) => isOut(of.job, task, null)),
      })),
      ...(snapshot.subtasks === undefined ? null : { subtasks: snapshot.subtasks.filter(({ job, task, node }) => !jobs.has(job) && !numbers.has(node) && !isOut(job, task, null)) }),
      satisfied: snapshot.satisfied.filter(({ job }) => !jobs.has(job)),
    },
  };
}

function isOn(nodes: ReadonlySet<NodeNumber>, status: TaskStatus | null): boolean {
  return status !== null && status.state !== 'active' && status.state !== 'completed' && status.node !== null && nodes.has(status.node);
}

function withoutPlain(plain: Snapshot['tasks'][number]['plain'], isOut: (task: number) => boolean): typeof plain {
  if (!plain.numbers.some(isOut)) return plain;
  const stays = (_: number, index: number): boolean => !isOut(plain.numbers[index] ?? Number.NaN);
  return { ...plain, numbers: plain.numbers.filter(stays), createdAt: plain.createdAt.filter(stays), slots: plain.slots.filter(stays) };
}

/**
 * The pool, job or schedule without which `load` no longer throws, found by halving; null: it throws without any.
 * `load` is asked about three times as often as their number has binary digits, and keeps nothing. To be called when
 * `load(snapshot)` has thrown.
 */
export function poisonOf(snapshot: Snapshot, load: (snapshot: Snapshot) => void): QuarantineSubject | null {
  const pools = snapshot.pools.map(({ intent }) => intent.pool);
  const jobs = snapshot.jobs.map(({ intent }) => intent.job);
  const schedules = (snapshot.schedules ?? []).map(({ intent }) => intent.schedule);
  /** With the first so many of each. */
  const fails = (firstPools: number, firstJobs: number, firstSchedules: number): boolean => {
    const rest = { pools: new Set(pools.slice(firstPools)), nodes: NOTHING, jobs: new Set(jobs.slice(firstJobs)), schedules: new Set(schedules.slice(firstSchedules)), tasks: NOTHING };
    return throws(() => load(leaveOut(snapshot, rest).snapshot));
  };
  if (fails(0, 0, 0)) return null;
  if (fails(pools.length, 0, 0)) {
    const pool = pools[lastOfShortest(pools.length, (first) => fails(first, 0, 0))];
    return pool === undefined ? null : { kind: 'pool', pool };
  }
  if (fails(pools.length, jobs.length, 0)) {
    const job = jobs[lastOfShortest(jobs.length, (first) => fails(pools.length, first, 0))];
    return job === undefined ? null : { kind: 'job', job };
  }
  const schedule = schedules[lastOfShortest(schedules.length, (first) => fails(pools.length, jobs.length, first))];
  return schedule === undefined ? null : { kind: 'schedule', schedule };
}

/** The index of the last item of the shortest beginning that fails; the empty one does not, the whole does. */
function lastOfShortest(length: number, fails: (first: number) => boolean): number {
  let passes = 0;
  let failing = length;
  while (failing - passes > 1) {
    const middle = (passes + failing) >> 1;
    if (fails(middle)) failing = middle;
    else passes = middle;
  }
  return failing - 1;
}

function throws(act: () => void): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}

/** What is loaded of a pool, a schedule or a job, without its tasks. */
export function loadedOf(snapshot: Snapshot, subject: QuarantineSubject): unknown {
  switch (subject.kind) {
    case 'pool':
      return snapshot.pools.find(({ intent }) => intent.pool === subject.pool);
    case 'job':
      return snapshot.jobs.find(({ intent }) => intent.job === subject.job);
    case 'schedule':
      return snapshot.schedules?.find(({ intent }) => intent.schedule === subject.schedule);
    default:
      throw new Error(`a load cannot fail on a ${subject.kind}`);
  }
}
