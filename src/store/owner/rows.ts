import type { DrillIntent, JobIntent, Machine, PoolIntent, ScheduleAction } from '../../core/intent.ts';
import type { ScheduleIntake, TaskIntake } from '../../core/events.ts';
import type { JobStatus, PoolStatus, ScheduleStatus, TaskStatus } from '../../core/status.ts';
import { taskRulesOf, type DrillRules, type JobRules, type PoolRules, type ScheduleRules, type TaskRules } from '../rules.ts';
import { asRead, type OwnerRow } from '../status/description.ts';
import { JOB_STATUS } from '../status/jobStatus.ts';
import { POOL_STATUS } from '../status/poolStatus.ts';
import { SCHEDULE_STATUS } from '../status/scheduleStatus.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { findVmSize } from '../../wire/sizes/find.ts';

/**
 * Columns as the owner's queries name them, and the values of the rules made of them. Each group has a prefix of its
 * own, so that several can stand in one row (`left join`: then all of a group are null).
 */

/** From `pool p`. */
export const POOL_COLUMNS = `p.pool as p_pool, p.id as p_id, p.rules as p_rules, p.spec ->> 'vmSize' as p_vm_size, p.created as p_created,
  p.target_dedicated as p_target_dedicated, p.target_low_priority as p_target_low_priority, p.resize_timeout_ms as p_resize_timeout_ms,
  p.node_deallocation as p_node_deallocation, p.resize_sequence as p_resize_sequence, p.resize_requested_at as p_resize_requested_at,
  p.stop_sequence as p_stop_sequence, p.removing as p_removing, p.auto_scale_sequence as p_auto_scale_sequence, p.auto_scale_at as p_auto_scale_at, p.unavailable as p_unavailable, p.is_auto as p_is_auto, p.deleted_at as p_deleted_at`;

export interface PoolRow {
  readonly p_pool: number;
  readonly p_id: string;
  readonly p_rules: PoolRules;
  readonly p_vm_size: string | null;
  readonly p_created: number;
  readonly p_target_dedicated: number;
  readonly p_target_low_priority: number;
  readonly p_resize_timeout_ms: number;
  readonly p_node_deallocation: PoolIntent['nodeDeallocation'];
  readonly p_resize_sequence: number;
  readonly p_resize_requested_at: number;
  readonly p_stop_sequence: number;
  readonly p_auto_scale_sequence: number;
  readonly p_auto_scale_at: number | null;
  readonly p_removing: PoolIntent['removing'] | null;
  readonly p_unavailable: string | null;
  readonly p_is_auto: boolean;
  readonly p_deleted_at: number | null;
}

export function poolIntent(row: PoolRow): PoolIntent {
  return {
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
    ...(row.p_rules.autoScale ? { autoScale: { ...row.p_rules.autoScale, sequence: row.p_auto_scale_sequence, at: row.p_auto_scale_at ?? row.p_created } } : {}),
    ...(row.p_removing ? { removing: row.p_removing } : {}),
    ...(row.p_vm_size === null ? null : { machine: machineOf(row.p_vm_size) }),
    taskSlotsPerNode: row.p_rules.taskSlotsPerNode,
    fillType: row.p_rules.fillType,
    jobOrder: row.p_rules.jobOrder ?? 'none',
    startTask: row.p_rules.startTask,
    ...(row.p_rules.interNode === true ? { interNode: true } : null),
    unavailable: row.p_unavailable,
    isAuto: row.p_is_auto,
    deletedAt: row.p_deleted_at,
  };
}

/** One core where nobody knows the size any more. */
function machineOf(vmSize: string): Machine {
  const { name, cores, family } = findVmSize(vmSize) ?? { name: lowerAscii(vmSize), cores: 1, family: '' };
  return { size: name, cores, family };
}

const POOL = asRead<PoolStatus>(POOL_STATUS, 'ps');
/** From `pool p left join pool_status ps`. */
export const POOL_STATUS_COLUMNS = POOL.columns;
export type PoolStatusRow = OwnerRow<'ps', PoolStatus, typeof POOL_STATUS>;
export function poolStatus(pool: number, row: PoolStatusRow): PoolStatus | null {
  return POOL.read({ pool }, row);
}

/** From `job j`. */
export const JOB_COLUMNS = `j.job as j_job, j.id as j_id, j.rules as j_rules, j.created as j_created, j.next_task as j_next_task, j.reactivations as j_reactivations,
  j.action as j_action, j.action_sequence as j_action_sequence, j.action_at as j_action_at, j.deleted_at as j_deleted_at,
  j.schedule as j_schedule, j.run as j_run`;

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
  readonly j_schedule: number | null;
  readonly j_run: number | null;
}

export function jobIntent(row: JobRow): JobIntent {
  return {
    job: row.j_job,
    id: row.j_id,
    createdAt: row.j_created,
    schedule: row.j_schedule === null || row.j_run === null ? null : { schedule: row.j_schedule, run: row.j_run },
    poolId: row.j_rules.poolId,
    autoPool: row.j_rules.autoPool ?? null,
    priority: row.j_rules.priority,
    maxParallelTasks: row.j_rules.maxParallelTasks,
    allowTaskPreemption: row.j_rules.allowTaskPreemption ?? false,
    maxTaskRetryCount: row.j_rules.maxTaskRetryCount,
    maxWallClockMs: row.j_rules.maxWallClockMs,
    usesTaskDependencies: row.j_rules.usesTaskDependencies,
    onAllTasksComplete: row.j_rules.onAllTasksComplete,
    onTaskFailure: row.j_rules.onTaskFailure,
    // Rows of before have none.
    preparation: row.j_rules.preparation ?? null,
    release: row.j_rules.release ?? null,
    manager: row.j_rules.manager ?? null,
    action: row.j_action,
    actionSequence: row.j_action_sequence,
    actionAt: row.j_action_at,
    deletedAt: row.j_deleted_at,
    nextTask: row.j_next_task,
    reactivations: row.j_reactivations,
  };
}

