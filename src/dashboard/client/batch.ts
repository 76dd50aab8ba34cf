/** The data plane as the page reads it: of each shape only what is shown. */
import type { Counts } from '../charts/counts.ts';
import { ask, pathOf } from './request.ts';

export interface Page<Row> {
  readonly value: readonly Row[];
  readonly 'odata.nextLink'?: string;
}

interface NameValue {
  readonly name: string;
  readonly value?: string;
}

export interface Pool {
  readonly id: string;
  readonly displayName?: string;
  readonly state: string;
  readonly allocationState: string;
  readonly allocationStateTransitionTime?: string;
  readonly creationTime: string;
  readonly vmSize: string;
  readonly taskSlotsPerNode?: number;
  readonly currentDedicatedNodes?: number;
  readonly currentLowPriorityNodes?: number;
  readonly targetDedicatedNodes?: number;
  readonly targetLowPriorityNodes?: number;
  readonly enableAutoScale?: boolean;
  readonly autoScaleFormula?: string;
  readonly autoScaleEvaluationInterval?: string;
  readonly autoScaleRun?: AutoScaleRun;
  readonly resizeErrors?: readonly { readonly code: string; readonly message: string; readonly values?: readonly NameValue[] }[];
  readonly taskSchedulingPolicy?: { readonly nodeFillType: string };
  readonly startTask?: { readonly commandLine: string };
}

export interface AutoScaleRun {
  readonly timestamp: string;
  readonly results?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly values?: readonly NameValue[] };
}

interface Failure {
  readonly category?: string;
  readonly code: string;
  readonly message?: string;
  readonly details?: readonly NameValue[];
}

export interface Node {
  readonly id: string;
  readonly state: string;
  readonly schedulingState?: string;
  readonly stateTransitionTime?: string;
  readonly lastBootTime?: string;
  readonly allocationTime?: string;
  readonly ipAddress?: string;
  readonly vmSize?: string;
  readonly totalTasksRun?: number;
  readonly runningTasksCount?: number;
  readonly runningTaskSlotsCount?: number;
  readonly totalTasksSucceeded?: number;
  readonly isDedicated?: boolean;
  readonly recentTasks?: readonly { readonly jobId?: string; readonly taskId?: string; readonly taskState: string; readonly executionInfo?: Execution }[];
  readonly startTaskInfo?: { readonly state: string; readonly startTime: string; readonly endTime?: string; readonly exitCode?: number; readonly retryCount: number; readonly failureInfo?: Failure };
  readonly errors?: readonly { readonly code?: string; readonly message?: string }[];
}

export interface Execution {
  readonly startTime?: string;
  readonly endTime?: string;
  readonly exitCode?: number;
  readonly result?: string;
  readonly failureInfo?: Failure;
  readonly retryCount?: number;
  readonly requeueCount?: number;
}

export interface Job {
  readonly id: string;
  readonly displayName?: string;
  readonly state: string;
  readonly priority?: number;
  readonly creationTime: string;
  readonly stateTransitionTime?: string;
  readonly poolInfo?: { readonly poolId?: string };
  readonly executionInfo?: { readonly startTime?: string; readonly endTime?: string; readonly poolId?: string; readonly terminateReason?: string; readonly schedulingError?: Failure };
  readonly onAllTasksComplete?: string;
  readonly usesTaskDependencies?: boolean;
  readonly jobPreparationTask?: object;
  readonly jobReleaseTask?: object;
}

export interface TaskCounts {
  readonly taskCounts: Counts;
  readonly taskSlotCounts: Counts;
}

export interface Task {
  readonly id: string;
  readonly displayName?: string;
  readonly state: string;
  readonly stateTransitionTime?: string;
  readonly creationTime: string;
  readonly commandLine: string;
  readonly requiredSlots?: number;
  readonly environmentSettings?: readonly NameValue[];
  readonly resourceFiles?: readonly object[];
  readonly outputFiles?: readonly object[];
  readonly containerSettings?: { readonly imageName: string };
  readonly constraints?: { readonly maxWallClockTime?: string; readonly retentionTime?: string; readonly maxTaskRetryCount?: number };
  readonly dependsOn?: { readonly taskIds?: readonly string[]; readonly taskIdRanges?: readonly { readonly start: number; readonly end: number }[] };
  readonly executionInfo?: Execution;
  readonly nodeInfo?: { readonly poolId?: string; readonly nodeId?: string; readonly taskRootDirectory?: string };
}

