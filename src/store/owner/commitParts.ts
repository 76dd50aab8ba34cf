import type { JobNodeStatus, JobStatus, NodeActivity, NodeStatus, PoolStatus, ScheduleStatus, SubtaskStatus } from '../../core/status.ts';
import { nodeSums, RESOURCE_SUMS, tallyNodes, tallyResources, tallyTasks, taskSums } from '../lifetime.ts';
import type { TickCommit } from '../ownerStore.ts';
import { asArrays, asRecords, columnNames, overwriteRow } from '../status/description.ts';
import { JOB_NODE_STATUS } from '../status/jobNodeStatus.ts';
import { JOB_STATUS } from '../status/jobStatus.ts';
import { NODE_ACTIVITY, restOf } from '../status/nodeActivity.ts';
import { POOL_STATUS } from '../status/poolStatus.ts';
import { SCHEDULE_STATUS } from '../status/scheduleStatus.ts';
import { SUBTASK_STATUS } from '../status/subtaskStatus.ts';
import { SAMPLES_KEPT_MS } from '../../core/tunables.ts';
import { NO_TRANSITIONS } from '../../core/transitions/tracker.ts';
import { encodeTransitions } from '../transitionCode.ts';
import { MOST_OF_AN_ENDING } from '../transitions.ts';
import { bytes, json, numbers } from './literals.ts';
import { GO, type Part, overwrite } from './part.ts';
import { QUARANTINE_PARTS } from './quarantine.ts';
import { REQUEST_PARTS } from './requests.ts';
import { FAILED_TASKS, TASKS } from './taskStatus.ts';

/** Pools and jobs are few a tick: one JSON text, in the words of the status types. */
const POOL_RECORDS = asRecords<PoolStatus>(POOL_STATUS);
const JOB_RECORDS = asRecords<JobStatus>(JOB_STATUS);
const JOB_NODE_RECORDS = asRecords<JobNodeStatus>(JOB_NODE_STATUS);
const SUBTASK_RECORDS = asRecords<SubtaskStatus>(SUBTASK_STATUS);

const POOLS: Part = {
  name: 'pools',
  applies: ({ decisions }) => decisions.pools.length > 0,
  sql: (next) => `pools as (insert into ${POOL_STATUS.table} (${columnNames<PoolStatus>(POOL_STATUS).join(', ')})
    select ${POOL_RECORDS.select} from ${POOL_RECORDS.from(next(), 'r')} where ${GO} ${overwriteRow<PoolStatus>(POOL_STATUS)})`,
  values: ({ decisions: { pools, gone } }) => [json(gone.pools.length === 0 ? pools : pools.filter(({ pool }) => !gone.pools.includes(pool)))],
};

/** A day of them is kept. */
const POOL_SAMPLES: Part = {
  name: 'pool-samples',
  applies: ({ decisions: { samples = [] } }) => samples.length > 0,
  sql: (next) => `new_samples as materialized (select r.* from json_to_recordset(${next()}::json) as r(pool bigint, at bigint, sample jsonb) where ${GO}),
    samples as (insert into pool_sample (pool, at, sample) select pool, at, sample from new_samples on conflict do nothing),
    old_samples as (delete from pool_sample s using new_samples n where s.pool = n.pool and s.at < n.at - ${SAMPLES_KEPT_MS})`,
  values: ({ decisions: { samples = [] } }) => [json(samples)],
};

/** Added to what stands there: each tick is carried out once. */
const USAGE: Part = {
  name: 'usage',
  applies: ({ decisions: { usage = [] } }) => usage.length > 0,
  sql: (next) => `usage_hours as (insert into usage_hour as u (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms)
    select $1, r.hour, r.pool, r."poolId", r.size, r."lowPriority", r."nodeMs", r."busyMs", r."lostMs"
    from json_to_recordset(${next()}::json) as r(hour int, pool bigint, "poolId" text, size text, "lowPriority" boolean, "nodeMs" bigint, "busyMs" bigint, "lostMs" bigint) where ${GO}
    on conflict (account, hour, pool, size, low_priority) do update
      set node_ms = u.node_ms + excluded.node_ms, busy_ms = u.busy_ms + excluded.busy_ms, lost_ms = u.lost_ms + excluded.lost_ms)`,
  values: ({ decisions: { usage = [] } }) => [json(usage)],
};

