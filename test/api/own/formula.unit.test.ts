import { expect, test } from 'vitest';
import { looksOf } from '../../../src/api/own/formula.ts';

test('a formula with a fault has its place and what was expected', () => {
  const { problems, warnings } = looksOf('$TargetDedicatedNodes = 1;\nx = ;');
  expect(warnings).toEqual([]);
  expect(problems).toMatchObject([{ line: 2 }]);
  expect(problems[0]?.message).not.toBe('');
});

test('a formula that works and may not be meant has warnings', () => {
  const { problems, warnings } = looksOf('$TargetDedicatedNodes = $PendingTasks.GetSample(1);');
  expect(problems).toEqual([]);
  expect(warnings.length).toBeGreaterThan(0);
  expect(warnings[0]).toMatchObject({ line: 1, rule: expect.any(String), reason: expect.any(String) });
});
