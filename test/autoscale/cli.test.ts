import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addAutoscaleCommands } from '../../src/cli/autoscale.ts';
import { CommandError, EXIT } from '../../src/cli/errors.ts';
import { publishedFormula } from './formulas.ts';

interface Outcome {
  readonly output: string;
  readonly exitCode: number;
}

/** `linarite autoscale ...` over files that are given, not on disk. */
async function linarite(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  let output = '';
  let exitCode = 0;
  addAutoscaleCommands(program, {
    readFile(path) {
      const text = files[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
    write: (text) => {
      output += text;
    },
    fail: () => {
      exitCode = EXIT.failure;
    },
  });
  try {
    await program.parseAsync(['autoscale', ...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { output: `${output}${error.message}\n`, exitCode: error.exitCode };
  }
  return { output, exitCode };
}

const CSV = `time,$PendingTasks\n${Array.from({ length: 20 }, (_, index) => `${new Date(Date.UTC(2026, 10, 20, 12) - (19 - index) * 30_000).toISOString()},${index < 10 ? 2 : 6}\n`).join('')}`;

describe('linarite autoscale check', () => {
  it('is quiet about a sound formula', async () => {
    expect(await linarite({ 'pool.txt': publishedFormula('F21') }, 'check', 'pool.txt')).toEqual({ output: 'pool.txt: 0 errors, 0 warnings\n', exitCode: 0 });
  });

  it('draws each error under the line it stands in', async () => {
    const text = 'limit = 5;\r\n\t$TargetDedicatedNodes = mim(limit, $PendingTasks % 4);\r\nb = time().week;\r\nc = (1';
    expect(await linarite({ f: text }, 'check', 'f')).toEqual({
      exitCode: 1,
      output: [
        'f:2:51: error: this does not fit here',
        '  2 | \t$TargetDedicatedNodes = mim(limit, $PendingTasks % 4);',
        "    | \t                                                 ^ expected an operator ('%' is none of the language; write a - b * floor(a / b)), found '%'",
        'f:3:12: error: there is no such member',
        '  3 | b = time().week;',
        "    |            ^^^^ expected one of year, month, day, weekday, hour, minute, second, found 'week'",
        'f:4:7: error: this does not fit here',
        '  4 | c = (1',
        "    |       ^ expected an operator or ')', found the end of the formula",
        'f: 3 errors, 0 warnings',
        '',
      ].join('\n'),
    });
  });

  it('shows the piece of a long line that the mark stands under', async () => {
    const text = `${'$samples = max(0, $PendingTasks.GetSample(1)); '.repeat(4)}x = foo(1); ${'$samples = max(0, $samples); '.repeat(4)}`;
    const { output } = await linarite({ f: text }, 'check', 'f');
    const [headline, shown = '', marks = ''] = output.split('\n');
    expect(headline).toBe('f:1:193: error: there is no such function');
    expect(shown.length).toBeLessThan(140);
    expect(shown.slice(marks.indexOf('^')).startsWith('foo(1);')).toBe(true);
    expect(marks).toContain('^^^ expected');
  });

  it('prints no control characters of a formula to the terminal', async () => {
    const { output } = await linarite({ f: 'x = "\u001b[31m\u0000" + \u009b1;' }, 'check', 'f');
    expect(output).toContain('x = "\uFFFD[31m\uFFFD" + \uFFFD1;');
    expect(output).toMatch(/found '\uFFFD'/);
    expect(output).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('warns with a reason, and that is no failure', async () => {
    const { output, exitCode } = await linarite({ f: '$TargetDedicatedNodes = 3;' }, 'check', 'f');
    expect(exitCode).toBe(0);
    expect(output).toBe(
      [
        'f:1:25: warning: $TargetDedicatedNodes is always 3: the pool never scales down (never-scales-down)',
        '  1 | $TargetDedicatedNodes = 3;',
        '    |                         ^ nodes that are not needed stay, and are paid for, until someone resizes the pool',
        'f: 0 errors, 1 warning',
        '',
      ].join('\n'),
    );
  });

  it('speaks JSON', async () => {
    const refused = await linarite({ f: 'x = foo();' }, 'check', 'f', '--format', 'json');
    expect(JSON.parse(refused.output)).toMatchObject({ ok: false, problems: [{ code: 'UnknownFunction', line: 1, column: 5, found: "'foo'" }], warnings: [] });
    const warned = await linarite({ f: 'x = 3;' }, 'check', 'f', '--format', 'json');
    expect(JSON.parse(warned.output)).toMatchObject({ ok: true, problems: [], warnings: [{ rule: 'unused-assignment', line: 1, column: 1 }] });
  });

  it('says so if a file cannot be read', async () => {
    expect(await linarite({}, 'check', 'f')).toEqual({ output: 'f: no such file\n', exitCode: 2 });
  });
});

describe('linarite autoscale eval', () => {
  const formula = '$samples = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 15);\n$tasks = max(0, avg($PendingTasks.GetSample(TimeInterval_Minute * 5)));\n$TargetDedicatedNodes = $tasks;\n$NodeDeallocationOption = taskcompletion;';
  const files = { f: formula, 's.csv': CSV };

  it('shows targets, every variable, and the windows that were read with how full they were', async () => {
    expect(await linarite(files, 'eval', 'f', '--samples', 's.csv', '--target-dedicated', '2')).toEqual({
      exitCode: 0,
      output: [
        'evaluated at 2026-11-20T12:00:00.000Z',
        '',
        'target                    now  new',
        'dedicated nodes           2    6',
        'low-priority nodes        0    0',
        'node deallocation option       taskcompletion',
        '',
        'variable  value',
        '$samples  66.6667',
        '$tasks    6',
        '',
        'window                          place   from                      to                        samples',
        '$PendingTasks.GetSamplePercent  line 1  2026-11-20T11:45:00.000Z  2026-11-20T12:00:00.000Z  20 of 30 (67%)',
        '$PendingTasks.GetSample         line 2  2026-11-20T11:55:00.000Z  2026-11-20T12:00:00.000Z  10 of 10 (100%)',
        '',
        'results $TargetDedicatedNodes=6;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;$samples=66.6667;$tasks=6',
        '',
      ].join('\n'),
    });
  });

  it('evaluates at another moment, over the samples there were by then', async () => {
    const { output } = await linarite(files, 'eval', 'f', '--samples', 's.csv', '--at', '2026-11-20T11:55:00Z', '--format', 'json');
    expect(JSON.parse(output)).toMatchObject({ ok: true, at: '2026-11-20T11:55:00.000Z', targetDedicatedNodes: 2, variables: { $tasks: 2 }, windows: [{ available: 10, possible: 30 }, { percent: 100 }] });
  });

  it('takes JSON samples, and what the pool is like', async () => {
    const samples = '[{"time":"2026-11-20T12:00:00Z","$PendingTasks":40}]';
    const text = 'per = $TaskSlotsPerNode; c = $CurrentDedicatedNodes; l = $CurrentLowPriorityNodes; p = $PreemptedNodeCount; u = $UsableNodeCount; r = rand(); $TargetLowPriorityNodes = $PendingTasks.GetSample(1) / per;';
    const options = ['--task-slots', '4', '--target-low-priority', '3', '--current-dedicated', '7', '--preempted', '2', '--seed', '9', '--format', 'json'];
    const first = await linarite({ f: text, s: samples }, 'eval', 'f', '--samples', 's', ...options);
    expect(JSON.parse(first.output)).toMatchObject({ targetLowPriorityNodes: 10, variables: { per: 4, c: 7, l: 3, p: 2, u: 8 } });
    expect(await linarite({ f: text, s: samples }, 'eval', 'f', '--samples', 's', ...options)).toEqual(first);
  });

  it('draws an evaluation error under its line, and says that nothing changes', async () => {
    const text = 'a = 1;\nb = $PendingTasks.GetSample(TimeInterval_Hour, 95);';
    const { output, exitCode } = await linarite({ f: text, s: CSV }, 'eval', 'f', '--samples', 's');
    expect(exitCode).toBe(1);
    expect(output).toContain(
      [
        'f:2:5: error: too few samples in the window',
        '  2 | b = $PendingTasks.GetSample(TimeInterval_Hour, 95);',
        '    |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected 95% of the samples of $PendingTasks, found 16.6667% (20 of 120)',
        'the targets stay as they are',
      ].join('\n'),
    );
    expect(output).toContain('$PendingTasks.GetSample  line 2  2026-11-20T11:00:00.000Z  2026-11-20T12:00:00.000Z  20 of 120 (17%)');
  });

  it('says infinities and NaN in words where JSON has none, and prints no table that is empty', async () => {
    const text = 'a = 1 / 0; b = 0 / 0; v = $PendingTasks.GetSample(2) / 0;';
    const { output } = await linarite({ f: text, s: CSV }, 'eval', 'f', '--samples', 's', '--format', 'json');
    expect(JSON.parse(output)).toMatchObject({ variables: { a: 'inf', b: 'nan', v: ['inf', 'inf'] } });
    const table = (await linarite({ f: '$TargetDedicatedNodes = 1;', s: CSV }, 'eval', 'f', '--samples', 's')).output;
    expect(table).not.toMatch(/variable|window/);
  });

  it('can ask for 70% of a window as the real service was seen to', async () => {
    const text = 'x = max(0, $PendingTasks.GetSample(TimeInterval_Hour));';
    expect((await linarite({ f: text, s: CSV }, 'eval', 'f', '--samples', 's')).exitCode).toBe(0);
    expect((await linarite({ f: text, s: CSV }, 'eval', 'f', '--samples', 's', '--sample-percent', '70')).exitCode).toBe(1);
  });

  it('refuses formulas that do not compile, and inputs it cannot read', async () => {
    expect(await linarite({ ...files, f: 'x = ' }, 'eval', 'f', '--samples', 's.csv')).toMatchObject({ exitCode: 1, output: expect.stringContaining('f:1:5: error') });
    expect(await linarite({ ...files, f: 'x = ' }, 'eval', 'f', '--samples', 's.csv', '--format', 'json')).toMatchObject({ exitCode: 1, output: expect.stringContaining('"UnexpectedText"') });
    expect(await linarite({ f: formula }, 'eval', 'f', '--samples', 's.csv')).toEqual({ output: 's.csv: no such file\n', exitCode: 2 });
    expect(await linarite({ f: formula, s: 'a,b' }, 'eval', 'f', '--samples', 's')).toMatchObject({ output: expect.stringMatching(/^s: line 1: expected a header/), exitCode: 2 });
    expect(await linarite({ f: formula, s: 'time,$PendingTasks' }, 'eval', 'f', '--samples', 's')).toEqual({ output: 's: no samples, so --at is needed\n', exitCode: 2 });
    expect(await linarite(files, 'eval', 'f', '--samples', 's.csv', '--at', 'noon')).toMatchObject({ exitCode: 2 });
    expect(await linarite({ '-': formula }, 'eval', '-', '--samples', '-')).toEqual({ output: 'standard input can be the formula or the samples, not both\n', exitCode: 2 });
    await expect(linarite(files, 'eval', 'f', '--samples', 's.csv', '--sample-percent', '101')).rejects.toThrow(/from 0 to 100/);
    await expect(linarite(files, 'eval', 'f')).rejects.toThrow(/--samples/);
    await expect(linarite(files, 'eval', 'f', '--samples', 's.csv', '--preempted', '-1')).rejects.toThrow(/whole number/);
  });
});
