import { describe, expect, it } from 'vitest';
import { autoScaleRunError, compile, currentTargets, parseTime } from '../../src/autoscale/index.ts';
import { FORMULA_IDS, publishedFormula } from './formulas.ts';
import { evaluated, failure, pool, printed, problems, problemsInShort, targets, type World } from './world.ts';

const INVALID = ['F13', 'F25', 'F26'];
function at(text: string): number {
  return parseTime(text) ?? Number.NaN;
}

function targetsOf(id: string, world: World = {}): [number, number] {
  return targets(publishedFormula(id), world);
}

describe('the formulas found in public documents and samples', () => {
  it('are thirty, and all but the three invalid ones compile', () => {
    expect(FORMULA_IDS).toHaveLength(30);
    const refused = FORMULA_IDS.filter((id) => !compile(publishedFormula(id)).ok);
    expect(refused).toEqual(INVALID);
  });

  it.each(FORMULA_IDS.filter((id) => !INVALID.includes(id)))('%s means the same with LF and with CRLF line ends', (id) => {
    const world: World = { load: { $PendingTasks: 3, $ActiveTasks: 2, $RunningTasks: 1, $CPUPercent: 0.5, $PreemptedNodeCount: 0 } };
    const lf = publishedFormula(id).replaceAll('\r\n', '\n');
    const results = [lf, lf.replaceAll('\n', '\r\n'), `// a comment\r\n${lf}\r\n// $another = 1`].map((text) => evaluated(text, world).results);
    expect(new Set(results).size).toBe(1);
  });

  it('F01 starts with one node and follows the average of pending tasks, capped at 25', () => {
    expect(targetsOf('F01')).toEqual([1, 0]);
    expect(targetsOf('F01', { load: { $PendingTasks: [9, 9, 9, 9] } })).toEqual([1, 0]); // 4 of 6 samples: 67%
    expect(targetsOf('F01', { load: { $PendingTasks: [9, 9, 9, 9, 9] } })).toEqual([9, 0]);
    expect(targetsOf('F01', { load: { $PendingTasks: [4, 5, 6, 4, 5, 7] } })).toEqual([5, 0]); // 5.17
    expect(targetsOf('F01', { load: { $PendingTasks: 80 } })).toEqual([25, 0]);
    expect(evaluated(publishedFormula('F01'))).toMatchObject({ nodeDeallocationOption: 'taskcompletion' });
  });

  it('F02 replaces preempted nodes by dedicated ones, which the next statement sees', () => {
    expect(targetsOf('F02', { load: { $PreemptedNodeCount: 0 } })).toEqual([0, 25]);
    expect(targetsOf('F02', { load: { $PreemptedNodeCount: 4 } })).toEqual([4, 21]);
  });

  it('F03 grows at 90% CPU, shrinks at 10%, and cuts fractions off', () => {
    const tenNodes = { targetDedicatedNodes: 10 };
    expect(targetsOf('F03', { load: { $CPUPercent: 0.9 }, pool: tenNodes })).toEqual([11, 0]);
    expect(targetsOf('F03', { load: { $CPUPercent: 0.1 }, pool: tenNodes })).toEqual([9, 0]);
    expect(targetsOf('F03', { load: { $CPUPercent: 0.5 }, pool: tenNodes })).toEqual([10, 0]);
    expect(targetsOf('F03', { load: { $CPUPercent: 0.9 }, pool: { targetDedicatedNodes: 15 } })).toEqual([16, 0]); // 16.5
    expect(targetsOf('F03', { load: { $CPUPercent: 0.9 }, pool: { targetDedicatedNodes: 390 } })).toEqual([400, 0]);
  });

  it('F04 wants five nodes on Mondays (UTC) and one on other days', () => {
    const week = [16, 17, 18, 19, 20, 21, 22].map((day) => targetsOf('F04', { now: Date.UTC(2026, 10, day, 23, 59) })[0]);
    expect(week).toEqual([5, 1, 1, 1, 1, 1, 1]); // 16 November 2026 is a Monday
  });

  it('F05 prints its variables in alphabetical order after the three of the service', () => {
    const result = evaluated(publishedFormula('F05'), { now: at('2016-10-13T19:18:47.805Z') });
    expect(result.results).toBe(
      '$TargetDedicatedNodes=10;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;$curTime=2016-10-13T19:18:47.805Z;$isWeekday=1;$isWorkingWeekdayHour=0;$workHours=0',
    );
    expect(targetsOf('F05', { now: at('2016-10-13T17:59:59Z') })).toEqual([20, 0]);
  });

  it('F06 moves the clock six hours back', () => {
    expect(targetsOf('F06', { now: at('2026-11-20T17:59:00Z') })).toEqual([4, 0]);
    expect(targetsOf('F06', { now: at('2026-11-20T18:00:00Z') })).toEqual([2, 0]);
    expect(targetsOf('F06', { now: at('2026-11-20T05:00:00Z') })).toEqual([2, 0]); // 23:00 the day before
  });

  it('F07 halves an idle pool and caps a busy one at 20', () => {
    const tenNodes = { targetDedicatedNodes: 10 };
    expect(targetsOf('F07', { load: { $PendingTasks: 0 }, pool: tenNodes })).toEqual([5, 0]);
    expect(targetsOf('F07', { load: { $PendingTasks: 50 }, pool: tenNodes })).toEqual([20, 0]);
    expect(targetsOf('F07', { pool: tenNodes })).toEqual([5, 0]); // no samples: max(0, nothing) is 0
    expect(targetsOf('F07', { load: { $PendingTasks: [7] }, pool: tenNodes })).toEqual([7, 0]); // only the last sample
  });

  it('F08 adds a quarter of the waiting tasks', () => {
    expect(targetsOf('F08', { load: { $ActiveTasks: 5 } })).toEqual([2, 0]);
    expect(targetsOf('F08', { load: { $ActiveTasks: 100 } })).toEqual([3, 0]);
    expect(targetsOf('F08', { load: { $ActiveTasks: 0 }, pool: { targetDedicatedNodes: 3 } })).toEqual([0, 0]);
  });

  it('F09 uses the older name of the target', () => {
    expect(targetsOf('F09', { now: at('2026-11-20T09:00:00Z') })).toEqual([20, 0]);
    expect(targetsOf('F09', { now: at('2026-11-21T09:00:00Z') })).toEqual([10, 0]);
    expect(evaluated(publishedFormula('F09')).results).toMatch(/^\$TargetDedicatedNodes=20;.*\$workHours=1$/);
  });

  it('F10 fails, and changes nothing, when under 75% of the samples are there', () => {
    const world: World = { load: { $RunningTasks: 6 }, pool: { targetDedicatedNodes: 2 } };
    expect(targetsOf('F10', world)).toEqual([6, 0]);
    const late: World = { ...world, delayMs: 90_000 };
    expect(failure(publishedFormula('F10'), late)).toMatchObject({ code: 'InsufficientSampleData', line: 1, column: 23 });
    expect(evaluated(publishedFormula('F10'), late).results).toBe('$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue');
  });

  it('F11 reads ten samples from one to six minutes ago', () => {
    const result = evaluated(publishedFormula('F11'), { load: { $RunningTasks: 1 } });
    expect(result.results).toContain(';$runningTasksSample=[1,1,1,1,1,1,1,1,1,1]');
    expect(result).toMatchObject({ ok: true, targetDedicatedNodes: 1 });
  });

  it('F12 is one statement without a semicolon', () => {
    expect(evaluated(publishedFormula('F12')).results).toBe('$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue');
  });

  it('F13 is an evaluation error that leaves the current targets', () => {
    const found = problems(publishedFormula('F13'));
    expect(found).toMatchObject([{ code: 'UndefinedVariable', line: 1, column: 1, found: "'$something_useless'" }]);
    expect(autoScaleRunError(found).code).toBe('AutoScalingFormulaEvaluationError');
    expect(currentTargets(pool({ targetDedicatedNodes: 2 }))).toBe('$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue');
  });

  it('F14 gives a pool one node in its first five minutes', () => {
    const load = { $PendingTasks: 30 };
    expect(targetsOf('F14', { load, now: at('2024-10-30T00:04:59Z') })).toEqual([1, 0]);
    expect(targetsOf('F14', { load, now: at('2024-10-30T00:05:01Z') })).toEqual([8, 0]);
    expect(targetsOf('F14', { load: { $PendingTasks: 0 }, pool: { targetDedicatedNodes: 6 } })).toEqual([3, 0]);
  });

  it('F15 starts with three nodes and then follows the least of the samples', () => {
    const born = at('Wed, 06 Sep 2023 09:12:53 GMT');
    expect(targetsOf('F15', { now: born + 120_000 })).toEqual([3, 0]);
    expect(targetsOf('F15', { now: born + 121_000, load: { $PendingTasks: [9, 4, 7] } })).toEqual([4, 0]);
    expect(failure(publishedFormula('F15'), { now: born + 121_000 })).toMatchObject({ code: 'InsufficientSampleData', line: 6 });
  });

  it('F16 wants one node until there are samples', () => {
    expect(targetsOf('F16')).toEqual([1, 0]);
    expect(targetsOf('F16', { load: { $PendingTasks: [0] } })).toEqual([0, 0]);
    expect(evaluated(publishedFormula('F16'))).toMatchObject({ nodeDeallocationOption: 'retaineddata' });
  });

  it('F17 wants ten nodes until there are samples', () => {
    expect(targetsOf('F17')).toEqual([10, 0]);
    expect(targetsOf('F17', { load: { $PendingTasks: [3, 6] } })).toEqual([6, 0]);
    expect(targetsOf('F17', { load: { $PendingTasks: [30] } })).toEqual([10, 0]);
  });

  it('F18 has a variable $round beside the function, and adds 0.5 in the branch behind the colon only', () => {
    expect(targetsOf('F18', { load: { $ActiveTasks: 9 } })).toEqual([3, 0]); // (9 + 3) / 4
    expect(targetsOf('F18', { load: { $ActiveTasks: 0 }, pool: { targetDedicatedNodes: 5 } })).toEqual([3, 0]); // 2.5 + 0.5
  });

  it('F19 spreads 32 pending tasks over both kinds of nodes', () => {
    const result = evaluated(publishedFormula('F19'), { load: { $PendingTasks: 32 } });
    expect(result).toMatchObject({ ok: true, targetDedicatedNodes: 4, targetLowPriorityNodes: 4 });
    expect(printed(result, 'reqVMs')).toBe('8');
    expect(targetsOf('F19')).toEqual([0, 0]); // a new pool: val(...) of no samples is passed over by max(0, ...)
  });

  it('F20 follows office hours, with variables without a dollar sign', () => {
    expect(targetsOf('F20', { now: at('2026-11-20T17:30:00Z') })).toEqual([8, 4]);
    expect(targetsOf('F20', { now: at('2026-11-20T18:00:00Z') })).toEqual([1, 0]);
    expect(targetsOf('F20', { now: at('2026-11-22T12:00:00Z') })).toEqual([1, 0]);
  });

  it('F21 keeps one low-priority node while tasks are active or running', () => {
    expect(publishedFormula('F21')).toContain('\r\n');
    expect(targetsOf('F21')).toEqual([0, 0]);
    expect(targetsOf('F21', { load: { $PendingTasks: 0, $ActiveTasks: 0, $RunningTasks: 0 } })).toEqual([0, 0]);
    expect(targetsOf('F21', { load: { $PendingTasks: 1, $ActiveTasks: 1, $RunningTasks: 0 } })).toEqual([0, 1]);
    expect(targetsOf('F21', { load: { $PendingTasks: 1, $ActiveTasks: 0, $RunningTasks: 1 } })).toEqual([0, 1]);
    expect(targetsOf('F21', { load: { $PendingTasks: [2], $ActiveTasks: [2] } })).toEqual([0, 1]); // too few: the last sample
    // The task ended three minutes ago: the window of the running tasks still sees it.
    const running = [...Array.from({ length: 14 }, () => 1), 0, 0, 0, 0, 0, 0];
    const idle = running.map(() => 0);
    expect(targetsOf('F21', { load: { $PendingTasks: running, $ActiveTasks: idle, $RunningTasks: running } })).toEqual([0, 1]);
    expect(evaluated(publishedFormula('F21'))).toMatchObject({ nodeDeallocationOption: 'taskcompletion' });
  });

  it('F22 finds no sample possible in 15 seconds and takes the last one', () => {
    const world: World = { load: { $ActiveTasks: 12 }, pool: { targetDedicatedNodes: 1, taskSlotsPerNode: 4 } };
    const result = evaluated(publishedFormula('F22'), world);
    expect(printed(result, '$samples')).toBe('0');
    expect(result).toMatchObject({ ok: true, targetDedicatedNodes: 3 });
  });

  it('F23 rounds up and stays between 2 and 100', () => {
    const pool = { taskSlotsPerNode: 4 };
    expect(targetsOf('F23', { pool })).toEqual([2, 0]);
    expect(targetsOf('F23', { load: { $ActiveTasks: 17 }, pool })).toEqual([5, 0]);
    expect(targetsOf('F23', { load: { $ActiveTasks: 4000 }, pool })).toEqual([100, 0]);
  });

  it('F24 wants nothing after its deadline', () => {
    const load = { $PendingTasks: 5 };
    expect(targetsOf('F24', { load, now: at('2026-07-31T23:59:59Z') })).toEqual([0, 1]);
    expect(targetsOf('F24', { load, now: at('2026-08-01T00:00:00Z') })).toEqual([0, 0]);
    expect(evaluated(publishedFormula('F24'))).toMatchObject({ nodeDeallocationOption: 'terminate' });
  });

  it('F25 is refused: GetAverage is no method', () => {
    expect(problemsInShort(publishedFormula('F25'))).toEqual(['1:87 UnknownMethod']);
  });

  it('F26 is refused: % is no operator', () => {
    expect(problems(publishedFormula('F26'))).toMatchObject([{ code: 'UnexpectedText', line: 1, column: 47, found: "'%'" }]);
  });

  it('F27 ends at stop()', () => {
    expect(targetsOf('F27')).toEqual([4, 0]);
  });

  it('F28 runs through the functions', () => {
    const result = evaluated(publishedFormula('F28'), { load: { $PendingTasks: [1, 2, 3, 4] } });
    expect(result.results).toBe(
      '$TargetDedicatedNodes=5;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;$a=2;$b=1.29099;$c=3;$d=5;$e=11;$f=4;$g=3;$h=0;$i=3;$j=2;$k=3;$l=0.25;v=[1,2,3,4]',
    );
    expect(targetsOf('F28')).toEqual([5, 0]); // without samples too
  });

  it('F29 goes on when the window of running tasks is empty', () => {
    expect(targetsOf('F29', { load: { $PendingTasks: 20 } })).toEqual([5, 0]);
    expect(targetsOf('F29', { load: { $PendingTasks: 20, $RunningTasks: 28 } })).toEqual([7, 0]);
    expect(targetsOf('F29', { load: { $PendingTasks: 100 } })).toEqual([8, 0]);
  });

  it('F30 passes a vector in a variable to min()', () => {
    expect(targetsOf('F30', { load: { $PendingTasks: [3] } })).toEqual([0, 3]);
    expect(targetsOf('F30', { load: { $PendingTasks: [30] } })).toEqual([0, 10]);
    expect(targetsOf('F30')).toEqual([0, 10]);
  });
});
