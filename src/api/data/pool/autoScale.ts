import type { AccountNumber, Instant } from '../../../core/keys.ts';
import { type FormulaRun, type PoolFacts, problemsOf, runFormula, type SampleHistory } from '../../../core/pool/formula.ts';
import { historyIn, samplesOf, USABLE_STATES } from '../../../core/pool/samples.ts';
import { countNodes } from '../../../store/intents/nodes.ts';
import { ownSamples } from '../../../store/intents/ownSamples.ts';
import { poolSamples, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { formatDuration } from '../../../wire/durations.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import { LIMITS } from '../../../wire/limits.ts';
import type { PoolEnableAutoScale } from '../../../wire/types.generated.ts';
import { changed, entity } from '../../answer.ts';
import type { Handler, Parts } from '../../call.ts';
import { durationMs } from '../durationMs.ts';
import { invalidForState } from '../job/guards.ts';
import { change, existing, respecified } from './change.ts';
import { storedPool, viewOfPool, wireRun } from './view.ts';

/** Refuses a formula that cannot mean anything, with all that is wrong with it. */
export function checkFormula(formula: string | undefined): void {
  const problems = formula === undefined ? [] : problemsOf(formula);
  if (problems.length > 0) throw new BatchError('AutoScalingFormulaSyntaxError', problems.map((value) => ({ key: 'Message', value })));
}

/** The least interval is the operator's to choose; the shape table has the most. */
export function checkInterval(interval: string | undefined, { autoScaleMinIntervalMs: leastMs }: Parts): void {
  if (durationMs(interval, leastMs) < leastMs) throw invalidProperty('autoScaleEvaluationInterval', interval, `The value must be at least ${formatDuration(leastMs)}.`);
}

/** A formula, an interval, or both; what is left out stays as it is, where the pool has it already. */
export const enableAutoScale: Handler = async (call, parts) => {
  const { autoScaleFormula, autoScaleEvaluationInterval } = dataContract.readBody('PoolEnableAutoScale', call.version, await call.json());
  checkFormula(autoScaleFormula);
  checkInterval(autoScaleEvaluationInterval, parts);
  const modifiedAt = await change(call, parts, (pool) => ({ pool: autoScaled(pool, { autoScaleFormula, autoScaleEvaluationInterval }, call.now, parts), modifies: true }));
  return changed(call, 200, modifiedAt);
};

/**
 * The intent of a pool with another formula or interval. @throws BatchError MissingRequiredProperty,
 * TooManyEnableAutoScaleRequests, PoolBeingResized.
 */
export function autoScaled(pool: PoolWithStatus, { autoScaleFormula, autoScaleEvaluationInterval }: PoolEnableAutoScale, now: Instant, parts: Pick<Parts, 'autoScaleMinIntervalMs'>): PoolWithStatus {
  const spec = storedPool(pool);
  const formula = autoScaleFormula ?? (autoScaleEvaluationInterval === undefined ? undefined : spec.autoScaleFormula);
  if (formula === undefined) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'autoScaleFormula' }]);
  const spacingMs = Math.min(LIMITS.autoScaleEnableSpacingMs, parts.autoScaleMinIntervalMs);
  if (pool.autoScaleAt !== null && now < pool.autoScaleAt + spacingMs) throw new BatchError('TooManyEnableAutoScaleRequests');
  if (viewOfPool(pool).allocationState !== 'steady') throw new BatchError('PoolBeingResized');
  const interval = autoScaleEvaluationInterval ?? spec.autoScaleEvaluationInterval ?? 'PT15M';
  const { pool: next } = respecified(pool, { ...spec, enableAutoScale: true, autoScaleFormula: formula, autoScaleEvaluationInterval: interval });
  return { ...next, autoScaleSequence: pool.autoScaleSequence + 1, autoScaleAt: now };
}

/** The specification of a pool that no formula scales. */
export function unscaled(spec: PoolWithDefaults): PoolWithDefaults {
  return { ...spec, enableAutoScale: false, autoScaleFormula: undefined, autoScaleEvaluationInterval: undefined };
}

/** Of a pool without a formula there is nothing to change. The ETag stays (recorded). */
export const disableAutoScale: Handler = async (call, parts) => {
  const modifiedAt = await change(call, parts, (pool) => ({ pool: respecified(pool, unscaled(storedPool(pool))).pool, modifies: false }));
  return changed(call, 200, modifiedAt);
};

/** Says what a formula would give now; the pool does not hear of it. */
export const evaluateAutoScale: Handler = async (call, parts) => {
  const { autoScaleFormula: formula } = dataContract.readBody('PoolEvaluateAutoScale', call.version, await call.json());
  const pool = await existing(call, parts);
  if (!storedPool(pool).enableAutoScale) throw invalidForState("Automatic scaling is in state 'disabled' on the pool: there is no run of a formula to try another in its place.");
  const run = await evaluateOn(pool, formula, { account: call.principal.account.number, parts, now: call.now });
  const json = dataContract.writeBody('AutoScaleRun', call.version, wireRun(call.now, run), `${call.baseUrl}/$metadata#Microsoft.Azure.Batch.Protocol.Entities.AutoScaleRun`);
  const { headers, ...answer } = entity(json, null);
  return { ...answer, headers: { ...headers, dataserviceid: `${call.baseUrl}${call.path}` } };
};

/** What a formula gives on what was measured of a pool, and on the pool as it is now. */
export async function evaluateOn(pool: PoolWithStatus, formula: string, { account, parts, now }: { readonly account: AccountNumber; readonly parts: Parts; readonly now: Instant }): Promise<FormulaRun> {
  const { history: samples, facts } = await measuredOfPool(pool, { account, parts, now });
  return runFormula(formula, { samples, now, random: Math.random, facts });
}

/** What a pool's formula runs on. */
export async function measuredOfPool(pool: PoolWithStatus, { account, parts, now }: { readonly account: AccountNumber; readonly parts: Parts; readonly now: Instant }): Promise<{ readonly history: SampleHistory; readonly facts: PoolFacts }> {
  const history = historyIn(samplesOf(await poolSamples(parts.database, pool.pool), await ownSamples(parts.database, pool.pool, now)));
  return { history, facts: await factsOf(pool, account, parts) };
}

async function factsOf(pool: PoolWithStatus, account: AccountNumber, parts: Parts): Promise<PoolFacts> {
  const counts = await countNodes(parts.database, account, { after: '', limit: null, only: pool.id });
  const inStates = (states: readonly string[]): number => counts.reduce((sum, { state, nodes }) => (state !== null && states.includes(state) ? sum + nodes : sum), 0);
  const { targetDedicated, targetLowPriority } = viewOfPool(pool);
  return {
    targetDedicatedNodes: targetDedicated,
    targetLowPriorityNodes: targetLowPriority,
    currentDedicatedNodes: pool.currentDedicated ?? 0,
    currentLowPriorityNodes: pool.currentLowPriority ?? 0,
    preemptedNodes: inStates(['preempted']),
    usableNodes: inStates(USABLE_STATES),
    taskSlotsPerNode: storedPool(pool).taskSlotsPerNode,
  };
}
