import { expect, test } from 'vitest';
import { linesOf } from '../../../src/cli/resources/explain.ts';
import type { ExplainedReason } from '../../../src/wire/own/explanation.ts';

const FIX = { label: 'enable the job', method: 'POST', path: '/jobs/j/enable', body: null } as const;
function reason(message: string, more: Partial<ExplainedReason> = {}): ExplainedReason {
  return { code: 'JobNotActive', message, data: {}, stays: true, never: false, nodes: [], fixes: [], ...more };
}

test('one reason is its sentence and its fixes', () => {
  expect(linesOf({ rev: '1', sentence: 'It is disabled.', reasons: [reason('It is disabled.', { fixes: [FIX] })] })).toEqual(['It is disabled.', '  --fix 1: enable the job']);
});

test('of a job reasons are counted, with a task for which each is so; a fix of several stands there once', () => {
  const reasons = [reason('It is disabled.', { count: 40, example: 't1', fixes: [FIX] }), reason('It needs 4 slots.', { count: 1, example: 't2', fixes: [FIX, { ...FIX, label: 'other' }] })];
  expect(linesOf({ rev: '1', sentence: '41 tasks wait.', reasons })).toEqual(['41 tasks wait.', '  40 x It is disabled. (so for task t1)', '  1 x It needs 4 slots.', '  --fix 1: enable the job', '  --fix 2: other']);
});

test('nothing to explain is a sentence', () => {
  expect(linesOf({ rev: '1', sentence: 'The pool has what is asked for.', reasons: [] })).toEqual(['The pool has what is asked for.']);
});
