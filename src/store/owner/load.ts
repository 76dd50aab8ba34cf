import type { Pool, PoolClient } from 'pg';
import { namedParents } from '../../core/task/dependencies.ts';
import type { OwnSample, SampleRow } from '../../core/pool/samples.ts';
import type { Snapshot, TaskIntake } from '../../core/events.ts';
import type { Quotas } from '../../core/intent.ts';
import type { AccountNumber, JobNumber, TaskNumber } from '../../core/keys.ts';
import { beforeNodesOf } from '../../core/node/numbers.ts';
import type { JobNodeStatus, SubtaskStatus } from '../../core/status.ts';
import {
  JOB_COLUMNS, JOB_STATUS_COLUMNS, type JobRow, type JobStatusRow, POOL_COLUMNS, POOL_STATUS_COLUMNS, type PoolRow, type PoolStatusRow,
  SCHEDULE_COLUMNS, SCHEDULE_STATUS_COLUMNS, type ScheduleRow, TASK_COLUMNS, type TaskRow, jobIntent, jobStatus, poolIntent, poolStatus, scheduleIntake, taskIntake, drillIntents, type DrillRows, drillsSql,
} from './rows.ts';
import { NODE_REQUEST_COLUMNS, nodeIntent, type NodeRequestRow } from '../nodeRequest.ts';
import { DEFAULT_RETENTION_MS } from '../rules.ts';
import { asRead, columnNames, type OwnerRow, valueSql } from '../status/description.ts';
import { JOB_NODE_STATUS } from '../status/jobNodeStatus.ts';
import { NODE_STATUS_COLUMNS, nodeStatus, type NodeStatusRow } from '../status/nodeActivity.ts';
import { SUBTASK_STATUS } from '../status/subtaskStatus.ts';
import { numbers } from './literals.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { readSatisfied } from './satisfied.ts';
import { inTransaction } from './transaction.ts';
import { tasksAndStatus, windows } from './windows.ts';

const POOLS = `select ${POOL_COLUMNS}, ${POOL_STATUS_COLUMNS} from pool p left join pool_status ps on ps.pool = p.pool
  where p.account = $1 order by p.pool`;

/** Oldest first. */
const SAMPLES = `select s.pool, json_agg(json_build_array(s.at, s.sample) order by s.at) as samples from pool p join pool_sample s on s.pool = p.pool
  where p.account = $1 group by s.pool`;

const OWN_SAMPLES = `select s.pool, json_agg(json_build_array(s.name, s.at, s.value) order by s.at) as "ownSamples" from pool p join own_sample s on s.pool = p.pool
  where p.account = $1 group by s.pool`;

const NODES = `select ${NODE_STATUS_COLUMNS} from node n join node_activity a on a.node = n.node where n.account = $1 and n.gone_at is null order by n.node`;
const NODE_REQUESTS = `select ${NODE_REQUEST_COLUMNS} from node n join node_request nr on nr.node = n.node where n.account = $1 and n.gone_at is null order by nr.node`;
/** Rows of nodes that have left may be removed already. */
const ACCOUNT = `select quotas, ${drillsSql('$1')} as drills, greatest(last_node, (select max(node) from node where account = $1)) as last from account where account = $1`;

const JOBS = `select ${JOB_COLUMNS}, ${JOB_STATUS_COLUMNS} from (
    select job from open_job where account = $1 union select job from job where account = $1 and deleted_at is not null
  ) open join job j on j.job = open.job left join job_status js on js.job = j.job order by j.job`;

const SCHEDULES = `select ${SCHEDULE_COLUMNS}, ${SCHEDULE_STATUS_COLUMNS} from job_schedule sch left join job_schedule_status ss on ss.schedule = sch.schedule
  where sch.account = $1 and (ss.state is distinct from 'completed' or sch.deleted_at is not null) order by sch.schedule`;

/** By the names of their fields. Those of nodes that have left are of no use to the rules. */
const JOB_NODES = `select ${columnNames<JobNodeStatus>(JOB_NODE_STATUS).map((name) => `s.${name}`).join(', ')} from open_job o join ${JOB_NODE_STATUS.table} s on s.job = o.job
  join node n on n.node = s.node and n.gone_at is null where o.account = $1 order by s.job, s.node`;

const SUBTASK = asRead<SubtaskStatus>(SUBTASK_STATUS, 's');
/** All of tasks that are open, and of others those that are still out. */
const SUBTASKS = `select s.job, s.task, s.instance, ${SUBTASK.columns} from (
    select s.job, s.task, s.instance from unnest($2::bigint[], $3::bigint[]) as u(job, task) join ${SUBTASK_STATUS.table} s on s.job = u.job and s.task = u.task
    union select s.job, s.task, s.instance from open_job o join ${SUBTASK_STATUS.table} s on s.job = o.job and s.state <> 'completed' where o.account = $1
  ) found join ${SUBTASK_STATUS.table} s on s.job = found.job and s.task = found.task and s.instance = found.instance order by s.job, s.task, s.instance`;
