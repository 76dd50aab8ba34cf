import type { AccountNumber, Instant, JobNumber } from '../../core/keys.ts';
import { NODE_ACTIVITY, nodeStateSql } from '../status/nodeActivity.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { rows, statement, type Database } from './statement.ts';

/** What the overview of an account shows, read with a few statements whatever it has. */

const troubled = statement<TroubledNodes>(
  'overview.troubledNodes',
  `select p.id as "poolId", ${nodeStateSql('a')} as state, count(*)::int as nodes, min(a.since) as since, (array_agg(n.id order by a.since))[1:100] as "nodeIds"
   from pool p join node n on n.account = p.account and n.pool = p.pool and n.gone_at is null join node_activity a on a.node = n.node
   where p.account = $1 and a.state = any($2::smallint[]) group by 1, 2 order by 1, 2`,
);
const { choices: NODE_STATES } = NODE_ACTIVITY.columns.state;

export interface TroubledNodes {
  readonly poolId: string;
  readonly state: 'starttaskfailed' | 'unusable';
  readonly nodes: number;
  /** Of the first of them. */
  readonly since: Instant;
  /** The first hundred. */
  readonly nodeIds: readonly string[];
}

/** Nodes on which nothing can run until somebody does something, by pool and state. */
export function troubledNodes(database: Database, account: AccountNumber): Promise<readonly TroubledNodes[]> {
  return rows(database, troubled, [account, [NODE_STATES.starttaskfailed, NODE_STATES.unusable]]);
}

/** Of a job, at most so many failures are looked at, those of the tasks that were added last. */
const MOST_FAILURES = 100_000;
const failures = statement<JobFailures>(
  'overview.failures',
  `select j.job, j.id as "jobId", s.ended_at is null as open, f.tasks, f.since
   from job j join job_status s using (job), lateral (
     select count(*)::int as tasks, min(t.ended_at) as since from (
       select (select case when x.state = ${TASK_STATUS.columns.state.choices.completed} and x.result = ${TASK_STATUS.columns.result.choices.failure} then x.ended_at end from task_status x where x.job = j.job and x.task = failed_task.task) as ended_at
       from failed_task where failed_task.job = j.job order by failed_task.task desc limit ${MOST_FAILURES}
     ) t where t.ended_at >= $2
   ) f
   where j.account = $1 and j.deleted_at is null and s.tasks_failed > 0 and coalesce(s.ended_at, $2) >= $2 and f.tasks > 0 order by f.tasks desc`,
);

export interface JobFailures {
  readonly job: JobNumber;
  readonly jobId: string;
  /** It has not ended. */
  readonly open: boolean;
  readonly tasks: number;
  readonly since: Instant;
}

/** Jobs with tasks that have ended in failure since an instant and have not been run again, the most failures first. */
export function failuresSince(database: Database, account: AccountNumber, since: Instant): Promise<readonly JobFailures[]> {
  return rows(database, failures, [account, since]);
}

const open = statement<OpenJob>(
  'overview.openJobs',
  `select j.job, j.id as "jobId", j.created as "createdAt", coalesce(s.tasks_active, 0) + greatest(0, j.next_task - 1 - coalesce(s.ingested, 0)) as waiting, coalesce(s.tasks_running, 0) as running,
     j.spec -> 'poolInfo' ->> 'poolId' as "poolId"
   from open_job o join job j on j.job = o.job left join job_status s on s.job = j.job where o.account = $1 and j.deleted_at is null order by j.job`,
);

export interface OpenJob {
  readonly job: JobNumber;
  readonly jobId: string;
  readonly createdAt: Instant;
  readonly waiting: number;
  readonly running: number;
  /** null: it names none. */
  readonly poolId: string | null;
}

/** Jobs that are neither completed nor being deleted. */
export function openJobs(database: Database, account: AccountNumber): Promise<readonly OpenJob[]> {
  return rows(database, open, [account]);
}