function isGuarded({ decisions }: TickCommit): boolean {
  return decisions.guards.length > 0;
}

function insertJobs(rows: string, where: string): string {
  return `jobs as (insert into ${JOB_STATUS.table} (${columnNames<JobStatus>(JOB_STATUS).join(', ')})
    select ${JOB_RECORDS.select} from ${JOB_RECORDS.from(rows, 'r', 'refused boolean')} where ${GO} ${where} ${overwriteRow<JobStatus>(JOB_STATUS)})`;
}

function remainingJobs({ decisions: { jobs, gone } }: TickCommit): readonly JobStatus[] {
  return (gone.jobs.length === 0 ? jobs : jobs.filter(({ job }) => !gone.jobs.includes(job)));
}

const JOBS: Part = {
  name: 'jobs',
  applies: (tick) => tick.decisions.jobs.length > 0 && !isGuarded(tick),
  sql: (next) => insertJobs(next(), ''),
  values: (tick) => [json(remainingJobs(tick))],
};

/**
 * Of a job that ends by itself there are two rows, the one that holds if its guard refuses that among them: one of the
 * two is written.
 */
const GUARDED_JOBS: Part = {
  name: 'guarded-jobs',
  applies: isGuarded,
  sql: (next) => insertJobs(next(), 'and (r.refused is null or r.refused = coalesce((select g.refused from guard g where g.job = r.job), false))'),
  values: (tick) => {
    const otherwise = new Map(tick.decisions.guards.map((guard) => [guard.job, guard.otherwise]));
    return [json(remainingJobs(tick).flatMap((row) => {
      const without = otherwise.get(row.job);
      return without === undefined ? [row] : [{ ...row, refused: false }, { ...without, refused: true }];
    }))];
  },
};

/** Completed and gone ones are open no more. */
function overJobs({ decisions: { jobs, gone } }: TickCommit): string {
  return numbers([...jobs.filter(({ state }) => state === 'completed').map(({ job }) => job), ...gone.jobs]);
}
function deleteOpenJobs(jobs: string): string {
  return `open_jobs as (delete from open_job where account = $1 and job = any(${jobs}::bigint[]) and ${GO}`;
}

const OPEN_JOBS: Part = {
  name: 'open-jobs',
  applies: (tick) => !isGuarded(tick) && (tick.decisions.gone.jobs.length > 0 || tick.decisions.jobs.some(({ state }) => state === 'completed')),
  sql: (next) => `${deleteOpenJobs(next())})`,
  values: (tick) => [overJobs(tick)],
};

const GUARDED_OPEN_JOBS: Part = {
  name: 'guarded-open-jobs',
  applies: isGuarded,
  sql: (next) => `${deleteOpenJobs(next())} and job not in (select g.job from guard g where g.refused))`,
  values: (tick) => [overJobs(tick)],
};

function wholeNodes({ decisions: { nodes, onlyActive } }: TickCommit): readonly NodeStatus[] {
  return onlyActive === undefined ? nodes : nodes.filter(({ node }) => !onlyActive.has(node));
}

/** Seldom: most ticks change only what nodes do. */
const NODES: Part = {
  name: 'nodes',
  applies: (tick) => wholeNodes(tick).length > 0,
  sql: (next) => `nodes as (insert into node (node, account, pool, id, id_key, gone_at, status)
    select node, $1, (status ->> 'pool')::bigint, status ->> 'id', lower(status ->> 'id'), (status ->> 'goneAt')::bigint, status
    from json_to_recordset(${next()}::json) as r(node bigint, status jsonb) where ${GO} ${overwrite('node', ['gone_at', 'status'])})`,
  values: (tick) => [json(wholeNodes(tick).map((status) => ({ node: status.node, status: restOf(status) })))],
};

const ACTIVITY = asArrays<NodeActivity>(NODE_ACTIVITY);

