import type { ShapeTable } from './definition.ts';

type Rows = ShapeTable[string];

/**
 * Rows of several shapes, in the order in which they have them: each fact is written once. A property that differs in
 * one of the shapes, even in its versions alone, stands in the shapes themselves.
 */

/** Properties of a resource that clients add under an id of theirs. */
export const NAMED = {
  id: { type: 'string', required: true, rule: 'id' },
  displayName: { type: 'string', maxLength: 1024 },
} as const satisfies Rows;

/** Properties of a resource in an answer. */
export const RESOURCE = {
  id: { type: 'string', required: true },
  displayName: { type: 'string' },
  url: { type: 'string', required: true },
  eTag: { type: 'string', required: true },
  lastModified: { type: 'timestamp', required: true },
  creationTime: { type: 'timestamp', required: true },
} as const satisfies Rows;

/** A page of a list that has always a value, empty or not. */
export function page<Item extends string>(item: Item) {
  return { value: { type: item, list: true, required: true }, 'odata.nextLink': { type: 'string' } } as const;
}

/** A page of a list whose value may be left out. */
export function optionalPage<Item extends string>(item: Item) {
  return { value: { type: item, list: true }, 'odata.nextLink': { type: 'string' } } as const;
}

export const JOB_LIMITS = {
  priority: { type: 'int32', minimum: -1000, maximum: 1000, code: 'OutOfRangePriority' },
  allowTaskPreemption: { type: 'boolean', since: 15 },
  maxParallelTasks: { type: 'int32', since: 14, minimum: -1, rule: 'nonZero' },
} as const satisfies Rows;

/** What a job brings along for its tasks. */
export const JOB_SETTINGS = {
  constraints: { type: 'JobConstraints' },
  jobManagerTask: { type: 'JobManagerTask' },
  jobPreparationTask: { type: 'JobPreparationTask' },
  jobReleaseTask: { type: 'JobReleaseTask' },
  commonEnvironmentSettings: { type: 'EnvironmentSetting', list: true },
  poolInfo: { type: 'PoolInfo', required: true },
} as const satisfies Rows;

/** What any kind of task runs. */
export const COMMAND = {
  /** Empty: the entry point of a container's image; a rule asks for the container. */
  commandLine: { type: 'string', required: true },
  containerSettings: { type: 'TaskContainerSettings', since: 6 },
  resourceFiles: { type: 'ResourceFile', list: true },
} as const satisfies Rows;

/** Who any kind of task runs as. */
export const USER = {
  userIdentity: { type: 'UserIdentity', since: 4 },
  runElevated: { type: 'boolean', until: 3.1 },
} as const satisfies Rows;

/** How the process of any kind of task ended. */
export const EXIT = {
  exitCode: { type: 'int32' },
  containerInfo: { type: 'TaskContainerExecutionInfo', since: 6 },
  failureInfo: { type: 'TaskFailureInfo', formerly: { name: 'schedulingError', until: 4 } },
} as const satisfies Rows;

export const RETRIES = {
  retryCount: { type: 'int32', required: true },
  lastRetryTime: { type: 'timestamp' },
} as const satisfies Rows;

export const NODE_TARGETS = {
  targetDedicatedNodes: { type: 'int32', minimum: 0, formerly: { name: 'targetDedicated', until: 4 } },
  targetLowPriorityNodes: { type: 'int32', minimum: 0, since: 5 },
} as const satisfies Rows;

export const RESIZE_TIMEOUT = { resizeTimeout: { type: 'duration', minimum: 'PT5M' } } as const satisfies Rows;

export const RESIZE_OPTIONS = { ...RESIZE_TIMEOUT, nodeDeallocationOption: { type: 'NodeDeallocationOption' } } as const satisfies Rows;

/** `autoScaleEvaluationInterval`: an operator may allow less than the 5 minutes of the real service. */
export const AUTO_SCALE = {
  autoScaleFormula: { type: 'string', maxLength: 8192, code: 'AutoScalingFormulaTooLong' },
  autoScaleEvaluationInterval: { type: 'duration', minimum: 'PT1S', maximum: 'P7D' },
} as const satisfies Rows;

/** What the nodes of a pool are given. */
export const NODE_SETTINGS = {
  enableInterNodeCommunication: { type: 'boolean' },
  networkConfiguration: { type: 'NetworkConfiguration' },
  startTask: { type: 'StartTask' },
  applicationPackageReferences: { type: 'ApplicationPackageReference', list: true, maxItems: 10 },
} as const satisfies Rows;

export const TASK_PLACES = {
  taskSlotsPerNode: { type: 'int32', formerly: { name: 'maxTasksPerNode', until: 11 }, minimum: 1, maximum: 256 },
  taskSchedulingPolicy: { type: 'TaskSchedulingPolicy' },
} as const satisfies Rows;

/** Properties of all statistics: the time that they cover. */
export const STATISTICS = {
  url: { type: 'string', required: true },
  startTime: { type: 'timestamp', required: true },
  lastUpdateTime: { type: 'timestamp', required: true },
} as const satisfies Rows;

/** What tasks have used. */
export const USAGE = {
  userCPUTime: { type: 'duration', required: true },
  kernelCPUTime: { type: 'duration', required: true },
  wallClockTime: { type: 'duration', required: true },
  readIOps: { type: 'int64', required: true },
  writeIOps: { type: 'int64', required: true },
  readIOGiB: { type: 'double', required: true },
  writeIOGiB: { type: 'double', required: true },
} as const satisfies Rows;

/** By state: of tasks, or of the slots that they need. */
export const COUNTS_BY_STATE = {
  active: { type: 'int32', required: true },
  running: { type: 'int32', required: true },
  completed: { type: 'int32', required: true },
  succeeded: { type: 'int32', required: true },
  failed: { type: 'int32', required: true },
} as const satisfies Rows;

/** An error within an answer. */
export const ERROR_WITH_VALUES = {
  code: { type: 'string' },
  message: { type: 'string' },
  values: { type: 'NameValuePair', list: true },
} as const satisfies Rows;
