import type { AccountNumber } from '../../../core/keys.ts';
import { problemsOf } from '../../../core/pool/formula.ts';
import { findPool } from '../../../store/intents/pools.ts';
import type { Database } from '../../../store/intents/statement.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import { NoPoolDefinition, readPoolDefinition } from '../../../wire/poolDefinition.ts';
import type { Candidate } from './answer.ts';
import { sized } from './recorded.ts';
import type { PoolChanges, PoolRequest } from './request.ts';

/** The pools of a request, as they would be. @throws BatchError PoolNotFound, and what Add Pool is refused with. */
export async function candidatesOf(requests: readonly PoolRequest[], database: Database, account: AccountNumber): Promise<readonly Candidate[]> {
  const found = await Promise.all(requests.map((request) => candidateOf(request, database, account)));
  return found.map((candidate, index) => (found.slice(0, index).some(({ name }) => name === candidate.name) ? { ...candidate, name: `${candidate.name} (${index + 1})` } : candidate));
}

async function candidateOf({ at, name, of, changes }: PoolRequest, database: Database, account: AccountNumber): Promise<Candidate> {
  const { form, pool } = of.kind === 'pool' ? await ofAccount(of.id, database, account) : defined(of.definition, `${at}.definition`, 'pool');
  const tried = changes === null ? pool : changed(pool, changes, at);
  const formula = tried.enableAutoScale ? (tried.autoScaleFormula ?? '') : null;
  const problems = formula === null ? [] : problemsOf(formula);
  if (problems.length > 0) throw invalidProperty(changes?.formula === undefined ? at : `${at}.formula`, formula, problems.join(' '));
  return { name: name ?? tried.id, form, pool: tried };
}

async function ofAccount(id: string, database: Database, account: AccountNumber): Promise<Pick<Candidate, 'form' | 'pool'>> {
  const found = await findPool(database, account, id);
  if (found === null) throw new BatchError('PoolNotFound');
  return { form: 'pool', pool: sized(found) };
}

function defined(definition: unknown, at: string, otherwise: string): Pick<Candidate, 'form' | 'pool'> {
  try {
    return readPoolDefinition(definition, otherwise);
  } catch (error) {
    throw error instanceof NoPoolDefinition ? invalidProperty(at, definition, error.message) : error;
  }
}

/** What a fixed size excludes of a formula, and the other way round, goes with it. */
function changed(pool: PoolWithDefaults, { formula, targetDedicatedNodes, targetLowPriorityNodes, ...same }: PoolChanges, at: string): PoolWithDefaults {
  const { autoScaleFormula: _formula, autoScaleEvaluationInterval: interval, resizeTimeout, targetDedicatedNodes: _dedicated, targetLowPriorityNodes: _lowPriority, enableAutoScale: _enabled, ...rest } = pool;
  const size =
    formula !== undefined
      ? { enableAutoScale: true, autoScaleFormula: formula, autoScaleEvaluationInterval: interval }
      : targetDedicatedNodes !== undefined || targetLowPriorityNodes !== undefined
        ? { enableAutoScale: false, targetDedicatedNodes: targetDedicatedNodes ?? 0, targetLowPriorityNodes: targetLowPriorityNodes ?? 0, resizeTimeout }
        : pool.enableAutoScale
          ? { enableAutoScale: true, autoScaleFormula: pool.autoScaleFormula, autoScaleEvaluationInterval: interval }
          : { enableAutoScale: false, targetDedicatedNodes: pool.targetDedicatedNodes, targetLowPriorityNodes: pool.targetLowPriorityNodes, resizeTimeout };
  return defined({ ...rest, ...size, ...same }, at, pool.id).pool;
}
