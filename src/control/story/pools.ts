import type { PoolIntent } from '../../core/intent.ts';
import type { PoolStatus } from '../../core/status.ts';
import { type StoryLine, textOf } from './line.ts';

/** What a committed row tells of what was asked of a pool. `before`: the row that was there; null: none yet. */
export function poolAsked(intent: PoolIntent, before: PoolStatus | null, now: PoolStatus): StoryLine[] {
  if (!isAsked(before, now)) return [];
  const fields = { ...fieldsOf(intent), targetDedicatedNodes: now.targetDedicated, targetLowPriorityNodes: now.targetLowPriority };
  if (before !== null) return [{ level: 'info', message: 'pool resizing', fields }];
  return [{ level: 'info', message: 'pool made', fields: { ...fields, taskSlotsPerNode: intent.taskSlotsPerNode } }];
}

/** And of how that ended. */
export function poolSettled(intent: PoolIntent, before: PoolStatus | null, now: PoolStatus): StoryLine[] {
  const wasSteady = before?.allocationState === 'steady' && !isAsked(before, now);
  if (now.allocationState !== 'steady' || wasSteady || intent.deletedAt !== null) return [];
  const { currentDedicated, currentLowPriority, resizeErrors } = now;
  const fields = { ...fieldsOf(intent), dedicatedNodes: currentDedicated, lowPriorityNodes: currentLowPriority };
  if (resizeErrors.length === 0) return [{ level: 'info', message: 'pool steady', fields }];
  return [{ level: 'warn', message: 'pool steady, without all nodes that were asked for', fields: { ...fields, errors: resizeErrors.map(textOf) } }];
}

function isAsked(before: PoolStatus | null, now: PoolStatus): boolean {
  // Resizes of a formula have no number of their own.
  const isBegun = before?.allocationState === 'steady' && now.allocationState !== 'steady';
  return isBegun || now.resizeSequence !== (before?.resizeSequence ?? 0);
}

/** A client has asked for it. */
export function poolDeleting(intent: PoolIntent): StoryLine {
  return { level: 'info', message: 'pool deleting', fields: fieldsOf(intent) };
}

/** Its last node has left. */
export function poolDeleted(intent: PoolIntent): StoryLine {
  return { level: 'info', message: 'pool deleted', fields: fieldsOf(intent) };
}

function fieldsOf({ id, pool }: PoolIntent): { poolId: string; pool: number } {
  return { poolId: id, pool };
}
