import { describe, expect, it } from 'vitest';
import { autoScaleRunError, currentTargets } from '../../src/autoscale/index.ts';
import { evaluated, failure, pool, problems, valueOf } from './world.ts';

describe('the results text', () => {
  it('has the targets, the option, then the variables by name, those with a dollar sign first', () => {
    const text = 'b = 1; $z = 2; A = 3; $a = 4; _c = 5; $TargetLowPriorityNodes = 6; $NodeDeallocationOption = terminate;';
    expect(evaluated(text).results).toBe('$TargetDedicatedNodes=0;$TargetLowPriorityNodes=6;$NodeDeallocationOption=terminate;$a=4;$z=2;A=3;_c=5;b=1');
  });

  it('leaves out variables that were not assigned before stop()', () => {
    expect(evaluated('a = 1; stop(); b = 2;').results).toMatch(/;a=1$/);
  });

  it.each([
    ['10', '10'], ['0.5', '0.5'], ['29 / 30 * 100', '96.6667'], ['1 / 3', '0.333333'], ['2 / 3', '0.666667'], ['100000 / 3', '33333.3'], ['999999', '999999'],
    ['999999.5', '1e+06'], ['1000000', '1e+06'], ['1234567', '1.23457e+06'], ['0.0001', '0.0001'], ['0.00001234567', '1.23457e-05'], ['1e100', '1e+100'],
    ['-0.5', '-0.5'], ['0 * -1', '0'], ['1 / 0', 'inf'], ['-1 / 0', '-inf'], ['0 / 0', 'nan'], ['123456.7', '123457'], ['0.1 + 0.2', '0.3'],
  ])('prints the number %s as %s', (expression, expected) => {
    expect(valueOf(expression)).toBe(expected);
  });

  it('prints vectors, times, intervals, strings and options', () => {
    expect(valueOf('$PendingTasks.GetSample(3) / 3', { load: { $PendingTasks: [1, 2, 3] } })).toBe('[0.333333,0.666667,1]');
    expect(['time("2016-10-13T19:18:47.805Z")', 'TimeInterval_Minute * 90', '"text"', 'requeue'].map((expression) => valueOf(expression))).toEqual(['2016-10-13T19:18:47.805Z', 'PT1H30M', '"text"', 'requeue']);
  });

  it('after a failure has the current targets', () => {
    const facts = { targetDedicatedNodes: 2, targetLowPriorityNodes: 5 };
    const result = evaluated('$TargetDedicatedNodes = 9; $NodeDeallocationOption = terminate; $TargetLowPriorityNodes = 1 / 0;', { pool: facts });
    expect(result).toMatchObject({ ok: false, results: '$TargetDedicatedNodes=2;$TargetLowPriorityNodes=5;$NodeDeallocationOption=requeue' });
    expect(currentTargets(pool(facts))).toBe(result.results);
  });
});

describe('the error of a run', () => {
  it('has the code for missing samples, and its place', () => {
    const problem = failure('a = 1;\nb = $CPUPercent.GetSample(TimeInterval_Minute, 10);');
    expect(autoScaleRunError([problem])).toEqual({
      code: 'InsufficientSampleData',
      message: 'Autoscale evaluation failed due to insufficient sample data',
      values: [{ name: 'Message', value: 'Line 2, Col 26: Insufficient data from data set: $CPUPercent wanted 10%, received 0%' }],
    });
  });

  it('counts to the bracket of the call, as in the one run that is known with its formula', () => {
    const text = `sli = TimeInterval_Second * 600;${'\n'.repeat(8)}samplevecavg = avg($PendingTasks.GetSample(sli));`;
    const error = autoScaleRunError([failure(text, { settings: { samplePercentWhenOmitted: 70 } })]);
    expect(error.values).toEqual([{ name: 'Message', value: 'Line 9, Col 43: Insufficient data from data set: $PendingTasks wanted 70%, received 0%' }]);
  });

  it('has one code for all else, and a value for each problem of the text', () => {
    const error = autoScaleRunError(problems('a = ;\nb = foo();'));
    expect(error.code).toBe('AutoScalingFormulaEvaluationError');
    expect(error.values.map(({ value }) => value.slice(0, 14))).toEqual(['Line 1, Col 5:', 'Line 2, Col 5:']);
  });
});
