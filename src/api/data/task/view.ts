import { idKey } from '../../../core/keys.ts';
import type { ContainerInfo, FailureInfo } from '../../../core/status.ts';
import { taskState, type StateView, type WireTaskState } from '../../../core/wireState.ts';
import { taskDirectory } from '../../../ports.ts';
import type { TaskNodeName } from '../../../store/intents/nodes.ts';
import type { SubtaskRow } from '../../../store/intents/subtasks.ts';
import type { TaskLine, TaskWithStatus } from '../../../store/intents/tasks.ts';
import { DEFAULT_RETENTION_MS, type TaskRules } from '../../../store/rules.ts';
import { withConstraintDefaults } from '../../../wire/defaults.ts';
import type { Subtask, Task, TaskAdd, TaskConstraints, TaskExecutionInfo, TaskNodeInfo } from '../../../wire/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { etag } from '../../answer.ts';
import { durationMs } from '../durationMs.ts';

/**
 * The specification as the handlers stored it: it was read through the shape table then, so its type is known. Defaults
 * are filled in, but for the retry count of a task that gave none: that is its job's.
 */
export type StoredTask = TaskAdd & { readonly constraints: TaskConstraints };
export function storedTask(row: { readonly spec: string }): StoredTask {
  return JSON.parse(row.spec) as StoredTask;
}

/** Defaults are filled in, but for the retry count: where a task gives none, its job's counts. */
export function storedConstraints(constraints: TaskConstraints | undefined): TaskConstraints {
  const { maxTaskRetryCount, ...rest } = withConstraintDefaults(constraints, { constraints: undefined });
  return constraints?.maxTaskRetryCount === undefined ? rest : { ...rest, maxTaskRetryCount };
}

export function viewOfTask(row: TaskWithStatus | TaskLine): StateView<WireTaskState> {
  if (row.state === null) return taskState(row, null);
  const { state, since, previousState, previousSince, seenReactivateSequence: reactivateSequence } = row;
  return taskState(row, { state, since, previousState, previousSince, reactivateSequence });
}

/** What all tasks of a page share. */
export interface TaskContext {
  readonly baseUrl: string;
  readonly jobId: string;
  /** The job's pool: where its tasks run if their node's pool is gone. */
  readonly poolId: string;
  readonly jobRetryCount: number;
  readonly nodes: ReadonlyMap<number, TaskNodeName>;
}

export function wireTask(row: TaskWithStatus, context: TaskContext): Task {
  const spec = storedTask(row);
  const { maxTaskRetryCount = context.jobRetryCount, ...constraints } = spec.constraints;
  const view = viewOfTask(row);
  // Assigned onto the object that was just parsed: spreading it into a new one costs several times as much, and pages
  // have a thousand.
  return Object.assign(spec, taskHead(row, view, context), taskRun(row, view, context), { constraints: { ...constraints, maxTaskRetryCount } });
}

// All of a task that its specification does not say, in two parts: answers have them on both sides of it. No API
// version knows any of it under other names.

export function taskHead(row: TaskWithStatus, view: StateView<WireTaskState>, context: TaskContext) {
  return {
    url: `${context.baseUrl}/jobs/${context.jobId}/tasks/${row.id}`,
    eTag: etag(row.modifiedAt),
    creationTime: formatTimestamp(row.createdAt),
    lastModified: formatTimestamp(row.modifiedAt),
    state: view.state,
    stateTransitionTime: formatTimestamp(view.since),
    previousState: view.previousState ?? undefined,
    previousStateTransitionTime: time(view.previousSince),
  };
}

export function taskRun(row: TaskWithStatus, { state }: StateView<WireTaskState>, context: TaskContext) {
  return { executionInfo: executionInfo(row, state), nodeInfo: nodeInfo(row, state, context) };
}

