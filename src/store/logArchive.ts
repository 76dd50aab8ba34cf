import type { Pool } from 'pg';
import type { AccountNumber, Instant, JobNumber, NodeNumber, TaskNumber } from '../core/keys.ts';
import { jsons, numbers } from './owner/literals.ts';
import { TASK_STATUS } from './status/taskStatus.ts';

/** Of the account's storage: blobs of the log archive lie there. */
export const ARCHIVE_CONTAINER = 'linarite-archive';

/** What owners keep of the log archive. An object is a blob; its row is there before it, and until it is deleted. */
export interface LogArchiveStore {
  /** The blob may be there from now on. Returns the object's number. */
  begin(account: AccountNumber, blob: string, now: Instant): Promise<number>;
  /**
   * Enters what lies in an object, of those tasks that the node's attempt has completed. Returns of how many that is
   * so; of none: the object may go.
   */
  record(object: RecordedObject): Promise<number>;
  /**
   * Forgets what need not be kept: of tasks that are gone, of these jobs or all (null), and then also what is over its
   * time; of the oldest objects as much as is beyond the bound. Returns objects that hold nothing any more.
   */
  sweep(account: AccountNumber, sweep: ArchiveSweep): Promise<readonly ArchiveObject[]>;
  /** Their blobs are deleted. */
  drop(objects: readonly number[]): Promise<void>;
  /** Whether there are objects. */
  isUsed(account: AccountNumber): Promise<boolean>;
}

interface ArchiveObject {
  readonly object: number;
  readonly blob: string;
}

export interface RecordedObject {
  readonly account: AccountNumber;
  readonly object: number;
  readonly node: NodeNumber;
  readonly sizeBytes: number;
  readonly now: Instant;
  readonly tasks: readonly RecordedTask[];
}

interface RecordedTask {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
  /** null: it is kept as long as its task. */
  readonly dueAt: Instant | null;
  /** As JSON, for whoever reads it. */
  readonly files: unknown;
}

interface ArchiveSweep {
  readonly jobs: readonly JobNumber[] | null;
  readonly now: Instant;
  /** Objects begun before then that nothing is on record of have failed. */
  readonly begunBefore: Instant;
  /** Of all objects of the account. */
  readonly mostBytes: number;
}

const { state } = TASK_STATUS.columns;
const BEGIN = 'insert into archive_object (account, blob, begun_at) values ($1, $2, $3) returning object';
const RECORD = `with given as (select * from unnest($3::bigint[], $4::bigint[], $5::int[], $6::bigint[], $7::jsonb[]) as g(job, task, attempt, expires_at, files)),
  kept as (
    insert into archived_task (job, task, account, object, attempt, expires_at, files)
      select g.job, g.task, $1, $2, g.attempt, g.expires_at, g.files from given g
        join task_status s on s.job = g.job and s.task = g.task join job j on j.job = g.job
        where j.account = $1 and s.node = $8 and s.attempt = g.attempt and s.state = ${state.choices.completed}
      on conflict (job, task) do update set object = excluded.object, attempt = excluded.attempt, expires_at = excluded.expires_at, files = excluded.files
      returning 1),
  entered as (update archive_object set recorded_at = $9, size_bytes = $10 where object = $2)
  select count(*) as kept from kept`;
const IS_GONE = 'not exists (select from task t where t.job = a.job and t.task = a.task) or exists (select from gone_job g where g.job = a.job)';
const FORGET_OF_JOBS = `delete from archived_task a where a.account = $1 and a.job = any($2::bigint[]) and (${IS_GONE})`;
const FORGET = `delete from archived_task a where a.account = $1 and (a.expires_at <= $2 or ${IS_GONE})`;
const FORGET_DELETED = `delete from deleted_file a where ${IS_GONE}`;
/** Oldest first. */
const FORGET_BEYOND = `with sized as (select object, sum(size_bytes) over (order by object desc) as upto from archive_object where account = $1 and size_bytes is not null)
  delete from archived_task where object in (select object from sized where upto > $2)`;
const EMPTY = `select object, blob from archive_object o where account = $1 and (recorded_at is not null or begun_at < $2)
  and not exists (select from archived_task a where a.object = o.object) order by object`;
const DROP = 'delete from archive_object o where object = any($1::bigint[]) and not exists (select from archived_task a where a.object = o.object)';
const IS_USED = 'select exists (select from archive_object where account = $1) as used';

/** `pool`: from `connect(…, 'owner')`. */
export function postgresLogArchive(pool: Pool): LogArchiveStore {
  return {
    begin: async (account, blob, now) => {
      const { rows } = await pool.query<{ object: number }>({ name: 'archive-begin', text: BEGIN, values: [account, blob, now] });
      if (rows[0] === undefined) throw new Error('an inserted object has no row');
      return rows[0].object;
    },
    record: async ({ account, object, node, sizeBytes, now, tasks }) => {
      const columns = [numbers(tasks.map(({ job }) => job)), numbers(tasks.map(({ task }) => task)), numbers(tasks.map(({ attempt }) => attempt)), numbers(tasks.map(({ dueAt }) => dueAt)), jsons(tasks.map(({ files }) => files))];
      const { rows } = await pool.query<{ kept: number }>({ name: 'archive-record', text: RECORD, values: [account, object, ...columns, node, now, sizeBytes] });
      return rows[0]?.kept ?? 0;
    },
    sweep: async (account, { jobs, now, begunBefore, mostBytes }) => {
      if (jobs !== null) await pool.query({ name: 'archive-forget-of-jobs', text: FORGET_OF_JOBS, values: [account, numbers(jobs)] });
      else {
        await pool.query({ name: 'archive-forget', text: FORGET, values: [account, now] });
        await pool.query({ name: 'archive-forget-deleted', text: FORGET_DELETED });
      }
      await pool.query({ name: 'archive-forget-beyond', text: FORGET_BEYOND, values: [account, mostBytes] });
      return (await pool.query<ArchiveObject>({ name: 'archive-empty', text: EMPTY, values: [account, begunBefore] })).rows;
    },
    drop: async (objects) => void (await pool.query({ name: 'archive-drop', text: DROP, values: [numbers(objects)] })),
    isUsed: async (account) => (await pool.query<{ used: boolean }>({ name: 'archive-is-used', text: IS_USED, values: [account] })).rows[0]?.used === true,
  };
}
