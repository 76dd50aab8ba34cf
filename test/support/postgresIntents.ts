import type { Pool } from 'pg';
import { DEFAULT_RETENTION_MS, type JobRules, type JobTemplate, type PoolRules, type PoolTemplate, type ScheduleRules, type TaskRules } from '../../src/store/rules.ts';
import type { PoolIntent, TaskIntent } from '../../src/core/intent.ts';
import type { IntentWriter, NewAutoPool, NewJobIntent } from '../../src/simulation/intentWriter.ts';

/** What the API's handlers write, reduced to what owners see; specifications are `{id}`. */
export function postgresIntents(pool: Pool): IntentWriter {
  const one = async (text: string, values: unknown[]): Promise<number> => {
    const { rows } = await pool.query<{ number: number }>(text, values);
    if (rows[0] === undefined) throw new Error('no row');
    return rows[0].number;
  };
  const change = async (table: string, where: string, key: readonly number[], columns: Record<string, unknown>, inbox: string): Promise<void> => {
    const names = Object.keys(columns);
    const sets = ['modified = modified + 1', ...names.map((name, index) => `${name} = $${key.length + index + 1}`)];
    const text = `with changed as (update ${table} set ${sets.join(', ')} where ${where} returning *) ${inbox}`;
    await pool.query(text, [...key, ...Object.values(columns)]);
  };
  return {
    addPool: (account, intent) =>
      one(
        `with p as (insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms,
           node_deallocation, resize_sequence, resize_requested_at, stop_sequence, unavailable, deleted_at, is_auto)
         values ($1, $2, lower($2), json_build_object('id', $2::text, 'vmSize', $15::text), $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning pool),
         i as (insert into inbox (account, kind, subject) select $1, 'pool', pool from p) select pool as number from p`,
        [account, intent.id, poolRules(intent), intent.createdAt, intent.targetDedicated, intent.targetLowPriority, intent.resizeTimeoutMs, intent.nodeDeallocation,
          intent.resizeSequence, intent.resizeRequestedAt, intent.stopSequence, intent.unavailable, intent.deletedAt, intent.isAuto, intent.machine?.size ?? null],
      ),
    changePool: (number, { taskSlotsPerNode: _s, fillType: _f, startTask: _t, autoScale: _a, machine: _m, removing, ...intent }) =>
      change('pool', 'pool = $1', [number], columns({ ...intent, removing: removing && JSON.stringify(removing) }), "insert into inbox (account, kind, subject) select account, 'pool', pool from changed"),
    changeNode: async (node, { schedulingDisabled, restart, restartSequence }) => {
      const given = columns({ schedulingDisabled, restart: restart && JSON.stringify(restart), restartSequence });
      const names = Object.keys(given);
      const sets = ['node', ...names].map((name) => `${name} = excluded.${name}`).join(', ');
      await pool.query(
        `with asked as (insert into node_request (${['node', ...names].join(', ')}) values ($1${names.map((_, index) => `, $${index + 2}`).join('')}) on conflict (node) do update set ${sets} returning node)
         insert into inbox (account, kind, subject) select n.account, 'node', node from asked join node n using (node)`,
        [node, ...Object.values(given)],
      );
    },
    addDrill: (account, createdAt, rules) =>
      one(
        `with d as (insert into drill (account, created, rules) values ($1, $2, $3) returning drill),
         i as (insert into inbox (account, kind, subject) values ($1, 'account', $1)) select drill as number from d`,
        [account, createdAt, rules],
      ),
    stopDrill: async (drill) => {
      await pool.query("with d as (update drill set stopped_at = 1 where drill = $1 returning account) insert into inbox (account, kind, subject) select account, 'account', account from d", [drill]);
    },
    setQuotas: async (account, quotas) => {
      await pool.query("with set as (update account set quotas = $2 where account = $1 returning account) insert into inbox (account, kind, subject) select account, 'account', account from set", [account, JSON.stringify(quotas)]);
    },
    addJob: (account, intent, autoPool) =>
      one(
        `with j as (insert into job (account, id, id_key, spec, rules, created, modified, action, action_sequence, action_at, deleted_at, auto_pool, schedule, run)
         values ($1, $2, lower($2), json_build_object('id', $2::text), $3, $4, $4, $5, $6, $7, $8, $9, $10, $11) returning job),
         o as (insert into open_job (account, job) select $1, job from j),
         i as (insert into inbox (account, kind, subject) select $1, 'job', job from j) select job as number from j`,
        [account, intent.id, jobRules(intent), intent.createdAt, JSON.stringify(intent.action), intent.actionSequence, intent.actionAt, intent.deletedAt,
          autoPool === undefined ? null : JSON.stringify(poolTemplate(autoPool)), intent.schedule?.schedule ?? null, intent.schedule?.run ?? null],
      ),
    changeJob: (job, { action, actionSequence, actionAt, deletedAt }) =>
      change(
        'job', 'job = $1', [job],
        columns({ ...(action === undefined ? {} : { action: JSON.stringify(action) }), actionSequence, actionAt, deletedAt }),
        "insert into inbox (account, kind, subject) select account, 'job', job from changed",
      ),
    addSchedule: (account, intent, { job, autoPool, manager }) => {
      const { doNotRunUntil, doNotRunAfter, startWindowMs, recurrenceMs } = intent;
      const rules: ScheduleRules = { doNotRunUntil, doNotRunAfter, startWindowMs, recurrenceMs };
      const template: JobTemplate = {
        spec: {},
        rules: jobRules(job),
        autoPool: autoPool === undefined ? null : poolTemplate(autoPool),
        manager: manager === undefined ? null : { id: manager.idKey, spec: { id: manager.idKey }, requiredSlots: manager.requiredSlots, rules: taskRules(manager) },
      };
      return one(
        `with s as (insert into job_schedule (account, id, id_key, spec, rules, job, created, modified, timing_sequence, action, action_sequence, action_at, deleted_at)
         values ($1, $2, lower($2), '{}', $3, $4, $5, $5, $6, $7, $8, $9, $10) returning schedule),
         i as (insert into inbox (account, kind, subject) select $1, 'schedule', schedule from s) select schedule as number from s`,
        [account, intent.id, rules, JSON.stringify(template), intent.createdAt, intent.timingSequence, JSON.stringify(intent.action), intent.actionSequence, intent.actionAt, intent.deletedAt],
      );
    },
    changeSchedule: (schedule, { action, actionSequence, actionAt, deletedAt }) =>
      change(
        'job_schedule', 'schedule = $1', [schedule],
        columns({ ...(action === undefined ? {} : { action: JSON.stringify(action) }), actionSequence, actionAt, deletedAt }),
        "insert into inbox (account, kind, subject) select account, 'schedule', schedule from changed",
      ),
    addTasks: async (job, tasks) => {
      const { rows: [added] } = await pool.query<{ last: number; entry: number }>(
        `with j as (update job set next_task = next_task + $2, slots_added = slots_added + $3 where job = $1 returning account, job, next_task - 1 as last),
         t as (insert into task (job, task, id, id_key, spec, created, modified, required_slots, rules, terminate_at, reactivate_sequence, deleted_at)
           select $1, last - $2 + n, v ->> 'idKey', v ->> 'idKey', json_build_object('id', v ->> 'idKey'), (v ->> 'createdAt')::bigint, 0, (v ->> 'requiredSlots')::int,
             nullif(v -> 'rules', 'null'), (v ->> 'terminateAt')::bigint, (v ->> 'reactivateSequence')::int, (v ->> 'deletedAt')::bigint
           from j, jsonb_array_elements($4::jsonb) with ordinality as e(v, n)),
         i as (insert into inbox (account, kind, subject) select account, 'tasks', job from j returning entry) select last, entry from j, i`,
        [job, tasks.length, tasks.reduce((sum, task) => sum + task.requiredSlots, 0), JSON.stringify(tasks.map((task) => ({ ...task, rules: taskRules(task) })))],
      );
      if (added === undefined) throw new Error('no row');
      const first = added.last - tasks.length + 1;
      return { entry: added.entry, job, tasks: tasks.map((task, index) => ({ intent: { ...task, task: first + index }, status: null })), size: tasks.length };
    },
    changeTask: (job, task, { terminateAt, reactivateSequence, deletedAt }) =>
      change(
        'task', 'job = $1 and task = $2', [job, task], columns({ terminateAt, reactivateSequence, deletedAt }),
        `${reactivateSequence === undefined ? '' : ', counted as (update job set reactivations = reactivations + 1 where job = $1)'}
         insert into inbox (account, kind, subject, task) select j.account, 'task', c.job, c.task from changed c join job j using (job)`,
      ),
  };
}

