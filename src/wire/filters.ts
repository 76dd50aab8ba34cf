import type { FilterTable } from './odata.ts';
import type { OperationId } from './operations.ts';

const EQUALITY = ['eq', 'ne'] as const;
const ORDER = ['eq', 'ne', 'gt', 'ge', 'lt', 'le'] as const;
const text = [...ORDER, 'startswith'] as const;

const changes = { state: EQUALITY, stateTransitionTime: ORDER, creationTime: ORDER, lastModified: ORDER } as const;

const jobFilters: FilterTable = {
  ...changes,
  id: text,
  displayName: text,
  priority: ORDER,
  onAllTasksComplete: EQUALITY,
  onTaskFailure: EQUALITY,
  usesTaskDependencies: EQUALITY,
  allowTaskPreemption: EQUALITY,
  maxParallelTasks: ORDER,
  previousState: EQUALITY,
  previousStateTransitionTime: ORDER,
  'poolInfo/poolId': text,
  'executionInfo/poolId': text,
  'executionInfo/startTime': ORDER,
  'executionInfo/endTime': ORDER,
  'executionInfo/terminateReason': text,
};

const fileFilters: FilterTable = { name: ['startswith', ...EQUALITY] };

function run(prefix: string): FilterTable {
  return {
    [`${prefix}/state`]: EQUALITY,
    [`${prefix}/result`]: EQUALITY,
    [`${prefix}/exitCode`]: ORDER,
    [`${prefix}/startTime`]: ORDER,
    [`${prefix}/endTime`]: ORDER,
  };
}

/**
 * The properties that each list can be filtered by (operations.md 1.2): the documented ones with their operators, and
 * the other scalar properties of the same objects, which the documentation leaves open. A handler that answers a list
 * from a database maps these paths, and no others, to columns.
 */
export const filterTables: Readonly<Partial<Record<OperationId, FilterTable>>> = {
  Account_ListSupportedImages: { osType: EQUALITY, verificationType: EQUALITY, nodeAgentSKUId: EQUALITY },
  Account_ListNodeAgentSkus: { osType: EQUALITY },
  Account_ListPoolNodeCounts: { poolId: EQUALITY },
  Pool_List: {
    ...changes,
    id: text,
    displayName: text,
    vmSize: text,
    allocationState: EQUALITY,
    allocationStateTransitionTime: ORDER,
    enableAutoScale: EQUALITY,
    enableInterNodeCommunication: EQUALITY,
    taskSlotsPerNode: ORDER,
    currentDedicatedNodes: ORDER,
    currentLowPriorityNodes: ORDER,
    targetDedicatedNodes: ORDER,
    targetLowPriorityNodes: ORDER,
  },
  Pool_ListUsageMetrics: { poolId: text },
  ComputeNode_List: {
    id: text,
    state: EQUALITY,
    schedulingState: EQUALITY,
    stateTransitionTime: ORDER,
    lastBootTime: ORDER,
    allocationTime: ORDER,
    ipAddress: text,
    affinityId: text,
    vmSize: text,
    isDedicated: EQUALITY,
    totalTasksRun: ORDER,
    totalTasksSucceeded: ORDER,
    runningTasksCount: ORDER,
    runningTaskSlotsCount: ORDER,
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
    'schedule/doNotRunUntil': ORDER,
    'schedule/doNotRunAfter': ORDER,
    'executionInfo/nextRunTime': ORDER,
    'executionInfo/endTime': ORDER,
    'executionInfo/recentJob/id': text,
  },
  Task_List: {
    ...changes,
    id: text,
    displayName: text,
    commandLine: text,
    previousState: EQUALITY,
    previousStateTransitionTime: ORDER,
    requiredSlots: ORDER,
    'executionInfo/exitCode': ORDER,
    'executionInfo/result': EQUALITY,
    'executionInfo/startTime': ORDER,
    'executionInfo/endTime': ORDER,
    'executionInfo/retryCount': ORDER,
    'executionInfo/requeueCount': ORDER,
    'executionInfo/lastRetryTime': ORDER,
    'executionInfo/lastRequeueTime': ORDER,
    'executionInfo/failureInfo/category': EQUALITY,
    'executionInfo/failureInfo/code': text,
    'nodeInfo/poolId': text,
    'nodeInfo/nodeId': text,
    'nodeInfo/affinityId': text,
  },
  Certificate_List: { state: EQUALITY, stateTransitionTime: ORDER },
};