type SubtaskRow = Pick<SubtaskStatus, 'job' | 'task' | 'instance'> & OwnerRow<'s', SubtaskStatus, typeof SUBTASK_STATUS>;

const COMPLETED = TASK_STATUS.columns.state.choices.completed;
/** Windows of many jobs are read by one statement, of so many numbers together. */
const NUMBERS_A_STATEMENT = 100_000;
const WINDOWS_A_STATEMENT = 2_000;
const OF_WINDOW = tasksAndStatus('w.job', 'w.after', 'w.last');
const WINDOWS = 'unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[]) with ordinality as w(job, after, last, dependent, place)';
/** Of a job without dependencies. `PlainTasks`. */
const IS_PLAIN = '(s.job is null and t.rules is null and t.terminate_at is null and t.deleted_at is null)';

/**
 * `dependent`: the job uses dependencies, so that none is plain. `offset 0`: each window by itself, in the order of its
 * numbers.
 */
const TASKS = `select page.* from ${WINDOWS} cross join lateral (select ${TASK_COLUMNS} from ${OF_WINDOW} and (w.dependent or not ${IS_PLAIN})
  and (s.state is distinct from ${COMPLETED} or t.deleted_at is not null or t.reactivate_sequence > ${valueSql('s', TASK_STATUS.columns.reactivateSequence)})
  order by t.task offset 0) page order by w.place, page.t_task`;

/** What is the same in a whole window is not written out: most numbers follow each other, most tasks take one slot. */
const PLAIN = `select w.place, w.job, page.* from ${WINDOWS} cross join lateral (
    select count(*)::int as count, min(task) as first, min(required_slots) as "leastSlots", array_agg(created) as "createdAt",
      case when count(*) <= max(task) - min(task) then array_agg(task) end as numbers,
      case when min(required_slots) < max(required_slots) then array_agg(required_slots::bigint) end as slots
    from (select t.task, t.created, t.required_slots from ${OF_WINDOW} and ${IS_PLAIN} order by t.task) plain offset 0
  ) page where not w.dependent and page.count > 0 order by w.place`;
interface PlainRow {
  readonly place: number;
  readonly job: number;
  readonly count: number;
  readonly first: TaskNumber;
  readonly leastSlots: number;
  readonly createdAt: readonly number[];
  /** null: they follow each other. */
  readonly numbers: readonly TaskNumber[] | null;
  /** null: all have `leastSlots`. */
  readonly slots: readonly number[] | null;
}

/** All of one instant. */
export function load(pool: Pool, account: AccountNumber): Promise<Snapshot> {
  return inTransaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    const pools = await client.query<PoolRow & PoolStatusRow>(POOLS, [account]);
    const samples = await client.query<{ pool: number; samples: readonly SampleRow[] }>(SAMPLES, [account]);
    const sampled = new Map(samples.rows.map(({ pool: of, samples: taken }) => [of, { samples: taken }]));
    const own = await client.query<{ pool: number; ownSamples: readonly OwnSample[] }>(OWN_SAMPLES, [account]);
    const ownOf = new Map(own.rows.map(({ pool: of, ownSamples }) => [of, { ownSamples }]));
    const nodes = await client.query<NodeStatusRow>(NODES, [account]);
    const requests = await client.query<NodeRequestRow>(NODE_REQUESTS, [account]);
    const ofAccount = await client.query<{ last: number | null; quotas: Quotas | null; drills: DrillRows }>(ACCOUNT, [account]);
    const jobs = await client.query<JobRow & JobStatusRow>(JOBS, [account]);
    const schedules = await client.query<ScheduleRow>(SCHEDULES, [account]);
    const jobNodes = await client.query<JobNodeStatus>(JOB_NODES, [account]);
    const living = jobs.rows.filter(({ js_state }) => js_state !== null && js_state !== 'completed');
    const tasks = await openTasks(client, living);
    const satisfied: Snapshot['satisfied'][number][] = [];
    const open = new Map(tasks.map((of) => [of.job, of.tasks]));
    for (const { j_job: job, j_rules, js_ingested } of living) {
      if (!j_rules.usesTaskDependencies || js_ingested === 0) continue;
      const named = namedParents(open.get(job) ?? []);
      satisfied.push({ job, ids: await readSatisfied(client, job, named), isWhole: named === null });
    }
    return {
      pools: pools.rows.map((row) => ({ intent: poolIntent(row), status: poolStatus(row.p_pool, row), ...sampled.get(row.p_pool), ...ownOf.get(row.p_pool) })),
      nodes: nodes.rows.map(nodeStatus),
      nodeIntents: requests.rows.flatMap((row) => nodeIntent(row) ?? []),
      ...(ofAccount.rows[0]?.quotas ? { quotas: ofAccount.rows[0].quotas } : null),
      ...(ofAccount.rows[0] === undefined || ofAccount.rows[0].drills.length === 0 ? null : { drills: drillIntents(ofAccount.rows[0].drills) }),
      nextNode: (ofAccount.rows[0]?.last ?? beforeNodesOf(account)) + 1,
      jobs: jobs.rows.map((row) => ({ intent: { ...jobIntent(row), reactivations: row.j_reactivations > 0 ? -1 : 0 }, status: jobStatus(row.j_job, row) })),
      schedules: schedules.rows.map(scheduleIntake),
      jobNodes: jobNodes.rows,
      tasks,
      subtasks: await openSubtasks(client, account, tasks),
      satisfied,
    };
  });
}

