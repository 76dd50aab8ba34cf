import { createHmac, timingSafeEqual } from 'node:crypto';
import type { TaskKey, TaskTokens } from '../ports.ts';

/** Issues what a task shows to the service (`AZ_BATCH_AUTHENTICATION_TOKEN`), and tells such tokens from others. */
export interface TaskTokenIssuer extends TaskTokens {
  issue(task: TaskKey): string;
}

const FORM = /^task\.(\d{1,9})\.(\d{1,16})\.(\d{1,16})\.(\d{1,9})\.([\w-]{43})$/;

/**
 * `task.<account>.<job>.<task>.<attempt>.<hmac>`, made from a secret of the data directory: nothing is stored for a
 * token. That the task it names still runs is for the reader to look up.
 */
export function taskTokens(secret: Uint8Array): TaskTokenIssuer {
  return {
    issue: (task) => `task.${[...numbersOf(task), mac(secret, task).toString('base64url')].join('.')}`,
    verify: (token) => {
      const parts = FORM.exec(token);
      if (parts === null) return null;
      const [account = NaN, job = NaN, number = NaN, attempt = NaN] = parts.slice(1, 5).map(Number);
      const task = { account, job, task: number, attempt };
      const shown = Buffer.from(parts[5] ?? '', 'base64url');
      const expected = mac(secret, task);
      return shown.length === expected.length && timingSafeEqual(shown, expected) ? task : null;
    },
  };
}

function numbersOf({ account, job, task, attempt }: TaskKey): readonly number[] {
  return [account, job, task, attempt];
}

function mac(secret: Uint8Array, task: TaskKey): Buffer {
  return createHmac('sha256', secret).update(`task ${numbersOf(task).join(' ')}`).digest();
}
