import { expect, test } from 'vitest';
import { neverAttempted, offeredStatus } from '../../../src/core/task/row.ts';
import type { Decisions } from '../../../src/core/decisions.ts';
import type { TaskStatus } from '../../../src/core/status.ts';
import { Counting } from '../../../src/control/figures/counted.ts';
import type { Histogram } from '../../../src/base/histogram.ts';

const NOTHING: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

function told(counting: Counting): (...tasks: readonly TaskStatus[]) => void {
  const hear = counting.ofAccount();
  return (...tasks) => hear({ kind: 'tick', epoch: 1, tick: 1, at: 0, decisions: { ...NOTHING, tasks }, transitions: [] });
}
function seen({ count, sum }: Histogram): readonly number[] {
  return [count, sum];
}

const added = neverAttempted(1, 1, 1_000);
function running(since: number): TaskStatus {
  return { ...added, state: 'running', since, previousState: 'active', previousSince: 1_000, startedAt: since };
}
function completed(startedAt: number, endedAt: number, result: 'success' | 'failure'): TaskStatus {
  return { ...running(startedAt), state: 'completed', previousState: 'running', previousSince: startedAt, since: endedAt, endedAt, result };
}

test('a task is counted once as it starts and once as it ends, however often its row is written', () => {
  const counting = new Counting();
  const tell = told(counting);
  tell(added);
  tell(offeredStatus(added, { attempt: 1, node: 1 }));
  tell({ ...running(4_000), state: 'starting' });
  tell(running(4_000));
  expect(seen(counting.waitSeconds)).toEqual([1, 3]);
  tell(completed(4_000, 9_000, 'success'));
  expect([seen(counting.runSeconds.success), seen(counting.turnaroundSeconds.success), seen(counting.runSeconds.failure)]).toEqual([[1, 5], [1, 8], [0, 0]]);
});

test('a try that is given up counts as a wait, and the next one begins anew', () => {
  const counting = new Counting();
  const tell = told(counting);
  tell(running(2_000));
  tell({ ...added, since: 5_000, cause: 'nodeLost' });
  tell({ ...running(6_000), previousSince: 5_000 });
  tell(completed(6_000, 7_000, 'failure'));
  expect([seen(counting.waitSeconds), seen(counting.runSeconds.failure), seen(counting.turnaroundSeconds.failure)]).toEqual([[2, 2], [1, 1], [1, 2]]);
});

test('the wait ends as its job is prepared on the node', () => {
  const counting = new Counting();
  const tell = told(counting);
  tell({ ...added, state: 'preparing', since: 3_000, previousState: 'active', previousSince: 1_000 });
  tell({ ...running(8_000), previousState: 'preparing', previousSince: 3_000 });
  tell(completed(8_000, 9_000, 'success'));
  expect([seen(counting.waitSeconds), seen(counting.turnaroundSeconds.success)]).toEqual([[1, 2], [1, 8]]);
});

test('of a task that was under way when the account was loaded its run alone is known', () => {
  const counting = new Counting();
  told(counting)(completed(4_000, 9_000, 'success'));
  expect([seen(counting.runSeconds.success), seen(counting.turnaroundSeconds.success)]).toEqual([[1, 5], [0, 0]]);
});
