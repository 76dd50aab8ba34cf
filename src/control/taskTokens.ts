import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TaskKey, TaskTokens } from '../ports.ts';

/** Issues what a task shows to the service (`AZ_BATCH_AUTHENTICATION_TOKEN`), and tells such tokens from others. */
export interface TaskTokenIssuer extends TaskTokens {
  issue(task: TaskKey): string;
  /** What the task shows to get tokens of its pool's managed identity (`IDENTITY_HEADER`), and nothing else. */
  issueIdentity(task: TaskKey): string;
}

type Purpose = 'task' | 'identity';
const FORM = /^(task|identity)\.(\d{1,9})\.(\d{1,16})\.(\d{1,16})\.(\d{1,9})\.([\w-]{43})$/;

/**
 * `<purpose>.<account>.<job>.<task>.<attempt>.<hmac>`, made from a secret of the data directory: nothing is stored for
 * a token. That the task it names still runs is for the reader to look up.
 */
export function taskTokens(secret: Uint8Array): TaskTokenIssuer {
  return {
    issue: (task) => made(secret, 'task', task),
    issueIdentity: (task) => made(secret, 'identity', task),
    verify: (token) => verified(secret, 'task', token),
    verifyIdentity: (token) => verified(secret, 'identity', token),
  };
}

function made(secret: Uint8Array, purpose: Purpose, task: TaskKey): string {
  return [purpose, ...numbersOf(task), mac(secret, purpose, task).toString('base64url')].join('.');
}

function verified(secret: Uint8Array, purpose: Purpose, token: string): TaskKey | null {
  const parts = FORM.exec(token);
  if (parts === null || parts[1] !== purpose) return null;
  const [account = NaN, job = NaN, number = NaN, attempt = NaN] = parts.slice(2, 6).map(Number);
  const task = { account, job, task: number, attempt };
  const shown = Buffer.from(parts[6] ?? '', 'base64url');
  const expected = mac(secret, purpose, task);
  return shown.length === expected.length && timingSafeEqual(shown, expected) ? task : null;
}

function numbersOf({ account, job, task, attempt }: TaskKey): readonly number[] {
  return [account, job, task, attempt];
}

function mac(secret: Uint8Array, purpose: Purpose, task: TaskKey): Buffer {
  return createHmac('sha256', secret).update(`${purpose} ${numbersOf(task).join(' ')}`).digest();
}
