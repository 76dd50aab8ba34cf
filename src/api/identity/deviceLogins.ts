import { randomBytes, randomInt } from 'node:crypto';
import type { Instant } from '../../core/keys.ts';
import { approveLogin, findLogin, insertLogin, removeLogin } from '../../store/intents/deviceLogins.ts';
import type { Database } from '../../store/intents/statement.ts';
import { hashOf } from './secrets.ts';

/**
 * Sign-ins of clients that have no browser (RFC 8628): the client shows a short code, and polls until somebody approves
 * of it.
 */
export interface DeviceLogins {
  begin(login: { readonly clientId: string; readonly now: Instant }): Promise<{ readonly code: string; readonly userCode: string }>;
  /** An approved one is redeemed once. */
  redeem(login: { readonly code: string; readonly clientId: string; readonly now: Instant }): Promise<'unknown' | 'expired' | 'pending' | 'approved'>;
  /** False: no sign-in that waits has that code. */
  approve(userCode: string, now: Instant): Promise<boolean>;
}

export const DEVICE_LOGIN_MS = 15 * 60_000;
/** Without the letters and digits that people confuse. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ23456789';
const USER_CODE_LETTERS = 9;

export function createDeviceLogins(database: Database): DeviceLogins {
  return {
    begin: async ({ clientId, now }) => {
      const code = randomBytes(32).toString('base64url');
      const userCode = Array.from({ length: USER_CODE_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
      await insertLogin(database, { code: hashOf(code), userCode, clientId, expiresAt: now + DEVICE_LOGIN_MS, now });
      return { code, userCode };
    },
    redeem: async ({ code, clientId, now }) => {
      const login = await findLogin(database, hashOf(code));
      if (login === null || login.clientId !== clientId) return 'unknown';
      if (login.expiresAt <= now) return 'expired';
      if (!login.isApproved) return 'pending';
      return (await removeLogin(database, hashOf(code))) ? 'approved' : 'unknown';
    },
    approve: (userCode, now) => approveLogin(database, userCode.trim().toUpperCase(), now),
  };
}
