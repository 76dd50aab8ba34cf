import type { JobAction } from '../../core/intent.ts';
import { idKey, type AccountNumber, type Instant, type JobNumber, type ScheduleNumber, type TaskNumber } from '../../core/keys.ts';
import type { JobStatus } from '../../core/status.ts';
import type { JobRules, PoolTemplate } from '../rules.ts';
import { sealedText } from '../sealedSpecs.ts';
import type { Sealing } from '../sealing.ts';
import { bounded, isFull, type Bounded } from './pageBytes.ts';
import { asShown, type ApiRow, type NoRow } from '../status/description.ts';
import { JOB_STATUS } from '../status/jobStatus.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A job's intent. JSON columns are text. */
export interface JobRow {
  readonly job: JobNumber;
  readonly id: string;
  /** Canonical JobAdd. */
  readonly spec: string;
  /** `JobRules` of that specification. */
  readonly rules: string;
  readonly createdAt: Instant;
  readonly modifiedAt: Instant;
  readonly nextTask: TaskNumber;
  readonly slotsAdded: number;
  /** A `JobAction`. */
  readonly action: string;
  readonly actionSequence: number;
  readonly actionAt: Instant;
  readonly deletedAt: Instant | null;
}

type JobStatusRow = ApiRow<JobStatus, typeof JOB_STATUS>;

/** All null: the owner has not seen the job yet. */
export type JobWithStatus = JobRow & (JobStatusRow | NoRow<JobStatusRow>);

const SHOWN = asShown<JobStatus, typeof JOB_STATUS>(JOB_STATUS);
const JOB_COLUMNS = `j.job, j.id, j.spec, j.rules, j.created as "createdAt", j.modified as "modifiedAt", j.next_task as "nextTask",
  j.slots_added as "slotsAdded", j.action, j.action_sequence as "actionSequence", j.action_at as "actionAt", j.deleted_at as "deletedAt"`;

const find = statement<JobWithStatus>(
  'job.find',
  `select ${JOB_COLUMNS}, ${SHOWN.columns} from job j left join job_status s using (job) where j.account = $1 and j.id_key = $2`,
);
const lock = statement<JobRow>('job.lock', `select ${JOB_COLUMNS} from job j where j.account = $1 and j.id_key = $2 for update`);
const status = statement<JobStatusRow>('job.status', `select ${SHOWN.columns} from job_status s where s.job = $1`);
/** As many rows as there are open jobs, however many are completed. */
export const countActive = statement<{ jobs: number }>(
  'job.countActive',
  `select count(*)::int as jobs from open_job o join job j on j.job = o.job where o.account = $1 and j.deleted_at is null`,
);
const insert = statement<{ job: JobNumber }>(
  'job.insert',
  `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at, auto_pool) values ($1, $2, $3, $4, $6, $5, $5, $5, $7) returning account, job)
   insert into open_job (account, job) select account, job from added returning job`,
);
const update = statement<{ modifiedAt: Instant }>(
  'job.update',
  `update job set spec = $2, modified = case when $8 then greatest($3, modified + 1) else modified end, action = $4, action_sequence = $5,
     action_at = $6, deleted_at = $7, rules = $9, auto_pool = case when $10::boolean is null then auto_pool else jsonb_set(auto_pool, '{keepAlive}', to_jsonb($10::boolean)) end
   where job = $1 returning modified as "modifiedAt"`,
);

export function findJob(database: Database | Transaction, account: AccountNumber, id: string): Promise<JobWithStatus | null> {
  return row(database, find, [account, idKey(id)]);
}

/**
 * Locks the job's intent, then reads its status: an owner that ends the job locks the same row, so what we read after
 * the lock is what adds are ordered against. Two statements on purpose: the second one's snapshot is younger than the
 * lock.
 */
export async function lockJob(tx: Transaction, account: AccountNumber, id: string): Promise<JobWithStatus | null> {
  const locked = await row(tx, lock, [account, idKey(id)]);
  if (locked === null) return null;
  return { ...locked, ...((await row(tx, status, [locked.job])) ?? SHOWN.none) };
}

// `limit 1` makes each key a look-up of its own: without statistics the planner would read the whole job instead.
const statusAndTaken = statement<(JobStatusRow | NoRow<JobStatusRow>) & { readonly taken: readonly string[] | null }>(
  'job.statusAndTaken',
  `select ${SHOWN.columns}, (
     select array_agg(t.id_key) from unnest($3::text[]) asked (key),
       lateral (select task.id_key from task where task.job = j.job and task.id_key = asked.key and task.deleted_at is null limit 1) t
   ) as taken
   from job j left join job_status s on s.job = j.job where j.account = $1 and j.id_key = $2`,
);

