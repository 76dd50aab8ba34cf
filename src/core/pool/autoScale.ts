import type { PoolFacts } from '../../autoscale/index.ts';
import type { AutoScale, NodeDeallocationOption } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import type { Random } from '../port.ts';
import { SAMPLE_EVERY_MS } from '../tunables.ts';
import { runFormula } from './formula.ts';
import { historyIn, preemptedNodes, takeSample, usableNodes } from './samples.ts';

/**
 * A pool whose size a formula decides. Each 30 s from when the formula was given the pool is measured; what fell into a
 * time without an owner is missing, and nothing stands in for it. The formula runs when it is given, and each time that
 * the interval has passed since it ran last. A run that succeeds gives the targets; one that fails changes nothing, and
 * says in the status why. Either way the next one comes in its time, whatever has become of a resize.
 */

/** Takes the sample that is due, and runs the formula if that is. Returns the targets of a run; null: none was good. */
export function autoScale(state: CoreState, pool: Pool, asked: AutoScale, now: Instant, random: Random): { readonly dedicated: number; readonly lowPriority: number } | null {
  const sampled = asked.at + Math.floor((now - asked.at) / SAMPLE_EVERY_MS) * SAMPLE_EVERY_MS;
  const last = pool.samples.at.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (sampled > asked.at && sampled > last) takeSample(state, pool, sampled);
  const isDue = dueAt(pool, asked) <= now;
  const targets = isDue ? run(state, pool, asked, now, random) : null;
  const next = Math.min(dueAt(pool, asked), Math.max(sampled, asked.at) + SAMPLE_EVERY_MS);
  if (pool.scaleTimer !== next) state.timers.set({ at: next, kind: 'pool', pool: pool.number });
  pool.scaleTimer = next;
  return targets;
}

function dueAt({ status }: Pool, { sequence, intervalMs }: AutoScale): Instant {
  const before = status.autoScale ?? null;
  return before?.sequence === sequence ? before.evaluatedAt + intervalMs : Number.NEGATIVE_INFINITY;
}

function run(state: CoreState, pool: Pool, { formula, sequence }: AutoScale, now: Instant, random: Random): { readonly dedicated: number; readonly lowPriority: number } | null {
  const { targets, results, error } = runFormula(formula, { samples: historyIn(pool.samples), now, random, facts: factsOf(pool) });
  const option: NodeDeallocationOption = targets?.option ?? pool.status.autoScale?.option ?? 'requeue';
  pool.status = { ...pool.status, autoScale: { sequence, evaluatedAt: now, results, error, option } };
  state.changes.pool(pool);
  return targets;
}

function factsOf(pool: Pool): PoolFacts {
  const { targetDedicated, targetLowPriority, currentDedicated, currentLowPriority } = pool.status;
  return {
    targetDedicatedNodes: targetDedicated,
    targetLowPriorityNodes: targetLowPriority,
    currentDedicatedNodes: currentDedicated,
    currentLowPriorityNodes: currentLowPriority,
    preemptedNodes: preemptedNodes(pool),
    usableNodes: usableNodes(pool),
    taskSlotsPerNode: pool.intent.taskSlotsPerNode,
  };
}
