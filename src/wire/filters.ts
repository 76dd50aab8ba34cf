import type { FilterTable } from './odata.ts';
import type { OperationId } from './operations.ts';

const equality = ['eq', 'ne'] as const;
const order = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
const text = [...order, 'startswith'] as const;

const changes = { state: equality, stateTransitionTime: order, creationTime: order, lastModified: order } as const;

const jobFilters: FilterTable = {
  ...changes,
  id: text,
  displayName: text,
  priority: order,
  onAllTasksComplete: equality,
  onTaskFailure: equality,
  usesTaskDependencies: equality,
  allowTaskPreemption: equality,
  maxParallelTasks: order,
  previousState: equality,
  previousStateTransitionTime: order,
  'poolInfo/poolId': text,
  'executionInfo/poolId': text,
  'executionInfo/startTime': order,
  'executionInfo/endTime': order,
  'executionInfo/terminateReason': text,
};

const fileFilters: FilterTable = { name: ['startswith', ...equality] };

function run(prefix: string): FilterTable {
  return {
    [`${prefix}/state`]: equality,
    [`${prefix}/result`]: equality,
    [`${prefix}/exitCode`]: order,
    [`${prefix}/startTime`]: order,
    [`${prefix}/endTime`]: order,
  };
}

/**
 * What each list can be filtered by (operations.md 1.2): the documented properties and operators, and beyond them the other
 * scalar properties of the same objects, which the documentation leaves open. Whoever answers a list from a database maps
 * these paths, and no others, to columns.
 */
export const filterTables: Readonly<Partial<Record<OperationId, FilterTable>>> = {
  Account_ListSupportedImages: { osType: equality, verificationType: equality, nodeAgentSKUId: equality },
  Account_ListNodeAgentSkus: { osType: equality },
  Account_ListPoolNodeCounts: { poolId: equality },
  Pool_List: {
    ...changes,
    id: text,
    displayName: text,
    vmSize: text,
    allocationState: equality,
    allocationStateTransitionTime: order,
    enableAutoScale: equality,
    enableInterNodeCommunication: equality,
    taskSlotsPerNode: order,
    currentDedicatedNodes: order,
    currentLowPriorityNodes: order,
    targetDedicatedNodes: order,
    targetLowPriorityNodes: order,
  },
  Pool_ListUsageMetrics: { poolId: text },
  ComputeNode_List: {
    id: text,
    state: equality,
    schedulingState: equality,
    stateTransitionTime: order,
    lastBootTime: order,
    allocationTime: order,
    ipAddress: text,
    affinityId: text,
    vmSize: text,
    isDedicated: equality,
    totalTasksRun: order,
    totalTasksSucceeded: order,
    runningTasksCount: order,
    runningTaskSlotsCount: order,
    ...run('startTaskInfo'),
  },
  ComputeNodeExtension_List: {},
  File_ListFromComputeNode: fileFilters,
  File_ListFromTask: fileFilters,
  Job_List: jobFilters,
  Job_ListFromJobSchedule: jobFilters,
  Job_ListPreparationAndReleaseTaskStatus: {
    nodeId: text,
    poolId: text,
    ...run('jobPreparationTaskExecutionInfo'),
    ...run('jobReleaseTaskExecutionInfo'),
  },
  JobSchedule_List: {
    ...changes,
    id: text,
    displayName: text,
    'schedule/doNotRunUntil': order,
    'schedule/doNotRunAfter': order,
    'executionInfo/nextRunTime': order,
    'executionInfo/endTime': order,
    'executionInfo/recentJob/id': text,
  },
  Task_List: {
    ...changes,
    id: text,
    displayName: text,
    commandLine: text,
    previousState: equality,
    previousStateTransitionTime: order,
    requiredSlots: order,
    'executionInfo/exitCode': order,
    'executionInfo/result': equality,
    'executionInfo/startTime': order,
    'executionInfo/endTime': order,
    'executionInfo/retryCount': order,
    'executionInfo/requeueCount': order,
    'executionInfo/lastRetryTime': order,
    'executionInfo/lastRequeueTime': order,
    'executionInfo/failureInfo/category': equality,
    'executionInfo/failureInfo/code': text,
    'nodeInfo/poolId': text,
    'nodeInfo/nodeId': text,
    'nodeInfo/affinityId': text,
  },
  Certificate_List: { state: equality, stateTransitionTime: order },
};
