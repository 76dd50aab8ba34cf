import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { compile, drawProblem, drawWarning, evaluate, LIMITS, lint, parseTime } from '../../src/autoscale/index.ts';
import { FUNCTIONS, signatureOf } from '../../src/autoscale/functions.ts';
import { RULES } from '../../src/autoscale/lint/rules.ts';
import { METHODS } from '../../src/autoscale/methods.ts';
import { BINARY_OPERATORS } from '../../src/autoscale/operators.ts';
import { TIME_INTERVALS, SERVICE_VARIABLES } from '../../src/autoscale/variables.ts';
import { addAutoscaleCommands } from '../../src/cli/autoscale.ts';
import { NOON, pool, sampled, type World } from './world.ts';

const PAGE = readFileSync(new URL('../../docs/autoscale.md', import.meta.url), 'utf8');

interface Block {
  readonly kind: string;
  readonly text: string;
  readonly line: number;
}

const BLOCKS: readonly Block[] = [...PAGE.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(({ 1: kind = '', 2: text = '', index }) => ({
  kind,
  text: text.trimEnd(),
  line: PAGE.slice(0, index).split('\n').length,
}));

/**
 * Each formula with the block before it, if that says what is given, and the one after it, which says what it gives.
 */
const EXAMPLES = BLOCKS.flatMap((block, index) => {
  const before = BLOCKS[index - 1];
  return block.kind === 'autoscale' ? [{ line: block.line, formula: block.text, given: before?.kind === 'given' ? before.text : '', expected: BLOCKS[index + 1] }] : [];
});

/**
 * `now = ...`, `targetDedicatedNodes = 10`, `$PendingTasks = 8` (an hour of it) or `$PendingTasks = 1, 2, 3` (the last
 * samples).
 */
function worldOf(given: string): World {
  const settings = given.split('\n').filter((line) => line !== '').map((line) => line.split(' = '));
  const load: Record<string, number | number[]> = {};
  const facts: Record<string, number> = {};
  let now = NOON;
  for (const [name = '', value = ''] of settings) {
    if (name === 'now') now = parseTime(value) ?? Number.NaN;
    else if (name.startsWith('$')) load[name] = value.includes(',') ? value.split(',').map(Number) : Number(value);
    else facts[name] = Number(value);
  }
  const known = Object.keys(pool());
  expect(Object.keys(facts).filter((name) => !known.includes(name))).toEqual([]);
  return { load, now, pool: facts };
}

function outcomeOf(formula: string, kind: string, world: World): string {
  const result = compile(formula);
  if (!result.ok) return result.problems.map((problem) => drawProblem('formula', formula, problem)).join('');
  if (kind === 'warnings') return lint(result.program).map((warning) => drawWarning('formula', formula, warning)).join('');
  const outcome = evaluate(result.program, sampled(world), world.now ?? NOON, () => 0.5, pool(world.pool));
  return outcome.ok ? outcome.results : drawProblem('formula', formula, outcome.problem);
}

describe('docs/autoscale.md', () => {
  it.each(EXAMPLES)('line $line: the example gives what the page says', ({ formula, given, expected }) => {
    expect(['results', 'problems', 'warnings']).toContain(expected?.kind);
    expect(outcomeOf(formula, expected?.kind ?? '', worldOf(given)).trimEnd()).toBe(expected?.text);
  });

  it('has a good many examples, and no block that is none', () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(19);
    expect(BLOCKS.filter(({ kind }) => !['autoscale', 'given', 'results', 'problems', 'warnings', 'csv', 'console'].includes(kind))).toEqual([]);
  });

  it.each(BLOCKS.filter(({ kind }) => kind === 'console'))('line $line: the commands print what the page says', async ({ text, line }) => {
    const last = (kind: string): string => BLOCKS.filter((block) => block.kind === kind && block.line < line).at(-1)?.text ?? '';
    const files: Readonly<Record<string, string>> = { 'formula.txt': last('autoscale'), 'samples.csv': last('csv') };
    let output = '';
    for (const command of text.matchAll(/^\$ linarite (.*)$/gm)) {
      output += `${command[0]}\n`;
      const program = new Command();
      addAutoscaleCommands(program, {
        readFile: (path) => files[path] ?? '',
        write: (printed) => {
          output += printed;
        },
        fail: () => undefined,
      });
      await program.parseAsync((command[1] ?? '').split(' '), { from: 'user' });
    }
    expect(output.trimEnd()).toBe(text);
  });

  it('lists the variables, functions, methods, constants, operators, rules and limits there are', () => {
    const rows = [
      ...SERVICE_VARIABLES.map((row) => `| \`${row.name}\` | ${row.aliases.map((alias) => `\`${alias}\``).join(', ')} | ${{ target: 'read and write', option: 'read and write', pool: 'number', metric: 'metric' }[row.role]} | ${row.meaning} | ${row.source} |`),
      ...FUNCTIONS.map((row) => `| \`${signatureOf(row)}\` | ${row.meaning} | ${row.source} |`),
      ...METHODS.map((row) => `| \`${row.name}\` | ${row.meaning} |`),
      ...RULES.map((rule) => `| \`${rule.name}\` | ${rule.meaning} |`),
      ...new Set(BINARY_OPERATORS.filter(({ operator }) => '+-*/'.includes(operator)).map((row) => `| ${row.left} | \`${row.operator}\` | ${row.right} | ${row.result} |`)),
      ...[...TIME_INTERVALS.keys()].map((name) => `\`${name}\``),
      `| length of the text | ${LIMITS.characters} characters |`,
      `| statements | ${LIMITS.statements} |`,
      `| levels of an expression | ${LIMITS.depth} |`,
      `| elements of a vector | ${LIMITS.vectorLength} |`,
      `| steps of an evaluation | ${LIMITS.steps} |`,
    ];
    expect(rows.filter((row) => !PAGE.includes(row))).toEqual([]);
  });
});
