/** Who looks at the page: links that sign a browser in, and the sessions of browsers. */
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database } from './statement.ts';

/** What a session may do. */
export type PageRole = 'reader' | 'contributor';

/** A link as it is kept: until it is used, or too old. */
export interface LinkRow {
  readonly account: AccountNumber;
  readonly role: PageRole;
  /** SHA-256 of the account's keys when it was made. */
  readonly keys: Buffer;
  readonly endsAt: Instant;
}

/** A session as it is kept. */
export interface SessionRow {
  readonly number: number;
  readonly account: AccountNumber;
  readonly role: PageRole;
  /** SHA-256 of the cookie. */
  readonly cookie: Buffer;
  readonly keys: Buffer;
  readonly agent: string;
  readonly madeAt: Instant;
  readonly usedAt: Instant;
}

export interface NewSession extends Omit<SessionRow, 'number' | 'usedAt'> {
  /** SHA-256 of what requests carry. */
  readonly token: Buffer;
}

/** More of one account than people have browsers: those that were used longest ago make room. */
const MOST_SESSIONS = 100;

const SESSION = 'number, account, role, cookie, keys, agent, made_at as "madeAt", used_at as "usedAt"';
const insertLink = statement('page.insert-link', 'insert into page_link (hash, account, role, keys, ends_at) values ($1, $2, $3, $4, $5)');
const removeOldLinks = statement('page.remove-old-links', 'delete from page_link where ends_at < $1');
const redeem = statement<LinkRow>('page.redeem', 'delete from page_link where hash = $1 returning account, role, keys, ends_at as "endsAt"');
const insert = statement<{ readonly number: number }>('page.insert', 'insert into page_session (account, role, token, cookie, keys, agent, made_at, used_at) values ($1, $2, $3, $4, $5, $6, $7, $7) returning number');
const makeRoom = statement('page.make-room', 'delete from page_session where account = $1 and (used_at < $2 or made_at < $3 or number in (select number from page_session where account = $1 order by used_at desc offset $4))');
const find = statement<SessionRow>('page.find', `select ${SESSION} from page_session where token = $1`);
const use = statement('page.use', 'update page_session set used_at = $2 where number = $1 and used_at < $2');
const list = statement<SessionRow>('page.list', `select ${SESSION} from page_session where account = $1 order by number`);
const remove = statement('page.remove', 'delete from page_session where account = $1 and number = $2 returning 1 as found');

export async function insertPageLink(database: Database, hash: Buffer, { account, role, keys, endsAt }: LinkRow, now: Instant): Promise<void> {
  await rows(database, removeOldLinks, [now]);
  await rows(database, insertLink, [hash, account, role, keys, endsAt]);
}

/** Whoever comes first has it; null: there is none, or somebody else has. */
export function redeemPageLink(database: Database, hash: Buffer): Promise<LinkRow | null> {
  return row(database, redeem, [hash]);
}

/** Sessions that nobody used since `usedSince`, or that were made before `madeSince`, go. Returns its number. */
export async function insertPageSession(database: Database, session: NewSession, { usedSince, madeSince }: { readonly usedSince: Instant; readonly madeSince: Instant }): Promise<number> {
  const { account, role, token, cookie, keys, agent, madeAt } = session;
  await rows(database, makeRoom, [account, usedSince, madeSince, MOST_SESSIONS - 1]);
  const made = await row(database, insert, [account, role, token, cookie, keys, agent, madeAt]);
  if (made === null) throw new Error('a session was not inserted');
  return made.number;
}

export function findPageSession(database: Database, token: Buffer): Promise<SessionRow | null> {
  return row(database, find, [token]);
}

export async function usePageSession(database: Database, number: number, now: Instant): Promise<void> {
  await rows(database, use, [number, now]);
}

export function pageSessions(database: Database, account: AccountNumber): Promise<readonly SessionRow[]> {
  return rows(database, list, [account]);
}

/** False: there is none. */
export async function removePageSession(database: Database, account: AccountNumber, number: number): Promise<boolean> {
  return (await row(database, remove, [account, number])) !== null;
}
