import type { Answer } from '../answer.ts';
import type { Principal } from '../principal.ts';
import { hiddenSettings, withoutSignatures } from '../../wire/secrets.ts';

/** Whether somebody looks at the page who may change nothing. */
export function isReader(principal: Principal | null): boolean {
  return principal?.kind === 'session' && principal.role === 'reader';
}

/**
 * An answer as a reader of the page gets it: without the values of environment settings and the signatures of links.
 * Files and all else that is no JSON stays as it is: logs are what readers look at.
 */
export function withoutSecrets(answer: Answer): Answer {
  const { body, headers } = answer;
  if (typeof body !== 'string' || !(headers['content-type'] ?? '').startsWith('application/json')) return answer;
  return { ...answer, body: JSON.stringify(JSON.parse(body), hide) };
}

/** A replacer of `JSON.stringify`. */
function hide(key: string, value: unknown): unknown {
  return typeof value === 'string' ? withoutSignatures(value) : (hiddenSettings(key, value) ?? value);
}
