import type { NodeStatus, RecentTask, StartTaskStatus } from '../../../core/status.ts';
import type { TaskLabel } from '../../../store/intents/tasks.ts';
import type { NodeRow } from '../../../store/intents/nodes.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Node, NodeTaskInfo, StartTaskInfo } from '../../../wire/types.generated.ts';
import { storedPool } from '../pool/view.ts';

/** As the owner wrote it. */
export function storedNode(row: NodeRow): NodeStatus {
  return JSON.parse(row.status) as NodeStatus;
}

/** Addresses before an agent has told its own: the node is on the machine or network of the service. */
const UNKNOWN_ADDRESS = '0.0.0.0';

export interface NodeContext {
  readonly baseUrl: string;
  readonly pool: PoolWithStatus;
  readonly spec: PoolWithDefaults;
  /** By `job.task`. */
  readonly labels: ReadonlyMap<string, TaskLabel>;
}

export function nodeContext(baseUrl: string, pool: PoolWithStatus, labels: ReadonlyMap<string, TaskLabel>): NodeContext {
  return {
    baseUrl,
    pool,
    spec: storedPool(pool),
    labels,
  };
}

/**
 * The node as clients read it (recorded 2022-01-01.15.0: boot time, agent and certificates appear once it has come up).
 */
export function wireNode(status: NodeStatus, { baseUrl, pool, spec, labels }: NodeContext): Node {
  const image = spec.virtualMachineConfiguration?.imageReference;
  const up = status.bootedAt !== null;
  return {
    id: status.id,
    url: `${baseUrl}/pools/${pool.id}/nodes/${status.id}`,
    state: status.state,
    schedulingState: status.scheduling,
    stateTransitionTime: formatTimestamp(status.since),
    lastBootTime: time(status.bootedAt),
    allocationTime: formatTimestamp(status.allocatedAt),
    ipAddress: status.agent?.ipAddress ?? UNKNOWN_ADDRESS,
    affinityId: `TVM:${status.id}`,
    vmSize: spec.vmSize,
    totalTasksRun: status.totalTasksRun,
    totalTasksSucceeded: status.totalTasksSucceeded,
    runningTasksCount: status.runningTasks,
    runningTaskSlotsCount: status.runningSlots,
    recentTasks: recentTasks(status.recentTasks, baseUrl, labels),
    startTask: spec.startTask,
    startTaskInfo: status.startTask === null ? undefined : startTaskInfo(status.startTask),
    certificateReferences: up ? [] : undefined,
    errors: status.errors.length === 0 ? undefined : status.errors.map(({ code, message, values }) => ({ code, message, errorDetails: values })),
    isDedicated: status.dedicated,
    nodeAgentInfo: status.agent === null ? undefined : { version: status.agent.version, lastUpdateTime: formatTimestamp(status.agent.updatedAt) },
    // Recorded: empty on nodes of a cloud service.
    virtualMachineInfo: image === undefined ? {} : { imageReference: image },
  };
}

function time(at: number | null): string | undefined {
  return (at === null ? undefined : formatTimestamp(at));
}

function startTaskInfo(status: StartTaskStatus): StartTaskInfo {
  return {
    state: status.state,
    startTime: formatTimestamp(status.startedAt),
    endTime: time(status.endedAt),
    exitCode: status.exitCode ?? undefined,
    failureInfo: status.failure ?? undefined,
    retryCount: status.retryCount,
    lastRetryTime: time(status.lastRetryAt),
    result: status.result ?? undefined,
  };
}

/** Tasks that have been deleted since are left out: nothing is known of them any more but a number. */
function recentTasks(recent: readonly RecentTask[], baseUrl: string, labels: ReadonlyMap<string, TaskLabel>): readonly NodeTaskInfo[] | undefined {
  const known = recent.flatMap((task) => {
    const label = labels.get(`${task.job}.${task.task}`);
    return label === undefined ? [] : [recentTask(task, label, baseUrl)];
  });
  return known.length === 0 ? undefined : known;
}

function recentTask(task: RecentTask, { jobId, taskId }: TaskLabel, baseUrl: string): NodeTaskInfo {
  return {
    taskUrl: `${baseUrl}/jobs/${jobId}/tasks/${taskId}`,
    jobId,
    taskId,
    taskState: task.state,
    executionInfo: {
      startTime: formatTimestamp(task.startedAt),
      endTime: time(task.endedAt),
      exitCode: task.exitCode ?? undefined,
      failureInfo: task.failure ?? undefined,
      result: task.result ?? undefined,
      retryCount: 0,
      requeueCount: 0,
    },
  };
}

