import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { counted } from '../../base/words.ts';
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
  type Value,
  type Warning,
  type WindowRead,
} from '../../autoscale/index.ts';
import { CommandError, EXIT } from '../errors.ts';

/** What the commands touch of the outside; a test gives its own. */
export interface Terminal {
  readonly readFile: (path: string) => string;
  readonly write: (text: string) => void;
  /** Called when the formula has errors or its evaluation failed. */
  readonly fail: () => void;
}

export const PROCESS: Terminal = {
  readFile: (path) => readFileSync(path === '-' ? 0 : path, 'utf8'),
  write: (text) => process.stdout.write(text),
  fail: () => {
    process.exitCode = EXIT.failure;
  },
};

type Format = 'table' | 'json';

export interface EvalOptions {
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
  readonly format: Format;
}

/** `linarite autoscale check FILE`. @throws CommandError if the file cannot be read */
export function check(file: string, options: { readonly format: Format }, terminal: Terminal): void {
  const text = readInput(file, terminal);
  const result = compile(text);
  const problems = result.ok ? [] : result.problems;
  const warnings = result.ok ? lint(result.program) : [];
  if (!result.ok) terminal.fail();
  if (options.format === 'json') {
    writeJson({ ok: result.ok, problems: problems.map(plainProblem), warnings: warnings.map(plainWarning) }, terminal);
    return;
  }
  for (const problem of problems) terminal.write(drawProblem(file, text, problem));
  for (const warning of warnings) terminal.write(drawWarning(file, text, warning));
  terminal.write(`${file}: ${counted(problems.length, 'error')}, ${counted(warnings.length, 'warning')}\n`);
}

/** `linarite autoscale eval FILE --samples FILE`. @throws CommandError if an input cannot be read */
export function evaluateFile(file: string, options: EvalOptions, terminal: Terminal): void {
  if (file === '-' && options.samples === '-') refuse('standard input can be the formula or the samples, not both');
  const text = readInput(file, terminal);
  const samples = readSamples(options.samples, terminal);
  const atMs = momentOf(options, samples);
  const result = compile(text);
  if (!result.ok) {
    terminal.fail();
    if (options.format === 'json') writeJson({ ok: false, problems: result.problems.map(plainProblem) }, terminal);
    else for (const problem of result.problems) terminal.write(drawProblem(file, text, problem));
    return;
  }
  const pool = poolOf(options);
  const settings = { samplePercentWhenOmitted: options.samplePercent };
  const outcome = evaluate(result.program, samples, atMs, seeded(options.seed), pool, settings);
  if (!outcome.ok) terminal.fail();
  if (options.format === 'json') writeJson(plainEvaluation(outcome, atMs), terminal);
  else terminal.write(evaluationTable(file, result.program, outcome, pool, atMs));
}

function momentOf(options: EvalOptions, samples: SampleHistory): number {
  if (options.at === undefined) return historyEndMs(samples) ?? refuse(`${options.samples}: no samples, so --at is needed`);
  return parseTime(options.at) ?? refuse(`--at: ${options.at} is not a time such as 2026-11-20T12:00:00Z`);
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
  const tables = [targets, ...(outcome.variables.length > 0 ? [variables] : []), ...(outcome.windows.length > 0 ? [windows] : [])];
  return `${head}${tables.join('\n')}\nresults ${outcome.results}\n`;
}

function windowCells({ method, span, window }: WindowRead, text: string): string[] {
  const line = text.slice(0, span.start).split(/\r\n|\n|\r/).length;
  const share = `${window.available} of ${window.possible} (${window.percent.toFixed(0)}%)`;
  return [`${window.metric}.${method}`, `line ${line}`, printTimestamp(window.fromMs), printTimestamp(window.toMs), share];
}

function plainEvaluation(outcome: Evaluation, atMs: number): Record<string, unknown> {
  const shared = {
    at: printTimestamp(atMs),
    variables: Object.fromEntries(outcome.variables.map(({ name, value }) => [name, plainValue(value)])),
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

/**
 * Numbers and vectors stay what they are; JSON has no infinities and no NaN, so these are words, as in the results
 * text.
 */
function plainValue(value: Value): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : printValue(value);
  return Array.isArray(value) ? value.map(plainValue) : printValue(value);
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

/** @throws CommandError if there is no such file */
export function readInput(path: string, terminal: Terminal): string {
  try {
    return terminal.readFile(path);
  } catch (error) {
    return refuse(`${path}: ${messageOf(error)}`);
  }
}

function readSamples(path: string, terminal: Terminal): SampleHistory {
  const text = readInput(path, terminal);
  try {
    return readSampleFile(text);
  } catch (error) {
    return refuse(`${path}: ${messageOf(error)}`);
  }
}

function refuse(message: string): never {
  throw new CommandError(EXIT.usage, message);
}

function writeJson(value: unknown, terminal: Terminal): void {
  terminal.write(`${JSON.stringify(value, undefined, 2)}\n`);
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