export interface FileRow {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly properties?: { readonly contentLength: string | number; readonly lastModified: string };
}

export interface Schedule {
  readonly id: string;
  readonly state: string;
  readonly creationTime: string;
  readonly schedule?: { readonly recurrenceInterval?: string; readonly startWindow?: string; readonly doNotRunUntil?: string; readonly doNotRunAfter?: string };
  readonly executionInfo?: { readonly nextRunTime?: string; readonly recentJob?: { readonly id: string }; readonly endTime?: string };
}

const POOL_COLUMNS = 'id,displayName,state,allocationState,allocationStateTransitionTime,creationTime,vmSize,taskSlotsPerNode,currentDedicatedNodes,currentLowPriorityNodes,targetDedicatedNodes,targetLowPriorityNodes,enableAutoScale,resizeErrors';
const JOB_COLUMNS = 'id,displayName,state,priority,creationTime,stateTransitionTime,poolInfo,executionInfo';
const PAGE = 100;

export function listPools(signal: AbortSignal): Promise<Page<Pool>> {
  return ask('/pools', { query: { $select: POOL_COLUMNS, maxresults: PAGE }, signal });
}

export function listJobs({ state, signal }: { readonly state?: string | undefined; readonly signal: AbortSignal }): Promise<Page<Job>> {
  return ask('/jobs', { query: { $select: JOB_COLUMNS, maxresults: PAGE, ...(state === undefined ? {} : { $filter: `state eq '${state}'` }) }, signal });
}

/** As many as a list gives at once, and how many such pages a search looks at. */
const SEARCH_PAGE = 1_000;
const SEARCH_PAGES = 20;

/** Ids of a list that hold the text, in any case; those that begin with it are found wherever they stand. */
export async function idsOf(list: string, text: string, { most, signal }: { readonly most: number; readonly signal: AbortSignal }): Promise<readonly string[]> {
  const found = new Set<string>();
  const first = await ask<Page<{ readonly id: string }>>(list, { query: { $select: 'id', maxresults: most, $filter: `startswith(id,'${text.replaceAll("'", "''")}')` }, signal });
  for (const { id } of first.value) found.add(id);
  let page = await ask<Page<{ readonly id: string }>>(list, { query: { $select: 'id', maxresults: SEARCH_PAGE }, signal });
  for (let looked = 1; ; looked += 1) {
    for (const { id } of page.value) if (id.toLowerCase().includes(text.toLowerCase())) found.add(id);
    const next = page['odata.nextLink'];
    if (found.size >= most || looked === SEARCH_PAGES || next === undefined) return [...found].slice(0, most);
    page = await nextPage(next, signal);
  }
}

/** Jobs on a pool, also those whose pool was made for them. */
export function listJobsOf(pool: string, { state, signal }: { readonly state?: string; readonly signal: AbortSignal }): Promise<Page<Job>> {
  const name = `'${pool.replaceAll("'", "''")}'`;
  const isHere = `(poolInfo/poolId eq ${name} or executionInfo/poolId eq ${name})`;
  return ask('/jobs', { query: { $select: JOB_COLUMNS, maxresults: PAGE, $filter: state === undefined ? isHere : `state eq '${state}' and ${isHere}` }, signal });
}

/** A further page, where an answer names one. */
export function nextPage<Row>(link: string, signal?: AbortSignal): Promise<Page<Row>> {
  const { pathname, search } = new URL(link, location.origin);
  return ask(`${pathname}${search}`, signal === undefined ? {} : { signal });
}

export function taskCounts(jobId: string, signal: AbortSignal): Promise<TaskCounts> {
  return ask(`${pathOf('jobs', jobId)}/taskcounts`, { signal });
}

interface NodeCount {
  readonly poolId: string;
  readonly dedicated: Readonly<Record<string, number>>;
  readonly lowPriority: Readonly<Record<string, number>>;
}

export function nodeCounts(signal: AbortSignal): Promise<Page<NodeCount>> {
  return ask('/nodecounts', { signal });
}
