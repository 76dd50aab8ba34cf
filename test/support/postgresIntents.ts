import type { Pool } from 'pg';
import { DEFAULT_RETENTION_MS, type JobRules, type PoolRules, type TaskRules } from '../../src/store/rules.ts';
import type { PoolIntent, TaskIntent } from '../../src/core/intent.ts';
import type { IntentWriter, NewJobIntent } from '../../src/simulation/intentWriter.ts';

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
           node_deallocation, resize_sequence, resize_requested_at, stop_sequence, unavailable, deleted_at)
         values ($1, $2, lower($2), json_build_object('id', $2::text), $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) returning pool),
         i as (insert into inbox (account, kind, subject) select $1, 'pool', pool from p) select pool as number from p`,
        [account, intent.id, poolRules(intent), intent.createdAt, intent.targetDedicated, intent.targetLowPriority, intent.resizeTimeoutMs, intent.nodeDeallocation,
          intent.resizeSequence, intent.resizeRequestedAt, intent.stopSequence, intent.unavailable, intent.deletedAt],
      ),
    changePool: (number, { taskSlotsPerNode: _s, fillType: _f, startTask: _t, ...intent }) =>
      change('pool', 'pool = $1', [number], columns(intent), "insert into inbox (account, kind, subject) select account, 'pool', pool from changed"),
    addJob: (account, intent) =>
      one(
        `with j as (insert into job (account, id, id_key, spec, rules, created, modified, action, action_sequence, action_at, deleted_at)
         values ($1, $2, lower($2), json_build_object('id', $2::text), $3, $4, $4, $5, $6, $7, $8) returning job),
         o as (insert into open_job (account, job) select $1, job from j),
         i as (insert into inbox (account, kind, subject) select $1, 'job', job from j) select job as number from j`,
        [account, intent.id, jobRules(intent), intent.createdAt, JSON.stringify(intent.action), intent.actionSequence, intent.actionAt, intent.deletedAt],
      ),
    changeJob: (job, { action, actionSequence, actionAt, deletedAt }) =>
      change(
        'job', 'job = $1', [job],
        columns({ ...(action === undefined ? {} : { action: JSON.stringify(action) }), actionSequence, actionAt, deletedAt }),
        "insert into inbox (account, kind, subject) select account, 'job', job from changed",
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

function poolRules({ taskSlotsPerNode, fillType, startTask }: Omit<PoolIntent, 'pool'>): PoolRules {
  return { taskSlotsPerNode, fillType, startTask };
}

function jobRules(intent: NewJobIntent): JobRules {
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
  };
}

function taskRules({ maxTaskRetryCount, affinity, dependsOn, exitConditions, retentionMs }: Omit<TaskIntent, 'task'>): TaskRules | null {
  const rules = Object.fromEntries(Object.entries({ maxTaskRetryCount, affinity, dependsOn, exitConditions, retentionMs }).filter(([, value]) => value !== null && value !== DEFAULT_RETENTION_MS));
  return Object.keys(rules).length === 0 ? null : rules;
}
