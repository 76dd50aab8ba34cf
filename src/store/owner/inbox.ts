import type { Pool } from 'pg';
import type { Quotas } from '../../core/intent.ts';
import type { AccountNumber, JobNumber } from '../../core/keys.ts';
import type { OwnSample } from '../../core/pool/samples.ts';
import type { InboxBatch } from '../ownerStore.ts';
import { NODE_REQUEST_COLUMNS, nodeIntent, type NodeRequestRow } from '../nodeRequest.ts';
import { numbers } from './literals.ts';
import {
  JOB_COLUMNS, JOB_STATUS_COLUMNS, type JobRow, type JobStatusRow, POOL_COLUMNS, type PoolRow, SCHEDULE_COLUMNS, SCHEDULE_STATUS_COLUMNS, type ScheduleRow,
  TASK_COLUMNS, type TaskRow, jobIntent, jobStatus, poolIntent, scheduleIntake, taskIntake, drillIntents, type DrillRows, drillsSql,
} from './rows.ts';

/** One look at the index's other end. */
const NEWEST = '(select max(entry) from inbox where account = $1) as newest';

/**
 * Most entries tell of new tasks, which are read by job and page: looked at first, so that a busy inbox costs one small
 * index scan.
 */
const ENTRIES = `select entry, kind, subject, ${NEWEST} from inbox where account = $1 order by entry limit $2`;

interface Entry {
  readonly entry: number;
  readonly kind: 'pool' | 'job' | 'tasks' | 'task' | 'schedule' | 'node' | 'account' | 'samples';
  readonly subject: number;
  readonly newest: number;
}

/**
 * One statement, so one round trip and one instant: rows are at least as new as the entries that point at them. Jobs
 * that no entry points at come last.
 */
const INBOX = `with e as materialized (select entry, kind, subject, task, samples from inbox where account = $1 order by entry limit $2)
  select e.entry, e.kind, e.subject, e.samples, ${NEWEST}, ${POOL_COLUMNS}, ${JOB_COLUMNS}, ${JOB_STATUS_COLUMNS}, ${TASK_COLUMNS}, ${SCHEDULE_COLUMNS}, ${SCHEDULE_STATUS_COLUMNS}, ${NODE_REQUEST_COLUMNS},
    coalesce(ac.quotas, '{}') as ac_quotas, case when ac.account is not null then ${drillsSql('ac.account')} end as ac_drills
  from (select * from e union all select null, 'job', job, null, null from unnest($3::bigint[]) as also(job)) e
  left join pool p on e.kind = 'pool' and p.pool = e.subject
  left join job j on e.kind in ('job', 'task') and j.job = e.subject
  left join job_status js on js.job = j.job
  left join task t on e.kind = 'task' and t.job = e.subject and t.task = e.task
  left join task_status s on s.job = t.job and s.task = t.task
  left join job_schedule sch on e.kind = 'schedule' and sch.schedule = e.subject
  left join job_schedule_status ss on ss.schedule = sch.schedule
  left join node_request nr on e.kind = 'node' and nr.node = e.subject
  left join account ac on e.kind = 'account' and ac.account = e.subject
  order by e.entry`;

/** A subject that is gone has null in its group. */
type Joined<Row, Key extends keyof Row> = Omit<Row, Key> & { readonly [K in Key]: Row[K] | null };
type InboxRow = Omit<Entry, 'entry'> & { readonly entry: number | null; readonly samples: readonly OwnSample[] | null } & Joined<PoolRow, 'p_pool'> & Joined<JobRow, 'j_job'> & JobStatusRow & Joined<TaskRow, 't_task'> & Joined<ScheduleRow, 'sch_schedule'> & NodeRequestRow & { readonly ac_quotas: Quotas; readonly ac_drills: DrillRows | null };

export async function readInbox(pool: Pool, account: AccountNumber, limit: number, also: readonly JobNumber[]): Promise<InboxBatch> {
  if (also.length > 0) return readAll(pool, account, limit, also);
  const { rows } = await pool.query<Entry>({ name: 'entries', text: ENTRIES, values: [account, limit + 1] });
  if (rows.some(({ kind }) => kind !== 'tasks')) return readAll(pool, account, limit, []);
  const taken = rows.slice(0, limit);
  const jobsWithNewTasks = [...new Set(taken.map(({ subject }) => subject))];
  return { entries: taken.map(({ entry }) => entry), newest: newestOf(rows), pools: [], jobs: [], schedules: [], nodes: [], jobsWithNewTasks, tasks: [], more: rows.length > limit };
}

function newestOf(rows: readonly Pick<Entry, 'newest'>[]): number {
  return rows[0]?.newest ?? 0;
}

/** With all that the entries point at. */
async function readAll(pool: Pool, account: AccountNumber, limit: number, also: readonly JobNumber[]): Promise<InboxBatch> {
  const { rows } = await pool.query<InboxRow>({ name: 'inbox', text: INBOX, values: [account, limit + 1, numbers(also)] });
  const more = rows.filter(({ entry }) => entry !== null).length > limit;
  const pools = new Map<number, InboxBatch['pools'][number]>();
  const jobs = new Map<number, InboxBatch['jobs'][number]>();
  const schedules = new Map<number, InboxBatch['schedules'][number]>();
  const nodes = new Map<number, InboxBatch['nodes'][number]>();
  const jobsWithNewTasks = new Set<JobNumber>();
  const tasks = new Map<string, InboxBatch['tasks'][number]>();
  const entries: number[] = [];
  const ownSamples: NonNullable<InboxBatch['ownSamples']>[number][] = [];
  let quotas: Quotas | undefined;
  let drills: InboxBatch['drills'];
  const beyond = more ? rows[limit] : undefined;
  for (const row of rows) {
    if (row === beyond) continue;
    if (row.entry !== null) entries.push(row.entry);
    if (row.kind === 'account') {
      quotas = row.ac_quotas;
      drills = drillIntents(row.ac_drills ?? []);
    }
    if (row.samples !== null) ownSamples.push({ pool: row.subject, samples: row.samples });
    if (row.kind === 'tasks') jobsWithNewTasks.add(row.subject);
    if (row.p_pool !== null) pools.set(row.p_pool, poolIntent({ ...row, p_pool: row.p_pool }));
    if (row.j_job !== null && (row.kind === 'job' || row.js_state === 'completed' || (row.t_task !== null && row.t_reactivate_sequence > (row.s_reactivate_sequence ?? 0)))) {
      // Some of what the row counts may stand in entries beyond this page.
      const j_reactivations = more && row.j_reactivations > 0 ? -1 : row.j_reactivations;
      jobs.set(row.j_job, { intent: jobIntent({ ...row, j_job: row.j_job, j_reactivations }), status: jobStatus(row.j_job, row) });
    }
    const asked = nodeIntent(row);
    if (asked !== null) nodes.set(asked.node, asked);
    if (row.sch_schedule !== null) schedules.set(row.sch_schedule, scheduleIntake({ ...row, sch_schedule: row.sch_schedule }));
    if (row.t_task !== null) tasks.set(`${row.t_job}.${row.t_task}`, { job: row.t_job, task: taskIntake({ ...row, t_task: row.t_task }) });
  }
  return { entries, newest: newestOf(rows), pools: [...pools.values()], jobs: [...jobs.values()], schedules: [...schedules.values()], nodes: [...nodes.values()], ...(quotas === undefined ? null : { quotas }), ...(drills === undefined ? null : { drills }), ...(ownSamples.length === 0 ? null : { ownSamples }), jobsWithNewTasks: [...jobsWithNewTasks], tasks: [...tasks.values()], more };
}
