import type { JobIntent, PoolIntent } from '../../core/intent.ts';
import type { TaskIntake } from '../../core/events.ts';
import type { JobStatus, PoolStatus, TaskStatus } from '../../core/status.ts';
import { DEFAULT_RETENTION_MS, type JobRules, type PoolRules, type TaskRules } from '../rules.ts';

/**
 * Columns as the owner's queries name them, and the values of the rules made of them. Each group has a prefix of its own, so that several
 * can stand in one row (`left join`: then all of a group are null).
 */

/** From `pool p`. */
export const POOL_COLUMNS = `p.pool as p_pool, p.id as p_id, p.rules as p_rules, p.created as p_created,
  p.target_dedicated as p_target_dedicated, p.target_low_priority as p_target_low_priority, p.resize_timeout_ms as p_resize_timeout_ms,
  p.node_deallocation as p_node_deallocation, p.resize_sequence as p_resize_sequence, p.resize_requested_at as p_resize_requested_at,
  p.stop_sequence as p_stop_sequence, p.unavailable as p_unavailable, p.deleted_at as p_deleted_at`;

export interface PoolRow {
  readonly p_pool: number;
  readonly p_id: string;
  readonly p_rules: PoolRules;
  readonly p_created: number;
  readonly p_target_dedicated: number;
  readonly p_target_low_priority: number;
  readonly p_resize_timeout_ms: number;
  readonly p_node_deallocation: PoolIntent['nodeDeallocation'];
  readonly p_resize_sequence: number;
  readonly p_resize_requested_at: number;
  readonly p_stop_sequence: number;
  readonly p_unavailable: string | null;
  readonly p_deleted_at: number | null;
}

export const poolIntent = (row: PoolRow): PoolIntent => ({
  pool: row.p_pool,
  id: row.p_id,
  createdAt: row.p_created,
  targetDedicated: row.p_target_dedicated,
  targetLowPriority: row.p_target_low_priority,
  resizeTimeoutMs: row.p_resize_timeout_ms,
  nodeDeallocation: row.p_node_deallocation,
  resizeSequence: row.p_resize_sequence,
  resizeRequestedAt: row.p_resize_requested_at,
  stopSequence: row.p_stop_sequence,
  taskSlotsPerNode: row.p_rules.taskSlotsPerNode,
  fillType: row.p_rules.fillType,
  startTask: row.p_rules.startTask,
  unavailable: row.p_unavailable,
  deletedAt: row.p_deleted_at,
});

/** From `pool p left join pool_status ps`. */
export const POOL_STATUS_COLUMNS = `ps.allocation_state as ps_allocation_state, ps.allocation_since as ps_allocation_since,
  ps.resize_sequence as ps_resize_sequence, ps.stop_sequence as ps_stop_sequence, ps.resize_errors as ps_resize_errors,
  coalesce(ps.target_dedicated, p.target_dedicated) as ps_target_dedicated, coalesce(ps.target_low_priority, p.target_low_priority) as ps_target_low_priority,
  ps.current_dedicated as ps_current_dedicated, ps.current_low_priority as ps_current_low_priority`;

export interface PoolStatusRow {
  readonly ps_allocation_state: PoolStatus['allocationState'] | null;
  readonly ps_allocation_since: number;
  readonly ps_resize_sequence: number;
  readonly ps_stop_sequence: number;
  readonly ps_resize_errors: PoolStatus['resizeErrors'];
  readonly ps_target_dedicated: number;
  readonly ps_target_low_priority: number;
  readonly ps_current_dedicated: number;
  readonly ps_current_low_priority: number;
}

export const poolStatus = (pool: number, row: PoolStatusRow): PoolStatus | null =>
  row.ps_allocation_state === null
    ? null
    : {
        pool,
        allocationState: row.ps_allocation_state,
        allocationSince: row.ps_allocation_since,
        resizeSequence: row.ps_resize_sequence,
        stopSequence: row.ps_stop_sequence,
        resizeErrors: row.ps_resize_errors,
        targetDedicated: row.ps_target_dedicated,
        targetLowPriority: row.ps_target_low_priority,
        currentDedicated: row.ps_current_dedicated,
        currentLowPriority: row.ps_current_low_priority,
      };

