import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  compile,
  drawProblem,
  drawWarning,
  evaluate,
  historyEndMs,
  lint,
  parseTime,
  printTimestamp,
  printValue,
  readSampleFile,
  type Evaluation,
  type PoolFacts,
  type Problem,
  type Program,
  type SampleHistory,
  type Warning,
  type WindowRead,
} from '../autoscale/index.ts';

/** What the commands touch of the outside; a test gives its own. */
export interface Terminal {
  readonly readFile: (path: string) => string;
  readonly write: (text: string) => void;
  /** 1: the formula has errors or its evaluation failed. 2: an input could not be read. */
  readonly setExitCode: (code: 1 | 2) => void;
}

const PROCESS: Terminal = {
  readFile: (path) => readFileSync(path === '-' ? 0 : path, 'utf8'),
  write: (text) => process.stdout.write(text),
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

/** Adds `autoscale check FILE` and `autoscale eval FILE --samples FILE` to the program. */
export function addAutoscaleCommands(program: Command, terminal: Terminal = PROCESS): void {
  const autoscale = program.command('autoscale').description('check and try out autoscale formulas, without a pool');
  const format = (): Option => new Option('--format <form>', 'how to print').choices(['table', 'json']).default('table');
  autoscale
    .command('check')
    .description('find errors and probable mistakes in a formula')
    .argument('<file>', "the formula, '-' for standard input")
    .addOption(format())
    .action((file: string, options: { format: string }) => check(file, options.format === 'json', terminal));
  autoscale
    .command('eval')
    .description('evaluate a formula over samples')
    .argument('<file>', "the formula, '-' for standard input")
    .requiredOption('--samples <file>', 'CSV (time,$ActiveTasks,...) or JSON')
    .option('--at <time>', 'the moment of evaluation (default: that of the newest sample)')
    .option('--target-dedicated <n>', 'current target of dedicated nodes', wholeNumber, 0)
    .option('--target-low-priority <n>', 'current target of low-priority nodes', wholeNumber, 0)
    .option('--current-dedicated <n>', 'dedicated nodes there are (default: the target)', wholeNumber)
    .option('--current-low-priority <n>', 'low-priority nodes there are (default: the target)', wholeNumber)
    .option('--preempted <n>', 'nodes preempted', wholeNumber, 0)
    .option('--usable <n>', 'nodes that can run tasks (default: all that are not preempted)', wholeNumber)
    .option('--task-slots <n>', 'task slots of one node', wholeNumber, 1)
    .option('--sample-percent <n>', 'percentage that GetSample asks for where the formula names none', wholeNumber, 0)
    .option('--seed <n>', 'seed of rand()', wholeNumber, 1)
    .addOption(format())
    .action((file: string, options: EvalOptions) => evaluateFile(file, options, terminal));
}

interface EvalOptions {
  readonly samples: string;
  readonly at?: string;
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
  readonly currentDedicated?: number;
  readonly currentLowPriority?: number;
  readonly preempted: number;
  readonly usable?: number;
  readonly taskSlots: number;
  readonly samplePercent: number;
  readonly seed: number;
  readonly format: string;
}

function check(file: string, asJson: boolean, terminal: Terminal): void {
  const text = readInput(file, terminal);
  if (text === undefined) return;
  const result = compile(text);
  const problems = result.ok ? [] : result.problems;
  const warnings = result.ok ? lint(result.program) : [];
  if (problems.length > 0) terminal.setExitCode(1);
  if (asJson) {
    terminal.write(`${JSON.stringify({ ok: result.ok, problems: problems.map(plainProblem), warnings: warnings.map(plainWarning) }, undefined, 2)}\n`);
    return;
  }
  for (const problem of problems) terminal.write(drawProblem(file, text, problem));
  for (const warning of warnings) terminal.write(drawWarning(file, text, warning));
  terminal.write(`${file}: ${counted(problems.length, 'error')}, ${counted(warnings.length, 'warning')}\n`);
}

function evaluateFile(file: string, options: EvalOptions, terminal: Terminal): void {
  const text = readInput(file, terminal);
  const samples = readSamples(options.samples, terminal);
  if (text === undefined || samples === undefined) return;
  const atMs = options.at === undefined ? historyEndMs(samples) : parseTime(options.at);
  if (atMs === undefined) {
    refuse(options.at === undefined ? `${options.samples}: no samples, so --at is needed` : `--at: ${options.at} is not a time such as 2026-11-20T12:00:00Z`, terminal);
    return;
  }
  const result = compile(text);
  if (!result.ok) {
    terminal.setExitCode(1);
    terminal.write(options.format === 'json' ? `${JSON.stringify({ ok: false, problems: result.problems.map(plainProblem) }, undefined, 2)}\n` : result.problems.map((problem) => drawProblem(file, text, problem)).join(''));
    return;
  }
  const pool = poolOf(options);
  const outcome = evaluate(result.program, samples, atMs, seeded(options.seed), pool, { samplePercentWhenOmitted: options.samplePercent });
  if (!outcome.ok) terminal.setExitCode(1);
  terminal.write(options.format === 'json' ? `${JSON.stringify(plainEvaluation(outcome, atMs), undefined, 2)}\n` : evaluationTable(file, result.program, outcome, pool, atMs));
}

function evaluationTable(file: string, program: Program, outcome: Evaluation, pool: PoolFacts, atMs: number): string {
  const head = `evaluated at ${printTimestamp(atMs)}\n\n`;
  const targets = outcome.ok
    ? table([
        ['target', 'now', 'new'],
        ['dedicated nodes', String(pool.targetDedicatedNodes), String(outcome.targetDedicatedNodes)],
        ['low-priority nodes', String(pool.targetLowPriorityNodes), String(outcome.targetLowPriorityNodes)],
        ['node deallocation option', '', outcome.nodeDeallocationOption],
      ])
    : `${drawProblem(file, program.text, outcome.problem)}the targets stay as they are\n`;
  const variables = table([['variable', 'value'], ...outcome.variables.map(({ name, value }) => [name, printValue(value)])]);
  const windows = table([['window', 'place', 'from', 'to', 'samples'], ...outcome.windows.map((read) => windowCells(read, program.text))]);
  return `${head}${targets}\n${variables}\n${windows}\nresults ${outcome.results}\n`;
}

function windowCells({ method, span, window }: WindowRead, text: string): string[] {
  const line = text.slice(0, span.start).split(/\r\n|\n|\r/).length;
  const share = `${window.available} of ${window.possible} (${window.percent.toFixed(0)}%)`;
  return [`${window.metric}.${method}`, `line ${line}`, printTimestamp(window.fromMs), printTimestamp(window.toMs), share];
}

function plainEvaluation(outcome: Evaluation, atMs: number): Record<string, unknown> {
  const shared = {
    at: printTimestamp(atMs),
    variables: Object.fromEntries(outcome.variables.map(({ name, value }) => [name, typeof value === 'number' || Array.isArray(value) ? value : printValue(value)])),
    windows: outcome.windows.map(({ method, span, window }) => ({
      metric: window.metric,
      method,
      offset: span.start,
      from: printTimestamp(window.fromMs),
      to: printTimestamp(window.toMs),
      available: window.available,
      possible: window.possible,
      percent: window.percent,
    })),
    results: outcome.results,
  };
  if (!outcome.ok) return { ok: false, problems: [plainProblem(outcome.problem)], ...shared };
  const { targetDedicatedNodes, targetLowPriorityNodes, nodeDeallocationOption } = outcome;
  return { ok: true, targetDedicatedNodes, targetLowPriorityNodes, nodeDeallocationOption, ...shared };
}

function plainProblem({ code, line, column, found, expected }: Problem): Record<string, unknown> {
  return { code, line, column, found, expected };
}

function plainWarning({ rule, line, column, message, reason }: Warning): Record<string, unknown> {
  return { rule, line, column, message, reason };
}

function poolOf(options: EvalOptions): PoolFacts {
  const currentDedicatedNodes = options.currentDedicated ?? options.targetDedicated;
  const currentLowPriorityNodes = options.currentLowPriority ?? options.targetLowPriority;
  return {
    targetDedicatedNodes: options.targetDedicated,
    targetLowPriorityNodes: options.targetLowPriority,
    currentDedicatedNodes,
    currentLowPriorityNodes,
    preemptedNodes: options.preempted,
    usableNodes: options.usable ?? Math.max(0, currentDedicatedNodes + currentLowPriorityNodes - options.preempted),
    taskSlotsPerNode: options.taskSlots,
  };
}

function readInput(path: string, terminal: Terminal): string | undefined {
  try {
    return terminal.readFile(path);
  } catch (error) {
    return refuse(`${path}: ${reasonOf(error)}`, terminal);
  }
}

function readSamples(path: string, terminal: Terminal): SampleHistory | undefined {
  const text = readInput(path, terminal);
  if (text === undefined) return undefined;
  try {
    return readSampleFile(text);
  } catch (error) {
    return refuse(`${path}: ${reasonOf(error)}`, terminal);
  }
}

function refuse(message: string, terminal: Terminal): undefined {
  terminal.setExitCode(2);
  terminal.write(`${message}\n`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || text.trim() === '') throw new InvalidArgumentError('expected a whole number, 0 or more');
  return value;
}

/** Mulberry32: small, seeded, good enough for `rand()`. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()}\n`).join('');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