const NODE_ACTIVITIES: Part = {
  name: 'node-activities',
  applies: ({ decisions }) => decisions.nodes.length > 0,
  sql: (next) => `node_activities as (insert into ${NODE_ACTIVITY.table} (${columnNames<NodeActivity>(NODE_ACTIVITY).join(', ')})
    select ${ACTIVITY.select} from ${ACTIVITY.from(next)} where ${GO} ${overwriteRow<NodeActivity>(NODE_ACTIVITY)})`,
  values: ({ decisions }) => ACTIVITY.values(decisions.nodes),
};

/** Those of a job that goes in the same tick are left out by the rules. */
const JOB_NODES: Part = {
  name: 'job-nodes',
  applies: ({ decisions }) => decisions.jobNodes.length > 0,
  sql: (next) => `job_nodes as (insert into ${JOB_NODE_STATUS.table} (${columnNames<JobNodeStatus>(JOB_NODE_STATUS).join(', ')})
    select ${JOB_NODE_RECORDS.select} from ${JOB_NODE_RECORDS.from(next(), 'r')} where ${GO} ${overwriteRow<JobNodeStatus>(JOB_NODE_STATUS)})`,
  values: ({ decisions }) => [json(decisions.jobNodes)],
};

/** Those of a task or job that goes in the same tick are left out by the rules. */
const SUBTASKS: Part = {
  name: 'subtasks',
  applies: ({ decisions: { subtasks = [] } }) => subtasks.length > 0,
  sql: (next) => `subtasks as (insert into ${SUBTASK_STATUS.table} (${columnNames<SubtaskStatus>(SUBTASK_STATUS).join(', ')})
    select ${SUBTASK_RECORDS.select} from ${SUBTASK_RECORDS.from(next(), 'r')} where ${GO} ${overwriteRow<SubtaskStatus>(SUBTASK_STATUS)})`,
  values: ({ decisions: { subtasks = [] } }) => [json(subtasks)],
};

/** Those of a job that goes in the same tick are left out by the rules. */
const SATISFIED: Part = {
  name: 'satisfied',
  applies: ({ decisions }) => decisions.satisfied.length > 0,
  sql: (next) => `satisfied as (insert into satisfied_id (job, id_key)
    select distinct job, "idKey" from json_to_recordset(${next()}::json) as r(job bigint, "idKey" text) where ${GO} on conflict do nothing)`,
  values: ({ decisions }) => [json(decisions.satisfied)],
};

const GONE_TASKS: Part = {
  name: 'gone-tasks',
  applies: ({ decisions }) => decisions.gone.tasks.length > 0,
  sql: (next) => `gone_tasks as materialized (select * from unnest(${next()}::bigint[], ${next()}::bigint[]) as u(job, task) where ${GO}),
    gone_task_sums as (select ${taskSums('s.started_at')} from gone_tasks g join task_status s using (job, task) join task t using (job, task)),
    gone_task_tally as (${tallyTasks('$1::int', 'gone_task_sums')}),
    gone_task_rows as (delete from task t using gone_tasks g where t.job = g.job and t.task = g.task),
    gone_subtasks as (delete from ${SUBTASK_STATUS.table} s using gone_tasks g where s.job = g.job and s.task = g.task),
    gone_task_statuses as (delete from task_status s using gone_tasks g where s.job = g.job and s.task = g.task),
    gone_failed_tasks as (delete from failed_task f using gone_tasks g where f.job = g.job and f.task = g.task)`,
  values: ({ decisions: { gone } }) => [numbers(gone.tasks.map(({ job }) => job)), numbers(gone.tasks.map(({ task }) => task))],
};

