import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTime, printTimestamp } from '../../src/autoscale/index.ts';
import { civilTime } from '../../src/autoscale/calendar.ts';
import { parse } from '../../src/autoscale/grammar.ts';
import { printFormula } from '../../src/autoscale/print.ts';
import { printDouble } from '../../src/autoscale/values.ts';
import { norm, percentile, std } from '../../src/autoscale/vectors.ts';
import { bare, statements } from './arbitraries.ts';
import { FORMULA_IDS, publishedFormula } from './formulas.ts';
import { evaluated, NOON, printed, sampled, type World } from './world.ts';

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 50 });
const pairs = fc.array(fc.tuple(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 1000 })), { minLength: 1, maxLength: 30 });

/** The value of a variable, in full precision. */
function computed(text: string, world: World): unknown {
  const result = evaluated(text, world);
  return result.variables.find(({ name }) => name === 'x')?.value;
}

describe('printing and parsing again', () => {
  it('keeps numbers that are too large for a double', () => {
    const { statements: written } = parse('x = 1e400 - 1e21;');
    expect(bare(parse(printFormula(written)).statements)).toEqual(bare(written));
  });

  it('gives the same program', () => {
    fc.assert(
      fc.property(fc.array(statements, { maxLength: 4 }), (formula) => {
        const text = printFormula(formula);
        fc.pre(text.length <= 8192);
        const again = parse(text);
        expect(again.problems).toEqual([]);
        expect(bare(again.statements)).toEqual(bare(formula));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same program for the published formulas, and the same results', () => {
    const load = { $PendingTasks: 7, $ActiveTasks: 5, $RunningTasks: 2, $CPUPercent: 0.4, $PreemptedNodeCount: 1 };
    for (const id of FORMULA_IDS.filter((each) => !['F13', 'F25', 'F26'].includes(each))) {
      const { statements: formula } = parse(publishedFormula(id));
      expect(bare(parse(printFormula(formula)).statements)).toEqual(bare(formula));
      expect(evaluated(printFormula(formula), { load }).results).toBe(evaluated(publishedFormula(id), { load }).results);
    }
  });
});

describe('vector algebra', () => {
  const vectors = (values: readonly (readonly [number, number])[]): World => ({ load: { $ActiveTasks: values.map(([a]) => a), $RunningTasks: values.map(([, b]) => b) } });
  const a = '$ActiveTasks.GetSample(99)';
  const b = '$RunningTasks.GetSample(99)';

  it.each([
    ['addition commutes', `${a} + ${b}`, `${b} + ${a}`],
    ['subtraction is addition of the negative', `${a} - ${b}`, `${a} + -${b}`],
    ['multiplication distributes', `2 * (${a} + ${b})`, `2 * ${a} + 2 * ${b}`],
    ['a scalar is the same on either side', `3 * ${a}`, `${a} * 3`],
    ['division undoes multiplication', `${a} * ${b} / ${b}`, a],
    ['double negation does nothing', `-(-${a})`, a],
  ])('%s', (_law, left, right) => {
    fc.assert(
      fc.property(pairs, (values) => {
        expect(computed(`x = ${left};`, vectors(values))).toEqual(computed(`x = ${right};`, vectors(values)));
      }),
      { numRuns: 100 },
    );
  });

  it('an argument list is its elements, however they are grouped', () => {
    fc.assert(
      fc.property(pairs, (values) => {
        const world = vectors(values);
        const each = values.map(([left]) => `(${left})`).join(',');
        for (const name of ['sum', 'max', 'min', 'len', 'range', 'norm', 'avg', 'std']) {
          expect(computed(`x = ${name}(${a}, ${b});`, world)).toEqual(computed(`x = ${name}(${each}, ${b});`, world));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('sums and lengths add up', () => {
    fc.assert(
      fc.property(pairs, (values) => {
        const world = vectors(values);
        expect(computed(`x = sum(${a}, ${b}) == sum(${a}) + sum(${b}) && len(${a}, ${b}) == len(${a}) + len(${b});`, world)).toBe(1);
        expect(computed(`x = sum(${a}) == avg(${a}) * len(${a}) || abs(sum(${a}) - avg(${a}) * len(${a})) < 0.000001;`, world)).toBe(1);
      }),
      { numRuns: 100 },
    );
  });
});

describe('statistics agree with an independent computation', () => {
  it('std: from sums of squares in exact integers', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 2, maxLength: 50 }), (values) => {
        const n = BigInt(values.length);
        const total = values.reduce((sum, value) => sum + BigInt(value), 0n);
        const squares = values.reduce((sum, value) => sum + BigInt(value) ** 2n, 0n);
        const expected = Math.sqrt(Number(n * squares - total * total) / Number(n * (n - 1n)));
        expect(std(values)).toBeCloseTo(expected, 6);
      }),
      { numRuns: 500 },
    );
  });

  it('norm: as Math.hypot', () => {
    fc.assert(fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 }), { maxLength: 50 }), (values) => {
      const expected = Math.hypot(...values);
      expect(Math.abs(norm(values) - expected)).toBeLessThanOrEqual(expected * 1e-12);
    }), { numRuns: 500 });
  });

  it('percentile: of 1 to n it is the rank itself, at every whole percentage', () => {
    for (let length = 1; length <= 120; length++) {
      const list = Array.from({ length }, (_, index) => index + 1);
      for (let percent = 1; percent <= 100; percent++) expect([length, percent, percentile(list, percent)]).toEqual([length, percent, Math.floor((percent * length + 99) / 100)]);
    }
  });

  it('percentile: the least element that enough others do not exceed', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 0, max: 100 }), (values, percent) => {
        const enough = values.filter((candidate) => values.filter((value) => value <= candidate).length * 100 >= percent * values.length);
        expect(percentile(values, percent) === Math.min(...enough)).toBe(true); // 0 and -0 are one number
      }),
      { numRuns: 500 },
    );
  });
});