function columns(intent: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(intent)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}

function poolTemplate({ pool, keepAlive }: NewAutoPool): PoolTemplate {
  const { targetDedicated, targetLowPriority, resizeTimeoutMs, unavailable } = pool;
  return { spec: {}, rules: poolRules(pool), targetDedicated, targetLowPriority, resizeTimeoutMs, unavailable, keepAlive };
}

function poolRules({ autoScale, taskSlotsPerNode, fillType, startTask, interNode }: Omit<PoolRules, 'autoScale'> & Pick<PoolIntent, 'autoScale'>): PoolRules {
  return { ...(autoScale ? { autoScale: { formula: autoScale.formula, intervalMs: autoScale.intervalMs } } : null), taskSlotsPerNode, fillType, startTask, ...(interNode === undefined ? null : { interNode }) };
}

function jobRules(intent: Omit<NewJobIntent, 'id' | 'createdAt' | 'actionAt' | 'schedule'>): JobRules {
  return {
    poolId: intent.poolId,
    priority: intent.priority,
    maxParallelTasks: intent.maxParallelTasks,
    maxTaskRetryCount: intent.maxTaskRetryCount,
    maxWallClockMs: intent.maxWallClockMs,
    usesTaskDependencies: intent.usesTaskDependencies,
    onAllTasksComplete: intent.onAllTasksComplete,
    onTaskFailure: intent.onTaskFailure,
    preparation: intent.preparation,
    release: intent.release,
    manager: intent.manager,
    autoPool: intent.autoPool,
  };
}

function taskRules({ instances, maxTaskRetryCount, affinity, dependsOn, exitConditions, retentionMs }: Omit<TaskIntent, 'task' | 'createdAt'>): TaskRules | null {
  const rules = Object.fromEntries(Object.entries({ instances, maxTaskRetryCount, affinity, dependsOn, exitConditions, retentionMs }).filter(([, value]) => value !== null && value !== undefined && value !== DEFAULT_RETENTION_MS));
  return Object.keys(rules).length === 0 ? null : rules;
}
