import type { PoolIntent, ScheduleIntent, TaskIntent } from '../../src/core/intent.ts';
import type { NewJobIntent } from '../../src/simulation/intentWriter.ts';
import { DEFAULT_RETENTION_MS } from '../../src/store/rules.ts';

/** Intents with the defaults of the service, at instant 0. */
export function poolIntent(change: Partial<Omit<PoolIntent, 'pool'>> = {}): Omit<PoolIntent, 'pool'> {
  return {
    id: 'pool',
    createdAt: 0,
    targetDedicated: 1,
    targetLowPriority: 0,
    resizeTimeoutMs: 900_000,
    nodeDeallocation: 'requeue',
    resizeSequence: 1,
    resizeRequestedAt: 0,
    stopSequence: 0,
    taskSlotsPerNode: 1,
    fillType: 'spread',
    jobOrder: 'none',
    startTask: null,
    unavailable: null,
    isAuto: false,
    deletedAt: null,
    ...change,
  };
}

export function jobIntent(change: Partial<NewJobIntent> = {}): NewJobIntent {
  return {
    id: 'job',
    createdAt: 0,
    schedule: null,
    poolId: 'pool',
    autoPool: null,
    priority: 0,
    maxParallelTasks: -1,
    allowTaskPreemption: false,
    maxTaskRetryCount: 0,
    maxWallClockMs: null,
    usesTaskDependencies: false,
    onAllTasksComplete: 'noaction',
    onTaskFailure: 'noaction',
    preparation: null,
    release: null,
    manager: null,
    action: { kind: 'none' },
    actionSequence: 0,
    actionAt: 0,
    deletedAt: null,
    ...change,
  };
}

export function scheduleIntent(change: Partial<Omit<ScheduleIntent, 'schedule'>> = {}): Omit<ScheduleIntent, 'schedule'> {
  return {
    id: 'schedule',
    createdAt: 0,
    doNotRunUntil: null,
    doNotRunAfter: null,
    startWindowMs: null,
    recurrenceMs: null,
    timingSequence: 1,
    action: { kind: 'none' },
    actionSequence: 0,
    actionAt: 0,
    deletedAt: null,
    ...change,
  };
}

export function taskIntent(id: string, change: Partial<Omit<TaskIntent, 'task'>> = {}): Omit<TaskIntent, 'task'> {
  return {
    idKey: id.toLowerCase(),
    createdAt: 0,
    requiredSlots: 1,
    maxTaskRetryCount: null,
    affinity: null,
    dependsOn: null,
    exitConditions: null,
    retentionMs: DEFAULT_RETENTION_MS,
    terminateAt: null,
    reactivateSequence: 0,
    deletedAt: null,
    ...change,
  };
}
