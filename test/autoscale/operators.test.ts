import { describe, expect, it } from 'vitest';
import { BINARY_OPERATORS, UNARY_OPERATORS } from '../../src/autoscale/operators.ts';
import type { Type } from '../../src/autoscale/types.ts';
import { failure, problemsInShort, valueOf } from './world.ts';

const VECTOR = '$PendingTasks.GetSample(3)';
const WORLD = { load: { $PendingTasks: [2, 4, 6], $ActiveTasks: [1, 2, 3], $RunningTasks: [5] } };
function value(expression: string): string {
  return valueOf(expression, WORLD);
}

/** For each type an expression of it. */
const EXAMPLES: Readonly<Partial<Record<Type, string>>> = {
  double: '2',
  doubleVec: VECTOR,
  string: '"b"',
  timestamp: 'time("2024-01-01")',
  timeinterval: 'TimeInterval_Minute',
  option: 'requeue',
};

describe('operators', () => {
  it('exist for the pairs of types of the table and for no others', () => {
    const operators = [...new Set(BINARY_OPERATORS.map(({ operator }) => operator))];
    for (const [left, a] of Object.entries(EXAMPLES)) {
      for (const [right, b] of Object.entries(EXAMPLES)) {
        for (const operator of operators) {
          const scalar = (type: string): string => (type === 'doubleVec' ? 'double' : type);
          const isLegal = BINARY_OPERATORS.some((row) => row.operator === operator && [row.left === left && row.right === right, row.left === scalar(left) && row.right === scalar(right)].includes(true));
          expect([a, operator, b, problemsInShort(`x = ${a} ${operator} ${b};`).length === 0]).toEqual([a, operator, b, isLegal]);
        }
      }
    }
  });

  it('in front of a value exist for the types of the table and for no others', () => {
    for (const [operator, rows] of Object.entries(UNARY_OPERATORS)) {
      for (const [type, example] of Object.entries(EXAMPLES)) {
        const isLegal = type in rows || type === 'doubleVec';
        expect([operator, type, problemsInShort(`x = ${operator}(${example});`).length === 0]).toEqual([operator, type, isLegal]);
      }
    }
  });

  it.each([
    // double with double
    ['2 + 3', '5'], ['2 - 3', '-1'], ['2 * 3', '6'], ['3 / 2', '1.5'], ['1 / 0', 'inf'], ['-1 / 0', '-inf'], ['0 / 0', 'nan'],
    // vectors, element by element
    [`${VECTOR} + 1`, '[3,5,7]'], [`${VECTOR} - 1`, '[1,3,5]'], [`${VECTOR} * 2`, '[4,8,12]'], [`${VECTOR} / 2`, '[1,2,3]'],
    [`12 / ${VECTOR}`, '[6,3,2]'], [`1 - ${VECTOR}`, '[-1,-3,-5]'],
    [`${VECTOR} + $ActiveTasks.GetSample(3)`, '[3,6,9]'], [`${VECTOR} / $ActiveTasks.GetSample(3)`, '[2,2,2]'],
    [`${VECTOR} - $RunningTasks.GetSample(1)`, '[-3,-1,1]'], [`$RunningTasks.GetSample(1) - ${VECTOR}`, '[3,1,-1]'],
    [`-${VECTOR}`, '[-2,-4,-6]'], ['$FailedTasks.GetSample(3) / 4', '[]'],
    // times
    ['2 * TimeInterval_Minute', 'PT2M'], ['TimeInterval_Minute * 2.5', 'PT2M30S'], ['TimeInterval_Hour / 4', 'PT15M'],
    ['TimeInterval_Hour + TimeInterval_Minute', 'PT1H1M'], ['TimeInterval_Minute - TimeInterval_Hour', '-PT59M'], ['-TimeInterval_Day', '-P1D'],
    ['TimeInterval_Day + time("2024-02-28")', '2024-02-29T00:00:00.000Z'], ['time("2024-02-29") + TimeInterval_Day', '2024-03-01T00:00:00.000Z'],
    ['time("2024-03-01") - TimeInterval_Day', '2024-02-29T00:00:00.000Z'], ['time("2024-03-01") - time("2024-02-01")', 'P29D'],
    // comparisons of each type
    ['1 < 2', '1'], ['2 <= 1', '0'], ['2 == 2', '1'], ['2 != 2', '0'], ['2 >= 2', '1'], ['1 > 2', '0'],
    ['"a" < "b"', '1'], ['"a" == "a"', '1'], ['"a" != "a"', '0'], ['"b" >= "c"', '0'],
    ['time("2024") < time("2025")', '1'], ['time("2024") >= time("2024-01-01T00:00Z")', '1'], ['time("2024") != time("2024")', '0'],
    ['TimeInterval_Hour > TimeInterval_Minute', '1'], ['TimeInterval_Hour == 60 * TimeInterval_Minute', '1'], ['TimeInterval_Week <= 6 * TimeInterval_Day', '0'],
    ['$RunningTasks.GetSample(1) > 4', '1'], ['0/0 == 0/0', '0'], ['0/0 != 0/0', '1'], ['0/0 < 1', '0'],
    // logic: any number but 0 is true
    ['2 && -1', '1'], ['2 && 0', '0'], ['0 || 0.1', '1'], ['0 || 0', '0'], ['!0', '1'], ['!3', '0'], ['!!3', '1'], ['!$RunningTasks.GetSample(1)', '0'],
    // ternary
    ['0.5 ? 7 : 8', '7'], ['0 ? 7 : 8', '8'], ['1 ? "a" : 2', '"a"'], ['0 ? 1 : 0 ? 2 : 3', '3'], ['1 ? 0 ? 1 : 2 : 3', '2'],
    // precedence, as in C
    ['1 + 2 * 3', '7'], ['(1 + 2) * 3', '9'], ['10 - 4 - 3', '3'], ['16 / 4 / 2', '2'], ['-2 * 3', '-6'], ['1 < 2 == 1', '1'], ['3 == 3 > 0', '0'],
    ['1 || 0 && 0', '1'], ['!0 + 1', '2'], ['1 > 0 ? 1 : 0 + 5', '1'], ['2 - -3', '5'],
  ])('%s is %s', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('of a ternary, && and || compute only what they need', () => {
    const none = 'val($FailedTasks.GetSample(1), 0) > 3';
    expect([`0 ? ${none} : 1`, `0 && ${none}`, `1 || ${none}`].map(value)).toEqual(['1', '0', '1']);
    expect(failure(`x = 1 && ${none};`)).toMatchObject({ code: 'NoValue' });
  });

  it('need vectors of one length', () => {
    expect(failure(`x = ${VECTOR} + $PendingTasks.GetSample(2);`, WORLD)).toMatchObject({ code: 'LengthMismatch', column: 32, found: 'lengths 3 and 2' });
  });

  it('leave times in the years that can be written, and name those that are not', () => {
    expect(value('time("9999-12-31T23:59:59Z") + TimeInterval_Millisecond * 999')).toBe('9999-12-31T23:59:59.999Z');
    expect(value('time("0001-01-02") - TimeInterval_Day')).toBe('0001-01-01T00:00:00.000Z');
    for (const wrong of ['time("9999-12-31") + TimeInterval_Day', 'time("0001-01-01") - TimeInterval_Day', 'TimeInterval_Hour * (0 / 0) + time()', 'time() + TimeInterval_Hour / 0']) {
      expect([wrong, failure(`x = ${wrong};`)]).toMatchObject([wrong, { code: 'OutOfRange', expected: 'a time in the years 1 to 9999' }]);
    }
    expect(problemsInShort('x = time("9999-12-31T23:59:59-01:00");')).toEqual(['1:10 InvalidTime']);
    expect(['TimeInterval_Hour / 0', '-TimeInterval_Hour / 0', 'TimeInterval_Hour * (0 / 0)'].map(value)).toEqual(['inf', '-inf', 'nan']);
  });

  it('that need a number take a vector of one element, not of more or none', () => {
    expect(failure(`x = ${VECTOR} > 1;`, WORLD)).toMatchObject({ code: 'WrongType', found: 'a doubleVec of 3 elements' });
    expect(failure('x = $FailedTasks.GetSample(1) > 1;')).toMatchObject({ code: 'NoValue' });
  });

  it('check when they run what a ternary left open', () => {
    expect(value('(1 ? TimeInterval_Hour : 5) / 2')).toBe('PT30M');
    expect(failure('x = 0 ? TimeInterval_Hour : "a";\ny = x / 2;')).toMatchObject({ code: 'WrongType', line: 2, column: 7 });
    expect(failure('x = 0 ? time() : "a";\ny = -x;')).toMatchObject({ code: 'WrongType', line: 2 });
    expect(failure('x = 0 ? time() : "a";\ny = x.hour;')).toMatchObject({ code: 'WrongType', line: 2 });
    expect(failure('x = 0 ? time() : "a";\ny = max(x, 1);')).toMatchObject({ code: 'WrongType', line: 2 });
    expect(failure('x = 0 ? time() : "a";\ny = $PendingTasks.GetSample(x);')).toMatchObject({ code: 'WrongArguments', line: 2 });
    expect(failure('x = 0 ? time() : "a";\ny = x ? 1 : 2;')).toMatchObject({ code: 'WrongType', line: 2 });
  });
});
