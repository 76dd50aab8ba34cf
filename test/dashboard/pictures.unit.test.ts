import { expect, test } from 'vitest';
import { criticalPath } from '../../src/dashboard/charts/criticalPath.ts';
import { spansOf } from '../../src/dashboard/charts/stateSpans.ts';
import { traceOf } from '../../src/dashboard/charts/trace.ts';
import { isOfKind, listenerOf, momentOf } from '../../src/dashboard/views/events/asked.ts';
import { heldRows } from '../../src/dashboard/views/tasks/heldRows.ts';
import { quotedForShell } from '../../src/dashboard/text/clean.ts';
import type { TaskRow } from '../../src/wire/own/tasks.ts';

test('the longest way through a graph is that of the longest runs, by steps where nothing has run', () => {
  const groups = [[0, 0, 5], [1, 0, 50], [2, 1, 10], [3, 1, 1], [4, 2, 0]].map(([id = 0, rank = 0, longestMs = 0]) => ({ id, rank, longestMs }));
  const edges = [[0, 2], [1, 3], [2, 4], [3, 4]] as const;
  expect([...criticalPath({ groups, edges })].toSorted()).toEqual([1, 3, 4]);
  expect([...criticalPath({ groups: groups.map((group) => ({ ...group, longestMs: 0 })), edges: [[0, 2], [2, 4]] })].toSorted()).toEqual([0, 2, 4]);
  expect(criticalPath({ groups, edges: [] }).size).toBe(0);
});

test('states follow each other until now, or until a node has left; what is told twice of one is one span', () => {
  const at = (minute: number): string => new Date(minute * 60_000).toISOString();
  const entered = [[1, 'creating'], [2, 'idle'], [3, 'idle'], [4, 'running']].map(([minute, state]) => ({ time: at(Number(minute)), state: String(state) }));
  expect(spansOf(entered, 300_000).map(({ state, from, to }) => [state, from / 60_000, to / 60_000])).toEqual([['creating', 1, 2], ['idle', 2, 4], ['running', 4, 5]]);
  expect(spansOf([...entered, { time: at(4.5), state: 'gone' }], 300_000).at(-1)).toMatchObject({ state: 'running', to: 270_000 });
});

test('a trace has a process for each node, a thread for each slot, and microseconds', () => {
  const lane = (node: string, slot: number) => ({ node, pool: 'p', slot, runs: [[10, 5, 3, 1, 1, 't']] as const });
  const { traceEvents } = traceOf({ rev: '', from: 1_000, to: 2_000, width: 100, lanes: [lane('a', 0), lane('a', 1), lane('b', 0)], total: { lanes: 3, attempts: 3, isAll: true }, busy: [] });
  expect(traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args['name'])).toEqual(['a', 'b']);
  expect(traceEvents.at(-1)).toEqual({ name: 't', ph: 'X', pid: 2, tid: 0, ts: 1_100_000, dur: 50_000, args: { outcome: 'preempted', attempts: 1 } });
});

test('rows that are held keep their places, and are told what became of them', () => {
  const row = (id: string, state: string) => ({ id, state }) as TaskRow;
  const { rows, gone, added } = heldRows([row('a', 'active'), row('b', 'active')], [row('c', 'active'), row('a', 'running')]);
  expect(rows.map(({ id, state }) => [id, state])).toEqual([['a', 'running'], ['b', 'active']]);
  expect([[...gone], [...added]]).toEqual([['b'], ['c']]);
});

test('events are asked for by kind, family and moment, and listened to by the same', () => {
  expect([isOfKind('task.failed', 'task'), isOfKind('task.failed', 'task.failed'), isOfKind('tasks.failed', 'task'), isOfKind('job.created', '')]).toEqual([true, true, false, true]);
  expect([momentOf('2026-11-30T12:00:00+01:00'), momentOf('yesterday'), momentOf(undefined)]).toEqual(['2026-11-30T11:00:00.000Z', undefined, undefined]);
  expect(listenerOf({ pool: undefined, job: "it's", kind: '' }, quotedForShell)).toBe(String.raw`curl -N -H "Authorization: Bearer $TOKEN" "$AZURE_BATCH_ENDPOINT"'/linarite/events?job=it%27s'`);
});
