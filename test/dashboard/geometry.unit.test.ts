import { describe, expect, test } from 'vitest';
import { roundUp, tickLabel, timeTicks } from '../../src/dashboard/charts/axis.ts';
import { estimate, neverOf } from '../../src/dashboard/charts/estimate.ts';
import { laneTop, laneUnder, runUnder } from '../../src/dashboard/charts/ganttGeometry.ts';
import { graphLayout } from '../../src/dashboard/charts/graphLayout.ts';
import { cellAt, cellUnder, heatLayout } from '../../src/dashboard/charts/heatLayout.ts';
import { readMatrix } from '../../src/dashboard/charts/matrix.ts';
import { NODE_LOOKS, nodeLook, stateLook, taskState } from '../../src/dashboard/charts/states.ts';
import { CELL_PICTURES } from '../../src/dashboard/charts/cellDrawing.ts';
import { zoomed } from '../../src/dashboard/charts/timeSpan.ts';
import { scrollHeight, scrollTo, windowAt } from '../../src/dashboard/charts/window.ts';
import { neighbourOf, rememberList } from '../../src/dashboard/routes/neighbours.ts';
import { hashOf, routeOf, to } from '../../src/dashboard/routes/route.ts';
import { filterOf, nextSort } from '../../src/dashboard/views/tasks/filters.ts';
import { variablesOf } from '../../src/dashboard/views/pool/variables.ts';
import { MATRIX_HEADER, MATRIX_LOW_PRIORITY, MATRIX_MAGIC, MATRIX_STATES } from '../../src/wire/own/matrix.ts';

describe('a place of the page', () => {
  test.each(['#/', '#/jobs', '#/jobs/render%2F1/tasks/a%20b?tab=log&from=81920'])('%s is read and written the same', (hash) => {
    expect(hashOf(routeOf(hash))).toBe(hash.replace('%20', '%20'));
  });

  test('that cannot be read is the overview', () => {
    expect(routeOf('#/jobs/%E0%A4%A')).toEqual({ path: [], query: {} });
  });

  test('has no empty values', () => {
    expect(to(['jobs', 'j'], { state: '', tab: 'tasks' })).toBe('#/jobs/j?tab=tasks');
  });
});

test('keys step to the rows beside one, whatever tab of it is shown, and not beyond the ends of the list', () => {
  rememberList(['#/jobs/a', '#/jobs/b%20c', '#/jobs/d']);
  expect(neighbourOf('#/jobs/b%20c?tab=tasks', 1)).toBe('#/jobs/d');
  expect(neighbourOf('#/jobs/b%20c', -1)).toBe('#/jobs/a');
  expect(neighbourOf('#/jobs/d', 1)).toBeUndefined();
  expect(neighbourOf('#/pools/a', 1)).toBeUndefined();
});

describe('a list of a million rows', () => {
  const size = { rows: 1_000_000, rowPx: 32, viewPx: 500 };

  test('is no higher than browsers can scroll', () => {
    expect(scrollHeight(size)).toBe(8_000_000);
    expect(scrollHeight({ rows: 100, rowPx: 32 })).toBe(3_200);
  });

  test('begins with the first row and ends with the last', () => {
    expect(windowAt(0, size).from).toBe(0);
    const end = windowAt(scrollHeight(size) - size.viewPx, size);
    expect(end.until).toBe(1_000_000);
    // The last row stands at the bottom of the view.
    expect(end.topPx + (1_000_000 - end.from) * 32).toBeCloseTo(8_000_000, 0);
  });

  test('of a browser that scrolls less ends with the last row as well', () => {
    expect(windowAt(17_000_000 / 10 - 500, size, { mostPx: 1_700_000 }).until).toBe(1_000_000);
  });

  test.each([0, 1, 15, 700_000, 999_999])('scrolls to row %i', (row) => {
    const top = scrollTo(row, 0, size);
    const { from, until } = windowAt(top, size, { overscan: 0 });
    expect(row).toBeGreaterThanOrEqual(from);
    expect(row).toBeLessThan(until);
  });

  test('that is short is scrolled pixel by pixel', () => {
    expect(windowAt(320, { rows: 100, rowPx: 32, viewPx: 320 }, { overscan: 0 })).toEqual({ from: 10, until: 20, topPx: 320 });
  });
});

describe('a heat map', () => {
  test('goes down with the size of its cells, and never vanishes', () => {
    expect([10, 900, 3_000, 10_000].map((cells) => heatLayout(cells, { widthPx: 800 }).cellPx)).toEqual([28, 18, 10, 6]);
    expect(heatLayout(50_000, { widthPx: 300 }).rows).toBeGreaterThan(0);
  });

  test('finds the cell that is under a point', () => {
    const layout = heatLayout(100, { widthPx: 300 });
    for (const index of [0, 9, 57, 99]) {
      const { x, y } = cellAt(index, layout);
      expect(cellUnder(x + 1, y + 1, layout, 100)).toBe(index);
    }
    expect(cellUnder(1, 10_000, layout, 100)).toBeNull();
  });

  test('reads what the service sends of nodes', () => {
    const bytes = new ArrayBuffer(MATRIX_HEADER.bytes + 4 + 4 + 8);
    const view = new DataView(bytes);
    for (const [at, value] of [[MATRIX_HEADER.magic, MATRIX_MAGIC], [MATRIX_HEADER.count, 2], [MATRIX_HEADER.slotsPerNode, 4], [MATRIX_HEADER.epoch, 7], [MATRIX_HEADER.bytes + 8, 1_700], [MATRIX_HEADER.bytes + 12, 1_800]] as const) view.setUint32(at, value, true);
    view.setUint8(MATRIX_HEADER.bytes, MATRIX_STATES.indexOf('running'));
    view.setUint8(MATRIX_HEADER.bytes + 1, MATRIX_STATES.indexOf('idle') + MATRIX_LOW_PRIORITY);
    view.setUint8(MATRIX_HEADER.bytes + 4, 3);
    view.setUint32(MATRIX_HEADER.revEpoch, 5, true);
    view.setUint32(MATRIX_HEADER.revTick, 12, true);
    expect(readMatrix(bytes)).toEqual({
      rev: '5-12',
      epoch: 7,
      count: 2,
      slotsPerNode: 4,
      nodes: [
        { state: 'running', slots: 3, lowPriority: false, since: 1_700_000 },
        { state: 'idle', slots: 0, lowPriority: true, since: 1_800_000 },
      ],
    });
    expect(() => readMatrix(new ArrayBuffer(8))).toThrow('no matrix');
  });
});

