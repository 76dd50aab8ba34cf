/** Our own operation that makes what a document says there is to be (docs/seed.md). */
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { SEED_BYTES, SEED_TIMEOUT_MS } from '../seed/limits.ts';
import type { SeedOptions } from '../seed/run.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import { authorize } from '../principal.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const seedOperations: readonly OwnOperation[] = [{ method: 'POST', path: '/linarite/seed', right: 'write', of: 'account', body: true, timeoutMs: SEED_TIMEOUT_MS, run: post }];

/** 200 with a report, whatever became of the items; nothing is made of a document that cannot be read. */
async function post(call: OwnCall, { seeds }: Parts): Promise<Answer> {
  const { seed, options } = readRequest(await call.text(SEED_BYTES));
  const { principal, baseUrl, signal } = call;
  return json(200, await seeds.run(seed, options, { account: principal.account, identity: principal.kind === 'member' ? principal.identity : null, baseUrl, signal, permit: (of) => authorize(principal, { right: 'write', of, params: {} }) }));
}

/** `{seed, dryRun?, update?}`. @throws BatchError InvalidRequestBody, InvalidPropertyValue. */
function readRequest(text: string): { readonly seed: unknown; readonly options: SeedOptions } {
  const { seed, dryRun = false, update = false, ...more } = objectOf(parsed(text), 'The body');
  for (const [name, value] of Object.entries(more)) throw invalidProperty(name, value, 'There is no such property. Known here: seed, dryRun, update.');
  return { seed, options: { dryRun: flagAt('dryRun', dryRun), update: flagAt('update', update) } };
}

function flagAt(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw invalidProperty(name, value, 'The value must be true or false.');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's message quotes the text, which may hold a credential.
    throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: 'The body is not JSON.' }]);
  }
}
