import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { DrillRules } from '../rules.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A drill as it was asked for. */
export interface DrillRow {
  readonly drill: number;
  readonly rules: DrillRules;
  readonly createdAt: Instant;
  /** null: nobody has stopped it. */
  readonly stoppedAt: Instant | null;
}

interface StoredDrill extends Omit<DrillRow, 'rules'> {
  readonly rules: string;
}

const COLUMNS = 'drill, rules, created as "createdAt", stopped_at as "stoppedAt"';
const insert = statement<StoredDrill>('drill.insert', `insert into drill (account, rules, created) values ($1, $2, $3) returning ${COLUMNS}`);
const find = statement<StoredDrill>('drill.find', `select ${COLUMNS} from drill where account = $1 and drill = $2`);
const list = statement<StoredDrill>('drill.list', `select ${COLUMNS} from drill where account = $1 order by drill`);
const stop = statement<StoredDrill>('drill.stop', `update drill set stopped_at = coalesce(stopped_at, $3) where account = $1 and drill = $2 returning ${COLUMNS}`);
const removeOver = statement(
  'drill.remove-over',
  `delete from drill where account = $1 and (stopped_at is not null or (rules ->> 'until')::bigint < $2)
   and drill <= (select drill from drill where account = $1 order by drill desc offset $3 limit 1)`,
);

/** So many that are over are kept, to be looked at. */
const MOST_KEPT = 100;

/** To be called under `lockAccount`. Those that have been over for longest make room. */
export async function insertDrill(tx: Transaction, account: AccountNumber, rules: DrillRules, now: Instant): Promise<DrillRow> {
  await rows(tx, removeOver, [account, now, MOST_KEPT]);
  const inserted = await row(tx, insert, [account, JSON.stringify(rules), now]);
  if (inserted === null) throw new Error('insert into drill returned no row');
  return parsed(inserted);
}

export async function findDrill(database: Database | Transaction, account: AccountNumber, drill: number): Promise<DrillRow | null> {
  const found = await row(database, find, [account, drill]);
  return found === null ? null : parsed(found);
}

/** All that are kept, oldest first. */
export async function listDrills(database: Database | Transaction, account: AccountNumber): Promise<readonly DrillRow[]> {
  return (await rows(database, list, [account])).map(parsed);
}

/** One that was stopped before stays as it is. null: there is none of that number. */
export async function stopDrill(tx: Transaction, account: AccountNumber, drill: number, now: Instant): Promise<DrillRow | null> {
  const stopped = await row(tx, stop, [account, drill, now]);
  return stopped === null ? null : parsed(stopped);
}

function parsed({ rules: stored, ...drill }: StoredDrill): DrillRow {
  return { ...drill, rules: JSON.parse(stored) as DrillRules };
}
