import type { UsageHour } from '../../core/decisions.ts';
import type { AccountNumber, Instant, JobNumber, PoolNumber, TaskNumber } from '../../core/keys.ts';
import { hourOf, meteredUntil } from '../../core/cost/meter.ts';
import type { JobUsage, PoolMeter } from '../../core/status.ts';
import { rows, statement, type Database } from './statement.ts';

/** What nodes cost and tasks use of them: the hours of pools, with what their meters have counted since. */

const hours = statement<UsageHour>(
  'usage.hours',
  `select hour, pool, pool_id as "poolId", size, low_priority as "lowPriority", node_ms as "nodeMs", busy_ms as "busyMs", lost_ms as "lostMs"
    from usage_hour where account = $1 and hour >= $2 and ($3::text is null or lower(pool_id) = lower($3)) order by hour, pool, size, low_priority`,
);
const meters = statement<{ readonly pool: PoolNumber; readonly id: string; readonly size: string | null; readonly meter: string }>(
  'usage.meters',
  `select p.pool, p.id, p.spec ->> 'vmSize' as size, ps.meter from pool p join pool_status ps using (pool)
    where p.account = $1 and ps.meter is not null and ($2::text is null or p.id_key = lower($2))`,
);

/** From the hour of `since` on, in their order; a pool by its id (any case), or all. */
export async function usageOfPools(database: Database, account: AccountNumber, { since, now, poolId }: { readonly since: Instant; readonly now: Instant; readonly poolId: string | null }): Promise<readonly UsageHour[]> {
  const first = Math.max(0, hourOf(since));
  const [written, running] = await Promise.all([rows(database, hours, [account, first, poolId]), rows(database, meters, [account, poolId])]);
  const since1970 = first * HOUR_MS;
  const more = running.flatMap(({ pool, id, size, meter: text }) => {
    const meter = JSON.parse(text) as PoolMeter;
    const left = { ...meter, at: Math.max(meter.at, since1970) };
    return [...meteredUntil(left, now)].map((row): UsageHour => ({ ...row, pool, poolId: id, size: (size ?? '').toLowerCase(), busyMs: 0, lostMs: 0 }));
  });
  return added([...written, ...more]);
}

const HOUR_MS = 3_600_000;

/** Rows of one hour, pool, size and kind become one. */
function added(all: readonly UsageHour[]): readonly UsageHour[] {
  const sums = new Map<string, UsageHour>();
  for (const row of all) {
    const key = `${row.hour}.${row.pool}.${row.size}.${row.lowPriority}`;
    const before = sums.get(key);
    sums.set(key, before === undefined ? row : { ...row, nodeMs: before.nodeMs + row.nodeMs, busyMs: before.busyMs + row.busyMs, lostMs: before.lostMs + row.lostMs });
  }
  return [...sums.values()].toSorted((a, b) => a.hour - b.hour);
}

const ofJob = statement<{ readonly usage: string | null }>('usage.job', 'select usage from job_status where job = $1');

/** A task's part of its node: `t` and `s` are its rows, `n` and `p` of its node and pool. */
const SHARE = `n.pool, p.id as "poolId", lower(p.spec ->> 'vmSize') as size, not (n.status ->> 'dedicated')::boolean as "lowPriority",
  sum(greatest(0, coalesce(s.ended_at, $2) - s.started_at) * t.required_slots / greatest(1, (n.status ->> 'slots')::int))::bigint as ms`;
const ROWS = 'task_status s join task t using (job, task) join node n on n.node = s.node join pool p using (pool)';

/** Of the job's attempts that run. */
const running = statement<TaskShare>('usage.running', `select ${SHARE} from ${ROWS} where s.job = $1 and s.started_at is not null and s.ended_at is null group by 1, 2, 3, 4`);
const ofTask = statement<TaskShare>('usage.task', `select ${SHARE} from ${ROWS} where s.job = $1 and s.task = $3 and s.started_at is not null group by 1, 2, 3, 4`);

interface TaskShare {
  readonly pool: PoolNumber;
  readonly poolId: string;
  readonly size: string;
  readonly lowPriority: boolean;
  readonly ms: number;
}

/** What the attempts of a job have used: those that are over, and those that run until now. */
export async function usageOfJob(database: Database, job: JobNumber, now: Instant): Promise<readonly (TaskShare & { readonly lostMs: number })[]> {
  const [stored, out] = await Promise.all([rows(database, ofJob, [job]), rows(database, running, [job, now])]);
  const text = stored[0]?.usage ?? null;
  const over = text === null ? [] : (JSON.parse(text) as readonly JobUsage[]);
  const sums = over.map(({ pool, poolId, size, lowPriority, ms, lostMs }) => ({ pool, poolId, size, lowPriority, ms, lostMs }));
  for (const share of out) {
    const found = sums.find((one) => one.pool === share.pool && one.lowPriority === share.lowPriority);
    if (found === undefined) sums.push({ ...share, lostMs: 0 });
    else found.ms += share.ms;
  }
  return sums;
}

/** What the task's last attempt has used, until now if it runs; nothing where its pool is gone. */
export async function usageOfTask(database: Database, job: JobNumber, task: TaskNumber, now: Instant): Promise<readonly (TaskShare & { readonly lostMs: number })[]> {
  return (await rows(database, ofTask, [job, now, task])).map((share) => ({ ...share, lostMs: 0 }));
}

const ofJobs = statement<{ readonly job: JobNumber; readonly id: string; readonly usage: string | null; readonly running: number }>(
  'usage.jobs',
  'select j.job, j.id, s.usage, s.tasks_running as running from job j join job_status s using (job) where j.account = $1 and (s.usage is not null or s.tasks_running > 0)',
);
const runningOf = statement<TaskShare & { readonly job: JobNumber }>('usage.runningOf', `select s.job, ${SHARE} from ${ROWS} where s.job = any($1) and s.started_at is not null and s.ended_at is null group by 1, 2, 3, 4, 5`);

/** What the attempts of each job have used until now, of all jobs that there are. */
export async function usageByJob(database: Database, account: AccountNumber, now: Instant): Promise<readonly (Omit<TaskShare, 'pool'> & { readonly jobId: string; readonly lostMs: number })[]> {
  const jobs = await rows(database, ofJobs, [account]);
  const names = new Map(jobs.map(({ job, id }) => [job, id]));
  const over = jobs.flatMap(({ id, usage }) => (usage === null ? [] : (JSON.parse(usage) as readonly JobUsage[])).map((one) => ({ ...one, jobId: id })));
  // $2 stands in what a share is.
  const out = await rows(database, runningOf, [jobs.filter(({ running: tasks }) => tasks > 0).map(({ job }) => job), now]);
  return [...over, ...out.map(({ job, ...share }) => ({ ...share, jobId: names.get(job) ?? '', lostMs: 0 }))];
}
