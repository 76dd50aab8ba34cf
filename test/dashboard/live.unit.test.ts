import { describe, expect, test } from 'vitest';
import { countsIn } from '../../src/dashboard/charts/counts.ts';
import { continued, levelsOf } from '../../src/dashboard/charts/levels.ts';
import { changedNodes, noteNodes, type MatrixNode, type NodeChange } from '../../src/dashboard/charts/matrix.ts';
import { eventReader } from '../../src/dashboard/client/serverEvents.ts';
import { MATRIX_LOW_PRIORITY, MATRIX_STATES } from '../../src/wire/own/matrix.ts';

describe('a stream of events', () => {
  test('gives those that are whole, however it is cut', () => {
    const next = eventReader();
    expect(next('retry: 1000\n\n: nothing new\n\nid: 5-1\nda').map(({ isComment }) => isComment)).toEqual([false, true]);
    expect(next('ta: [1,\ndata: 2]\n')).toEqual([]);
    expect(next('\nid: 5-2')).toEqual([{ id: '5-1', data: '[1,\n2]', isComment: false }]);
  });
});

describe('nodes that have changed', () => {
  const running = MATRIX_STATES.indexOf('running');
  const idle = MATRIX_STATES.indexOf('idle');
  const node: MatrixNode = { state: 'idle', slots: 0, lowPriority: true, since: 1_000 };
  const pool = [node, node, node];

  function heard(rev: string, ...c: readonly (readonly [number, number, number])[]): ReadonlyMap<number, NodeChange> {
    const changes = new Map<number, NodeChange>();
    noteNodes(changes, { rev, frames: [{ t: 'nodes', c }], heardAt: 9_000 });
    return changes;
  }

  test('are drawn as they are now, with the time at which they came to be so', () => {
    const changed = changedNodes(pool, '5-9', heard('5-10', [1, running | MATRIX_LOW_PRIORITY, 3]));
    expect(changed).toEqual([node, { state: 'running', slots: 3, lowPriority: true, since: 9_000 }, node]);
  });

  test('in their slots alone stay in their state since when they came into it', () => {
    expect(changedNodes(pool, '5-9', heard('6-1', [0, idle, 2]))[0]).toEqual({ ...node, slots: 2 });
  });

  test.each(['5-9', '5-8', '4-20'])('before the matrix of 5-9 was read, at %s, are in it already', (rev) => {
    expect(changedNodes(pool, '5-9', heard(rev, [0, running, 1]))).toEqual(pool);
  });

  test('and are not in the matrix are left out', () => {
    expect(changedNodes(pool, '5-9', heard('5-10', [7, running, 1]))).toEqual(pool);
  });
});

test('counts of a job are those of its last frame; where none came they are as they were', () => {
  expect(countsIn([{ t: 'counts', job: 'J', c: [9, 9, 9, 9] }, { t: 'counts', job: 'J', c: [4, 3, 2, 1] }])).toEqual({ active: 4, running: 3, completed: 3, succeeded: 2, failed: 1 });
  expect(countsIn([{ t: 'object', ref: { kind: 'job', job: 'J' }, rev: '5-1' }])).toBeUndefined();
});

describe('levels over time', () => {
  test('hold until the next point, and are summed over the series of a line', () => {
    const { times, lines } = levelsOf([[[[1_000, 2], [4_000, 5]], [[3_000, 1]]], [[[2_000, 7]]]]);
    expect(times).toEqual([1, 2, 3, 4]);
    expect(lines).toEqual([[2, 2, 3, 6], [null, 7, 7, 7]]);
  });

  test('that the page has seen itself follow on those that the service has noted', () => {
    expect(continued({ times: [1, 5, 9], lines: [[1, 2, 3]] }, { times: [5, 6], lines: [[7, 8]] })).toEqual({ times: [1, 5, 6], lines: [[1, 7, 8]] });
    expect(continued({ times: [1], lines: [[1]] }, { times: [], lines: [[]] })).toEqual({ times: [1], lines: [[1]] });
  });
});
