/**
 * A pool, its load and a moment, for tests: `evaluated('...', { load: { $PendingTasks: 50 }, pool: {
 * targetDedicatedNodes: 10 } })`.
 */
import {
  appendSample,
  compile,
  describeProblem,
  emptyHistory,
  evaluate,
  printValue,
  SAMPLE_PERIOD_MS,
  type Evaluation,
  type PoolFacts,
  type Problem,
  type Program,
  type SampleHistory,
  type Settings,
} from '../../src/autoscale/index.ts';

/** A Friday. */
export const NOON = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;

export interface World {
  /** Metrics: one value throughout, or the last values, oldest first. */
  readonly load?: Readonly<Record<string, number | readonly number[]>>;
  /** How far back samples of a steady load go. */
  readonly loadMinutes?: number;
  /** The newest sample is this old. */
  readonly delayMs?: number;
  readonly samples?: SampleHistory;
  readonly now?: number;
  readonly pool?: Partial<PoolFacts>;
  readonly random?: () => number;
  readonly settings?: Settings;
}

export function pool(facts: Partial<PoolFacts> = {}): PoolFacts {
  const targetDedicatedNodes = facts.targetDedicatedNodes ?? 0;
  const targetLowPriorityNodes = facts.targetLowPriorityNodes ?? 0;
  return {
    targetDedicatedNodes,
    targetLowPriorityNodes,
    currentDedicatedNodes: targetDedicatedNodes,
    currentLowPriorityNodes: targetLowPriorityNodes,
    preemptedNodes: 0,
    usableNodes: targetDedicatedNodes + targetLowPriorityNodes,
    taskSlotsPerNode: 1,
    ...facts,
  };
}

/** Samples each 30 s up to `now - delayMs`. */
export function sampled(world: World): SampleHistory {
  const now = (world.now ?? NOON) - (world.delayMs ?? 0);
  const steady = ((world.loadMinutes ?? 60) * MINUTE_MS) / SAMPLE_PERIOD_MS;
  const columns = Object.entries(world.load ?? {}).map(([metric, load]) => [metric, typeof load === 'number' ? Array.from({ length: steady }, () => load) : load] as const);
  const longest = Math.max(0, ...columns.map(([, values]) => values.length));
  let samples = emptyHistory(Math.max(longest, 1));
  for (let back = longest - 1; back >= 0; back--) {
    const present = columns.flatMap(([metric, values]) => {
      const value = values[values.length - 1 - back];
      return value === undefined ? [] : [[metric, value] as const];
    });
    samples = appendSample(samples, now - back * SAMPLE_PERIOD_MS, Object.fromEntries(present));
  }
  return samples;
}

export function compiled(text: string): Program {
  const result = compile(text);
  if (!result.ok) throw new Error(`does not compile:\n${result.problems.map(describeProblem).join('\n')}\n${text}`);
  return result.program;
}

export function evaluated(text: string, world: World = {}): Evaluation {
  return evaluate(compiled(text), world.samples ?? sampled(world), world.now ?? NOON, world.random ?? (() => 0.25), pool(world.pool), world.settings);
}

/** `[dedicated, lowPriority]`. */
export function targets(text: string, world: World = {}): [number, number] {
  const result = evaluated(text, world);
  if (!result.ok) throw new Error(describeProblem(result.problem));
  return [result.targetDedicatedNodes, result.targetLowPriorityNodes];
}

/** What an expression comes to, as the results text prints it. */
export function valueOf(expression: string, world: World = {}): string {
  const result = evaluated(`result = ${expression};`, world);
  if (!result.ok) throw new Error(describeProblem(result.problem));
  return printed(result, 'result');
}

export function printed(result: Evaluation, name: string): string {
  const found = result.variables.find((variable) => variable.name === name);
  if (found === undefined) throw new Error(`no variable ${name}`);
  return printValue(found.value);
}

/** The problem an evaluation ends in. */
export function failure(text: string, world: World = {}): Problem {
  const result = evaluated(text, world);
  if (result.ok) throw new Error(`did not fail: ${result.results}`);
  return result.problem;
}

/** The problems a text has. */
export function problems(text: string): readonly Problem[] {
  const result = compile(text);
  return result.ok ? [] : result.problems;
}

/** Problems in short: `2:7 UnknownFunction`. */
export function problemsInShort(text: string): string[] {
  return problems(text).map(({ line, column, code }) => `${line}:${column} ${code}`);
}
