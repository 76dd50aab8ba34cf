import type { AutoScale, DependencyIds, DrillIntent, ExitConditions, JobIntent, PoolIntent, TaskIntent, Timing } from '../core/intent.ts';

/**
 * What the rules need of a specification, as it stands in the `rules` columns: taken out of the wire shape once, by the
 * handler that writes the row (defaults filled in, durations as milliseconds, ids of dependencies in lower case), so
 * that the owner never reads specifications to decide.
 */
/** `jobOrder`: left out, none. `autoScale`: left out, its size is what clients ask for. */
export type PoolRules = Pick<PoolIntent, 'taskSlotsPerNode' | 'fillType' | 'startTask' | 'interNode'> & Partial<Pick<PoolIntent, 'jobOrder'>> & { readonly autoScale?: Pick<AutoScale, 'formula' | 'intervalMs'> };

/** `preparation`, `release` and `manager`: left out, null. `allowTaskPreemption`: left out, false. */
export type JobRules = Pick<
  JobIntent,
  'poolId' | 'priority' | 'maxParallelTasks' | 'maxTaskRetryCount' | 'maxWallClockMs' | 'usesTaskDependencies' | 'onAllTasksComplete' | 'onTaskFailure'
> & Partial<Pick<JobIntent, 'preparation' | 'release' | 'manager' | 'autoPool' | 'allowTaskPreemption'>>;

export type ScheduleRules = Timing;

export type DrillRules = Omit<DrillIntent, 'drill' | 'createdAt'>;

/** What the owner makes an auto pool of: as a handler would have stored it, but for its id. */
export interface PoolTemplate {
  /** Canonical PoolAdd. */
  readonly spec: object;
  readonly rules: PoolRules;
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
  readonly resizeTimeoutMs: number;
  readonly unavailable: string | null;
  /** It stays when what it was made for is over. */
  readonly keepAlive: boolean;
}

/** What the owner makes a schedule's job of: as a handler would have stored it, but for its id. */
export interface JobTemplate {
  /** Canonical JobAdd. */
  readonly spec: object;
  readonly rules: JobRules;
  /** null: it names a pool. */
  readonly autoPool: PoolTemplate | null;
  /** Its job manager as a task, `spec` being the canonical TaskAdd; null: it has none. */
  readonly manager: { readonly id: string; readonly spec: object; readonly requiredSlots: number; readonly rules: TaskRules | null } | null;
}

/** Left out: null. A task with none of them has null in its column: half a million plain tasks pay nothing. */
export interface TaskRules {
  readonly maxTaskRetryCount?: TaskIntent['maxTaskRetryCount'];
  readonly instances?: number;
  readonly affinity?: string;
  readonly dependsOn?: DependencyIds;
  readonly exitConditions?: ExitConditions;
  /** Left out: the default, 7 days. */
  readonly retentionMs?: number;
}

/** What the rules know of a task by its column. */
export function taskRulesOf(rules: TaskRules | null): Pick<TaskIntent, 'instances' | 'maxTaskRetryCount' | 'affinity' | 'dependsOn' | 'exitConditions' | 'retentionMs'> {
  return {
    ...(rules?.instances === undefined ? null : { instances: rules.instances }),
    maxTaskRetryCount: rules?.maxTaskRetryCount ?? null,
    affinity: rules?.affinity ?? null,
    dependsOn: rules?.dependsOn ?? null,
    exitConditions: rules?.exitConditions ?? null,
    retentionMs: rules?.retentionMs ?? DEFAULT_RETENTION_MS,
  };
}

/** How long a task's directory stays on its node after its end (API reference, TaskConstraints.retentionTime). */
export const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000;
