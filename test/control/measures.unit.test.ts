import { expect, test } from 'vitest';
import { measured } from '../../src/core/pool/measure.ts';
import { Measures } from '../../src/control/measures.ts';

test('what nodes of a pool say within ten seconds is one event, added up, and is told once', () => {
  const measures = new Measures();
  const busy = { overMs: 15_000, cpu: { ms: 9_000, cores: 1 } };
  measures.add(1, busy, 0);
  measures.add(2, busy, 4_000);
  measures.add(1, { overMs: 15_000 }, 9_000);
  expect(measures.takeDue(9_999)).toEqual([]);
  expect(measures.takeDue(10_000)).toEqual([
    { kind: 'measured', pool: 1, measure: { ...measured(busy), nodeMs: 30_000 } },
    { kind: 'measured', pool: 2, measure: measured(busy) },
  ]);
  expect(measures.takeDue(30_000)).toEqual([]);
  measures.add(2, busy, 30_000);
  expect(measures.takeDue(40_000)).toEqual([{ kind: 'measured', pool: 2, measure: measured(busy) }]);
});
