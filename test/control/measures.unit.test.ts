import { expect, test } from 'vitest';
import { measured } from '../../src/core/pool/measure.ts';
import { Measures } from '../../src/control/measures.ts';

test('what nodes of a pool say within ten seconds is one event, added up, and is told once', () => {
  const measures = new Measures();
  const busy = { overMs: 15_000, cpu: { ms: 9_000, cores: 1 } };
  measures.ingest(1, busy, 0);
  measures.ingest(2, busy, 4_000);
  measures.ingest(1, { overMs: 15_000 }, 9_000);
  expect(measures.due(9_999)).toEqual([]);
  expect(measures.due(10_000)).toEqual([
    { kind: 'measured', pool: 1, measure: { ...measured(busy), nodeMs: 30_000 } },
    { kind: 'measured', pool: 2, measure: measured(busy) },
  ]);
  expect(measures.due(30_000)).toEqual([]);
  measures.ingest(2, busy, 30_000);
  expect(measures.due(40_000)).toEqual([{ kind: 'measured', pool: 2, measure: measured(busy) }]);
});
