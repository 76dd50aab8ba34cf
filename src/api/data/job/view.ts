import type { JobAction, JobManager } from '../../../core/intent.ts';
import { jobState, type StateView, type WireJobState } from '../../../core/wireState.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { DEFAULT_RETENTION_MS, type JobRules } from '../../../store/rules.ts';
import { parseDuration } from '../../../wire/durations.ts';
import type { JobManagerWithDefaults, JobWithDefaults, ScheduledJobWithDefaults } from '../../../wire/defaults.ts';
import type { Job, JobSchedulingError } from '../../../wire/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { etag } from '../../answer.ts';
import { durationMs } from '../durationMs.ts';

/** The specification as the handlers stored it: it was read through the shape table then, so its type is known. */
export function storedJob(row: { readonly spec: string }): JobWithDefaults {
  return JSON.parse(row.spec) as JobWithDefaults;
}

export function viewOfJob(row: JobWithStatus): StateView<WireJobState> {
  const intent = { ...row, action: JSON.parse(row.action) as JobAction };
  if (row.state === null) return jobState(intent, null);
  const { state, since, previousState, previousSince, seenActionSequence: actionSequence } = row;
  return jobState(intent, { state, since, previousState, previousSince, actionSequence });
}

export function wireJob(row: JobWithStatus, baseUrl: string): Job {
  const spec = storedJob(row);
  const view = viewOfJob(row);
  return {
    ...spec,
    id: row.id,
    url: `${baseUrl}/jobs/${row.id}`,
    eTag: etag(row.modifiedAt),
    lastModified: formatTimestamp(row.modifiedAt),
    creationTime: formatTimestamp(row.createdAt),
    state: view.state,
    stateTransitionTime: formatTimestamp(view.since),
    previousState: view.previousState ?? undefined,
    previousStateTransitionTime: view.previousSince === null ? undefined : formatTimestamp(view.previousSince),
    executionInfo: {
      startTime: formatTimestamp(row.createdAt),
      endTime: row.endedAt === null ? undefined : formatTimestamp(row.endedAt),
      poolId: spec.poolInfo.poolId ?? row.autoPoolId ?? undefined,
      schedulingError: row.schedulingError === null ? undefined : (JSON.parse(row.schedulingError) as JobSchedulingError),
      terminateReason: row.state === 'completed' ? (row.terminateReason ?? undefined) : undefined,
    },
  };
}

function managerRules({ runExclusive, allowLowPriorityNode, killJobOnCompletion }: JobManagerWithDefaults): JobManager {
  return { runExclusive, allowLowPriorityNode, killJobOnCompletion };
}

/** What the rules need of a job's specification. */
export function jobRules(spec: ScheduledJobWithDefaults): JobRules {
  const wallClockMs = parseDuration(spec.constraints.maxWallClockTime) ?? Infinity;
  const { jobPreparationTask: preparation, jobReleaseTask: release, poolInfo: { autoPoolSpecification: auto } } = spec;
  return {
    poolId: spec.poolInfo.poolId ?? '',
    ...(auto === undefined ? {} : { autoPool: { lifetime: auto.poolLifetimeOption, prefix: auto.autoPoolIdPrefix ?? '' } }),
    priority: spec.priority,
    maxParallelTasks: spec.maxParallelTasks,
    allowTaskPreemption: spec.allowTaskPreemption,
    maxTaskRetryCount: spec.constraints.maxTaskRetryCount,
    maxWallClockMs: wallClockMs === Infinity ? null : wallClockMs,
    usesTaskDependencies: spec.usesTaskDependencies,
    onAllTasksComplete: spec.onAllTasksComplete,
    onTaskFailure: spec.onTaskFailure,
    ...(spec.jobManagerTask === undefined ? {} : { manager: managerRules(spec.jobManagerTask) }),
    preparation: preparation === undefined ? null : {
      waitForSuccess: preparation.waitForSuccess,
      rerunOnNodeReboot: preparation.rerunOnNodeRebootAfterSuccess,
      retentionMs: durationMs(preparation.constraints.retentionTime, DEFAULT_RETENTION_MS),
    },
    release: release === undefined ? null : { retentionMs: durationMs(release.retentionTime, DEFAULT_RETENTION_MS) },
  };
}
