/**
 * Our own operation on a pool's formula: what it gives now, with the formula of the pool where none is sent, and a run
 * of it beside its times (docs/autoscale.md).
 */
import { tellOwner } from '../../store/intents/inbox.ts';
import { askForRun, findPool, lockPool, type PoolWithStatus } from '../../store/intents/pools.ts';
import { transaction } from '../../store/intents/statement.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import { evaluateOn } from '../data/pool/autoScale.ts';
import { lastRun, storedPool, wireRun } from '../data/pool/view.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

export const evaluateOperations: readonly OwnOperation[] = [{ method: 'POST', path: '/linarite/pools/{poolId}/evaluate', right: 'write', of: 'pools', body: true, run: evaluate }];

/** How long the run of the owner is waited for. */
const PATIENCE_MS = 5_000;

/**
 * With `formula` or `apply` or no body. The answer has the formula and the run; of one that is applied and has not come
 * yet there is none, and the status is 202.
 */
async function evaluate(call: OwnCall, parts: Parts): Promise<Answer> {
  const { formula, apply } = readRequest((await call.jsonIfAny()) ?? {});
  return apply ? run(call, parts) : tried(call, formula, parts);
}

function readRequest(body: unknown): { readonly formula: string | undefined; readonly apply: boolean } {
  const { formula, apply = false, ...more } = objectOf(body, 'An evaluation');
  for (const [name, value] of Object.entries(more)) throw invalidProperty(name, JSON.stringify(value), 'There is no such property.');
  if (formula !== undefined && typeof formula !== 'string') throw invalidProperty('formula', JSON.stringify(formula), 'It must be a string.');
  if (typeof apply !== 'boolean') throw invalidProperty('apply', JSON.stringify(apply), 'It must be true or false.');
  if (apply && formula !== undefined) throw invalidProperty('apply', 'true', 'It is the formula of the pool that is applied: enableautoscale gives it another.');
  return { formula, apply };
}

/** Nothing changes. */
async function tried(call: OwnCall, formula: string | undefined, parts: Parts): Promise<Answer> {
  const { account, now } = call;
  const pool = scaled(await findPool(parts.database, account, param(call, 'poolId')));
  const text = formula ?? formulaOf(pool);
  return json(200, { formula: text, ...wireRun(now, await evaluateOn(pool, text, { account, parts, now })) });
}

/** The owner runs the formula in its next turn, and the interval counts from then. The ETag stays. */
async function run(call: OwnCall, parts: Parts): Promise<Answer> {
  const { account } = call;
  const poolId = param(call, 'poolId');
  const { formula, sequence } = await transaction(parts.database, async (tx, last) => {
    const pool = scaled(await lockPool(tx, account, poolId));
    if (pool.deletedAt !== null) throw new BatchError('PoolBeingDeleted');
    const asked = await askForRun(tx, pool.pool);
    last(tellOwner(tx, account, { kind: 'pool', pool: pool.pool }));
    return { formula: formulaOf(pool), sequence: asked };
  });
  await parts.wake.wake(account, parts.timeout(PATIENCE_MS)).catch(() => {});
  const pool = await findPool(parts.database, account, poolId);
  const done = pool === null ? null : lastRun(pool);
  return done === null || done.sequence < sequence ? json(202, { formula }) : json(200, { formula, ...wireRun(done.evaluatedAt, done) });
}

function scaled(pool: PoolWithStatus | null): PoolWithStatus {
  if (pool === null) throw new BatchError('PoolNotFound');
  if (storedPool(pool).enableAutoScale) return pool;
  throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: "Automatic scaling is in state 'disabled' on the pool." }]);
}

function formulaOf(pool: PoolWithStatus): string {
  const { autoScaleFormula } = storedPool(pool);
  if (autoScaleFormula === undefined) throw new Error('a pool that a formula scales has none');
  return autoScaleFormula;
}