describe('states', () => {
  test('of nodes that the service has all look different', () => {
    expect(MATRIX_STATES.filter((state) => NODE_LOOKS[state] === undefined)).toEqual([]);
    const looks = Object.values(NODE_LOOKS).map(({ hue, drawing }) => `${hue} ${drawing}`);
    expect(new Set(looks).size).toBe(looks.length);
    expect(Object.values(NODE_LOOKS).every(({ drawing }) => CELL_PICTURES[drawing] !== undefined)).toBe(true);
  });

  test('that nobody has heard of are drawn as unknown, by their own word', () => {
    expect(nodeLook('melting')).toMatchObject({ word: 'melting', drawing: 'question' });
    expect(stateLook('job', 'melting')).toMatchObject({ word: 'melting', icon: 'question' });
  });

  test('of tasks say how they ended, whatever their exit code', () => {
    expect([taskState({ state: 'completed', result: 'failure' }), taskState({ state: 'completed', result: 'success' }), taskState({ state: 'active' })]).toEqual(['failed', 'succeeded', 'active']);
  });
});

describe('a gantt', () => {
  test('finds the bar that is under a point, with a pixel of grace', () => {
    const runs = [[0, 10, 0, 1], [20, 1, 2, 1]] as const;
    expect([runUnder(runs, 5, 1), runUnder(runs, 15, 1), runUnder(runs, 22, 1)]).toEqual([runs[0], null, runs[1]]);
    expect(laneUnder(laneTop(3) + 2)).toBe(3);
  });

  test('is zoomed around a moment, within all of its time', () => {
    const whole = { from: 0, to: 1_000_000 };
    expect(zoomed(whole, 500_000, 0.5, whole)).toEqual({ from: 250_000, to: 750_000 });
    expect(zoomed({ from: 0, to: 500_000 }, 0, 4, whole)).toEqual(whole);
  });
});

describe('the graph of a job', () => {
  test('has a column for each rank, children beside their parents', () => {
    const groups = [0, 1, 2, 3].map((id) => ({ id, rank: id < 2 ? 0 : 1 }));
    const { boxes } = graphLayout({ groups, edges: [[0, 3], [1, 2]] });
    const at = (id: number) => boxes.find((box) => box.id === id) ?? { x: -1, y: -1 };
    expect(at(0).x).toBeLessThan(at(2).x);
    expect(at(0).y < at(1).y).toBe(at(3).y < at(2).y);
  });
});

describe('an estimate', () => {
  const startedAt = 0;
  test('needs twenty tasks or two minutes', () => {
    expect(estimate([{ at: 10_000, done: 5 }], { startedAt, all: 100, now: 10_000 })).toBeNull();
    expect(estimate([{ at: 10_000, done: 20 }], { startedAt, all: 100, now: 10_000 })).not.toBeNull();
  });

  test('is between the rate of late and that since the beginning', () => {
    const found = estimate([{ at: 100_000, done: 100 }, { at: 200_000, done: 300 }], { startedAt, all: 500, now: 200_000 });
    expect(found).toEqual({ perSecond: 2, leftMs: 100_000, leastMs: 100_000, mostMs: 200_000 / 1.5 });
  });

  test('does not count tasks that can never start', () => {
    expect(neverOf([{ never: true, count: 3 }, { never: false, count: 50 }, { never: true, count: 1 }])).toBe(4);
  });

  test('of a job whose tasks have all ended there is none', () => {
    expect(estimate([{ at: 1, done: 50 }], { startedAt, all: 50, now: 1 })).toBeNull();
  });
});

describe('an axis', () => {
  test('has round times', () => {
    expect(timeTicks(61_000, 301_000, 5)).toEqual([120_000, 180_000, 240_000, 300_000]);
    expect(tickLabel('14:03:12', [0, 1_000])).toBe('14:03:12');
    expect(tickLabel('14:03:12', [0, 60_000])).toBe('14:03');
  });

  test('ends at a round number', () => {
    expect([0, 3, 7, 12, 480].map(roundUp)).toEqual([1, 5, 10, 20, 500]);
  });
});

test('chips and nodes become one filter', () => {
  expect(filterOf({ state: 'failed', node: '' })).toBe("executionInfo/result eq 'failure'");
  expect(filterOf({ state: '', node: "a'b" })).toBe("nodeInfo/nodeId eq 'a''b'");
  expect(filterOf({ state: 'running', node: 'n' })).toBe("(state eq 'running' or state eq 'preparing') and nodeInfo/nodeId eq 'n'");
  expect([nextSort('id', 'runTime'), nextSort('runTime', 'runTime')]).toEqual(['runTime', '-runTime']);
});

test('the results of a formula are its variables', () => {
  expect(variablesOf('$TargetDedicatedNodes=4;x=2;')).toEqual([{ name: '$TargetDedicatedNodes', value: '4' }, { name: 'x', value: '2' }]);
});
