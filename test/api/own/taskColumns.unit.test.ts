import { describe, expect, test } from 'vitest';
import { ABSENT, emptyColumns, growTo, setNumbers, setWindow, type TaskColumns } from '../../../src/api/own/tasks/columns.ts';
import { isOfColumns, passes } from '../../../src/api/own/tasks/filter.ts';
import { grouped } from '../../../src/api/own/tasks/grouping.ts';
import { histogramOf } from '../../../src/api/own/tasks/histogram.ts';
import { lanesOf } from '../../../src/api/own/tasks/lanes.ts';
import { outcomeOf, taskOf } from '../../../src/api/own/tasks/runs.ts';
import { sorted } from '../../../src/api/own/tasks/order.ts';
import { NOTHING, type TaskColumnsWindow } from '../../../src/store/intents/taskColumns.ts';
import { TASK_STATUS } from '../../../src/store/status/taskStatus.ts';
import { matches, parseFilter } from '../../../src/wire/odata.ts';

interface Row {
  readonly task: number;
  readonly state?: 'active' | 'running' | 'completed';
  readonly started?: number;
  readonly ended?: number;
  readonly exitCode?: number;
  readonly node?: number;
}

/** Of the numbers above `after`, up to the last one of the rows. */
function windowOf(rows: readonly Row[], after = 0): TaskColumnsWindow {
  const byNumber = new Map(rows.map((row) => [row.task, row]));
  const places = Array.from({ length: Math.max(0, ...rows.map(({ task }) => task)) - after }, (_, place) => byNumber.get(after + place + 1));
  const of = (value: (row: Row) => number): number[] => places.map((row) => (row === undefined ? 0 : value(row)));
  return {
    isTask: of(() => 1),
    created: of(() => 1_000),
    slots: of(() => 1),
    asked: of(() => 0),
    state: of(({ state, ended }) => (state === undefined && ended === undefined ? 0 : TASK_STATUS.columns.state.choices[state ?? 'active'])),
    started: of(({ started = NOTHING }) => started),
    ended: of(({ ended = NOTHING }) => ended),
    exitCode: of(({ exitCode = NOTHING }) => exitCode),
    result: of(({ exitCode }) => (exitCode === undefined ? 0 : exitCode === 0 ? 1 : 2)),
    retries: of(() => 0),
    reactivations: of(() => 0),
    node: of(({ node = 0 }) => node),
  };
}
async function columnsOf(rows: readonly Row[]): Promise<TaskColumns> {
  const columns = emptyColumns();
  const through = Math.max(0, ...rows.map(({ task }) => task));
  await growTo(columns, through);
  setWindow(columns, windowOf(rows), 0, through);
  return columns;
}