describe('times', () => {
  it('are taken apart and printed as the platform does', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('0100-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }), (date) => {
        const ms = date.getTime();
        expect(printTimestamp(ms)).toBe(date.toISOString());
        expect(parseTime(date.toISOString())).toBe(ms);
        expect(parseTime(date.toUTCString())).toBe(Math.floor(ms / 1000) * 1000);
        expect(civilTime(ms)).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          weekday: date.getUTCDay() === 0 ? 7 : date.getUTCDay(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds(),
        });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('numbers', () => {
  it('are printed to six significant digits', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = printDouble(value);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 5.000_001e-6);
        expect(text.replace(/e.*/, '').replaceAll(/^-?0?\.?0*|\./g, '').length).toBeLessThanOrEqual(6);
        expect(Number(text)).toBe(value === 0 ? 0 : Number(value.toPrecision(6)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an evaluation', () => {
  it('depends on nothing but what it is given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...FORMULA_IDS.filter((each) => !['F13', 'F25', 'F26'].includes(each))), pairs, fc.nat(10_000_000), (id, values, later) => {
        const now = NOON + later;
        const world: World = { now, load: { $ActiveTasks: values.map(([, b]) => b), $RunningTasks: values.map(([, b]) => b), $PendingTasks: values.map(([, b]) => b) } };
        const samples = sampled(world);
        expect(evaluated(publishedFormula(id), { ...world, samples })).toEqual(evaluated(publishedFormula(id), { ...world, samples }));
      }),
      { numRuns: 200 },
    );
  });

  it('gives targets that are whole and not negative', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e9, max: 2e9 }), (wanted) => {
        const result = evaluated('x = $PendingTasks; $TargetDedicatedNodes = x;', { load: { $PendingTasks: [wanted] } });
        expect(result).toMatchObject({ ok: true, targetDedicatedNodes: Math.max(0, Math.trunc(wanted)) });
        expect(printed(result, 'x')).toBe(printDouble(wanted));
      }),
      { numRuns: 200 },
    );
  });
});
