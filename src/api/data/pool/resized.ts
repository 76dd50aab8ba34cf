import type { NodeDeallocationOption } from '../../../core/intent.ts';
import type { Instant } from '../../../core/keys.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { PoolResize } from '../../../wire/types.generated.ts';
import { durationMs } from '../durationMs.ts';
import { invalidForState } from '../job/guards.ts';
import { DEFAULT_RESIZE_TIMEOUT_MS } from './template.ts';
import { storedPool, viewOfPool } from './view.ts';

/**
 * The intent of a pool that is to have other numbers of nodes. @throws BatchError OperationNotValidOnPool,
 * PoolBeingResized.
 */
export function resized(pool: PoolWithStatus, asked: PoolResize, now: Instant): PoolWithStatus {
  const { allocationState, targetDedicated, targetLowPriority } = viewOfPool(pool);
  refuseAutoScaled(pool);
  if (allocationState !== 'steady') throw new BatchError('PoolBeingResized');
  const nodeDeallocation: NodeDeallocationOption = asked.nodeDeallocationOption ?? 'requeue';
  return {
    ...pool,
    targetDedicated: asked.targetDedicatedNodes ?? targetDedicated,
    targetLowPriority: asked.targetLowPriorityNodes ?? targetLowPriority,
    resizeTimeoutMs: durationMs(asked.resizeTimeout, DEFAULT_RESIZE_TIMEOUT_MS),
    nodeDeallocation,
    resizeSequence: nextResize(pool),
    resizeRequestedAt: now,
    removing: null,
  };
}

/** Where a formula decides on the size, nobody else does (the code is inferred). */
export function refuseAutoScaled(pool: PoolWithStatus): void {
  if (storedPool(pool).enableAutoScale) throw new BatchError('OperationNotValidOnPool', [{ key: 'Reason', value: 'Automatic scaling is enabled on the pool: its formula decides on its size.' }]);
}

/** Beyond all that was asked to stop. */
export function nextResize({ resizeSequence, stopSequence }: PoolWithStatus): number {
  return Math.max(resizeSequence, stopSequence) + 1;
}

/**
 * These may change at any time; all else only while the pool has no nodes and wants none (API version 2024-07-01.20.0).
 */
const CHANGEABLE_ANY_TIME: ReadonlySet<string> = new Set(['applicationPackageReferences', 'certificateReferences', 'metadata', 'targetNodeCommunicationMode']);

/**
 * @throws BatchError OperationInvalidForCurrentState when one of the properties cannot change while the pool has nodes.
 */
export function refuseStructural(pool: PoolWithStatus, names: readonly string[]): void {
  const structural = names.find((name) => !CHANGEABLE_ANY_TIME.has(name));
  if (structural !== undefined && !isEmpty(pool)) throw invalidForState(`The pool has nodes, or is to have some: ${structural} can be changed in an empty pool only.`);
}

function isEmpty(pool: PoolWithStatus): boolean {
  const { targetDedicated, targetLowPriority } = viewOfPool(pool);
  return (pool.currentDedicated ?? 0) + (pool.currentLowPriority ?? 0) + targetDedicated + targetLowPriority === 0;
}
