import type { Pool, PoolClient } from 'pg';
import type { Snapshot, TaskIntake } from '../../core/events.ts';
import type { AccountNumber, JobNumber } from '../../core/keys.ts';
import type { NodeStatus } from '../../core/status.ts';
import {
  JOB_COLUMNS, JOB_STATUS_COLUMNS, type JobRow, type JobStatusRow, POOL_COLUMNS, POOL_STATUS_COLUMNS, type PoolRow, type PoolStatusRow,
  TASK_COLUMNS, type TaskRow, jobIntent, jobStatus, poolIntent, poolStatus, taskIntake,
} from './rows.ts';
import { inTransaction } from './transaction.ts';

const POOLS = `select ${POOL_COLUMNS}, ${POOL_STATUS_COLUMNS} from pool p left join pool_status ps on ps.pool = p.pool
  where p.account = $1 order by p.pool`;

const NODES = 'select status from node where account = $1 and gone_at is null order by node';
const LAST_NODE = 'select max(node) as last from node where account = $1';

const JOBS = `select ${JOB_COLUMNS}, ${JOB_STATUS_COLUMNS} from job j left join job_status js on js.job = j.job
  where j.account = $1 and (js.state is distinct from 'completed' or j.deleted_at is not null) order by j.job`;

/** Both tables by their keys in the same order: one pass over the job, whatever its size. */
const TASKS = `select ${TASK_COLUMNS} from task t left join task_status s on s.job = t.job and s.task = t.task
  where t.job = $1 and t.task > $2 and t.task <= $3
    and ($4 or s.state is distinct from 'completed' or t.deleted_at is not null or t.reactivate_sequence > s.reactivate_sequence)
  order by t.task limit ${20_000}`;
const TASKS_PAGE = 20_000;

const SATISFIED = `select s.job, array_agg(s.id_key) as ids from satisfied_id s join job j on j.job = s.job left join job_status js on js.job = j.job
  where j.account = $1 and js.state is distinct from 'completed' group by s.job`;

/** Accounts' numbers of nodes lie this far apart. */
const NODES_PER_ACCOUNT = 2 ** 32;

/** All of one instant. */
export const load = (pool: Pool, account: AccountNumber): Promise<Snapshot> =>
  inTransaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    const pools = await client.query<PoolRow & PoolStatusRow>(POOLS, [account]);
    const nodes = await client.query<{ status: NodeStatus }>(NODES, [account]);
    const last = await client.query<{ last: number | null }>(LAST_NODE, [account]);
    const jobs = await client.query<JobRow & JobStatusRow>(JOBS, [account]);
    const tasks: { job: JobNumber; tasks: readonly TaskIntake[] }[] = [];
    for (const row of jobs.rows) {
      if (row.js_state === null) continue;
      const open = await openTasks(client, row);
      if (open.length > 0) tasks.push({ job: row.j_job, tasks: open });
    }
    const satisfied = await client.query<{ job: JobNumber; ids: string[] }>(SATISFIED, [account]);
    return {
      pools: pools.rows.map((row) => ({ intent: poolIntent(row), status: poolStatus(row.p_pool, row) })),
      nodes: nodes.rows.map(({ status }) => status),
      nextNode: (last.rows[0]?.last ?? (account - 1) * NODES_PER_ACCOUNT) + 1,
      jobs: jobs.rows.map((row) => ({ intent: jobIntent(row), status: jobStatus(row.j_job, row) })),
      tasks,
      satisfied: satisfied.rows,
    };
  });

const openTasks = async (client: PoolClient, job: JobRow & JobStatusRow): Promise<TaskIntake[]> => {
  const found: TaskIntake[] = [];
  for (let after = 0; ; ) {
    const page = await client.query<TaskRow>({ name: 'load-tasks', text: TASKS, values: [job.j_job, after, job.js_ingested, job.j_rules.usesTaskDependencies] });
    for (const row of page.rows) found.push(taskIntake(row));
    const last = page.rows.at(-1);
    if (last === undefined || page.rows.length < TASKS_PAGE) return found;
    after = last.t_task;
  }
};
