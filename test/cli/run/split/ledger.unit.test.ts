import { array, assert, constant, constantFrom, nat, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ledger } from '../../../../src/cli/run/split/ledger.ts';

const LOST_AFTER = 100;

/** Two sides that answer, with tasks shared between them. */
function running(tasks: readonly string[], weights: Readonly<Record<string, number>> = { a: 1, b: 1 }): Ledger {
  const ledger = new Ledger(tasks, Object.entries(weights).map(([name, weight]) => ({ name, weight })), LOST_AFTER);
  for (const name of Object.keys(weights)) ledger.heard(name, 0);
  ledger.share();
  return ledger;
}

/** Both take all that is due. */
function sendAll(ledger: Ledger, ...sides: readonly string[]): void {
  for (const side of sides) ledger.has(side, ledger.due(side));
}

describe('tasks', () => {
  test('are shared out over the sides that answer, always in the same way', () => {
    const ledger = running(['1', '2', '3', '4']);
    expect([ledger.due('a'), ledger.due('b')]).toEqual([['1', '3'], ['2', '4']]);
  });

  test('are shared out by what each side can do', () => {
    const ledger = running(['1', '2', '3', '4', '5', '6', '7', '8'], { a: 3, b: 1 });
    expect([ledger.due('a').length, ledger.due('b').length]).toEqual([6, 2]);
  });

  test('all go to the one side that answers at the start, and to both once the other does', () => {
    const ledger = new Ledger(['1', '2'], [{ name: 'a', weight: 1 }, { name: 'b', weight: 1 }], LOST_AFTER);
    ledger.heard('b', 0);
    expect([ledger.silent(10), ledger.share(), ledger.due('b')]).toEqual([[], new Map(), ['1', '2']]);
    expect(ledger.heard('a', 20)).toBe(true);
    ledger.share();
    expect(ledger.due('a')).toEqual([]);
  });
});

describe('a side that does not answer', () => {
  test('is lost after a while, not before, and what has no result here goes to the other', () => {
    const ledger = running(['1', '2', '3', '4', '5', '6']);
    sendAll(ledger, 'a', 'b');
    expect(ledger.settle('1', 'a')).toBe(true);
    ledger.heard('b', 99);
    expect(ledger.silent(99)).toEqual([]);
    expect(ledger.silent(100)).toEqual(['a']);
    expect(ledger.silent(101)).toEqual([]);
    expect(ledger.share()).toEqual(new Map([['b', 2]]));
    expect([ledger.due('b'), ledger.moved(), ledger.due('a')]).toEqual([['3', '5'], 2, []]);
  });

  test('does not count what was never sent there as moved', () => {
    const ledger = running(['1', '2']);
    ledger.heard('b', 100);
    expect(ledger.silent(100)).toEqual(['a']);
    expect([ledger.share(), ledger.due('b'), ledger.moved()]).toEqual([new Map(), ['1', '2'], 0]);
  });

  test('and comes back: the first result of a task counts, and the other copy is to be ended', () => {
    const ledger = running(['1', '2', '3']);
    sendAll(ledger, 'a', 'b');
    ledger.heard('b', 100);
    ledger.silent(100);
    ledger.share();
    sendAll(ledger, 'b');
    expect(ledger.heard('a', 150)).toBe(true);
    ledger.share();
    expect(ledger.due('a')).toEqual([]);
    expect([ledger.settle('1', 'a'), ledger.settle('1', 'b'), ledger.settle('3', 'b'), ledger.settle('3', 'a')]).toEqual([true, false, true, false]);
    expect([ledger.surplus('a'), ledger.surplus('b'), ledger.settledBy('1'), ledger.settledBy('3')]).toEqual([['3'], ['1'], 'a', 'b']);
    ledger.dropped('b', ['1']);
    expect(ledger.surplus('b')).toEqual([]);
  });

  test('as no other does: what is left waits, and goes to the first that answers again', () => {
    const ledger = running(['1', '2']);
    sendAll(ledger, 'a');
    expect([...ledger.silent(100)]).toEqual(['a', 'b']);
    expect([ledger.share(), ledger.isOver(), ledger.left()]).toEqual([new Map(), false, 2]);
    expect(ledger.heard('b', 500)).toBe(true);
    ledger.share();
    expect(ledger.due('b')).toEqual(['1', '2']);
  });
});

test('a side that runs nothing gives up what waits there, and its reason is known', () => {
  const ledger = running(['1', '2', '3', '4']);
  sendAll(ledger, 'a');
  expect([ledger.unfit('a', 'no nodes'), ledger.unfit('a', 'no nodes')]).toEqual([true, false]);
  ledger.share();
  expect([ledger.due('b'), ledger.stateOf('a')]).toEqual([['1', '2', '3', '4'], { kind: 'unfit', reason: 'no nodes' }]);
  ledger.heard('a', 1);
  expect(ledger.stateOf('a').kind).toBe('unfit');
});

test('whatever happens, each task is settled once at most, and each that is open is due, sent or waiting for a side', () => {
  const side = constantFrom('a', 'b', 'c');
  const task = constantFrom('1', '2', '3', '4', '5');
  const step = oneof(
    record({ act: constant('heard' as const), side }),
    record({ act: constant('send' as const), side }),
    record({ act: constant('unfit' as const), side }),
    record({ act: constant('settle' as const), side, task }),
    record({ act: constant('wait' as const), ms: nat(150) }),
  );
  assert(property(array(step, { maxLength: 60 }), (steps) => {
    const ledger = running(['1', '2', '3', '4', '5'], { a: 1, b: 2, c: 1 });
    const settled: string[] = [];
    let now = 0;
    for (const one of steps) {
      if (one.act === 'wait') now += one.ms;
      else if (one.act === 'heard') ledger.heard(one.side, now);
      else if (one.act === 'send') sendAll(ledger, one.side);
      else if (one.act === 'unfit') ledger.unfit(one.side, 'x');
      else if (ledger.awaited(one.side).includes(one.task) && ledger.settle(one.task, one.side)) settled.push(one.task);
      ledger.silent(now);
      ledger.share();
      const up = ['a', 'b', 'c'].filter((name) => ledger.stateOf(name).kind === 'up');
      const open = ['1', '2', '3', '4', '5'].filter((id) => !ledger.isSettled(id));
      for (const id of up.length === 0 ? [] : open) expect(up.some((name) => ledger.due(name).includes(id) || ledger.awaited(name).includes(id))).toBe(true);
      for (const name of ['a', 'b', 'c']) if (ledger.stateOf(name).kind !== 'up') expect(ledger.due(name)).toEqual([]);
      for (const id of open) expect(up.filter((name) => ledger.due(name).includes(id)).length).toBeLessThanOrEqual(1);
    }
    expect(new Set(settled).size).toBe(settled.length);
  }));
});
