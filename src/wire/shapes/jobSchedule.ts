import type { ShapeTable } from './definition.ts';
import { JOB_LIMITS, JOB_SETTINGS, NAMED, page, RESOURCE, STATISTICS, USAGE } from './parts.ts';

export const JOB_SCHEDULE_SHAPES = {
  JobScheduleAdd: {
    ...NAMED,
    schedule: { type: 'Schedule', required: true },
    jobSpecification: { type: 'JobSpecification', required: true },
    metadata: { type: 'MetadataItem', list: true },
  },
  JobSchedulePatch: {
    schedule: { type: 'Schedule' },
    jobSpecification: { type: 'JobSpecification' },
    metadata: { type: 'MetadataItem', list: true },
  },
  JobSchedulePut: {
    schedule: { type: 'Schedule' },
    jobSpecification: { type: 'JobSpecification', required: true },
    metadata: { type: 'MetadataItem', list: true },
  },
  JobSchedule: {
    ...RESOURCE,
    state: { type: 'JobScheduleState', required: true },
    stateTransitionTime: { type: 'timestamp', required: true },
    previousState: { type: 'JobScheduleState' },
    previousStateTransitionTime: { type: 'timestamp' },
    schedule: { type: 'Schedule' },
    jobSpecification: { type: 'JobSpecification', required: true },
    executionInfo: { type: 'JobScheduleExecutionInfo' },
    metadata: { type: 'MetadataItem', list: true },
    stats: { type: 'JobScheduleStatistics' },
  },
  JobScheduleList: page('JobSchedule'),
  Schedule: {
    doNotRunUntil: { type: 'timestamp' },
    doNotRunAfter: { type: 'timestamp' },
    startWindow: { type: 'duration', minimum: 'PT1M' },
    recurrenceInterval: { type: 'duration', minimum: 'PT1M' },
  },
  JobSpecification: {
    ...JOB_LIMITS,
    displayName: { type: 'string', maxLength: 1024 },
    usesTaskDependencies: { type: 'boolean' },
    onAllTasksComplete: { type: 'OnAllTasksComplete', since: 4 },
    onTaskFailure: { type: 'OnTaskFailure', since: 4 },
    networkConfiguration: { type: 'JobNetworkConfiguration', since: 8 },
    ...JOB_SETTINGS,
    metadata: { type: 'MetadataItem', list: true },
  },
  JobScheduleExecutionInfo: {
    nextRunTime: { type: 'timestamp' },
    recentJob: { type: 'RecentJob' },
    endTime: { type: 'timestamp' },
  },
  RecentJob: {
    url: { type: 'string' },
    id: { type: 'string' },
  },
  JobScheduleStatistics: {
    ...STATISTICS,
    ...USAGE,
    numSucceededTasks: { type: 'int64', required: true },
    numFailedTasks: { type: 'int64', required: true },
    numTaskRetries: { type: 'int64', required: true },
    waitTime: { type: 'duration', required: true },
  },
} as const satisfies ShapeTable;
