import { describe, expect, it } from 'vitest';
import { lint } from '../../src/autoscale/index.ts';
import { RULES } from '../../src/autoscale/lint/rules.ts';
import { FORMULA_IDS, publishedFormula } from './formulas.ts';
import { compiled } from './world.ts';

/** `line:column rule` of each warning, but for rules the example is not about. */
function warnings(text: string, ...rules: string[]): string[] {
  return lint(compiled(text))
    .filter(({ rule }) => rules.length === 0 || rules.includes(rule))
    .map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}

const PENDING = '$PendingTasks.GetSample(TimeInterval_Minute * 5, 70)';

describe('never-scales-down', () => {
  const found = (text: string): string[] => warnings(text, 'never-scales-down');

  it.each([
    '$TargetDedicatedNodes = max($TargetDedicatedNodes, 5);',
    `$TargetDedicatedNodes = max($TargetDedicatedNodes, avg(${PENDING}));`,
    '$TargetDedicatedNodes = $TargetDedicatedNodes + $ActiveTasks.Count();',
    '$TargetDedicatedNodes = ceil($CurrentDedicatedNodes * 1.1);',
    '$TargetDedicatedNodes = min(20, max($CurrentDedicatedNodes, 3));',
    '$TargetDedicatedNodes = 7;',
    '$TargetDedicatedNodes = time().hour > 7 ? $TargetDedicatedNodes + 1 : $TargetDedicatedNodes;',
  ])('warns of %s', (text) => {
    expect(found(text)).toEqual(['1:25 never-scales-down']);
  });

  it('sees through variables, for each kind of node', () => {
    expect(found('now = $TargetLowPriority;\nwanted = now + 2;\n$TargetLowPriorityNodes = max(wanted, 1);')).toEqual(['3:27 never-scales-down']);
  });

  it.each([
    '$TargetDedicatedNodes = 0;',
    `$TargetDedicatedNodes = avg(${PENDING});`,
    '$TargetDedicatedNodes = max(0, $TargetDedicatedNodes / 2);',
    '$TargetDedicatedNodes = time().hour > 7 ? $TargetDedicatedNodes + 1 : 0;',
    `$TargetDedicatedNodes = max(1, avg(${PENDING}));`,
    '$TargetDedicatedNodes = $TargetLowPriorityNodes + 1;',
    '$TargetDedicatedNodes = $TargetDedicatedNodes * 0.9;',
  ])('is content with %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('empty-metric', () => {
  const found = (text: string): string[] => warnings(text, 'empty-metric');

  it.each([
    ['$TargetDedicatedNodes = max($PendingTasks.GetSample(1));', '1:29'],
    ['$TargetDedicatedNodes = $PendingTasks;', '1:25'],
    ['x = $PendingTasks.GetSample(1) > 3 ? 1 : 0;', '1:5'],
    ['x = val($PendingTasks.GetSample(1), 0) && 1;', '1:9'],
    ['x = !avg($PendingTasks.GetSample(3));', '1:10'],
    ['x = TimeInterval_Minute * min($PendingTasks.GetSample(3));', '1:31'],
    ['$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Minute, 0) / 4;', '1:25'],
  ])('warns of %s', (text, place) => {
    expect(found(text)).toEqual([`${place} empty-metric`]);
  });

  it.each([
    ['$TargetDedicatedNodes = min(10, $PendingTasks.GetSample(1));', '1:33'],
    ['cap = 10;\nn = min(cap, avg($PendingTasks.GetSample(5)));\n$TargetDedicatedNodes = max(0, ceil(n / 2));', '2:18'],
    ['n = time().hour > 6 ? min(10, $PendingTasks.GetSample(1)) : 3;\n$TargetLowPriorityNodes = n;', '1:31'],
    ['$TargetDedicatedNodes = min($CurrentDedicatedNodes + 2, $PendingTasks.GetSample(1));', '1:57'],
    ['$TargetDedicatedNodes = min(10, max($PendingTasks.GetSample(TimeInterval_Minute, 0)));', '1:37'],
  ])('warns of a cap that becomes the target when there is no sample: %s', (text, place) => {
    expect(found(text)).toEqual([`${place} empty-metric`]);
  });

  it.each([
    '$TargetDedicatedNodes = min(10, max(0, $PendingTasks.GetSample(1)));',
    '$TargetDedicatedNodes = max(min(0, $PendingTasks.GetSample(1)), 0);',
    'n = min(10, $PendingTasks.GetSample(1)); $TargetDedicatedNodes = $PendingTasks.Count() > 0 ? n : 1;',
    `$TargetDedicatedNodes = min(10, avg(${PENDING}));`,
    'x = min(10, $PendingTasks.GetSample(1)); $TargetDedicatedNodes = x > 5 ? 1 : 0;',
  ])('is content with the cap of %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('is content where a guard chooses between what was read before it and something else', () => {
    expect(found('n = avg($PendingTasks.GetSample(TimeInterval_Minute * 5));\np = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);\n$TargetDedicatedNodes = p < 70 ? 1 : n;')).toEqual([]);
    expect(found('n = val($PendingTasks.GetSample(1), 0);\n$TargetDedicatedNodes = $PendingTasks.Count() > 0 ? n : 1;')).toEqual([]);
    expect(found('n = val($PendingTasks.GetSample(1), 0);\n$TargetDedicatedNodes = $PendingTasks.Count() > 0 ? 1 : n;')).toEqual(['1:9 empty-metric']);
  });

  it('does not take a test that always passes for a guard', () => {
    for (const test of ['$PendingTasks.Count() >= 0', '0 <= $PendingTasks.Count()', '$PendingTasks.GetSamplePercent(TimeInterval_Minute) > -1']) {
      expect([test, found(`x = ${test} ? val($PendingTasks.GetSample(1), 0) > 3 : 0;`)]).toEqual([test, [`1:${test.length + 12} empty-metric`]]);
    }
  });

  it('names the read, not the place that suffers from it', () => {
    expect(found('last = val($PendingTasks.GetSample(1), 0);\nx = last + 1;\n$TargetDedicatedNodes = x;')).toEqual(['1:12 empty-metric']);
  });

  it.each([
    'x = max(0, $PendingTasks.GetSample(1)) > 3;',
    'x = sum($PendingTasks.GetSample(1)) > 3;',
    'x = len($PendingTasks.GetSample(1)) > 3;',
    `x = avg(${PENDING}) > 3;`,
    'x = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) < 70 ? 0 : avg($PendingTasks.GetSample(TimeInterval_Minute * 5)) > 3;',
    'x = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) >= 70 ? avg($PendingTasks.GetSample(TimeInterval_Minute * 5)) > 3 : 0;',
    'x = 70 > $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5) ? 0 : avg($PendingTasks.GetSample(TimeInterval_Minute * 5)) > 3;',
    'n = $PendingTasks.Count(); x = n ? val($PendingTasks.GetSample(1), 0) > 3 : 0;',
    'x = $PendingTasks.Count() == 0 ? 0 : val($PendingTasks.GetSample(1), 0) > 3;',
    'x = !$PendingTasks.Count() ? 0 : val($PendingTasks.GetSample(1), 0) > 3;',
    'x = time().hour > 6 && $PendingTasks.Count() > 0 ? val($PendingTasks.GetSample(1), 0) > 3 : 0;',
    'x = time().hour > 6 || $PendingTasks.Count() < 1 ? 0 : val($PendingTasks.GetSample(1), 0) > 3;',
    'x = $PendingTasks.Count() > 0 && val($PendingTasks.GetSample(1), 0) > 3;',
    'x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) < 70 || avg($PendingTasks.GetSample(TimeInterval_Minute)) > 3;',
    'x = len($PendingTasks.GetSample(1)) > 0 ? val($PendingTasks.GetSample(1), 0) > 3 : 0;',
    'v = $PendingTasks.GetSample(5); x = len(v) == 0 ? 0 : avg(v) > 3;',
    'few = $PendingTasks.Count() < 9; v = $PendingTasks.GetSample(1); x = few ? 0 : v > 3;',
  ])('is content with %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('does not take the wrong branch of a guard for a guarded one', () => {
    expect(found('x = $PendingTasks.Count() > 0 ? 0 : val($PendingTasks.GetSample(1), 0) > 3;')).toEqual(['1:41 empty-metric']);
    expect(found('x = $PendingTasks.Count() > 0 || val($PendingTasks.GetSample(1), 0) > 3;')).toEqual(['1:38 empty-metric']);
    expect(found('v = $PendingTasks.GetSample(5); x = len(v, 1) == 0 ? 0 : avg(v) > 3;')).toEqual(['1:5 empty-metric']);
    expect(found('x = time().hour > 6 || $PendingTasks.Count() > 0 ? val($PendingTasks.GetSample(1), 0) > 3 : 0;')).toEqual(['1:56 empty-metric']);
  });
});