async function openSubtasks(client: PoolClient, account: AccountNumber, open: Snapshot['tasks']): Promise<readonly SubtaskStatus[]> {
  const gangs = open.flatMap(({ job, tasks }) => tasks.flatMap(({ intent: { task, instances = 0 }, status }) => (instances > 1 && status !== null ? [{ job, task }] : [])));
  const { rows } = await client.query<SubtaskRow>(SUBTASKS, [account, numbers(gangs.map(({ job }) => job)), numbers(gangs.map(({ task }) => task))]);
  return rows.flatMap((row) => SUBTASK.read({ job: row.job, task: row.task, instance: row.instance }, row) ?? []);
}

interface Open {
  readonly job: JobNumber;
  readonly tasks: TaskIntake[];
  readonly plain: { readonly numbers: number[]; readonly createdAt: number[]; readonly slots: number[]; readonly retentionMs: number };
}

/** Costs what is open, not what has ever been: only ranges with open tasks are looked at, of all jobs together. */
async function openTasks(client: PoolClient, jobs: readonly (JobRow & JobStatusRow)[]): Promise<Snapshot['tasks']> {
  const open = new Map<JobNumber, Open>();
  const of = (job: JobNumber): Open => {
    const known = open.get(job) ?? { job, tasks: [], plain: { numbers: [], createdAt: [], slots: [], retentionMs: DEFAULT_RETENTION_MS } };
    open.set(job, known);
    return known;
  };
  for (const batch of batches(jobs)) {
    const plain = await client.query<PlainRow>({ name: 'load-plain-tasks', text: PLAIN, values: valuesOf(batch) });
    const counts = new Map(plain.rows.map(({ place, count }) => [place, count]));
    for (const row of plain.rows) append(of(row.job).plain, row);
    // Where all numbers are those of plain tasks there are no others.
    const mixed = batch.filter(({ after, last }, index) => (counts.get(index + 1) ?? 0) < last - after);
    if (mixed.length === 0) continue;
    const rows = await client.query<TaskRow>({ name: 'load-tasks', text: TASKS, values: valuesOf(mixed) });
    for (const row of rows.rows) of(row.t_job).tasks.push(taskIntake(row));
  }
  return jobs.flatMap(({ j_job }) => open.get(j_job) ?? []);
}

function append(plain: Open['plain'], { count, first, leastSlots, createdAt, numbers, slots }: PlainRow): void {
  for (let index = 0; index < count; index += 1) {
    plain.numbers.push(numbers?.[index] ?? first + index);
    plain.createdAt.push(createdAt[index] ?? 0);
    plain.slots.push(slots?.[index] ?? leastSlots);
  }
}

function valuesOf(batch: readonly Window[]): readonly string[] {
  return [numbers(batch.map(({ job }) => job)), numbers(batch.map(({ after }) => after)), numbers(batch.map(({ last }) => last)), `{${batch.map(({ dependent }) => dependent).join(',')}}`];
}

interface Window {
  readonly job: JobNumber;
  readonly after: TaskNumber;
  readonly last: TaskNumber;
  readonly dependent: boolean;
}

function* batches(jobs: readonly (JobRow & JobStatusRow)[]): Generator<readonly Window[]> {
  let batch: Window[] = [];
  let size = 0;
  for (const { j_job: job, j_rules: { usesTaskDependencies: dependent }, js_open_tasks, js_ingested } of jobs) {
    for (const [first, end] of js_open_tasks ?? [[1, js_ingested]]) {
      for (const [after, last] of windows(first - 1, Math.min(end, js_ingested))) {
        batch.push({ job, after, last, dependent });
        size += last - after;
        if (size < NUMBERS_A_STATEMENT && batch.length < WINDOWS_A_STATEMENT) continue;
        yield batch;
        batch = [];
        size = 0;
      }
    }
  }
  if (batch.length > 0) yield batch;
}
