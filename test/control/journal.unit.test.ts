import { describe, expect, test } from 'vitest';
import { decodeBeginning, encodeBeginning } from '../../src/control/journal.ts';
import type { PlainTasks, Snapshot, TaskIntake } from '../../src/core/events.ts';
import { taskIntent } from '../support/intents.ts';

const NOTHING: PlainTasks = { numbers: [], createdAt: [], slots: [], retentionMs: 5 };
function accountOf(plain: PlainTasks, tasks: readonly TaskIntake[] = []): Snapshot {
  return { pools: [], nodes: [], nextNode: 1, jobs: [], jobNodes: [], tasks: [{ job: 1, tasks, plain }], satisfied: [{ job: 1, ids: ['a'], isWhole: false }] };
}
function intakes(count: number): TaskIntake[] {
  return Array.from({ length: count }, (_, index) => ({ intent: { task: index + 1, ...taskIntent(`t${index}`) }, status: null }));
}

describe('what an epoch begins with', () => {
  test.each<[string, PlainTasks]>([
    ['no task', NOTHING],
    ['one task', { numbers: [7], createdAt: [3], slots: [1], retentionMs: 5 }],
    ['tasks with gaps in their numbers, of several instants and slots', { numbers: [1, 2, 3, 5, 9, 10], createdAt: [4, 4, 6, 6, 6, 4], slots: [1, 2, 2, 2, 1, 1], retentionMs: 5 }],
  ])('is read as it was written: %s', (_, plain) => {
    const snapshot = accountOf(plain, intakes(2));
    expect(decodeBeginning(encodeBeginning({ now: 12, snapshot }) ?? new Uint8Array())).toEqual({ now: 12, snapshot });
  });

  test('is small for a million tasks in one queue, added a hundred at a time', () => {
    const numbers = Array.from({ length: 1_000_000 }, (_, index) => index + 1);
    const bytes = encodeBeginning({ now: 12, snapshot: accountOf({ numbers, createdAt: numbers.map((number) => 1_800_000_000_000 + Math.floor(number / 100) * 7), slots: numbers.map(() => 1), retentionMs: 5 }) });
    expect(bytes?.length).toBeLessThan(100_000);
  });

  test('is not written down for an account that is too large', () => {
    expect(encodeBeginning({ now: 12, snapshot: accountOf(NOTHING, intakes(50_001)) })).toBeNull();
  });
});
