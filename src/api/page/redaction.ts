import type { Answer } from '../answer.ts';
import type { Principal } from '../principal.ts';

/** What stands for a value that is not shown. */
const HIDDEN = '(hidden)';
/** Lists whose values may be secrets, which programs are given so. */
const SETTINGS: ReadonlySet<string> = new Set(['environmentSettings', 'commonEnvironmentSettings']);
/** The signature of a link into storage: whoever has the link may use it. */
const SIGNATURE = /([?&]sig=)[^&"\s]+/gi;

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
  if (typeof value === 'string') return value.replaceAll(SIGNATURE, `$1${HIDDEN}`);
  if (!SETTINGS.has(key) || !Array.isArray(value)) return value;
  return value.map((setting: unknown) => (typeof setting === 'object' && setting !== null && 'value' in setting ? { ...setting, value: HIDDEN } : setting));
}
