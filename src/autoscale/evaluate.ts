import { printInterval, printTimestamp } from './calendar.ts';
import type { SampleHistory } from './history.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Failure, locate, type Problem, type Span } from './problems.ts';
import type { Program } from './program.ts';
import { spend, STOP, type PoolFacts, type Run, type WindowRead } from './run.ts';
import { describeType } from './types.ts';
import { asDouble, isVector, printDouble, typeOf, type DeallocationOption, type Value } from './values.ts';
import { DEFAULT_OPTION } from './variables.ts';

export interface Settings {
  readonly limits?: Limits;
  /**
   * What `GetSample` over a window asks for when the formula names no percentage. 0, as the article has it; a run of
   * the real service was seen to ask for 70 (batch-shipyard issue 138; docs/autoscale.md, decisions).
   */
  readonly samplePercentWhenOmitted?: number;
}

interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** The outcome of one evaluation. On failure nothing about the pool may change. */
export type Evaluation = Success | Failed;

interface Success extends Trace {
  readonly ok: true;
  readonly targetDedicatedNodes: number;
  readonly targetLowPriorityNodes: number;
  readonly nodeDeallocationOption: DeallocationOption;
}

interface Failed extends Trace {
  readonly ok: false;
  readonly problem: Problem;
}

interface Trace {
  /** The user's variables that were assigned, in the order of the results text. */
  readonly variables: readonly NamedValue[];
  /** The windows of samples that were read, in order. */
  readonly windows: readonly WindowRead[];
  /** `autoScaleRun.results` as the service prints it; after a failure the current targets. */
  readonly results: string;
}

/**
 * Runs a program once.
 *
 * @param nowMs the moment of evaluation, milliseconds since 1970-01-01T00:00:00Z; later samples are not seen
 * @param random gives numbers from 0 up to 1
 * @returns targets (integers, cut and not below 0), option, variables and results text, or the problem with its place
 */
export function evaluate(
  program: Program,
  samples: SampleHistory,
  nowMs: number,
  random: () => number,
  pool: PoolFacts,
  settings: Settings = {},
): Evaluation {
  const run: Run = {
    samples,
    nowMs,
    random,
    pool,
    limits: settings.limits ?? LIMITS,
    samplePercentWhenOmitted: settings.samplePercentWhenOmitted ?? 0,
    slots: program.emptySlots.slice(),
    windows: [],
    steps: 0,
    finished: 0,
  };
  try {
    runSteps(program, run);
    return success(program, run);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const problem = locate(program.text, error.finding);
    return { ok: false, problem, variables: assignedVariables(program, run), windows: run.windows, results: currentTargets(pool) };
  }
}

/** The results text of a run that failed: the pool as it is (SDK live tests, `$something_useless`). */
export function currentTargets(pool: PoolFacts): string {
  return serviceResults(pool.targetDedicatedNodes, pool.targetLowPriorityNodes, DEFAULT_OPTION);
}

/** A value as it stands in the results text. */
export function printValue(value: Value): string {
  if (typeof value === 'number') return printDouble(value);
  if (typeof value === 'string') return `"${value}"`;
  if (isVector(value)) return `[${value.map(printDouble).join(',')}]`;
  switch (value.type) {
    case 'timestamp':
      return printTimestamp(value.ms);
    case 'timeinterval':
      return printInterval(value.ms);
    case 'option':
      return value.option;
  }
}

function runSteps(program: Program, run: Run): void {
  try {
    for (const step of program.steps) {
      spend(run, step.cost, step.span);
      const value = step.code(run);
      if (step.slot !== undefined) run.slots[step.slot] = value;
      run.finished++;
    }
  } catch (thrown) {
    if (thrown !== STOP) throw thrown;
  }
}

function success(program: Program, run: Run): Success {
  const { pool } = run;
  const targetDedicatedNodes = targetOf(program, run, program.dedicatedSlots) ?? pool.targetDedicatedNodes;
  const targetLowPriorityNodes = targetOf(program, run, program.lowPrioritySlots) ?? pool.targetLowPriorityNodes;
  const nodeDeallocationOption = optionOf(program, run);
  const variables = assignedVariables(program, run);
  const results = serviceResults(targetDedicatedNodes, targetLowPriorityNodes, nodeDeallocationOption) + variableResults(program, run);
  return { ok: true, targetDedicatedNodes, targetLowPriorityNodes, nodeDeallocationOption, variables, windows: run.windows, results };
}

const STEPS_PER_PRINTED_ELEMENT = 10;

/**
 * The user's variables as the results text has them. A variable costs nothing to copy, so what is printed is counted,
 * too.
 */
function variableResults(program: Program, run: Run): string {
  let text = '';
  for (const { label, slot } of program.variables) {
    const value = run.slots[slot];
    if (value === undefined) continue;
    if (isVector(value)) spend(run, value.length * STEPS_PER_PRINTED_ELEMENT, placeOfAssignment(program, run, slot));
    text += label + printValue(value);
  }
  return text;
}

/** The target that was assigned last under the name that wins, as a number of nodes; undefined if none was. */
function targetOf(program: Program, run: Run, slots: readonly number[]): number | undefined {
  const slot = slots.find((candidate) => run.slots[candidate] !== undefined);
  const value = slot === undefined ? undefined : run.slots[slot];
  if (slot === undefined || value === undefined) return undefined;
  if (typeof value === 'number' && Math.abs(value) <= MAX_NODES) return Math.max(0, Math.trunc(value));
  const span = placeOfAssignment(program, run, slot);
  const nodes = asDouble(value, span);
  if (!(Math.abs(nodes) <= MAX_NODES)) throw new Failure('OutOfRange', span, 'a number of nodes', printDouble(nodes));
  return Math.max(0, Math.trunc(nodes));
}

/** Targets are int32 on the wire. */
const MAX_NODES = 2_147_483_647;

function optionOf(program: Program, run: Run): DeallocationOption {
  const value = run.slots[program.optionSlot];
  if (value === undefined) return DEFAULT_OPTION;
  if (typeof value === 'object' && !isVector(value) && value.type === 'option') return value.option;
  const span = placeOfAssignment(program, run, program.optionSlot);
  throw new Failure('WrongType', span, 'requeue, terminate, taskcompletion or retaineddata', describeType(typeOf(value)));
}

function placeOfAssignment(program: Program, run: Run, slot: number): Span {
  return program.steps.slice(0, run.finished).findLast((step) => step.slot === slot)?.valueSpan ?? { start: 0, end: 0 };
}

function assignedVariables(program: Program, run: Run): NamedValue[] {
  const variables: NamedValue[] = [];
  for (const { name, slot } of program.variables) {
    const value = run.slots[slot];
    if (value !== undefined) variables.push({ name, value });
  }
  return variables;
}

function serviceResults(dedicated: number, lowPriority: number, option: DeallocationOption): string {
  return `$TargetDedicatedNodes=${dedicated};$TargetLowPriorityNodes=${lowPriority};$NodeDeallocationOption=${option}`;
}
