import type { PoolIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { PoolStatus } from '../status.ts';
import type { PoolState, PoolTransition } from './transition.ts';

/** What was asked of a pool. `before`: the row that was there; null: none yet. */
export function poolAsked(intent: PoolIntent, before: PoolStatus | null, now: PoolStatus): PoolTransition[] {
  if (intent.deletedAt !== null) return [];
  const of = factsOf(intent, now);
  const found: PoolTransition[] = [];
  if (before === null) found.push({ ...of, ...poolCreated(intent) });
  else if (isAsked(before, now)) found.push({ ...of, kind: 'pool.resizing', at: startOf(intent, before, now), from: before.allocationState, state: 'resizing' });
  if (now.allocationState === 'stopping' && before?.allocationState !== 'stopping') found.push({ ...of, kind: 'pool.stopping', at: now.allocationSince, from: 'resizing', state: 'stopping' });
  return found;
}

export function poolCreated({ pool, id, createdAt, taskSlotsPerNode, autoScale }: PoolIntent): PoolTransition {
  return { kind: 'pool.created', at: createdAt, pool, poolId: id, from: null, state: 'resizing', taskSlotsPerNode, ...(autoScale ? { autoScale: true } : {}) };
}

/** How that ended. */
export function poolSettled(intent: PoolIntent, before: PoolStatus | null, now: PoolStatus): PoolTransition[] {
  const wasSteady = before?.allocationState === 'steady' && !isAsked(before, now);
  if (now.allocationState !== 'steady' || wasSteady || intent.deletedAt !== null) return [];
  const from = before === null || isAsked(before, now) ? 'resizing' : before.allocationState;
  const startedAt = before === null ? intent.createdAt : before.allocationState === 'steady' ? intent.resizeRequestedAt : before.allocationSince;
  return [{ ...factsOf(intent, now), kind: 'pool.resized', at: now.allocationSince, startedAt: Math.min(startedAt, now.allocationSince), from, state: 'steady', ...errorsOf(now.resizeErrors) }];
}

/** Whether its formula has run. */
export function poolEvaluated({ pool, id }: PoolIntent, before: PoolStatus | null, { autoScale = null, allocationState: state }: PoolStatus): PoolTransition[] {
  if (autoScale === null || autoScale.evaluatedAt === before?.autoScale?.evaluatedAt) return [];
  const { evaluatedAt: at, results, error } = autoScale;
  return [{ kind: 'pool.evaluated', at, pool, poolId: id, from: state, state, results, ...errorsOf(error === null ? [] : [error]) }];
}

/** A client has asked for it. */
export function poolDeleting({ pool, id }: PoolIntent, from: PoolState | null, at: Instant): PoolTransition {
  return { kind: 'pool.deleting', at, pool, poolId: id, from, state: 'deleting' };
}

/** Its last node has left. */
export function poolDeleted({ pool, id, deletedAt }: PoolIntent, at: Instant): PoolTransition {
  return { kind: 'pool.deleted', at, ...(deletedAt === null ? {} : { startedAt: deletedAt }), pool, poolId: id, from: 'deleting', state: 'deleted' };
}

function isAsked(before: PoolStatus | null, now: PoolStatus): boolean {
  // Resizes of a formula have no number of their own.
  const isBegun = before?.allocationState === 'steady' && now.allocationState !== 'steady';
  return isBegun || now.resizeSequence !== (before?.resizeSequence ?? 0);
}

/** Where it is over in the same tick, its row has the time of the end alone. */
function startOf({ resizeRequestedAt }: PoolIntent, before: PoolStatus, { allocationState, allocationSince, resizeSequence }: PoolStatus): Instant {
  return allocationState === 'resizing' || resizeSequence === before.resizeSequence ? allocationSince : resizeRequestedAt;
}

function factsOf({ pool, id, nodeDeallocation, resizeTimeoutMs }: PoolIntent, { targetDedicated, targetLowPriority, currentDedicated, currentLowPriority }: PoolStatus) {
  return {
    pool,
    poolId: id,
    targetDedicatedNodes: targetDedicated,
    targetLowPriorityNodes: targetLowPriority,
    currentDedicatedNodes: currentDedicated,
    currentLowPriorityNodes: currentLowPriority,
    nodeDeallocationOption: nodeDeallocation,
    resizeTimeoutMs,
  };
}

function errorsOf(errors: PoolStatus['resizeErrors']): Pick<PoolTransition, 'errors'> {
  return errors.length === 0 ? {} : { errors };
}
