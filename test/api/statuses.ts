import type { Pool } from 'pg';
import type { JobStatus, NodeActivity, NodeStatus, PoolStatus, ScheduleStatus, TaskStatus } from '../../src/core/status.ts';
import { neverAttempted } from '../../src/core/task/row.ts';
import { asArrays, columnNames, overwriteRow, type Description } from '../../src/store/status/description.ts';
import { scheduleStatus } from '../support/statuses.ts';
import { NODE_ACTIVITY, restOf } from '../../src/store/status/nodeActivity.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';

/**
 * Statuses as an owner would have written them, for tests without one. Resources are named by their ids; account 1 has
 * them all.
 */
export interface Statuses {
  pool(id: string, status: Partial<PoolStatus>): Promise<void>;
  /** Returns the node's number. */
  node(poolId: string, status: Partial<NodeStatus> & { readonly id: string }): Promise<number>;
  job(id: string, status: Partial<JobStatus>): Promise<void>;
  task(jobId: string, id: string, status: Partial<TaskStatus>): Promise<void>;
  schedule(id: string, status: Partial<ScheduleStatus>): Promise<void>;
  /** A job of the schedule, as its owner would have made it. */
  scheduledJob(scheduleId: string, run: number): Promise<void>;
}

export function statuses(database: Pool): Statuses {
  const one = async (text: string, values: readonly unknown[]): Promise<Record<string, unknown>> => {
    const { rows } = await database.query<Record<string, unknown>>(text, [...values]);
    if (rows[0] === undefined) throw new Error(`nothing found: ${text} ${JSON.stringify(values)}`);
    return rows[0];
  };
  const upsert = async (table: string, key: readonly string[], row: Readonly<Record<string, unknown>>): Promise<void> => {
    const names = Object.keys(row);
    const sets = names.map((name) => `${name} = excluded.${name}`).join(', ');
    const places = names.map((_name, index) => `$${index + 1}`).join(', ');
    await database.query(`insert into ${table} (${names.join(', ')}) values (${places}) on conflict (${key.join(', ')}) do update set ${sets}`, Object.values(row));
  };
  const upsertStatus = async <Status>(description: Description<Status>, row: Status): Promise<void> => {
    const { select, from, values } = asArrays(description);
    let used = 0;
    await database.query(`insert into ${description.table} (${columnNames(description).join(', ')}) select ${select} from ${from(() => `$${(used += 1)}`)} ${overwriteRow(description)}`, [...values([row])]);
  };
  const poolNumber = async (id: string) => Number((await one('select pool from pool where id_key = lower($1)', [id]))['pool']);
  let nodes = 100;
  return {
    async pool(id, status) {
      const { pool, ...asked } = await one('select pool, resize_sequence, target_dedicated, target_low_priority from pool where id_key = lower($1)', [id]);
      const row: PoolStatus = {
        pool: Number(pool),
        allocationState: 'steady',
        allocationSince: 0,
        resizeSequence: Number(asked['resize_sequence']),
        stopSequence: 0,
        resizeErrors: [],
        targetDedicated: Number(asked['target_dedicated']),
        targetLowPriority: Number(asked['target_low_priority']),
        currentDedicated: 0,
        currentLowPriority: 0,
        ...status,
      };
      await upsert('pool_status', ['pool'], { ...snake(row), resize_errors: JSON.stringify(row.resizeErrors), auto_scale: row.autoScale ? JSON.stringify(row.autoScale) : null, meter: row.meter ? JSON.stringify(row.meter) : null });
    },
    async node(poolId, status) {
      nodes += 1;
      const row: NodeStatus = {
        node: nodes,
        pool: await poolNumber(poolId),
        dedicated: true,
        state: 'idle',
        since: 0,
        scheduling: 'enabled',
        life: 1,
        allocatedAt: 0,
        bootedAt: null,
        slots: 1,
        runningTasks: 0,
        runningSlots: 0,
        totalTasksRun: 0,
        totalTasksSucceeded: 0,
        recentTasks: [],
        offers: [],
        startTask: null,
        errors: [],
        agent: null,
        goneAt: null,
        retainUntil: 0,
        ...status,
      };
      const { node, pool, id, goneAt: gone_at } = row;
      await upsert('node', ['node'], { node, account: 1, pool, id, id_key: id.toLowerCase(), gone_at, status: JSON.stringify(restOf(row)) });
      await upsertStatus<NodeActivity>(NODE_ACTIVITY, row);
      return node;
    },
    async job(id, status) {
      const { job, action_sequence: asked, next_task: next } = await one('select job, action_sequence, next_task from job where id_key = lower($1)', [id]);
      const none = { active: 0, running: 0, succeeded: 0, failed: 0 };
      const { tasks, slots, open, schedulingError, ...row }: JobStatus = {
        job: Number(job),
        state: 'active',
        since: 0,
        previousState: null,
        previousSince: null,
        actionSequence: Number(asked),
        endedAt: null,
        terminateReason: null,
        autoPoolId: null,
        schedulingError: null,
        open: null,
        ingested: Number(next) - 1,
        tasks: none,
        slots: none,
        ...status,
      };
      if (row.state === 'completed') await database.query('delete from open_job where job = $1', [job]);
      await upsert('job_status', ['job'], { ...snake(row), open_tasks: open && JSON.stringify(open), scheduling_error: schedulingError && JSON.stringify(schedulingError), ...prefixed('tasks', tasks), ...prefixed('slots', slots) });
    },
    async task(jobId, id, status) {
      const found = await one('select t.job, t.task from task t join job j using (job) where j.id_key = lower($1) and t.id_key = lower($2) and t.deleted_at is null', [jobId, id]);
      const row: TaskStatus = { ...neverAttempted(Number(found['job']), Number(found['task']), 0), ...status };
      await upsertStatus<TaskStatus>(TASK_STATUS, row);
      if (row.result === 'failure') await database.query('insert into failed_task (job, task) values ($1, $2) on conflict do nothing', [row.job, row.task]);
    },
    async schedule(id, status) {
      const { schedule, timing_sequence: timing, action_sequence: asked } = await one('select schedule, timing_sequence, action_sequence from job_schedule where id_key = lower($1)', [id]);
      const row = scheduleStatus(Number(schedule), { since: 0, timingSequence: Number(timing), actionSequence: Number(asked), ...status });
      await upsert('job_schedule_status', ['schedule'], snake(row));
    },
    async scheduledJob(scheduleId, run) {
      await one(
        `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at, schedule, run)
           select account, id || ':job-' || $2::int, id_key || ':job-' || $2::int, (job -> 'spec')::jsonb, (job -> 'rules')::jsonb, created, created, created, schedule, $2::int from job_schedule where id_key = lower($1)
           returning account, job)
         insert into open_job (account, job) select account, job from added returning job`,
        [scheduleId, run],
      );
    },
  };
}

function snake(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value as unknown]));
}

function prefixed(prefix: string, row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [`${prefix}_${name}`, value as unknown]));
}
