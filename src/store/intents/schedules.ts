import type { ScheduleAction } from '../../core/intent.ts';
import { idKey, type AccountNumber, type Instant, type ScheduleNumber } from '../../core/keys.ts';
import type { ScheduleStatus } from '../../core/status.ts';
import type { JobTemplate, ScheduleRules } from '../rules.ts';
import { asShown, type ApiRow, type NoRow } from '../status/description.ts';
import { SCHEDULE_STATUS } from '../status/scheduleStatus.ts';
import { sealedText } from '../sealedSpecs.ts';
import type { Sealing } from '../sealing.ts';
import { bounded, isFull, type Bounded } from './pageBytes.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A job schedule's intent. JSON columns are text. */
export interface ScheduleRow {
  readonly schedule: ScheduleNumber;
  readonly id: string;
  /** Canonical JobScheduleAdd. */
  readonly spec: string;
  readonly createdAt: Instant;
  readonly modifiedAt: Instant;
  readonly timingSequence: number;
  /** A `ScheduleAction`. */
  readonly action: string;
  readonly actionSequence: number;
  readonly actionAt: Instant;
  readonly deletedAt: Instant | null;
}

type ScheduleStatusRow = ApiRow<ScheduleStatus, typeof SCHEDULE_STATUS>;

/** All null: the owner has not seen the schedule yet. */
export type ScheduleWithStatus = ScheduleRow & (ScheduleStatusRow | NoRow<ScheduleStatusRow>);

const SHOWN = asShown<ScheduleStatus, typeof SCHEDULE_STATUS>(SCHEDULE_STATUS);
const COLUMNS = `j.schedule, j.id, j.spec, j.created as "createdAt", j.modified as "modifiedAt", j.timing_sequence as "timingSequence", j.action,
  j.action_sequence as "actionSequence", j.action_at as "actionAt", j.deleted_at as "deletedAt"`;

const find = statement<ScheduleWithStatus>(
  'schedule.find',
  `select ${COLUMNS}, ${SHOWN.columns} from job_schedule j left join job_schedule_status s using (schedule) where j.account = $1 and j.id_key = $2`,
);
const lock = statement<ScheduleRow>('schedule.lock', `select ${COLUMNS} from job_schedule j where j.account = $1 and j.id_key = $2 for update`);
const status = statement<ScheduleStatusRow>('schedule.status', `select ${SHOWN.columns} from job_schedule_status s where s.schedule = $1`);
const countActive = statement<{ schedules: number }>(
  'schedule.countActive',
  `select count(*)::int as schedules from job_schedule j left join job_schedule_status s using (schedule)
   where j.account = $1 and j.deleted_at is null and s.state is distinct from 'completed'`,
);
const insert = statement<{ schedule: ScheduleNumber }>(
  'schedule.insert',
  `insert into job_schedule (account, id, id_key, spec, rules, job, created, modified, action_at) values ($1, $2, $3, $4, $5, $6, $7, $7, $7) returning schedule`,
);
const update = statement<{ modifiedAt: Instant }>(
  'schedule.update',
  `update job_schedule set spec = coalesce($2, spec), rules = coalesce($3, rules), job = coalesce($4, job), timing_sequence = $5, action = $6, action_sequence = $7, action_at = $8,
     deleted_at = $9, modified = case when $10 then greatest($11, modified + 1) else modified end
   where schedule = $1 returning modified as "modifiedAt"`,
);

export function findSchedule(database: Database | Transaction, account: AccountNumber, id: string): Promise<ScheduleWithStatus | null> {
  return row(database, find, [account, idKey(id)]);
}

/** Locks the schedule's intent, then reads its status, with a snapshot younger than the lock. */
export async function lockSchedule(tx: Transaction, account: AccountNumber, id: string): Promise<ScheduleWithStatus | null> {
  const locked = await row(tx, lock, [account, idKey(id)]);
  if (locked === null) return null;
  return { ...locked, ...((await row(tx, status, [locked.schedule])) ?? SHOWN.none) };
}

/** Schedules that are neither completed nor being deleted. */
export async function countActiveSchedules(database: Database | Transaction, account: AccountNumber): Promise<number> {
  return (await row(database, countActive, [account]))?.schedules ?? 0;
}

/** What a schedule makes its jobs of, and when. */
export interface ScheduleSpec {
  readonly spec: string;
  readonly rules: ScheduleRules;
  readonly job: JobTemplate;
}

/** Throws a duplicate key when the id is taken. */
export async function insertSchedule(tx: Transaction, sealing: Sealing, account: AccountNumber, id: string, spec: ScheduleSpec, now: Instant): Promise<ScheduleNumber> {
  const inserted = await row(tx, insert, [account, id, idKey(id), ...columnsOf(spec, sealing), now]);
  if (inserted === null) throw new Error('insert into job_schedule returned no row');
  return inserted.schedule;
}

function columnsOf({ spec, rules, job }: ScheduleSpec, sealing: Sealing): readonly [string, string, string] {
  return [sealedText('job_schedule.spec', spec, sealing), JSON.stringify(rules), sealedText('job_schedule.job', JSON.stringify(job), sealing)];
}

export interface ScheduleChange {
  /** The specification anew. `isTimed`: its times were given, and count from now on. */
  readonly spec?: ScheduleSpec & { readonly isTimed: boolean };
  readonly action?: ScheduleAction;
  readonly deletedAt?: Instant;
}

/** Writes the intent of a locked schedule; a delete leaves `modified` as it is. Returns `modified`. */
export async function updateSchedule(tx: Transaction, sealing: Sealing, schedule: ScheduleRow, { spec, action, deletedAt }: ScheduleChange, now: Instant): Promise<Instant> {
  const specified = spec === undefined ? [null, null, null] : columnsOf(spec, sealing);
  const timing = schedule.timingSequence + Number(spec?.isTimed === true);
  const asked = action === undefined ? [schedule.action, schedule.actionSequence, schedule.actionAt] : [JSON.stringify(action), schedule.actionSequence + 1, now];
  const updated = await row(tx, update, [schedule.schedule, ...specified, timing, ...asked, deletedAt ?? schedule.deletedAt, deletedAt === undefined, now]);
  if (updated === null) throw new Error('the locked schedule is gone');
  return updated.modifiedAt;
}

const list = statement<ScheduleWithStatus & Bounded>(
  'schedule.list',
  bounded(
    `select ${COLUMNS}, ${SHOWN.columns}, j.id_key from job_schedule j left join job_schedule_status s using (schedule) where j.account = $1 and j.id_key > $2 order by j.id_key limit $3`,
    'id_key',
  ),
);

/** Schedules above the key `after`, in the order of their ids; `more`: there may be others after them. */
export async function listSchedules(database: Database, account: AccountNumber, after: string, limit: number): Promise<{ readonly schedules: readonly (ScheduleWithStatus & Bounded)[]; readonly more: boolean }> {
  const schedules = await rows(database, list, [account, after, limit]);
  return { schedules, more: schedules.length === limit || isFull(schedules) };
}