describe('columns of tasks', () => {
  test('grow, keep what they had, and forget tasks that are not there any more', async () => {
    const columns = await columnsOf([{ task: 1 }, { task: 3, state: 'running', started: 5 }]);
    expect({ count: columns.count, states: [...columns.state.subarray(0, 3)] }).toEqual({ count: 2, states: [0, ABSENT, 2] });
    await growTo(columns, 2_000);
    setWindow(columns, windowOf([{ task: 2_000 }], 3), 3, 2_000);
    expect({ count: columns.count, length: columns.length, started: columns.started[2] }).toEqual({ count: 3, length: 2_000, started: 5 });
    setWindow(columns, windowOf([]), 1_999, 2_000);
    expect(columns.count).toBe(2);
    const { version } = columns;
    setNumbers(columns, windowOf([{ task: 1 }]), [1]);
    expect(columns.version).toBe(version);
    setNumbers(columns, windowOf([{ task: 1, state: 'completed', ended: 9, exitCode: 0 }]), [1, 3]);
    expect({ count: columns.count, first: columns.state[0], third: columns.state[2], isNewer: columns.version > version }).toEqual({ count: 1, first: 3, third: ABSENT, isNewer: true });
  });

  test('sort like any sort, with large and small keys, ties in the order of numbers, and those without a value last', async () => {
    let seed = 7;
    const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const rows = Array.from({ length: 3_000 }, (_, index): Row => {
      const started = Math.floor(chance() * 2 ** 41);
      return chance() < 0.2 ? { task: index + 1 } : { task: index + 1, state: 'completed', started, ended: started + Math.floor(chance() * 50), exitCode: Math.floor(chance() * 6) - 3 };
    });
    const columns = await columnsOf(rows);
    const numbers = Uint32Array.from(rows, ({ task }) => task);
    for (const [by, of] of [['started', (row: Row) => row.started], ['exitCode', (row: Row) => row.exitCode], ['runTime', (row: Row) => (row.ended === undefined ? undefined : row.ended - (row.started ?? 0))]] as const) {
      for (const descending of [false, true]) {
        const order = (one: Row, other: Row): number => {
          const [left, right] = [of(one), of(other)];
          if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined) || one.task - other.task;
          return (descending ? right - left : left - right) || one.task - other.task;
        };
        expect([...(await sorted(columns, numbers, by, descending, 0))], `${by} ${descending}`).toEqual(rows.toSorted(order).map(({ task }) => task));
      }
    }
  });

  test.each(["state eq 'ACTIVE'", "state ne 'running'", 'executionInfo/exitCode gt 0', 'executionInfo/exitCode ne 0', 'executionInfo/exitCode eq null', "executionInfo/result eq 'failure' or state eq 'running'", "not (executionInfo/startTime lt DateTime'1970-01-01T00:00:06Z')", 'requiredSlots ge 1 and executionInfo/retryCount lt 1'])(
    'pass the filter %s as objects of the wire do',
    async (text) => {
      const filter = parseFilter(text);
      const rows: Row[] = [{ task: 1 }, { task: 2, state: 'running', started: 5_000 }, { task: 3, state: 'completed', started: 6_000, ended: 7_000, exitCode: 0 }, { task: 4, state: 'completed', started: 6_000, ended: 7_000, exitCode: 3 }];
      const seen = rows.map(({ state = 'active', started, exitCode }) => ({
        state,
        requiredSlots: 1,
        executionInfo: { retryCount: 0, startTime: started === undefined ? undefined : new Date(started).toISOString(), exitCode, result: exitCode === undefined ? undefined : exitCode === 0 ? 'success' : 'failure' },
      }));
      expect(isOfColumns(filter)).toBe(true);
      const pass = passes(filter, await columnsOf(rows), new Map());
      expect(rows.map((_, at) => pass(at))).toEqual(seen.map((task) => matches(filter, task)));
    },
  );

  test('a filter on what they do not have is not theirs', () => {
    expect(isOfColumns(parseFilter("state eq 'active' and startswith(id,'a')"))).toBe(false);
  });

  test('lanes: what runs at once on a node is in different slots, and a free slot is used again', async () => {
    const { lanes } = await lanesOf(
      await columnsOf([
        { task: 1, state: 'completed', started: 0, ended: 10, exitCode: 0, node: 7 },
        { task: 2, state: 'completed', started: 5, ended: 15, exitCode: 1, node: 7 },
        { task: 3, state: 'running', started: 10, node: 7 },
        { task: 4, state: 'running', started: 1, node: 8 },
        { task: 5 },
      ]),
      [],
      20,
    );
    expect(lanes.map(({ slot, runs, hasFailed }) => ({ slot, runs, hasFailed }))).toEqual([{ slot: 0, runs: [1, 3], hasFailed: false }, { slot: 1, runs: [2], hasFailed: true }, { slot: 0, runs: [4], hasFailed: false }]);
  });

  test('lanes have the attempts before the last ones in their places, but for tasks that are gone', async () => {
    const columns = await columnsOf([{ task: 1, state: 'completed', started: 20, ended: 30, exitCode: 0, node: 8 }, { task: 2, state: 'running', started: 4, node: 7 }]);
    const earlier = [
      { task: 1, node: 7, startedAt: 6, endedAt: 9, outcome: 2 },
      { task: 1, node: 7, startedAt: 1, endedAt: 5, outcome: 3 },
      { task: 3, node: 7, startedAt: 1, endedAt: 5, outcome: 3 },
    ] as const;
    const { runs, lanes } = await lanesOf(columns, earlier, 40);
    expect(lanes.map(({ node, slot, runs: own, hasFailed }) => ({ node, slot, own: own.map((run) => [taskOf(runs, run), outcomeOf(runs, run)]), hasFailed }))).toEqual([
      { node: 7, slot: 0, own: [[1, 3], [1, 2]], hasFailed: true },
      { node: 7, slot: 1, own: [[2, 1]], hasFailed: false },
      { node: 8, slot: 0, own: [[1, 0]], hasFailed: false },
    ]);
  });
});

