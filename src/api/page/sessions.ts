/**
 * Sessions of browsers. A cookie is sent to whatever listens on any port of the host, a task's own web server
 * included, so it opens nothing by itself: each request carries a token beside it, which the page keeps where its port
 * alone reads it. That is also why no other site can ask in a browser's name.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Instant } from '../../core/keys.ts';
import { findPageSession, insertPageLink, insertPageSession, redeemPageLink, usePageSession, type PageRole, type SessionRow } from '../../store/intents/pageSessions.ts';
import type { Database } from '../../store/intents/statement.ts';
import type { Account, Accounts } from '../accounts.ts';

/** What each request of the page carries beside its cookie. */
export const SESSION_HEADER = 'x-linarite-session';

const LINK_MS = 2 * 60_000;
const IDLE_MS = 12 * 3_600_000;
export const LONGEST_MS = 7 * 24 * 3_600_000;
/** A session that is in use is written down as such each so often. */
const RENEWAL_MS = 60_000;
const SECRET_BYTES = 32;

/** A session that began: what the browser has to show from now on. */
export interface Begun {
  readonly number: number;
  readonly account: Account;
  readonly role: PageRole;
  readonly token: string;
  readonly cookie: string;
}

/** The session that a request shows, with its account. */
interface Shown {
  readonly session: SessionRow;
  readonly account: Account;
}

export interface Sessions {
  /** null: there is no such link (any more). */
  redeem(link: string, agent: string): Promise<Begun | null>;
  begin(account: Account, role: PageRole, agent: string): Promise<Begun>;
  /** null: it shows none that holds. `isUse`: it counts as used by that; default: it does. */
  shownBy(message: IncomingMessage, isUse?: boolean): Promise<Shown | null>;
}

export interface SessionsOptions {
  readonly database: Database;
  readonly accounts: Pick<Accounts, 'numbered'>;
  readonly wallClock: () => Instant;
}

export function createSessions({ database, accounts, wallClock }: SessionsOptions): Sessions {
  async function begin(account: Account, role: PageRole, agent: string): Promise<Begun> {
    const [token, cookie] = [secret(), secret()];
    const madeAt = wallClock();
    const row = { account: account.number, role, token: hashOf(token), cookie: hashOf(cookie), keys: hashOfKeys(account), agent: agent.slice(0, LONGEST_AGENT), madeAt };
    const number = await insertPageSession(database, row, { usedSince: madeAt - IDLE_MS, madeSince: madeAt - LONGEST_MS });
    return { number, account, role, token, cookie };
  }

  return {
    redeem: async (link, agent) => {
      const row = await redeemPageLink(database, hashOf(link));
      const account = row === null ? undefined : accounts.numbered(row.account);
      if (row === null || account === undefined || row.endsAt < wallClock() || !row.keys.equals(hashOfKeys(account))) return null;
      return begin(account, row.role, agent);
    },
    begin,
    shownBy: async (message, isUse = true) => {
      const token = message.headers[SESSION_HEADER];
      const cookie = cookieOf(message);
      if (typeof token !== 'string' || cookie === undefined) return null;
      const session = await findPageSession(database, hashOf(token));
      if (session === null || !timingSafeEqual(session.cookie, hashOf(cookie))) return null;
      const account = accounts.numbered(session.account);
      const now = wallClock();
      const isOver = now - session.usedAt > IDLE_MS || now - session.madeAt > LONGEST_MS;
      // Whoever replaces a key means those who came by it as well.
      if (account === undefined || isOver || !session.keys.equals(hashOfKeys(account))) return null;
      if (isUse && now - session.usedAt > RENEWAL_MS) await usePageSession(database, session.number, now);
      return { session, account };
    },
  };
}

/** What a link ends with: 256 bits, for one use within two minutes. */
export async function makePageLink({ database, wallClock }: Pick<SessionsOptions, 'database' | 'wallClock'>, account: Account, role: PageRole): Promise<string> {
  const link = secret();
  const now = wallClock();
  await insertPageLink(database, hashOf(link), { account: account.number, role, keys: hashOfKeys(account), endsAt: now + LINK_MS }, now);
  return link;
}

/** Of the name by which browsers call themselves. */
const LONGEST_AGENT = 200;

function secret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hashOfKeys({ keys }: Pick<Account, 'keys'>): Buffer {
  return hashOf(keys.join(' '));
}

/** Browsers send a cookie to all ports of a host: the name tells those of several services apart. */
export function cookieName({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return `linarite_${socket.localPort ?? 0}`;
}

function cookieOf(message: IncomingMessage): string | undefined {
  const name = `${cookieName(message)}=`;
  return message.headers.cookie?.split(';').map((part) => part.trim()).find((part) => part.startsWith(name))?.slice(name.length);
}
