import { ENUMS } from '../../wire/shapes/enums.ts';

/** A resource as the service answers it. */
export type Item = Readonly<Record<string, unknown>>;

export type NounName = 'pool' | 'node' | 'job' | 'task' | 'schedule';

/** A column of the table that `list` prints. */
export interface Column {
  readonly heading: string;
  readonly value: (item: Item, now: number) => string;
}

/** A kind of resource that commands list, show and act on. */
export interface Noun {
  readonly name: NounName;
  readonly plural: string;
  /** What it belongs to; null: the account itself. */
  readonly parent: 'pool' | 'job' | null;
  /** Its list, below its parent. */
  readonly collection: string;
  /** As the service spells them; the first of `--state` are asked of it. */
  readonly states: readonly string[];
  /** OData that gives those in trouble; null: only what a test on each says. */
  readonly failedFilter: string | null;
  readonly isFailed: (item: Item) => boolean;
  /** What the table needs; nothing else is asked for. */
  readonly select: string;
  readonly columns: readonly Column[];
}

export const NOUNS: Readonly<Record<NounName, Noun>> = {
  pool: {
    name: 'pool',
    plural: 'pools',
    parent: null,
    collection: '/pools',
    states: ENUMS.PoolState,
    failedFilter: null,
    isFailed: (pool) => listAt(pool, 'resizeErrors').length > 0 || at(pool, 'autoScaleRun.error') !== undefined,
    select: 'id,state,allocationState,vmSize,taskSlotsPerNode,currentDedicatedNodes,targetDedicatedNodes,currentLowPriorityNodes,targetLowPriorityNodes,enableAutoScale,resizeErrors,autoScaleRun,creationTime',
    columns: [
      { heading: 'pool', value: (pool) => text(pool, 'id') },
      { heading: 'state', value: (pool) => (text(pool, 'state') === 'active' ? text(pool, 'allocationState') : text(pool, 'state')) },
      { heading: 'dedicated', value: (pool) => ofTarget(pool, 'currentDedicatedNodes', 'targetDedicatedNodes') },
      { heading: 'low', value: (pool) => ofTarget(pool, 'currentLowPriorityNodes', 'targetLowPriorityNodes') },
      { heading: 'scaled by', value: (pool) => (at(pool, 'enableAutoScale') === true ? 'formula' : 'hand') },
      { heading: 'size', value: (pool) => text(pool, 'vmSize') },
      { heading: 'slots', value: (pool) => text(pool, 'taskSlotsPerNode') },
      { heading: 'age', value: (pool, now) => age(pool, 'creationTime', now) },
    ],
  },
  node: {
    name: 'node',
    plural: 'nodes',
    parent: 'pool',
    collection: '/nodes',
    states: ENUMS.NodeState,
    failedFilter: "state eq 'unusable' or state eq 'starttaskfailed' or state eq 'unknown'",
    isFailed: (node) => ['unusable', 'starttaskfailed', 'unknown'].includes(text(node, 'state')),
    select: 'id,state,schedulingState,isDedicated,runningTasksCount,runningTaskSlotsCount,totalTasksRun,ipAddress,allocationTime',
    columns: [
      { heading: 'node', value: (node) => text(node, 'id') },
      { heading: 'state', value: (node) => (text(node, 'schedulingState') === 'disabled' ? `${text(node, 'state')}, no tasks` : text(node, 'state')) },
      { heading: 'kind', value: (node) => (at(node, 'isDedicated') === false ? 'low' : 'dedicated') },
      { heading: 'running', value: (node) => text(node, 'runningTasksCount') },
      { heading: 'ran', value: (node) => text(node, 'totalTasksRun') },
      { heading: 'address', value: (node) => text(node, 'ipAddress') },
      { heading: 'age', value: (node, now) => age(node, 'allocationTime', now) },
    ],
  },
  job: {
    name: 'job',
    plural: 'jobs',
    parent: null,
    collection: '/jobs',
    states: ENUMS.JobState,
    failedFilter: null,
    isFailed: (job) => text(job, 'executionInfo.terminateReason') === 'TaskFailed' || at(job, 'executionInfo.schedulingError') !== undefined,
    select: 'id,state,priority,poolInfo,executionInfo,creationTime',
    columns: [
      { heading: 'job', value: (job) => text(job, 'id') },
      { heading: 'state', value: (job) => text(job, 'state') },
      { heading: 'pool', value: (job) => text(job, 'executionInfo.poolId') || text(job, 'poolInfo.poolId') },
      { heading: 'priority', value: (job) => text(job, 'priority') },
      { heading: 'ended by', value: (job) => text(job, 'executionInfo.terminateReason') },
      { heading: 'age', value: (job, now) => age(job, 'creationTime', now) },
    ],
  },
  task: {
    name: 'task',
    plural: 'tasks',
    parent: 'job',
    collection: '/tasks',
    states: ENUMS.TaskState,
    failedFilter: "executionInfo/result eq 'failure'",
    isFailed: (task) => text(task, 'executionInfo.result') === 'failure',
    select: 'id,state,executionInfo,nodeInfo,commandLine,creationTime',
    columns: [
      { heading: 'task', value: (task) => text(task, 'id') },
      { heading: 'state', value: (task) => (text(task, 'executionInfo.result') === 'failure' ? 'failed' : text(task, 'state')) },
      { heading: 'exit', value: (task) => text(task, 'executionInfo.exitCode') },
      { heading: 'retries', value: (task) => text(task, 'executionInfo.retryCount') },
      { heading: 'node', value: (task) => middleCut(text(task, 'nodeInfo.nodeId'), 20) },
      { heading: 'ran', value: ran },
      { heading: 'command', value: (task) => short(text(task, 'commandLine'), 60) },
    ],
  },
  schedule: {
    name: 'schedule',
    plural: 'schedules',
    parent: null,
    collection: '/jobschedules',
    states: ENUMS.JobScheduleState,
    failedFilter: null,
    isFailed: () => false,
    select: 'id,state,executionInfo,schedule,creationTime',
    columns: [
      { heading: 'schedule', value: (schedule) => text(schedule, 'id') },
      { heading: 'state', value: (schedule) => text(schedule, 'state') },
      { heading: 'every', value: (schedule) => text(schedule, 'schedule.recurrenceInterval') },
      { heading: 'last job', value: (schedule) => text(schedule, 'executionInfo.recentJob.id') },
      { heading: 'next run', value: (schedule) => text(schedule, 'executionInfo.nextRunTime') },
      { heading: 'age', value: (schedule, now) => age(schedule, 'creationTime', now) },
    ],
  },
};