describe('a histogram', () => {
  test('counts each value once; one straggler does not flatten the rest', async () => {
    const values = Float64Array.from([...Array.from({ length: 199 }, (_, index) => index / 100), 1_000]);
    const { edgesS, counts, max, n } = await histogramOf(values, 4);
    expect({ edges: edgesS.length, sum: counts.reduce((all, one) => all + one, 0), last: counts[3], max, n }).toEqual({ edges: 5, sum: 200, last: 2, max: 1_000, n: 200 });
    expect(edgesS).toEqual(edgesS.toSorted((a, b) => a - b));
  });

  test('of equal values, of one and of none', async () => {
    expect(await histogramOf(Float64Array.from([2, 2, 2]), 3)).toMatchObject({ p50: 2, max: 2, n: 3, counts: [0, 3, 0] });
    expect(await histogramOf(new Float64Array(0), 3)).toEqual({ edgesS: [0, 0, 0, 0], counts: [0, 0, 0], p50: 0, p95: 0, p99: 0, max: 0, n: 0 });
  });
});

describe('the graph of a job', () => {
  const task = (number: number, idKey: string, ids: readonly string[] = [], ranges: readonly { start: number; end: number }[] = []) => ({ task: number, idKey, dependsOn: ids.length + ranges.length === 0 ? null : { ids, ranges } });

  test('equal tasks are one group: a fan-out and what joins it', async () => {
    const fan = Array.from({ length: 100 }, (_, index) => task(index + 2, `f${index}`, ['first']));
    const { groups, edges } = await grouped([task(1, 'first'), ...fan, task(200, 'join', fan.map(({ idKey }) => idKey)), task(201, 'alone')]);
    expect(groups.map(({ rank, tasks }) => [rank, tasks.length])).toEqual([[0, 1], [1, 100], [2, 1], [0, 1]]);
    expect(edges).toEqual([[0, 1], [1, 2]]);
  });

  test('tasks that ask for the same and are asked for by others are apart', async () => {
    const { groups } = await grouped([task(1, 'a'), task(2, 'b'), task(3, 'c', ['a'])]);
    expect(groups.map(({ tasks }) => tasks)).toEqual([[1], [2], [3]]);
  });

  test('ranges, small and large, and ids that are not there', async () => {
    const numbered = Array.from({ length: 5 }, (_, index) => task(index + 1, String(index + 1)));
    const { groups, edges } = await grouped([...numbered, task(6, 'small', [], [{ start: 1, end: 3 }]), task(7, 'large', [], [{ start: 4, end: 1_000_000 }]), task(8, 'lost', ['nobody'])]);
    expect(groups.map(({ tasks, missing, rank }) => [tasks, missing, rank])).toEqual([[[1, 2, 3], null, 0], [[4, 5], null, 0], [[6], null, 1], [[7], null, 1], [[8], null, 1], [[], 'nobody', 0]]);
    expect(edges).toEqual([[0, 2], [1, 3], [5, 4]]);
  });

  test('tasks that wait for each other end the ranking of no others', async () => {
    const { groups } = await grouped([task(1, 'a', ['b']), task(2, 'b', ['a']), task(3, 'c'), task(4, 'd', ['c'])]);
    expect(groups.map(({ rank }) => rank)).toEqual([0, 0, 0, 1]);
  });
});
