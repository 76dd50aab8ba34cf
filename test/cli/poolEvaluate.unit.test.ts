import { expect, test } from 'vitest';
import { linesOf } from '../../src/cli/commands/pool.ts';

test('an evaluation is shown a variable a line', () => {
  expect(linesOf({ formula: 'x', timestamp: '2026-11-20T12:00:00Z', results: '$TargetDedicatedNodes=4;$NodeDeallocationOption=requeue;busy=[0.5,1];words=a;b=2' })).toEqual([
    'evaluated at 2026-11-20T12:00:00Z',
    '$TargetDedicatedNodes=4',
    '$NodeDeallocationOption=requeue',
    'busy=[0.5,1]',
    'words=a',
    'b=2',
  ]);
});

test('one that failed shows where in the formula, and that the targets stay', () => {
  const error = { code: 'AutoScalingFormulaEvaluationError', message: 'The specified auto-scaling formula has evaluation error', values: [{ value: 'Line 2, Col 3: Undefined symbol: $b' }] };
  expect(linesOf({ formula: 'a = 1;\r\n  $b', timestamp: '2026-11-20T12:00:00Z', results: '$TargetDedicatedNodes=1', error })).toEqual([
    'failed at 2026-11-20T12:00:00Z: AutoScalingFormulaEvaluationError',
    'Line 2, Col 3: Undefined symbol: $b',
    '    $b',
    '    ^',
    'targets stay:',
    '$TargetDedicatedNodes=1',
  ]);
});

test('a run that has not come yet says so', () => {
  expect(linesOf({ formula: 'x' })).toEqual(['the pool will run its formula in a moment']);
});
