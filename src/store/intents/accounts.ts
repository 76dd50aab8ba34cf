import { codeOf } from '../../base/errors.ts';
import type { Quotas } from '../../core/intent.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

const insert = statement(
  'account.insert',
  `insert into account (account, name, created) select coalesce(max(account), 0) + 1, $1, $2 from account on conflict (name) do nothing`,
);
const find = statement<{ account: AccountNumber }>('account.find', 'select account from account where name = $1');

/**
 * The number of the account of that name (lower case), made if there is none yet. Safe beside other processes doing the
 * same.
 */
export async function ensureAccount(database: Database, name: string, now: Instant): Promise<AccountNumber> {
  for (;;) {
    const found = await row(database, find, [name]);
    if (found !== null) return found.account;
    // Two processes may take the same number for different names: one of them fails on the key and looks again.
    await row(database, insert, [name, now]).catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  }
}

/** An account with its keys, sealed; null: those of the data directory. */
export interface AccountRow {
  readonly account: AccountNumber;
  /** Lower case. */
  readonly name: string;
  readonly keys: string | null;
}

const list = statement<AccountRow>('account.list', 'select account, name, keys from account order by account');

export function listAccounts(database: Database): Promise<readonly AccountRow[]> {
  return rows(database, list, []);
}

const insertWithKeys = statement<{ account: AccountNumber }>(
  'account.insertWithKeys',
  `insert into account (account, name, keys, created) select coalesce(max(account), 0) + 1, $1, $2, $3 from account on conflict (name) do nothing returning account`,
);
/** So that two that are made at once do not take the same number. */
const lockNumbers = statement('account.lockNumbers', `select pg_advisory_xact_lock(hashtext('linarite.account'))`);

/** null: there is one of that name (lower case) already. */
export async function insertAccount(tx: Transaction, name: string, keys: string, now: Instant): Promise<AccountNumber | null> {
  await rows(tx, lockNumbers, []);
  return (await row(tx, insertWithKeys, [name, keys, now]))?.account ?? null;
}

const setKeysOf = statement('account.keys', 'update account set keys = $2 where account = $1');

/** `keys`: sealed. To be called under `lockAccount`. */
export async function setKeys(tx: Transaction, account: AccountNumber, keys: string): Promise<void> {
  await rows(tx, setKeysOf, [account, keys]);
}

const findKeys = statement<{ keys: string | null }>('account.findKeys', 'select keys from account where account = $1');

/** Sealed; null: those of the data directory. */
export async function keysOf(connection: Database | Transaction, account: AccountNumber): Promise<string | null> {
  return (await row(connection, findKeys, [account]))?.keys ?? null;
}

/** null: there is none of that name (lower case). */
export async function findAccount(database: Database, name: string): Promise<AccountNumber | null> {
  return (await row(database, find, [name]))?.account ?? null;
}

/** PostgreSQL's unique_violation: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === '23505';
}

const lock = statement<{ quotas: string | null }>('account.lock', 'select quotas from account where account = $1 for no key update');

/**
 * Holds back others that create pools or jobs in this account, or set its quotas, until the transaction ends; all else
 * goes on. Returns the quotas that are set.
 */
export async function lockAccount(tx: Transaction, account: AccountNumber): Promise<Quotas> {
  const { quotas = null } = (await row(tx, lock, [account])) ?? {};
  return quotas === null ? {} : (JSON.parse(quotas) as Quotas);
}

const set = statement('account.quotas', 'update account set quotas = $2 where account = $1');

/** To be called under `lockAccount`. */
export async function setQuotas(tx: Transaction, account: AccountNumber, quotas: Quotas): Promise<void> {
  await row(tx, set, [account, JSON.stringify(quotas)]);
}

const findQuotas = statement<{ quotas: string | null }>('account.find-quotas', 'select quotas from account where account = $1');

export async function quotasOf(database: Database, account: AccountNumber): Promise<Quotas> {
  const { quotas = null } = (await row(database, findQuotas, [account])) ?? {};
  return quotas === null ? {} : (JSON.parse(quotas) as Quotas);
}

const machines = statement<MachinesInUse>(
  'account.machines',
  `select p.spec ->> 'vmSize' as size, (n.status ->> 'dedicated')::boolean as dedicated, count(*)::int as nodes
    from node n join pool p using (pool) where n.account = $1 and n.gone_at is null group by 1, 2`,
);
export interface MachinesInUse {
  readonly size: string | null;
  readonly dedicated: boolean;
  readonly nodes: number;
}

/** The nodes that are not gone, by size and kind. */
export function machinesInUse(database: Database, account: AccountNumber): Promise<readonly MachinesInUse[]> {
  return rows(database, machines, [account]);
}
