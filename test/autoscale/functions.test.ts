import { describe, expect, it } from 'vitest';
import { FUNCTIONS, signatureOf } from '../../src/autoscale/functions.ts';
import { failure, problems, problemsInShort, valueOf } from './world.ts';

const WORLD = { load: { $PendingTasks: [3, 1, 2], $ActiveTasks: [4, 16] } };
const V = '$PendingTasks.GetSample(3)';
const W = '$ActiveTasks.GetSample(2)';
const NONE = '$FailedTasks.GetSample(1)';
function value(expression: string): string {
  return valueOf(expression, WORLD);
}

/** Each function with what its article says of it; the keys are checked to be the table's. */
const EXAMPLES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  avg: [['avg(1, 2, 3, 7)', '3.25'], [`avg(${V})`, '2'], [`avg(${V}, 7)`, '3.25'], [`avg(${NONE})`, '[]'], [`avg(4, ${NONE})`, '4']],
  len: [['len(1, 2)', '2'], [`len(${V}, 7, ${W})`, '6'], [`len(${NONE})`, '0'], ['len()', '0']],
  max: [[`max(0, ${V})`, '3'], [`max(${V}, ${W})`, '16'], ['max(-1, -2)', '-1'], [`max(0, ${NONE})`, '0'], [`max(${NONE})`, '[]'], ['max(1, 0/0, 2)', 'nan']],
  min: [[`min(10, ${V})`, '1'], ['min(4)', '4'], [`min(10, ${NONE})`, '10'], [`min(${NONE})`, '[]'], ['min(1, 0/0, 2)', 'nan']],
  norm: [['norm(3, 4)', '5'], [`norm(${V})`, '3.74166'], [`norm(${NONE})`, '0'], ['norm(3e200, 4e200)', '5e+200']],
  range: [['range(5, 2, 9)', '7'], [`range(${V})`, '2'], ['range(4)', '0'], [`range(${NONE})`, '[]']],
  std: [['std(2, 4, 4, 4, 5, 5, 7, 9)', '2.13809'], [`std(${V})`, '1'], ['std(7)', '[]'], [`std(${NONE})`, '[]']],
  sum: [['sum(1, 2, 3)', '6'], [`sum(${V}, 1)`, '7'], [`sum(${NONE})`, '0']],
  lg: [['lg(8)', '3'], ['lg(0.5)', '-1'], [`lg(${W})`, '[2,4]'], ['lg(2, 4)', '[1,2]']],
  ln: [['ln(1)', '0'], ['ln(2.718281828459045)', '1'], [`ln(${W} / ${W})`, '[0,0]']],
  log: [['log(1000)', '3'], [`log(${W} / ${W} * 100)`, '[2,2]'], ['log(0)', '-inf'], ['log(-1)', 'nan']],
  ceil: [['ceil(1.1)', '2'], ['ceil(-1.1)', '-1'], [`ceil(${V} / 2)`, '[2,1,1]']],
  floor: [['floor(2.7)', '2'], ['floor(-2.1)', '-3'], [`floor(${V} / 2)`, '[1,0,1]']],
  round: [['round(2.5)', '3'], ['round(3.5)', '4'], ['round(-2.5)', '-3'], ['round(2.4)', '2'], ['round(0.49999999999999994)', '0'], [`round(${V} / 2)`, '[2,1,1]']],
  abs: [['abs(-3)', '3'], [`abs(${V} - 2)`, '[1,1,0]']],
  percentile: [[`percentile(${V}, 50)`, '2'], [`percentile(${V}, 0)`, '1'], [`percentile(${V}, 100)`, '3'], [`percentile(${V}, 34)`, '2'], [`percentile(${NONE}, 50)`, '[]'], ['percentile(7, 50)', '7']],
  val: [[`val(${V}, 0)`, '3'], [`val(${V}, 2)`, '2'], [`val(${V}, 1.9)`, '1'], [`val(${NONE}, 0)`, '[]'], ['val(7, 0)', '7']],
  rand: [['rand()', '0.25'], ['rand() < 1', '1']],
  time: [['time()', '2026-11-20T12:00:00.000Z'], ['time("")', '2026-11-20T12:00:00.000Z'], ['time("2024-10-30")', '2024-10-30T00:00:00.000Z']],
  stop: [],
};

