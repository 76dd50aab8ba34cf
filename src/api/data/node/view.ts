import type { ContainerInfo, FailureInfo, InboundEndpoint, InstalledCertificate, NodeStatus, StartTaskStatus } from '../../../core/status.ts';
import type { SubtaskRow } from '../../../store/intents/subtasks.ts';
import { nodeScheduling, nodeState } from '../../../core/wireState.ts';
import type { NodeRow } from '../../../store/intents/nodes.ts';
import { nodeIntent } from '../../../store/nodeRequest.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import type { TaskLabel } from '../../../store/intents/tasks.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { CertificateReference, Node, NodeTaskInfo, StartTaskInfo } from '../../../wire/types.generated.ts';
import { storedPool } from '../pool/view.ts';

/** Addresses before an agent has told its own: the node is on the machine or network of the service. */
const UNKNOWN_ADDRESS = '0.0.0.0';

export interface NodeContext {
  readonly baseUrl: string;
  readonly pool: PoolWithStatus;
  readonly spec: PoolWithDefaults;
  /** By `job.task`. */
  readonly recent: RecentRows;
}

/** What a node's latest tasks are told from, by `job.task` and by `job.task.instance`. */
interface RecentRows {
  readonly labels: ReadonlyMap<string, TaskLabel>;
  readonly subtasks: ReadonlyMap<string, SubtaskRow>;
}

export function nodeContext(baseUrl: string, pool: PoolWithStatus, recent: RecentRows): NodeContext {
  return {
    baseUrl,
    pool,
    spec: storedPool(pool),
    recent,
  };
}

/**
 * The node as clients read it (recorded 2022-01-01.15.0: boot time, agent and certificates appear once it has come up).
 */
export function wireNode(row: NodeRow, { baseUrl, pool, spec, recent }: NodeContext): Node {
  const status = nodeStatus(row);
  const intent = nodeIntent(row);
  const { state, since } = nodeState(intent, status);
  const image = spec.virtualMachineConfiguration?.imageReference;
  const up = status.bootedAt !== null;
  return {
    id: status.id,
    url: `${baseUrl}/pools/${pool.id}/nodes/${status.id}`,
    state,
    schedulingState: nodeScheduling(intent, status),
    stateTransitionTime: formatTimestamp(since),
    lastBootTime: time(status.bootedAt),
    allocationTime: formatTimestamp(status.allocatedAt),
    ipAddress: status.agent?.ipAddress ?? UNKNOWN_ADDRESS,
    affinityId: `TVM:${status.id}`,
    vmSize: spec.vmSize,
    totalTasksRun: status.totalTasksRun,
    totalTasksSucceeded: status.totalTasksSucceeded,
    runningTasksCount: status.runningTasks,
    runningTaskSlotsCount: status.runningSlots,
    recentTasks: recentTasks(status, baseUrl, recent),
    startTask: spec.startTask,
    startTaskInfo: status.startTask === null ? undefined : startTaskInfo(status.startTask),
    certificateReferences: up ? (status.agent?.certificates ?? []).map((one) => referenceTo(one, spec)) : undefined,
    errors: status.errors.length === 0 ? undefined : status.errors.map(({ code, message, values }) => ({ code, message, errorDetails: values })),
    isDedicated: status.dedicated,
    endpointConfiguration: endpointConfiguration(status.agent?.endpoints ?? []),
    nodeAgentInfo: status.agent === null ? undefined : { version: status.agent.version, lastUpdateTime: formatTimestamp(status.agent.updatedAt) },
    // Recorded: empty on nodes of a cloud service.
    virtualMachineInfo: image === undefined ? {} : { imageReference: { ...image, exactVersion: image.version === 'latest' ? undefined : image.version } },
  };
}