/** What stands at `a.b.c` of an item; undefined: nothing. */
export function at(item: Item, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined), item);
}

/** As `at`, in words; empty: nothing. */
export function text(item: Item, path: string): string {
  const value = at(item, path);
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function listAt(item: Item, path: string): readonly unknown[] {
  const value = at(item, path);
  return Array.isArray(value) ? value : [];
}

/** `3`, or `1 of 3` on the way. */
function ofTarget(pool: Item, current: string, target: string): string {
  const [now, wanted] = [text(pool, current) || '0', text(pool, target)];
  return wanted === '' || wanted === now ? now : `${now} of ${wanted}`;
}

function ran(task: Item, now: number): string {
  const [begin, end] = [Date.parse(text(task, 'executionInfo.startTime')), Date.parse(text(task, 'executionInfo.endTime'))];
  return Number.isNaN(begin) ? '' : duration((Number.isNaN(end) ? now : end) - begin);
}

function age(item: Item, path: string, now: number): string {
  const since = Date.parse(text(item, path));
  return Number.isNaN(since) ? '' : duration(now - since);
}

/** `0.4 s`, `38 s`, `4 min`, `3 h`, `12 d`: one unit, cut. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** `tvmps_0e44…f66ff4_d`: its two ends tell ids apart. */
function middleCut(id: string, most: number): string {
  const half = Math.floor(most / 2);
  return id.length <= most ? id : `${id.slice(0, half)}…${id.slice(half + 1 - most)}`;
}

function short(line: string, most: number): string {
  const oneLine = line.replaceAll(/\s+/g, ' ');
  return oneLine.length <= most ? oneLine : `${oneLine.slice(0, most - 1)}…`;
}
