import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, drawProblem, drawWarning, evaluate, lint, type Problem } from '../../src/autoscale/index.ts';
import { printFormula } from '../../src/autoscale/print.ts';
import { mutants, soup, statements, variants } from './arbitraries.ts';
import { NOON, pool, sampled } from './world.ts';

const CASES = 2000;
const samples = sampled({ load: { $PendingTasks: [0, 3, 5, 1], $ActiveTasks: 2, $CPUPercent: 0.5 } });

/** Line and column of a problem are those of its offset, and the offset is inside the text. */
function expectPlace(text: string, problem: Problem): void {
  const { span, line, column } = problem;
  expect(span.start).toBeGreaterThanOrEqual(0);
  expect(span.start).toBeLessThanOrEqual(span.end);
  expect(span.end).toBeLessThanOrEqual(text.length);
  const lines = text.split(/\r\n|\n|\r/);
  expect(line).toBeGreaterThanOrEqual(1);
  expect(line).toBeLessThanOrEqual(lines.length);
  expect(column).toBeGreaterThanOrEqual(1);
  expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
  expect(problem.expected).not.toBe('');
  expect(problem.found).not.toBe('');
}

/** All a formula can be put through. Anything that is thrown fails the test. */
function exercise(text: string): 'refused' | 'failed' | 'evaluated' {
  const result = compile(text);
  if (!result.ok) {
    expect(result.problems.length).toBeGreaterThan(0);
    for (const problem of result.problems) {
      expectPlace(text, problem);
      expect(drawProblem('f', text, problem).split('\n').length).toBeGreaterThanOrEqual(4);
    }
    return 'refused';
  }
  for (const warning of lint(result.program)) expect(drawWarning('f', text, warning)).toContain(warning.rule);
  const outcome = evaluate(result.program, samples, NOON, () => 0.5, pool());
  if (outcome.ok) {
    expect(Number.isInteger(outcome.targetDedicatedNodes) && outcome.targetDedicatedNodes >= 0).toBe(true);
    return 'evaluated';
  }
  expectPlace(text, outcome.problem);
  return 'failed';
}

/** Counts outcomes, so that a fuzz that only ever reaches one of them is noticed. */
function fuzz(texts: fc.Arbitrary<string>): Record<string, number> {
  const counts: Record<string, number> = { refused: 0, failed: 0, evaluated: 0 };
  fc.assert(
    fc.property(texts, (text) => {
      const outcome = exercise(text);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }),
    { numRuns: CASES },
  );
  return counts;
}

describe('no formula crashes or hangs, and each problem has a place inside the text', () => {
  it('among random characters', () => {
    expect(fuzz(fc.string({ unit: 'binary', maxLength: 200 })).refused).toBeGreaterThan(0);
  }, 60_000);

  it('among words of the language in random order', () => {
    const { refused = 0, evaluated = 0 } = fuzz(soup);
    expect(Math.min(refused, evaluated)).toBeGreaterThan(0);
  }, 60_000);

  it('among published formulas with random damage', () => {
    const { refused = 0, evaluated = 0 } = fuzz(mutants);
    expect(Math.min(refused, evaluated)).toBeGreaterThan(0);
  }, 60_000);

  it('among published formulas with other numbers, metrics and units', () => {
    const { failed = 0, evaluated = 0 } = fuzz(variants);
    expect(Math.min(failed, evaluated)).toBeGreaterThan(50);
  }, 60_000);

  it('among random trees', () => {
    expect(fuzz(fc.array(statements, { minLength: 1, maxLength: 3 }).map(printFormula)).refused).toBeGreaterThan(0);
  }, 60_000);
});
