import { secretPaths, withSecrets, type SecretPath } from '../wire/secretPaths.ts';
import type { Sealing, Secrets } from './sealing.ts';

/**
 * What of a specification is a secret (a registry's password, the key of a mount, a user's password and private key)
 * stands in its column as `{"sealed": TEXT}` in the place of its text. No client can send that: it is no text. What
 * writes a specification seals here; who makes an agent's frame opens (`control/work.ts`). All between, handlers and
 * owners too, hand on what is sealed.
 */
interface Sealed {
  readonly sealed: string;
}

function under(path: SecretPath, paths: readonly SecretPath[]): readonly SecretPath[] {
  return paths.map((rest) => [...path, ...rest]);
}

const POOL = secretPaths('PoolAdd');
const JOB = secretPaths('JobAdd');
const TASK = secretPaths('TaskAdd');

/** Columns with specifications, and where in each there can be secrets. `PoolTemplate`, `JobTemplate`: `rules.ts`. */
export const SPECIFICATIONS = {
  'pool.spec': POOL,
  'job.spec': JOB,
  'job.auto_pool': under(['spec'], POOL),
  'job_schedule.spec': secretPaths('JobScheduleAdd'),
  'job_schedule.job': [...under(['spec'], JOB), ...under(['autoPool', 'spec'], POOL), ...under(['manager', 'spec'], TASK)],
  'task.spec': TASK,
} as const satisfies Readonly<Record<string, readonly SecretPath[]>>;

export type SpecificationColumn = keyof typeof SPECIFICATIONS;

/** The text of a column with each secret in it sealed; those that are sealed stay as they are. */
export function sealedText(column: SpecificationColumn, text: string, sealing: Sealing): string {
  // Half a million plain tasks pay a look for a word.
  if (NAMES.get(column)?.test(text) === false) return text;
  const spec: unknown = JSON.parse(text);
  const sealed = withSecrets(spec, SPECIFICATIONS[column], (secret) => (typeof secret === 'string' ? { sealed: sealing.seal({ secret }) } : secret));
  return sealed === spec ? text : JSON.stringify(sealed);
}

/**
 * A specification with its secrets as they were sent. One that a process of an earlier version has just written holds
 * them in plain text. @throws Error for what was sealed under another key, or changed.
 */
export function opened<Spec>(column: SpecificationColumn, spec: Spec, secrets: Secrets): Spec {
  return withSecrets(spec, SPECIFICATIONS[column], (secret) => (isSealed(secret) ? openSecret(secrets.open(secret.sealed)) : secret)) as Spec;
}

/** What a text of this column with a secret in it matches, here and in SQL. No name of the contract needs escaping. */
export function secretNames(column: SpecificationColumn): string {
  return `"(${[...new Set(SPECIFICATIONS[column].map((path) => path.at(-1)))].join('|')})"`;
}

const NAMES = new Map(Object.keys(SPECIFICATIONS).map((column) => [column, new RegExp(secretNames(column as SpecificationColumn))]));

function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && 'sealed' in value && typeof value.sealed === 'string';
}

function openSecret(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('secret' in value) || typeof value.secret !== 'string') throw new Error('what was sealed is no secret of a specification');
  return value.secret;
}

/** A certificate's file in base64, as a client sent it, and the password that opens it. */
export interface CertificateSecrets {
  readonly data: string;
  readonly password: string | null;
}

export function sealedCertificate({ data, password }: { readonly data: Buffer; readonly password: string | null }, sealing: Sealing): string {
  return sealing.seal({ data: data.toString('base64'), password } satisfies CertificateSecrets);
}

/** As `opened`, of a row of `certificate`. */
export function openedCertificate({ sealed, data, password }: { readonly sealed: string | null; readonly data: string | null; readonly password: string | null }, secrets: Secrets): CertificateSecrets {
  if (sealed !== null) return secrets.open(sealed) as CertificateSecrets;
  if (data === null) throw new Error('a certificate has no file');
  return { data, password };
}