/** From `job j`. */
export const JOB_COLUMNS = `j.job as j_job, j.id as j_id, j.rules as j_rules, j.created as j_created, j.next_task as j_next_task, j.reactivations as j_reactivations,
  j.action as j_action, j.action_sequence as j_action_sequence, j.action_at as j_action_at, j.deleted_at as j_deleted_at`;

export interface JobRow {
  readonly j_job: number;
  readonly j_id: string;
  readonly j_rules: JobRules;
  readonly j_created: number;
  readonly j_next_task: number;
  readonly j_reactivations: number;
  readonly j_action: JobIntent['action'];
  readonly j_action_sequence: number;
  readonly j_action_at: number;
  readonly j_deleted_at: number | null;
}

export const jobIntent = (row: JobRow): JobIntent => ({
  job: row.j_job,
  id: row.j_id,
  createdAt: row.j_created,
  poolId: row.j_rules.poolId,
  priority: row.j_rules.priority,
  maxParallelTasks: row.j_rules.maxParallelTasks,
  maxTaskRetryCount: row.j_rules.maxTaskRetryCount,
  maxWallClockMs: row.j_rules.maxWallClockMs,
  usesTaskDependencies: row.j_rules.usesTaskDependencies,
  onAllTasksComplete: row.j_rules.onAllTasksComplete,
  onTaskFailure: row.j_rules.onTaskFailure,
  action: row.j_action,
  actionSequence: row.j_action_sequence,
  actionAt: row.j_action_at,
  deletedAt: row.j_deleted_at,
  nextTask: row.j_next_task,
  reactivations: row.j_reactivations,
});

/** From `job_status js`. */
export const JOB_STATUS_COLUMNS = `js.state as js_state, js.since as js_since, js.previous_state as js_previous_state,
  js.previous_since as js_previous_since, js.action_sequence as js_action_sequence, js.ended_at as js_ended_at,
  js.terminate_reason as js_terminate_reason, js.ingested as js_ingested, js.open_tasks as js_open_tasks, js.tasks_active as js_tasks_active, js.tasks_running as js_tasks_running,
  js.tasks_succeeded as js_tasks_succeeded, js.tasks_failed as js_tasks_failed, js.slots_active as js_slots_active,
  js.slots_running as js_slots_running, js.slots_succeeded as js_slots_succeeded, js.slots_failed as js_slots_failed`;

export interface JobStatusRow {
  readonly js_state: JobStatus['state'] | null;
  readonly js_since: number;
  readonly js_previous_state: JobStatus['previousState'];
  readonly js_previous_since: number | null;
  readonly js_action_sequence: number;
  readonly js_ended_at: number | null;
  readonly js_terminate_reason: string | null;
  readonly js_ingested: number;
  readonly js_open_tasks: JobStatus['open'];
  readonly js_tasks_active: number;
  readonly js_tasks_running: number;
  readonly js_tasks_succeeded: number;
  readonly js_tasks_failed: number;
  readonly js_slots_active: number;
  readonly js_slots_running: number;
  readonly js_slots_succeeded: number;
  readonly js_slots_failed: number;
}

export const jobStatus = (job: number, row: JobStatusRow): JobStatus | null =>
  row.js_state === null
    ? null
    : {
        job,
        state: row.js_state,
        since: row.js_since,
        previousState: row.js_previous_state,
        previousSince: row.js_previous_since,
        actionSequence: row.js_action_sequence,
        endedAt: row.js_ended_at,
        terminateReason: row.js_terminate_reason,
        open: row.js_open_tasks,
        ingested: row.js_ingested,
        tasks: { active: row.js_tasks_active, running: row.js_tasks_running, succeeded: row.js_tasks_succeeded, failed: row.js_tasks_failed },
        slots: { active: row.js_slots_active, running: row.js_slots_running, succeeded: row.js_slots_succeeded, failed: row.js_slots_failed },
      };