/** Their tasks cannot be reached any more once the job's row is gone; `clearGoneJobs` removes them without haste. */
const GONE_JOBS: Part = {
  name: 'gone-jobs',
  applies: ({ decisions }) => decisions.gone.jobs.length > 0,
  sql: (next) => `gone_jobs as materialized (select job from unnest(${next()}::bigint[]) as u(job) where ${GO}),
    gone_job_rows as (delete from job j using gone_jobs g where j.job = g.job),
    gone_job_statuses as (delete from job_status s using gone_jobs g where s.job = g.job),
    gone_job_nodes as (delete from ${JOB_NODE_STATUS.table} s using gone_jobs g where s.job = g.job),
    gone_job_tasks as (insert into gone_job (job, account) select job, $1 from gone_jobs on conflict do nothing)`,
  values: ({ decisions: { gone } }) => [numbers(gone.jobs)],
};

const GONE_POOLS: Part = {
  name: 'gone-pools',
  applies: ({ decisions }) => decisions.gone.pools.length > 0,
  sql: (next) => `gone_pools as materialized (select pool from unnest(${next()}::bigint[]) as u(pool) where ${GO}),
    gone_pool_sums as (select n.account, ${nodeSums(`${next()}::bigint`)} from gone_pools g join pool p using (pool) join node n using (pool)
      where (n.status->>'dedicated')::boolean group by 1, 2),
    gone_pool_tally as (${tallyNodes('gone_pool_sums')}),
    gone_pool_resources as (select p.account, ${RESOURCE_SUMS} from gone_pools g join pool p using (pool) join pool_status s using (pool) where s.resources is not null group by 1),
    gone_pool_resource_tally as (${tallyResources('gone_pool_resources')}),
    gone_pool_rows as (delete from pool p using gone_pools g where p.pool = g.pool),
    gone_pool_samples as (delete from pool_sample s using gone_pools g where s.pool = g.pool),
    gone_pool_statuses as (delete from pool_status s using gone_pools g where s.pool = g.pool)`,
  values: ({ now, decisions: { gone } }) => [numbers(gone.pools), now],
};

const SCHEDULE_RECORDS = asRecords<ScheduleStatus>(SCHEDULE_STATUS);

/** Those that go in the same tick are left out by the rules. */
const SCHEDULES: Part = {
  name: 'schedules',
  applies: ({ decisions: { schedules = [] } }) => schedules.length > 0,
  sql: (next) => `schedules as (insert into ${SCHEDULE_STATUS.table} (${columnNames<ScheduleStatus>(SCHEDULE_STATUS).join(', ')})
    select ${SCHEDULE_RECORDS.select} from ${SCHEDULE_RECORDS.from(next(), 'r')} where ${GO} ${overwriteRow<ScheduleStatus>(SCHEDULE_STATUS)})`,
  values: ({ decisions: { schedules = [] } }) => [json(schedules)],
};

const GONE_SCHEDULES: Part = {
  name: 'gone-schedules',
  applies: ({ decisions: { gone: { schedules = [] } } }) => schedules.length > 0,
  sql: (next) => `gone_schedules as materialized (select schedule from unnest(${next()}::bigint[]) as u(schedule) where ${GO}),
    gone_schedule_rows as (delete from job_schedule s using gone_schedules g where s.schedule = g.schedule),
    gone_schedule_statuses as (delete from ${SCHEDULE_STATUS.table} s using gone_schedules g where s.schedule = g.schedule)`,
  values: ({ decisions: { gone: { schedules = [] } } }) => [numbers(schedules)],
};

const INBOX: Part = {
  name: 'inbox',
  applies: ({ inboxEntries }) => inboxEntries.length > 0,
  sql: (next) => `inbox_rows as (delete from inbox where account = $1 and entry = any(${next()}::bigint[]) and ${GO})`,
  values: ({ inboxEntries }) => [numbers(inboxEntries)],
};

function isBeginning({ journal }: TickCommit): boolean {
  return journal?.beginning !== undefined && journal.beginning !== null;
}

const JOURNAL: Part = {
  name: 'journal',
  applies: (tick) => tick.journal !== null && !isBeginning(tick),
  sql: (next) => `journal_row as (insert into journal (account, epoch, tick, at, core_version, seed, inputs)
    select $1, $2, ${next()}::bigint, ${next()}::bigint, ${next()}::text, ${next()}::bigint, ${next()}::bytea where ${GO})`,
  values: ({ tick, now, journal }) => (journal === null ? [] : [tick, now, journal.coreVersion, journal.seed, bytes(journal.inputs)]),
};