/** What the pool says of it, if it still names it; the store is one of Windows, and has its defaults. */
function referenceTo({ thumbprint, visibility }: InstalledCertificate, { certificateReferences }: PoolWithDefaults): CertificateReference {
  const named = certificateReferences?.find((one) => one.thumbprint.toLowerCase() === thumbprint.toLowerCase());
  const { storeLocation = 'CurrentUser', storeName = 'My' } = named ?? {};
  return { thumbprint: named?.thumbprint ?? thumbprint, thumbprintAlgorithm: 'sha1', storeLocation, storeName, visibility: visibility as CertificateReference['visibility'] };
}

/** Named as recorded: by the place of the port in its range. */
function endpointConfiguration(endpoints: readonly InboundEndpoint[]): Node['endpointConfiguration'] {
  if (endpoints.length === 0) return undefined;
  return {
    inboundEndpoints: endpoints.map(({ name, protocol = 'tcp' as const, index, publicAddress, publicName, frontendPort, backendPort }) => ({ name: `${name}.${index}`, protocol, publicIPAddress: publicAddress, publicFQDN: publicName, frontendPort, backendPort })),
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
    containerInfo: status.container,
    failureInfo: status.failure ?? undefined,
    retryCount: status.retryCount,
    lastRetryTime: time(status.lastRetryAt),
    result: status.result ?? undefined,
  };
}

/**
 * Tasks that have been deleted since are left out: nothing is known of them any more but a number. So are those that
 * have been to another node since, or wait to be.
 */
function recentTasks({ node, recentTasks: lines, recentInstances = [] }: NodeStatus, baseUrl: string, { labels, subtasks }: RecentRows): readonly NodeTaskInfo[] | undefined {
  const known = lines.flatMap(({ job, task }, index) => {
    const label = labels.get(`${job}.${task}`);
    const instance = recentInstances[index]?.instance ?? 0;
    if (instance === 0) return label?.node === node ? recentTask(label, baseUrl) : [];
    const subtask = subtasks.get(`${job}.${task}.${instance}`);
    return label !== undefined && subtask?.node === node ? recentSubtask(label, subtask, baseUrl) : [];
  });
  return known.length === 0 ? undefined : known;
}

type RecentRun = Pick<TaskLabel, 'jobId' | 'taskId' | 'state' | 'startedAt' | 'endedAt' | 'exitCode' | 'failure' | 'container' | 'result' | 'retryCount' | 'lastRetryAt' | 'requeueCount' | 'lastRequeueAt'>;

/** An instance of a multi-instance task beside its primary: the counts are those of its task. */
function recentSubtask(label: TaskLabel, { instance, state, startedAt, endedAt, exitCode, failure, result }: SubtaskRow, baseUrl: string): NodeTaskInfo[] {
  if (state === 'offered' || state === 'preparing') return [];
  return recentTask({ ...label, state, startedAt, endedAt, exitCode, failure, container: null, result }, baseUrl).map((line) => ({ ...line, subtaskId: instance }));
}

function recentTask({ jobId, taskId, state, startedAt, endedAt, exitCode, failure, container, result, ...counts }: RecentRun, baseUrl: string): NodeTaskInfo[] {
  if ((state !== 'running' && state !== 'completed') || startedAt === null) return [];
  const line: NodeTaskInfo = {
    taskUrl: `${baseUrl}/jobs/${jobId}/tasks/${taskId}`,
    jobId,
    taskId,
    taskState: state,
    executionInfo: {
      startTime: formatTimestamp(startedAt),
      endTime: time(endedAt),
      exitCode: exitCode ?? undefined,
      containerInfo: container === null ? undefined : (JSON.parse(container) as ContainerInfo),
      failureInfo: failure === null ? undefined : (JSON.parse(failure) as FailureInfo),
      result: result ?? undefined,
      retryCount: counts.retryCount ?? 0,
      lastRetryTime: time(counts.lastRetryAt),
      requeueCount: counts.requeueCount ?? 0,
      lastRequeueTime: time(counts.lastRequeueAt),
    },
  };
  return [line];
}

