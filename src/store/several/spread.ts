import type { AccountNumber, Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database } from '../intents/statement.ts';
import { OWNER_DEAD_AFTER_MS, PLACE_FENCE_MS } from '../ownerStore.ts';

/** A process that has beaten lately. */
export interface LivingProcess {
  readonly process: string;
  readonly url: string;
  readonly place: string | null;
  readonly isLeaving: boolean;
}

export interface AccountPlace {
  readonly account: AccountNumber;
  readonly name: string;
  /** Alive or not; null: it was let go of. */
  readonly owner: string | null;
  /** Where its nodes are; null: anywhere, or it has none. */
  readonly place: string | null;
  /** A process of that place has beaten so lately that agents there may still run tasks. */
  readonly isFenced: boolean;
}

const ALIVE = `heartbeat > clock_timestamp() - ${OWNER_DEAD_AFTER_MS} * interval '1 millisecond'`;
const FENCED = `heartbeat > clock_timestamp() - ${PLACE_FENCE_MS} * interval '1 millisecond'`;

const living = statement<LivingProcess>('several.living', `select process, url, place, is_leaving as "isLeaving" from process where ${ALIVE} order by process`);
/** What is about to be removed needs no owner. */
const accounts = statement<AccountPlace>(
  'several.accounts',
  `select a.account, a.name, o.process as owner, o.place,
      o.place is not null and exists (select from process p where p.place = o.place and p.${FENCED}) as "isFenced"
    from account a
    left join lateral (
      select w.process, case when w.place is not null and exists (select from node n where n.account = w.account and n.gone_at is null) then w.place end as place, w.is_closed
        from ownership w where w.account = a.account
    ) o on true
    where coalesce(o.is_closed, false) = false order by a.account`,
);
const changes = statement<{ readonly change: string; readonly now: number }>(
  'several.changes',
  `select coalesce(max(change), 0) || ' ' || count(*) as change, floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now from directory_change`,
);

/** Who lives, who has what, and whether what processes keep of accounts may have changed. */
export async function lookAround(database: Database): Promise<{ readonly processes: readonly LivingProcess[]; readonly accounts: readonly AccountPlace[]; readonly change: string; readonly now: Instant }> {
  const [processes, all, said] = await Promise.all([rows(database, living, []), rows(database, accounts, []), row(database, changes, [])]);
  if (said === null) throw new Error('an aggregate has no row');
  return { processes, accounts: all, ...said };
}

const register = statement(
  'several.register',
  `insert into process (process, url, place, is_joined, heartbeat) values ($1, $2, $3, true, clock_timestamp())
    on conflict (process) do update set url = excluded.url, place = excluded.place, is_joined = true, is_leaving = false, heartbeat = clock_timestamp()`,
);

/** This process is one of several from now on. `url`: where the others reach it. */
export async function joinProcesses(database: Database, { process, url, place }: { readonly process: string; readonly url: string; readonly place: string | null }): Promise<void> {
  await row(database, register, [process, url, place]);
}

const leaving = statement('several.leaving', 'update process set is_leaving = true where process = $1');

/** It takes no account any more. */
export async function beginLeaving(database: Database, process: string): Promise<void> {
  await row(database, leaving, [process]);
}

/** One with a place is remembered as long as agents there may run tasks. */
const left = statement('several.left', `update process set heartbeat = case when place is null then '-infinity' else heartbeat - ${OWNER_DEAD_AFTER_MS} * interval '1 millisecond' end where process = $1`);
const forget = statement('several.forget', `delete from process where process = $1 and heartbeat = '-infinity'`);

/** It has ended, and has no account. */
export async function endLeaving(database: Database, process: string): Promise<void> {
  await row(database, left, [process]);
  await row(database, forget, [process]);
}

const close = statement('several.close', 'update ownership set is_closed = true where account = $1');

/** No process claims the account any more: all that is in it is gone. */
export async function closeAccount(database: Database, account: AccountNumber): Promise<void> {
  await row(database, close, [account]);
}

const hold = statement<{ readonly work: string }>(
  'several.hold',
  `insert into background_work (work, process) values ($1, $2) on conflict (work) do update set process = excluded.process
    where background_work.process = excluded.process or not exists (select from process p where p.process = background_work.process and p.${ALIVE}) returning work`,
);
const release = statement('several.release', 'delete from background_work where work = $1 and process = $2');

/** Whether this process does the work from now on; false: another one that lives does it. */
export async function holdWork(database: Database, work: string, process: string): Promise<boolean> {
  return (await row(database, hold, [work, process])) !== null;
}

export async function releaseWork(database: Database, work: string, process: string): Promise<void> {
  await row(database, release, [work, process]);
}

const forgetChanges = statement('several.forgetChanges', `delete from directory_change where at < clock_timestamp() - interval '1 hour'`);

/** Changes that all processes have looked at. */
export async function forgetDirectoryChanges(database: Database): Promise<void> {
  await row(database, forgetChanges, []);
}