/** From `task t left join task_status s`. */
export const TASK_COLUMNS = `t.job as t_job, t.task as t_task, t.id_key as t_id_key, t.created as t_created, t.required_slots as t_required_slots, t.rules as t_rules,
  t.terminate_at as t_terminate_at, t.reactivate_sequence as t_reactivate_sequence, t.deleted_at as t_deleted_at,
  s.state as s_state, s.since as s_since, s.previous_state as s_previous_state, s.previous_since as s_previous_since, s.cause as s_cause,
  s.attempt as s_attempt, s.node as s_node, s.started_at as s_started_at, s.ended_at as s_ended_at, s.exit_code as s_exit_code,
  s.result as s_result, s.failure as s_failure, s.retry_count as s_retry_count, s.last_retry_at as s_last_retry_at,
  s.requeue_count as s_requeue_count, s.last_requeue_at as s_last_requeue_at, s.reactivate_sequence as s_reactivate_sequence,
  s.dependency as s_dependency`;

export interface TaskRow {
  readonly t_job: number;
  readonly t_task: number;
  readonly t_id_key: string;
  readonly t_created: number;
  readonly t_required_slots: number;
  readonly t_rules: TaskRules | null;
  readonly t_terminate_at: number | null;
  readonly t_reactivate_sequence: number;
  readonly t_deleted_at: number | null;
  readonly s_state: TaskStatus['state'] | null;
  readonly s_since: number;
  readonly s_previous_state: TaskStatus['previousState'];
  readonly s_previous_since: number | null;
  readonly s_cause: TaskStatus['cause'];
  readonly s_attempt: number;
  readonly s_node: number | null;
  readonly s_started_at: number | null;
  readonly s_ended_at: number | null;
  readonly s_exit_code: number | null;
  readonly s_result: TaskStatus['result'];
  readonly s_failure: TaskStatus['failure'];
  readonly s_retry_count: number;
  readonly s_last_retry_at: number | null;
  readonly s_requeue_count: number;
  readonly s_last_requeue_at: number | null;
  readonly s_reactivate_sequence: number;
  readonly s_dependency: TaskStatus['dependency'];
}

export const taskIntake = (row: TaskRow): TaskIntake => ({
  intent: {
    task: row.t_task,
    idKey: row.t_id_key,
    createdAt: row.t_created,
    requiredSlots: row.t_required_slots,
    maxTaskRetryCount: row.t_rules?.maxTaskRetryCount ?? null,
    affinity: row.t_rules?.affinity ?? null,
    dependsOn: row.t_rules?.dependsOn ?? null,
    exitConditions: row.t_rules?.exitConditions ?? null,
    retentionMs: row.t_rules?.retentionMs ?? DEFAULT_RETENTION_MS,
    terminateAt: row.t_terminate_at,
    reactivateSequence: row.t_reactivate_sequence,
    deletedAt: row.t_deleted_at,
  },
  status: row.s_state === null ? null : taskStatus(row, row.s_state),
});

const taskStatus = (row: TaskRow, state: TaskStatus['state']): TaskStatus => ({
  job: row.t_job,
  task: row.t_task,
  state,
  since: row.s_since,
  previousState: row.s_previous_state,
  previousSince: row.s_previous_since,
  cause: row.s_cause,
  attempt: row.s_attempt,
  node: row.s_node,
  startedAt: row.s_started_at,
  endedAt: row.s_ended_at,
  exitCode: row.s_exit_code,
  result: row.s_result,
  failure: row.s_failure,
  retryCount: row.s_retry_count,
  lastRetryAt: row.s_last_retry_at,
  requeueCount: row.s_requeue_count,
  lastRequeueAt: row.s_last_requeue_at,
  reactivateSequence: row.s_reactivate_sequence,
  dependency: row.s_dependency,
});