/** A task that waits for another try shows none of the last one's times (recorded: active tasks carry counts alone). */
function executionInfo(row: TaskWithStatus, state: WireTaskState): TaskExecutionInfo {
  const began = state !== 'active';
  const ended = state === 'completed';
  return {
    startTime: began ? time(row.startedAt) : undefined,
    endTime: ended ? time(row.endedAt) : undefined,
    exitCode: ended ? (row.exitCode ?? undefined) : undefined,
    containerInfo: ended && row.container !== null ? (JSON.parse(row.container) as ContainerInfo) : undefined,
    failureInfo: ended && row.failure !== null ? (JSON.parse(row.failure) as FailureInfo) : undefined,
    result: ended ? (row.result ?? undefined) : undefined,
    retryCount: row.retryCount ?? 0,
    lastRetryTime: time(row.lastRetryAt),
    requeueCount: row.requeueCount ?? 0,
    lastRequeueTime: time(row.lastRequeueAt),
  };
}

function time(at: number | null): string | undefined {
  return (at === null ? undefined : formatTimestamp(at));
}

/** Offers do not count: nothing has been started there. */
function nodeInfo(row: TaskWithStatus, state: WireTaskState, context: TaskContext): TaskNodeInfo | undefined {
  return row.node === null || state === 'active' ? undefined : placeOf(row.node, row.id, context);
}

/** undefined: nothing is known of the node any more. */
function placeOf(number: number, taskId: string, context: TaskContext): TaskNodeInfo | undefined {
  const node = context.nodes.get(number);
  if (node === undefined) return undefined;
  const poolId = node.poolId ?? context.poolId;
  const nodeUrl = `${context.baseUrl}/pools/${poolId}/nodes/${node.id}`;
  const directory = taskDirectory(context.jobId, taskId);
  return {
    affinityId: `TVM:${node.id}`,
    nodeUrl,
    poolId,
    nodeId: node.id,
    taskRootDirectory: directory,
    taskRootDirectoryUrl: `${nodeUrl}/files/${directory}`,
  };
}

/** An instance of a multi-instance task beside its primary; null: nothing of it has begun. */
export function wireSubtask(row: SubtaskRow, taskId: string, context: TaskContext): Subtask | null {
  if (row.state === 'offered' || (row.state === 'completed' && row.startedAt === null)) return null;
  return {
    id: row.instance,
    nodeInfo: placeOf(row.node, taskId, context),
    startTime: time(row.startedAt),
    endTime: time(row.endedAt),
    exitCode: row.exitCode ?? undefined,
    failureInfo: row.failure === null ? undefined : (JSON.parse(row.failure) as FailureInfo),
    state: row.state,
    stateTransitionTime: formatTimestamp(row.since),
    previousState: row.previousState ?? undefined,
    previousStateTransitionTime: time(row.previousSince),
    result: row.result ?? undefined,
  };
}

/** The part of a task's specification that the rules need; null: it has only defaults. */
export function taskRules(spec: StoredTask): TaskRules | null {
  const { maxTaskRetryCount } = spec.constraints;
  const affinity = spec.affinityInfo?.affinityId;
  const { dependsOn, exitConditions, multiInstanceSettings } = spec;
  const retentionMs = durationMs(spec.constraints.retentionTime, DEFAULT_RETENTION_MS);
  const retained = retentionMs === DEFAULT_RETENTION_MS ? {} : { retentionMs };
  const rules: TaskRules = {
    ...retained,
    ...(maxTaskRetryCount === undefined ? {} : { maxTaskRetryCount }),
    ...(multiInstanceSettings === undefined ? {} : { instances: multiInstanceSettings.numberOfInstances ?? 1 }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(dependsOn === undefined ? {} : { dependsOn: { ids: (dependsOn.taskIds ?? []).map(idKey), ranges: dependsOn.taskIdRanges ?? [] } }),
    ...(exitConditions === undefined ? {} : { exitConditions: withoutUndefined(exitConditions) }),
  };
  return Object.keys(rules).length === 0 ? null : rules;
}

/** The stored form went through JSON, so what is undefined is absent; the two types differ in that alone. */
function withoutUndefined(conditions: NonNullable<TaskAdd['exitConditions']>): NonNullable<TaskRules['exitConditions']> {
  return JSON.parse(JSON.stringify(conditions)) as NonNullable<TaskRules['exitConditions']>;
}
