import { describe, expect, test } from 'vitest';
import { Frames, type View } from '../../../src/api/own/live/frames.ts';
import type { Decisions } from '../../../src/core/decisions.ts';
import type { JobStatus, NodeStatus, TaskStatus } from '../../../src/core/status.ts';
import { neverAttempted } from '../../../src/core/task/row.ts';
import { MATRIX_LOW_PRIORITY, MATRIX_STATES } from '../../../src/wire/own/matrix.ts';

function tick(number: number, changes: Partial<Decisions>) {
  const decisions: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false, ...changes };
  return { kind: 'tick', epoch: 3, tick: number, at: 0, decisions, transitions: [] } as const;
}
function jobRow(job: number, running: number): JobStatus {
  return { job, tasks: { active: 1, running, succeeded: 2, failed: 3 } } as JobStatus;
}
function nodeRow(node: number, of: Partial<NodeStatus> = {}): NodeStatus {
  return { node, pool: 7, state: 'running', runningSlots: 2, dedicated: true, scheduling: 'enabled', goneAt: null, ...of } as NodeStatus;
}
function taskRow(task: number, of: Partial<TaskStatus> = {}): TaskStatus {
  return { ...neverAttempted(9, task, 0), ...of };
}
const JOB: View = { kind: 'job', job: 9, id: 'J', rows: new Set([1, 2]) };
const POOL: View = { kind: 'pool', pool: 7, id: 'P', places: new Map([[100, 0], [101, 1]]) };

describe('what a page is told', () => {
  test('of a job: counts and the rows that it shows, of each the last value', () => {
    const frames = new Frames(JOB, '3-1');
    frames.hear(tick(4, { jobs: [jobRow(9, 1)], tasks: [taskRow(1, { state: 'running' }), taskRow(5, { state: 'running' })] }));
    frames.hear(tick(5, { jobs: [jobRow(9, 4), jobRow(8, 9)], tasks: [taskRow(1, { state: 'completed', exitCode: 3 })], gone: { tasks: [{ job: 9, task: 2 }], jobs: [], pools: [] } }));
    expect(frames.take()).toEqual({ rev: '3-5', frames: [{ t: 'counts', job: 'J', c: [1, 4, 2, 3] }, { t: 'tasks', job: 'J', c: [[1, 3, 3], [2, -1]] }, { t: 'object', ref: { kind: 'job', job: 'J' }, rev: '3-5' }] });
    expect({ isEmpty: frames.isEmpty, next: frames.take() }).toEqual({ isEmpty: true, next: null });
  });

  test('of a pool: its nodes by their places, as the matrix has them, and nothing of others', () => {
    const frames = new Frames(POOL, '3-1');
    frames.hear(tick(1, { nodes: [nodeRow(101, { dedicated: false }), nodeRow(100), nodeRow(500, { pool: 8 })] }));
    const running = MATRIX_STATES.indexOf('running');
    expect(frames.take()?.frames).toEqual([{ t: 'nodes', c: [[1, running | MATRIX_LOW_PRIORITY, 2], [0, running, 2]] }]);
    frames.hear(tick(2, { jobs: [jobRow(9, 1)] }));
    expect(frames.take()).toBeNull();
  });

  test.each([['joins', nodeRow(102)], ['leaves', nodeRow(101, { goneAt: 5 })]])('that a node %s, which moves the places, by a reset and nothing else', (_what, row) => {
    const frames = new Frames(POOL, '3-1');
    frames.hear(tick(1, { nodes: [nodeRow(100), row] }));
    expect(frames.take()?.frames).toEqual([{ t: 'reset' }]);
  });

  test('of the account: counts of open jobs, by a reset that a job is new, and that one that was over has changed', () => {
    const frames = new Frames({ kind: 'overview', jobs: new Map([[9, 'J']]) }, '3-1');
    frames.hear(tick(1, { jobs: [jobRow(9, 1)], nodes: [nodeRow(100)], onlyActive: new Set([100]) }));
    expect(frames.take()?.frames).toEqual([{ t: 'counts', job: 'J', c: [1, 1, 2, 3] }]);
    frames.hear(tick(2, { jobs: [{ ...jobRow(10, 1), state: 'completed' }] }));
    expect(frames.take()?.frames).toEqual([{ t: 'object', ref: { kind: 'account' }, rev: '3-2' }]);
    frames.hear(tick(3, { jobs: [{ ...jobRow(11, 1), state: 'active' }] }));
    expect(frames.take()?.frames).toEqual([{ t: 'reset' }]);
  });

  test('that the account was loaded anew: something may have been missed', () => {
    const frames = new Frames(JOB, '3-1');
    frames.hear({ kind: 'loaded', epoch: 4 });
    expect(frames.take()).toEqual({ rev: '4-0', frames: [{ t: 'reset' }] });
  });
});