describe('functions', () => {
  it('all have examples', () => {
    expect(Object.keys(EXAMPLES)).toEqual(FUNCTIONS.map(({ name }) => name));
  });

  it.each(Object.values(EXAMPLES).flat())('%s is %s', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('draw a new random number at each call', () => {
    let calls = 0;
    expect(valueOf('sum(rand(), rand(), rand() * 0)', { random: () => ++calls / 10 })).toBe('0.3');
    expect(calls).toBe(3);
  });

  it('refuse other numbers and types of arguments, and say what they take', () => {
    const wrong = ['percentile(3)', 'percentile(1, 2, 3)', 'percentile("a", 2)', 'val(1)', 'rand(1)', 'time(3)', 'time("2024", 1)', 'stop(1)'];
    for (const call of wrong) expect([call, problemsInShort(`x = ${call};`)]).toEqual([call, ['1:5 WrongArguments']]);
    expect(problems('x = percentile(3);')[0]).toMatchObject({ expected: 'percentile(doubleVec, double)', found: 'percentile(double)' });
    for (const row of FUNCTIONS.filter(({ shape }) => shape !== 'fixed')) expect([row.name, problemsInShort(`x = ${row.name}(time());`)]).toEqual([row.name, [`1:${row.name.length + 6} WrongType`]]);
    expect(FUNCTIONS.map(signatureOf)).toContain('time([string])');
  });

  it('refuse numbers out of range when they run', () => {
    expect(failure(`x = percentile(${V}, 101);`, WORLD)).toMatchObject({ code: 'OutOfRange', column: 5 });
    expect(failure(`x = percentile(${V}, 0/0);`, WORLD)).toMatchObject({ code: 'OutOfRange' });
    expect(failure(`x = val(${V}, 3);`, WORLD)).toMatchObject({ code: 'OutOfRange', expected: 'an index from 0 to 2', found: '3' });
    expect(failure(`x = val(${V}, -1);`, WORLD)).toMatchObject({ code: 'OutOfRange' });
  });

  it('are told apart from misspelt ones', () => {
    expect(problems('x = Max(1);')[0]).toMatchObject({ code: 'UnknownFunction', expected: 'max' });
    expect(problems('x = median(1);')[0]?.expected).toMatch(/^one of avg, len/);
  });
});

describe('time(...)', () => {
  it.each([
    ['2024', '2024-01-01T00:00:00.000Z'],
    ['2024-10', '2024-10-01T00:00:00.000Z'],
    ['2024-10-30T08:15Z', '2024-10-30T08:15:00.000Z'],
    ['2024-10-30T08:15:30Z', '2024-10-30T08:15:30.000Z'],
    ['2024-10-30T00:00:00.880011Z', '2024-10-30T00:00:00.880Z'],
    ['2024-10-30T08:15:30.1234567Z', '2024-10-30T08:15:30.123Z'],
    ['2024-10-30T08:15:30+02:00', '2024-10-30T06:15:30.000Z'],
    ['2024-10-30T20:15:30-05:30', '2024-10-31T01:45:30.000Z'],
    ['2024-10-30T08:15:30', '2024-10-30T08:15:30.000Z'],
    ['Wed, 06 Sep 2023 09:12:53 GMT', '2023-09-06T09:12:53.000Z'],
    ['6 Sep 2023 09:12 +0200', '2023-09-06T07:12:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['1969-12-31T23:59:59.999Z', '1969-12-31T23:59:59.999Z'],
    ['0001-01-01', '0001-01-01T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(value(`time("${text}")`)).toBe(expected);
  });

  it.each(['soon', '2023-02-29', '2024-13-01', '2024-10-30T24:00:00Z', '2024-10-30T08:15:30.123456789Z', '2024-10-30 08:15', 'Wed, 06 Foo 2023 09:12:53 GMT', '30.10.2024', '2024-10-30T08:15:30+25:00'])('refuses %s', (text) => {
    expect(problemsInShort(`x = time("${text}");`)).toEqual(['1:10 InvalidTime']);
    expect(failure(`s = 1 ? "${text}" : "2024";\nx = time(s);`)).toMatchObject({ code: 'InvalidTime', line: 2 });
  });

  it('has members, in UTC; weeks go from 1 for Monday to 7 for Sunday', () => {
    const members = ['year', 'month', 'day', 'weekday', 'hour', 'minute', 'second'];
    expect(members.map((member) => value(`time("2026-11-22T23:58:59.9Z").${member}`))).toEqual(['2026', '11', '22', '7', '23', '58', '59']);
    expect(value('time("1960-02-29T01:02:03Z").weekday')).toBe('1');
  });
});

describe('TimeInterval_ constants', () => {
  it.each([
    ['Zero', 'PT0S'], ['100ns', 'PT0.0000001S'], ['Microsecond', 'PT0.000001S'], ['Millisecond', 'PT0.001S'], ['Second', 'PT1S'],
    ['Minute', 'PT1M'], ['Hour', 'PT1H'], ['Day', 'P1D'], ['Week', 'P7D'], ['Year', 'P365D'],
  ])('TimeInterval_%s is %s', (name, expected) => {
    expect(value(`TimeInterval_${name}`)).toBe(expected);
  });
});
