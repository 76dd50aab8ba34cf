import type { Pool, PoolClient } from 'pg';
import type { Snapshot, TaskIntake } from '../../core/events.ts';
import type { AccountNumber, TaskNumber } from '../../core/keys.ts';
import type { NodeStatus } from '../../core/status.ts';
import {
  JOB_COLUMNS, JOB_STATUS_COLUMNS, type JobRow, type JobStatusRow, POOL_COLUMNS, POOL_STATUS_COLUMNS, type PoolRow, type PoolStatusRow,
  TASK_COLUMNS, type TaskRow, jobIntent, jobStatus, poolIntent, poolStatus, taskIntake,
} from './rows.ts';
import { DEFAULT_RETENTION_MS } from '../rules.ts';
import { inTransaction } from './transaction.ts';

const POOLS = `select ${POOL_COLUMNS}, ${POOL_STATUS_COLUMNS} from pool p left join pool_status ps on ps.pool = p.pool
  where p.account = $1 order by p.pool`;

const NODES = 'select status from node where account = $1 and gone_at is null order by node';
const LAST_NODE = 'select max(node) as last from node where account = $1';

const JOBS = `select ${JOB_COLUMNS}, ${JOB_STATUS_COLUMNS} from job j left join job_status js on js.job = j.job
  where j.account = $1 and (js.state is distinct from 'completed' or j.deleted_at is not null) order by j.job`;

/** Tasks of a job are read so many numbers at a time. */
const WINDOW = 20_000;
/** Those above $2, up to $3. Both tables by their keys in the same order, and both bounded, or each window would read the second one from the job's first task on. */
const TASKS_AND_STATUS = `task t left join task_status s on s.job = t.job and s.task = t.task and s.task > $2 and s.task <= $3
  where t.job = $1 and t.task > $2 and t.task <= $3`;
/** Of a job without dependencies. `PlainTasks`. */
const IS_PLAIN = '(s.job is null and t.rules is null and t.terminate_at is null and t.deleted_at is null)';

/** $4: the job uses dependencies, so that none is plain. */
const TASKS = `select ${TASK_COLUMNS} from ${TASKS_AND_STATUS} and ($4 or not ${IS_PLAIN})
  and (s.state is distinct from 'completed' or t.deleted_at is not null or t.reactivate_sequence > s.reactivate_sequence)
  order by t.task`;

const PLAIN = `select array_agg(task) as numbers, array_agg(created) as "createdAt", array_agg(required_slots::bigint) as slots
  from (select t.task, t.created, t.required_slots from ${TASKS_AND_STATUS} and ${IS_PLAIN} order by t.task) plain`;
type PlainRow = { readonly [Column in 'numbers' | 'createdAt' | 'slots']: readonly number[] | null };

const SATISFIED_BY_TASKS = `select json_agg(t.id_key) as ids from ${TASKS_AND_STATUS} and s.state = 'completed' and s.dependency = 'satisfy'`;
/** By tasks whose rows do not say so any more. */
const SATISFIED_BEFORE = 'select json_agg(id_key) as ids from satisfied_id where job = $1';
type IdsRow = { readonly ids: readonly string[] | null };

/** Accounts' numbers of nodes lie this far apart. */
const NODES_PER_ACCOUNT = 2 ** 32;

/** All of one instant. */
export const load = (pool: Pool, account: AccountNumber): Promise<Snapshot> =>
  inTransaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    const pools = await client.query<PoolRow & PoolStatusRow>(POOLS, [account]);
    const nodes = await client.query<{ status: NodeStatus }>(NODES, [account]);
    const last = await client.query<{ last: number | null }>(LAST_NODE, [account]);
    const jobs = await client.query<JobRow & JobStatusRow>(JOBS, [account]);
    const tasks: Snapshot['tasks'][number][] = [];
    const satisfied: Snapshot['satisfied'][number][] = [];
    for (const row of jobs.rows) {
      if (row.js_state === null || row.js_state === 'completed') continue;
      const open = await openTasks(client, row);
      if (open.tasks.length + open.plain.numbers.length > 0) tasks.push(open);
      const ids = row.j_rules.usesTaskDependencies ? await satisfiedIds(client, row) : [];
      if (ids.length > 0) satisfied.push({ job: row.j_job, ids });
    }
    return {
      pools: pools.rows.map((row) => ({ intent: poolIntent(row), status: poolStatus(row.p_pool, row) })),
      nodes: nodes.rows.map(({ status }) => status),
      nextNode: (last.rows[0]?.last ?? (account - 1) * NODES_PER_ACCOUNT) + 1,
      jobs: jobs.rows.map((row) => ({ intent: jobIntent(row), status: jobStatus(row.j_job, row) })),
      tasks,
      satisfied,
    };
  });

const openTasks = async (client: PoolClient, { j_job: job, j_rules: { usesTaskDependencies }, js_ingested }: JobRow & JobStatusRow): Promise<Snapshot['tasks'][number]> => {
  const tasks: TaskIntake[] = [];
  const plain = { numbers: [] as number[], createdAt: [] as number[], slots: [] as number[], retentionMs: DEFAULT_RETENTION_MS };
  for (const window of windows(js_ingested)) {
    const rows = await client.query<TaskRow>({ name: 'load-tasks', text: TASKS, values: [job, ...window, usesTaskDependencies] });
    for (const row of rows.rows) tasks.push(taskIntake(row));
    if (usesTaskDependencies) continue;
    const columns = await client.query<PlainRow>({ name: 'load-plain-tasks', text: PLAIN, values: [job, ...window] });
    for (const column of ['numbers', 'createdAt', 'slots'] as const) plain[column].push(...(columns.rows[0]?.[column] ?? []));
  }
  return { job, tasks, plain };
};

const satisfiedIds = async (client: PoolClient, { j_job: job, js_ingested }: JobRow & JobStatusRow): Promise<readonly string[]> => {
  const before = await client.query<IdsRow>({ name: 'load-satisfied-before', text: SATISFIED_BEFORE, values: [job] });
  const ids = [...(before.rows[0]?.ids ?? [])];
  for (const window of windows(js_ingested)) {
    const { rows } = await client.query<IdsRow>({ name: 'load-satisfied', text: SATISFIED_BY_TASKS, values: [job, ...window] });
    ids.push(...(rows[0]?.ids ?? []));
  }
  return ids;
};

/** Bounds of numbers, the lower one left out, that together cover those up to `last`. */
function* windows(last: TaskNumber): Generator<readonly [TaskNumber, TaskNumber]> {
  for (let after = 0; after < last; after += WINDOW) yield [after, Math.min(last, after + WINDOW)];
}
