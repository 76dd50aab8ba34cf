import { describe, expect, test } from 'vitest';
import { combinationsOf, readSweep } from '../../../src/cli/run/plan/sweep.ts';

describe('a sweep', () => {
  test.each([
    ['n=1..4', ['1', '2', '3', '4']],
    ['n=1..10..4', ['1', '5', '9']],
    ['n=3..1', ['3', '2', '1']],
    ['n=-2..2..2', ['-2', '0', '2']],
    ['n=5..5', ['5']],
    ['rate=0.1..0.4..0.1', ['0.1', '0.2', '0.3', '0.4']],
    ['rate=1..0..-0.25', ['1', '0.75', '0.5', '0.25', '0']],
    ['rate=-0.5..0.5..0.5', ['-0.5', '0', '0.5']],
    ['n=1..3,8,16', ['1', '2', '3', '8', '16']],
    ['mode=fast, slow', ['fast', 'slow']],
  ])('%s goes through %j, its ends included and its decimals exact', (text, values) => {
    expect(readSweep([text])).toEqual([{ name: text.split('=')[0], values }]);
  });

  test('of several parameters is every combination, the last changing fastest', () => {
    expect(combinationsOf(readSweep(['a=1..2', 'b=x,y'])).map((row) => Object.fromEntries(row))).toEqual([{ a: '1', b: 'x' }, { a: '1', b: 'y' }, { a: '2', b: 'x' }, { a: '2', b: 'y' }]);
  });

  test.each([
    [['1..10'], '--sweep 1..10: write NAME=VALUES'],
    [['=1..10'], '--sweep =1..10: write NAME=VALUES'],
    [['a b=1'], '--sweep a b=1: write NAME=VALUES'],
    [['index=1..3'], "--sweep index=1..3: {index} is the task's own"],
    [['n='], '--sweep n=: n has no values'],
    [['n=1,,2'], 'a value between its commas is empty'],
    [['n=1..x'], '--sweep n=1..x: 1..x is no range; write FROM..TO or FROM..TO..STEP'],
    [['n=1e3..2e3'], '1e3..2e3 is no range'],
    [['n=1..2..3..4'], '1..2..3..4 is no range'],
    [['n=1..10..0'], 'the step of 1..10..0 is 0'],
    [['n=1..10..-1'], 'a step of -1 never comes from 1 to 10'],
    [['n=10..1..1'], 'a step of 1 never comes from 10 to 1'],
    [['n=1..3,2'], '--sweep n=1..3,2: 2 is there twice'],
    [['n=1', 'n=2'], '--sweep n is given twice'],
    [['n=1..2000000'], '--sweep n=1..2000000 makes 2000000 tasks; at most 1000000'],
    [['a=1..2000', 'b=1..2000'], '--sweep a=1..2000 --sweep b=1..2000 makes 4000000 tasks'],
  ])('%j is refused: %s', (texts, message) => {
    expect(() => readSweep(texts)).toThrow(message);
  });
});