const JOB = asRead<JobStatus>(JOB_STATUS, 'js');
/** From `job_status js`. */
export const JOB_STATUS_COLUMNS = JOB.columns;
export type JobStatusRow = OwnerRow<'js', JobStatus, typeof JOB_STATUS>;
export function jobStatus(job: number, row: JobStatusRow): JobStatus | null {
  return JOB.read({ job }, row);
}

/**
 * From `job_schedule sch left join job_schedule_status ss`. Only the jobs of one that is being deleted are counted: all
 * of its jobs go with it.
 */
export const SCHEDULE_COLUMNS = `sch.schedule as sch_schedule, sch.id as sch_id, sch.rules as sch_rules, sch.created as sch_created, sch.timing_sequence as sch_timing_sequence,
  sch.action as sch_action, sch.action_sequence as sch_action_sequence, sch.action_at as sch_action_at, sch.deleted_at as sch_deleted_at,
  case when sch.deleted_at is not null then (select count(*) from job of where of.schedule = sch.schedule) end as sch_jobs`;

export interface ScheduleRow extends ScheduleStatusRow {
  readonly sch_schedule: number;
  readonly sch_id: string;
  readonly sch_rules: ScheduleRules;
  readonly sch_created: number;
  readonly sch_timing_sequence: number;
  readonly sch_action: ScheduleAction;
  readonly sch_action_sequence: number;
  readonly sch_action_at: number;
  readonly sch_deleted_at: number | null;
  readonly sch_jobs: number | null;
}

export function scheduleIntake(row: ScheduleRow): ScheduleIntake {
  const { doNotRunUntil, doNotRunAfter, startWindowMs, recurrenceMs } = row.sch_rules;
  return {
    intent: {
      schedule: row.sch_schedule,
      id: row.sch_id,
      createdAt: row.sch_created,
      doNotRunUntil,
      doNotRunAfter,
      startWindowMs,
      recurrenceMs,
      timingSequence: row.sch_timing_sequence,
      action: row.sch_action,
      actionSequence: row.sch_action_sequence,
      actionAt: row.sch_action_at,
      deletedAt: row.sch_deleted_at,
    },
    status: SCHEDULE.read({ schedule: row.sch_schedule }, row),
    jobs: row.sch_jobs,
  };
}

const SCHEDULE = asRead<ScheduleStatus>(SCHEDULE_STATUS, 'ss');
/** From `job_schedule_status ss`. */
export const SCHEDULE_STATUS_COLUMNS = SCHEDULE.columns;
type ScheduleStatusRow = OwnerRow<'ss', ScheduleStatus, typeof SCHEDULE_STATUS>;

/** Of account `account`: the drills that nobody has stopped. */
export function drillsSql(account: string): string {
  return `(select coalesce(json_agg(json_build_object('drill', d.drill, 'createdAt', d.created, 'rules', d.rules) order by d.drill), '[]') from drill d where d.account = ${account} and d.stopped_at is null)`;
}
export type DrillRows = readonly { readonly drill: number; readonly createdAt: number; readonly rules: DrillRules }[];
export function drillIntents(rows: DrillRows): readonly DrillIntent[] {
  return rows.map(({ drill, createdAt, rules }) => ({ drill, createdAt, ...rules }));
}

const TASK = asRead<TaskStatus>(TASK_STATUS, 's');
/** From `task t left join task_status s`. */
export const TASK_COLUMNS = `t.job as t_job, t.task as t_task, t.id_key as t_id_key, case when t.id <> t.id_key then t.id end as t_id, t.created as t_created, t.required_slots as t_required_slots, t.rules as t_rules,
  t.terminate_at as t_terminate_at, t.reactivate_sequence as t_reactivate_sequence, t.deleted_at as t_deleted_at, ${TASK.columns}`;

export interface TaskRow extends OwnerRow<'s', TaskStatus, typeof TASK_STATUS> {
  readonly t_job: number;
  readonly t_task: number;
  readonly t_id_key: string;
  readonly t_id: string | null;
  readonly t_created: number;
  readonly t_required_slots: number;
  readonly t_rules: TaskRules | null;
  readonly t_terminate_at: number | null;
  readonly t_reactivate_sequence: number;
  readonly t_deleted_at: number | null;
}

export function taskIntake(row: TaskRow): TaskIntake {
  return {
    intent: {
      task: row.t_task,
      idKey: row.t_id_key,
      ...(row.t_id === null ? null : { id: row.t_id }),
      createdAt: row.t_created,
      requiredSlots: row.t_required_slots,
      ...taskRulesOf(row.t_rules),
      terminateAt: row.t_terminate_at,
      reactivateSequence: row.t_reactivate_sequence,
      deletedAt: row.t_deleted_at,
    },
    status: TASK.read({ job: row.t_job, task: row.t_task }, row),
  };
}
