import { expect, test } from 'vitest';
import { linesOf, sampleOf } from '../../src/cli/commands/pool.ts';

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

test('a sample is a name and a number', () => {
  expect([sampleOf('queue=12.5'), sampleOf('a=-3'), sampleOf('b=1e3')]).toEqual([{ name: 'queue', value: 12.5 }, { name: 'a', value: -3 }, { name: 'b', value: 1000 }]);
});

test.each(['queue', 'queue=', '=5', 'queue= ', 'queue=many', 'queue=1=2', 'queue=Infinity'])('%j is no sample', (text) => {
  expect(() => sampleOf(text)).toThrow('is not NAME=NUMBER');
});
