import { poolState, type PoolView } from '../../../core/wireState.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { formatDuration } from '../../../wire/durations.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import type { AutoScaleRun, Pool, ResizeError } from '../../../wire/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { PoolRules } from '../../../store/rules.ts';
import type { Instant } from '../../../core/keys.ts';
import type { AutoScaleStatus } from '../../../core/status.ts';
import { durationMs } from '../durationMs.ts';
import { etag } from '../../answer.ts';

/** The specification as the handlers stored it: it was read through the shape table then, so its type is known. */
export function storedPool(row: { readonly spec: string }): PoolWithDefaults {
  return JSON.parse(row.spec) as PoolWithDefaults;
}

export function viewOfPool(row: PoolWithStatus): PoolView {
  const status =
    row.allocationState === null
      ? null
      : {
          allocationState: row.allocationState,
          allocationSince: row.allocationSince,
          resizeSequence: row.seenResizeSequence,
          stopSequence: row.seenStopSequence,
          autoScale: lastRun(row),
          targetDedicated: row.effectiveDedicated ?? row.targetDedicated,
          targetLowPriority: row.effectiveLowPriority ?? row.targetLowPriority,
        };
  return poolState({ ...row, autoScale: (JSON.parse(row.rules) as PoolRules).autoScale ?? null }, status);
}

/** The pool as clients read it: what was asked for, and what has become of it. */
export function wirePool(row: PoolWithStatus, baseUrl: string): Pool {
  const spec = storedPool(row);
  const view = viewOfPool(row);
  const run = spec.enableAutoScale ? lastRun(row) : null;
  return {
    ...spec,
    id: row.id,
    url: `${baseUrl}/pools/${row.id}`,
    eTag: etag(row.modifiedAt),
    lastModified: formatTimestamp(row.modifiedAt),
    creationTime: formatTimestamp(row.createdAt),
    state: view.state,
    stateTransitionTime: formatTimestamp(view.since),
    allocationState: view.allocationState,
    allocationStateTransitionTime: formatTimestamp(view.allocationSince),
    resizeTimeout: spec.enableAutoScale ? undefined : formatDuration(row.resizeTimeoutMs),
    resizeErrors: resizeErrors(row, view),
    // There was one before 2017-05-01.5.0.
    resizeError: resizeErrors(row, view)?.[0],
    currentDedicatedNodes: row.currentDedicated ?? 0,
    targetDedicatedNodes: view.targetDedicated,
    currentLowPriorityNodes: row.currentLowPriority ?? 0,
    targetLowPriorityNodes: view.targetLowPriority,
    // Absent while there are no nodes (recorded).
    currentNodeCommunicationMode: (row.currentDedicated ?? 0) + (row.currentLowPriority ?? 0) === 0 ? undefined : 'simplified',
    autoScaleRun: run === null ? undefined : wireRun(run.evaluatedAt, run),
  };
}

/** Null: no formula has run on it. */
export function lastRun({ autoScaleRun }: PoolWithStatus): AutoScaleStatus | null {
  return autoScaleRun === null || autoScaleRun === undefined ? null : (JSON.parse(autoScaleRun) as AutoScaleStatus);
}

/** A run of a formula, as it stands in answers. */
export function wireRun(at: Instant, { results, error }: Pick<AutoScaleStatus, 'results' | 'error'>): AutoScaleRun {
  return { timestamp: formatTimestamp(at), results, ...(error === null ? {} : { error }) };
}

/** Present in `steady` only, and left out when there are none. */
function resizeErrors(row: PoolWithStatus, view: PoolView): readonly ResizeError[] | undefined {
  if (view.allocationState !== 'steady' || row.resizeErrors === null) return undefined;
  const errors = JSON.parse(row.resizeErrors) as readonly ResizeError[];
  return errors.length === 0 ? undefined : errors;
}

const DEFAULT_INTERVAL_MS = 15 * 60_000;

/** What the rules need of a pool's specification. */
export function poolRules(spec: Pick<PoolWithDefaults, 'enableAutoScale' | 'autoScaleFormula' | 'autoScaleEvaluationInterval' | 'taskSlotsPerNode' | 'taskSchedulingPolicy' | 'enableInterNodeCommunication' | 'startTask'>): PoolRules {
  return {
    taskSlotsPerNode: spec.taskSlotsPerNode,
    fillType: spec.taskSchedulingPolicy.nodeFillType === 'Pack' ? 'pack' : 'spread',
    jobOrder: spec.taskSchedulingPolicy.jobDefaultOrder ?? 'none',
    ...(spec.enableInterNodeCommunication ? { interNode: true } : null),
    ...(spec.enableAutoScale && spec.autoScaleFormula !== undefined ? { autoScale: { formula: spec.autoScaleFormula, intervalMs: durationMs(spec.autoScaleEvaluationInterval, DEFAULT_INTERVAL_MS) } } : null),
    startTask: spec.startTask ? { waitForSuccess: spec.startTask.waitForSuccess ?? true, maxTaskRetryCount: spec.startTask.maxTaskRetryCount ?? 0 } : null,
  };
}
