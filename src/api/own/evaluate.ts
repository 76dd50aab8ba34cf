/**
 * Our own operation on a pool's formula: what it gives now, with the formula of the pool where none is sent, and a run
 * of it beside its times (docs/autoscale.md).
 */
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { tellOwner } from '../../store/intents/inbox.ts';
import { askForRun, findPool, lockPool, type PoolWithStatus } from '../../store/intents/pools.ts';
import { transaction } from '../../store/intents/statement.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';
import type { Body } from '../body.ts';
import type { Parts } from '../call.ts';
import { evaluateOn } from '../data/pool/autoScale.ts';
import { lastRun, storedPool, wireRun } from '../data/pool/view.ts';
import { json, objectOf, segmentsOf } from './paths.ts';

interface At {
  readonly account: AccountNumber;
  readonly parts: Parts;
  readonly now: Instant;
}

/** How long the run of the owner is waited for. */
const PATIENCE_MS = 5_000;

/**
 * `POST /linarite/pools/{pool}/evaluate`, with `formula` or `apply` or no body; undefined: another path. The answer has
 * the formula and the run; of one that is applied and has not come yet there is none, and the status is 202. @throws
 * BatchError UnsupportedHttpVerb, RequestUrlFailedToParse.
 */
export function matchEvaluate(method: string, path: string): ((at: At, body: Body) => Promise<Answer>) | undefined {
  const [poolId, evaluate, ...rest] = segmentsOf(path, 'pools') ?? [];
  if (poolId === undefined || evaluate !== 'evaluate' || rest.length > 0) return undefined;
  if (method !== 'POST') throw new BatchError('UnsupportedHttpVerb');
  return async (at, body) => {
    const { formula, apply } = readRequest((await body.jsonIfAny()) ?? {});
    return apply ? run(poolId, at) : tried(poolId, formula, at);
  };
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
async function tried(poolId: string, formula: string | undefined, { account, parts, now }: At): Promise<Answer> {
  const pool = scaled(await findPool(parts.database, account, poolId));
  const text = formula ?? formulaOf(pool);
  return json(200, { formula: text, ...wireRun(now, await evaluateOn(pool, text, { account, parts, now })) });
}

/** The owner runs the formula in its next turn, and the interval counts from then. The ETag stays. */
async function run(poolId: string, { account, parts }: At): Promise<Answer> {
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