describe('vector-as-number', () => {
  const found = (text: string): string[] => warnings(text, 'vector-as-number');

  it.each([
    ['$TargetDedicatedNodes = $PendingTasks.GetSample(TimeInterval_Minute * 10, 0);', '1:25'],
    ['v = $PendingTasks.GetSample(TimeInterval_Minute, 70);\n$TargetDedicatedNodes = v == 0 ? 1 : 2;', '2:25'],
    ['x = $PendingTasks.GetSample(3) / 2;\ny = x ? 1 : 0;', '2:5'],
    ['x = -abs($PendingTasks.GetSample(3)) && 1;', '1:5'],
    ['p = $PendingTasks.Count() > 3 ? $PendingTasks.GetSample(4) : 0;\n$TargetDedicatedNodes = p;', '2:25'],
  ])('warns of %s', (text, place) => {
    expect(found(text)).toEqual([`${place} vector-as-number`]);
  });

  it.each([
    '$TargetDedicatedNodes = $PendingTasks.GetSample(1);',
    'n = 1; $TargetDedicatedNodes = $PendingTasks.GetSample(n) / 2;',
    `$TargetDedicatedNodes = max(${PENDING} / 4) > 1 ? val(${PENDING}, 0) : percentile(${PENDING}, 50);`,
    `v = ${PENDING}; w = v + v; $TargetDedicatedNodes = avg(w, 1);`,
    '$TargetDedicatedNodes = $PendingTasks > 3 ? $PendingTasks : 0;',
  ])('is content with %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('unguarded-window', () => {
  const found = (text: string): string[] => warnings(text, 'unguarded-window');

  it('warns of a window without percentage and guard, even where an empty one would do no harm', () => {
    expect(found('x = max(0, $PendingTasks.GetSample(TimeInterval_Minute * 5));')).toEqual(['1:12 unguarded-window']);
    expect(found('x = max(0, $PendingTasks.GetSample(TimeInterval_Minute, TimeInterval_Minute * 5));')).toEqual(['1:12 unguarded-window']);
  });

  it('is content with a percentage, a guard, or a number of samples', () => {
    expect(found(`x = max(0, ${PENDING});`)).toEqual([]);
    expect(found('x = max(0, $PendingTasks.GetSample(10));')).toEqual([]);
    expect(found('p = $PendingTasks.GetSamplePercent(TimeInterval_Minute); x = p < 70 ? 0 : max(0, $PendingTasks.GetSample(TimeInterval_Minute));')).toEqual([]);
  });
});

describe('unused-assignment', () => {
  const found = (text: string): string[] => warnings(text, 'unused-assignment');

  it('warns of what is never read, and of what is assigned again before it is read', () => {
    expect(found('a = 1;\nb = 2;\n$TargetDedicatedNodes = b;')).toEqual(['1:1 unused-assignment']);
    expect(found('a = 1;\na = 2;\n$TargetDedicatedNodes = a;')).toEqual(['1:1 unused-assignment']);
    expect(found('a = 1;\na = a + 1;\n$TargetDedicatedNodes = a;')).toEqual([]);
  });

  it('guesses what was meant', () => {
    const [warning] = lint(compiled('$targetDedicatedNodes = 0;'));
    expect(warning).toMatchObject({ rule: 'unused-assignment', reason: 'did you mean $TargetDedicatedNodes? names are case-sensitive' });
  });
});

describe('no-effect', () => {
  const found = (text: string): string[] => warnings(text, 'no-effect');

  it('warns of a statement whose value goes nowhere, as that of a comparison meant to assign', () => {
    expect(found('$TargetDedicatedNodes == 3;')).toEqual(['1:1 no-effect']);
    expect(lint(compiled('$TargetDedicatedNodes == 3;'))[0]?.reason).toBe("'==' compares; '=' assigns");
    expect(found('$TargetDedicatedNodes = 0; time();\nmax(1, 2)')).toEqual(['1:28 no-effect', '2:1 no-effect']);
  });

  it('is content with stop(), also in a branch', () => {
    expect(found('stop();')).toEqual([]);
    expect(found('time().hour > 6 ? stop() : 0;')).toEqual([]);
  });
});

describe('fraction-or-percentage', () => {
  const found = (text: string): string[] => warnings(text, 'fraction-or-percentage');

  it.each([
    ['x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) < 0.7 ? 0 : 1;', '1:59'],
    ['limit = 0.7; x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) < limit ? 0 : 1;', '1:72'],
    ['x = 0.7 > $PendingTasks.GetSamplePercent(TimeInterval_Minute) ? 0 : 1;', '1:5'],
    ['x = avg($CPUPercent.GetSample(TimeInterval_Minute, 70)) > 70;', '1:59'],
    ['cpu = max($CPUPercent.GetSample(TimeInterval_Minute, 70)); x = cpu >= 80;', '1:71'],
    ['x = avg($PendingTasks.GetSample(TimeInterval_Minute, 0.7));', '1:54'],
  ])('warns of %s', (text, place) => {
    expect(found(text)).toEqual([`${place} fraction-or-percentage`]);
  });

  it.each([
    'x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) < 70 ? 0 : 1;',
    'x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) / 100 < 0.7 ? 0 : 1;',
    'x = avg($CPUPercent.GetSample(TimeInterval_Minute, 70)) > 0.7;',
    'x = 100 * avg($CPUPercent.GetSample(TimeInterval_Minute, 70)) > 70;',
    'x = avg($PendingTasks.GetSample(TimeInterval_Minute, 70)) > 0.5;',
  ])('is content with %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('exceeds-cap', () => {
  const found = (text: string): string[] => warnings(text, 'exceeds-cap');

  it.each([
    [`maxNodes = 10;\n$TargetDedicatedNodes = avg(${PENDING});`, '2:25'],
    [`maxNodes = 10;\n$TargetDedicatedNodes = min(maxNodes, avg(${PENDING})) + 2;`, '2:25'],
    [`$TargetDedicatedNodes = min(20, avg(${PENDING})) + 5;`, '1:25'],
    [`x = min(20, avg(${PENDING}));\n$TargetDedicatedNodes = time().hour > 6 ? x : $RunningTasks.Count();`, '2:25'],
    [`$TargetDedicatedNodes = max(30, min(20, avg(${PENDING})));`, '1:25'],
    ['cappedPoolSize = 4;\n$TargetLowPriorityNodes = cappedPoolSize * 2;', '2:27'],
  ])('warns of %s', (text, place) => {
    expect(found(text)).toEqual([`${place} exceeds-cap`]);
  });

  it.each([
    `maxNodes = 10;\n$TargetDedicatedNodes = min(maxNodes, avg(${PENDING}));`,
    `maxNodes = 10;\n$TargetDedicatedNodes = max(2, min(avg(${PENDING}), maxNodes));`,
    `maxNodes = 10;\nn = max(0, avg(${PENDING}));\n$TargetDedicatedNodes = n > maxNodes ? maxNodes : n;`,
    `maxNodes = 10;\nn = max(0, avg(${PENDING}));\n$TargetDedicatedNodes = maxNodes >= n ? n : maxNodes;`,
    `maxTasksPerNode = 4;\n$TargetDedicatedNodes = avg(${PENDING}) / maxTasksPerNode;`,
    `maxLowPriority = 4;\n$TargetDedicatedNodes = avg(${PENDING});\n$TargetLowPriorityNodes = min(maxLowPriority, $TargetDedicatedNodes);`,
    `maxNodes = 25;\n$TargetDedicatedNodes = min(maxNodes, sum(${PENDING}));\n$TargetLowPriorityNodes = maxNodes - $TargetDedicatedNodes;`,
    `minCapacity = 2;\n$TargetDedicatedNodes = max(minCapacity, avg(${PENDING}));`,
    `maxAttempts = 3;\n$TargetDedicatedNodes = avg(${PENDING}) / maxAttempts;`,
    `coreLimit = 64;\n$TargetDedicatedNodes = avg(${PENDING}) + coreLimit;`,
    `perNode = min(4, avg(${PENDING}));\n$TargetDedicatedNodes = $RunningTasks.Count() / perNode;`,
  ])('is content with %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('unreachable', () => {
  const found = (text: string): string[] => warnings(text, 'unreachable');

  it.each([
    ['x = 0 == 1 ? 5 : 6;', '1:14'],
    ['limit = 4; x = limit > 3 ? 5 : 6;', '1:32'],
    ['x = time().hour >= 24 ? 5 : 6;', '1:25'],
    ['x = $PendingTasks.GetSamplePercent(TimeInterval_Minute) > 100 ? 5 : 6;', '1:65'],
    ['x = max(5, $PendingTasks.GetSample(1)) < 5 ? 5 : 6;', '1:46'],
    ['x = 0 && time().hour ? 5 : 6;', '1:24'],
    ['n = $PendingTasks.Count(); x = n > 5 ? n < 3 ? 1 : 2 : 3;', '1:48'],
    ['x = 1;\nstop();\ny = 2;', '3:1'],
    ['h = time().hour; x = h > 18 && h < 8 ? 5 : 6;', '1:40'],
    ['h = time().hour; x = h > 18 || h < 20 ? 5 : 6;', '1:45'],
    ['n = $PendingTasks.Count(); x = n >= 5 && (n > 2 ? 1 : 2);', '1:55'],
  ])('warns of %s', (text, place) => {
    expect(found(text)).toEqual([`${place} unreachable`]);
  });

  it.each(['x = time().hour > 8 ? 5 : 6;', 'h = time().hour; x = h >= 8 && h < 18 ? 5 : 6;', 'h = time().hour; x = h > 18 || h < 8 ? 5 : 6;', 'x = $PendingTasks.Count() ? 5 : 6;', 'x = time() < time("2030") ? 5 : 6;', 'x = rand() < 0.5 ? 5 : 6;', 'x = "a" < "b" ? 1 : 2;', 'x = $TargetDedicatedNodes > 3 ? stop() : 1; y = 2;'])(
    'is content with %s',
    (text) => {
      expect(found(text)).toEqual([]);
    },
  );
});

describe('the published formulas', () => {
  it('that the article teaches as guarded draw no warning', () => {
    for (const id of ['F01', 'F04', 'F05', 'F06', 'F07', 'F08', 'F09', 'F14', 'F15', 'F16', 'F17', 'F18', 'F21', 'F22', 'F23', 'F24']) {
      expect([id, warnings(publishedFormula(id))]).toEqual([id, []]);
    }
  });

  it('that read windows without a guard are told so', () => {
    expect(warnings(publishedFormula('F02'))).toEqual(['2:45 empty-metric', '2:45 unguarded-window']);
    expect(warnings(publishedFormula('F30'))).toEqual(['2:31 empty-metric']);
    expect(warnings(publishedFormula('F11'))).toEqual(['1:23 empty-metric', '1:23 unguarded-window']);
    expect(warnings(publishedFormula('F29'))).toEqual(['1:255 unguarded-window']);
  });

  it('that a generator wrote have branches its settings switched off', () => {
    expect(warnings(publishedFormula('F19'))).toEqual(['19:68 unreachable', '24:47 unreachable']);
  });

  it('get only places inside their text, and rules of the table', () => {
    const names = RULES.map(({ name }) => name);
    for (const id of FORMULA_IDS.filter((each) => !['F13', 'F25', 'F26'].includes(each))) {
      const program = compiled(publishedFormula(id));
      for (const { span, rule } of lint(program)) {
        expect(names).toContain(rule);
        expect([0 <= span.start, span.start < span.end, span.end <= program.text.length]).toEqual([true, true, true]);
      }
    }
  });
});

describe('own-variable', () => {
  it('says once of each that Azure does not have it', () => {
    expect(warnings('a = max(0, $Own_queue.GetSample(1));\nb = max(0, $Own_queue, $Own_rate);\n$TargetDedicatedNodes = a + b;', 'own-variable')).toEqual(['1:12 own-variable', '2:24 own-variable']);
  });

  it.each(['$Own_x', '$Own_x.GetSample(1)'])('knows that %s may be below 0', (read) => {
    expect(warnings(`$TargetDedicatedNodes = ${read} < 0 ? 1 : 0;`, 'unreachable')).toEqual([]);
  });
});