/** As `lockJob`, and which of these keys (`idKey`) its tasks have already: all that adding tasks has to know. */
export async function lockJobForTasks(
  tx: Transaction,
  account: AccountNumber,
  id: string,
  keys: readonly string[],
): Promise<{ readonly job: JobWithStatus; readonly taken: ReadonlySet<string> } | null> {
  const key = idKey(id);
  // Sent together; still the second one's snapshot is younger than the lock.
  const [locked, seen] = await Promise.all([row(tx, lock, [account, key]), row(tx, statusAndTaken, [account, key, keys])]);
  if (locked === null) return null;
  if (seen === null) throw new Error('the locked job is gone');
  const { taken, ...status } = seen;
  return { job: { ...locked, ...status }, taken: new Set(taken) };
}

/** Jobs that are neither completed nor being deleted. */
export async function countActiveJobs(database: Database | Transaction, account: AccountNumber): Promise<number> {
  return (await row(database, countActive, [account]))?.jobs ?? 0;
}

export interface NewJob {
  readonly id: string;
  readonly spec: string;
  readonly rules: JobRules;
  /** null: it names a pool. */
  readonly autoPool: PoolTemplate | null;
}

/** Throws a duplicate key (`isDuplicateKey`) when the id is taken. */
export async function insertJob(tx: Transaction, sealing: Sealing, account: AccountNumber, job: NewJob, now: Instant): Promise<JobNumber> {
  const autoPool = job.autoPool && sealedText('job.auto_pool', JSON.stringify(job.autoPool), sealing);
  const inserted = await row(tx, insert, [account, job.id, idKey(job.id), sealedText('job.spec', job.spec, sealing), now, JSON.stringify(job.rules), autoPool]);
  if (inserted === null) throw new Error('insert into job returned no row');
  return inserted.job;
}

export interface JobChange {
  /**
   * The specification anew, and what the rules need of it. `keepAlive`: whether its auto pool is to be kept from now
   * on; left out: as before.
   */
  readonly spec?: { readonly text: string; readonly rules: JobRules; readonly keepAlive?: boolean };
  readonly action?: JobAction;
  readonly deletedAt?: Instant;
}

/** Writes the intent of a locked job; a delete leaves `modified` as it is, all else moves it on. Returns `modified`. */
export async function updateJob(tx: Transaction, sealing: Sealing, job: JobRow, change: JobChange, now: Instant): Promise<Instant> {
  const asked = change.action === undefined ? [job.action, job.actionSequence, job.actionAt] : [JSON.stringify(change.action), job.actionSequence + 1, now];
  const deletedAt = change.deletedAt ?? job.deletedAt;
  const rules = change.spec === undefined ? job.rules : JSON.stringify(change.spec.rules);
  const spec = change.spec === undefined ? job.spec : sealedText('job.spec', change.spec.text, sealing);
  const updated = await row(tx, update, [job.job, spec, now, ...asked, deletedAt, change.deletedAt === undefined, rules, change.spec?.keepAlive ?? null]);
  if (updated === null) throw new Error('the locked job is gone');
  return updated.modifiedAt;
}

const list = statement<JobWithStatus & Bounded>(
  'job.list',
  bounded(
    `select ${JOB_COLUMNS}, ${SHOWN.columns}, j.id_key from job j left join job_status s using (job) where j.account = $1 and j.id_key > $2 order by j.id_key limit $3`,
    'id_key',
  ),
);

/** Jobs above the key `after`, in the order of their ids; `more`: there may be others after them. */
export async function listJobs(
  database: Database,
  account: AccountNumber,
  after: string,
  limit: number,
): Promise<{ readonly jobs: readonly JobWithStatus[]; readonly more: boolean }> {
  const jobs = await rows(database, list, [account, after, limit]);
  return { jobs, more: jobs.length === limit || isFull(jobs) };
}

const listOfSchedule = statement<JobWithStatus & Bounded>(
  'job.listOfSchedule',
  bounded(
    `select ${JOB_COLUMNS}, ${SHOWN.columns}, j.id_key from job j left join job_status s using (job) where j.schedule = $1 and j.id_key > $2 order by j.id_key limit $3`,
    'id_key',
  ),
);

/** As `listJobs`, of those that a schedule has made. */
export async function listJobsOfSchedule(database: Database, schedule: ScheduleNumber, after: string, limit: number): ReturnType<typeof listJobs> {
  const jobs = await rows(database, listOfSchedule, [schedule, after, limit]);
  return { jobs, more: jobs.length === limit || isFull(jobs) };
}