/** Once an epoch. */
const JOURNAL_BEGINNING: Part = {
  name: 'journal-beginning',
  applies: isBeginning,
  sql: (next) => `journal_row as (insert into journal (account, epoch, tick, at, core_version, seed, inputs, beginning)
    select $1, $2, ${next()}::bigint, ${next()}::bigint, ${next()}::text, ${next()}::bigint, ${next()}::bytea, ${next()}::bytea where ${GO})`,
  values: ({ tick, now, journal }) =>
    journal?.beginning === undefined || journal.beginning === null ? [] : [tick, now, journal.coreVersion, journal.seed, bytes(journal.inputs), bytes(journal.beginning)],
};

/**
 * One row a tick, and one more for each job whose end the commit may refuse. Names that nobody else knows it finds
 * itself.
 */
function insertTransitions(name: string, names: string): string {
  return `${name} as (insert into transition (account, epoch, tick, first, at, data, names) select $1, $2, $3, r.first, r.at, r.data, ${names}`;
}

const TRANSITIONS: Part = {
  name: 'transitions',
  applies: ({ transitions = NO_TRANSITIONS }) => transitions.all.length > 0 && transitions.unnamed.length === 0,
  sql: (next) => `${insertTransitions('transitions', 'null')} from (select 0 as first, ${next()}::bigint as at, ${next()}::bytea as data) r where ${GO})`,
  values: ({ now, transitions = NO_TRANSITIONS }) => [now, bytes(encodeTransitions(transitions.all))],
};

const UNNAMED_TRANSITIONS: Part = {
  name: 'unnamed-transitions',
  applies: ({ transitions = NO_TRANSITIONS }) => transitions.unnamed.length > 0,
  sql: (next) => `${insertTransitions('transitions', 'r.names')} from (select 0 as first, ${next()}::bigint as at, ${next()}::bytea as data,
      (with u as materialized (select distinct job, task from unnest(${next()}::bigint[], ${next()}::bigint[]) as u(job, task))
        select json_object_agg(key, id) from (select t.job || '.' || t.task as key, t.id from u join task t using (job, task) union all select j.job::text, j.id from job j where j.job in (select job from u)) n) as names) r where ${GO})`,
  values: ({ now, transitions = NO_TRANSITIONS }) => [now, bytes(encodeTransitions(transitions.all)), numbers(transitions.unnamed.map(({ job }) => job)), numbers(transitions.unnamed.map(({ task }) => task))],
};

/** Beside a guard: after all others of the tick. */
const ENDINGS: Part = {
  name: 'endings',
  applies: ({ transitions = NO_TRANSITIONS }) => transitions.endings.length > 0,
  sql: (next) => `${insertTransitions('endings', 'null')}
    from (select e.first, ${next()}::bigint as at, decode(e.data, 'base64') as data, e.job from json_to_recordset(${next()}::json) as e(job bigint, first int, data text)) r
    where ${GO} and r.job not in (select g.job from guard g where g.refused))`,
  values: ({ now, transitions: { all, endings } = NO_TRANSITIONS }) => [now, json(endings.map(({ job, transitions }, place) => ({ job, first: all.length + place * MOST_OF_AN_ENDING, data: bytes(encodeTransitions(transitions)).toString('base64') })))],
};

export const PARTS: readonly Part[] = [TASKS, FAILED_TASKS, JOBS, GUARDED_JOBS, OPEN_JOBS, GUARDED_OPEN_JOBS, POOLS, POOL_SAMPLES, USAGE, NODES, NODE_ACTIVITIES, JOB_NODES, SUBTASKS, SATISFIED, GONE_TASKS, GONE_JOBS, GONE_POOLS, SCHEDULES, GONE_SCHEDULES, ...REQUEST_PARTS, INBOX, TRANSITIONS, UNNAMED_TRANSITIONS, ENDINGS, JOURNAL, JOURNAL_BEGINNING, ...QUARANTINE_PARTS];
