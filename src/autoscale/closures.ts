import { civilTime, isTimestampMember } from './calendar.ts';
import { sampledVariable } from './check.ts';
import { callFunction, functionNamed, tooLong } from './functions.ts';
import { callMethod, latestSample, methodNamed, takes } from './methods.ts';
import { emptyHistory } from './history.ts';
import { LIMITS } from './limits.ts';
import { applyBinary, applyUnary } from './operators.ts';
import { Failure, quote, type Span } from './problems.ts';
import { spend, type Run } from './run.ts';
import type { BinaryOperator, Expression } from './syntax.ts';
import { describeType } from './types.ts';
import { asDouble, isDeallocationOption, isVector, optionValue, typeOf, type Value } from './values.ts';
import { DEFAULT_OPTION_VALUE, serviceVariable, TIME_INTERVALS, type ServiceVariable } from './variables.ts';

/** Tree to closures: each node becomes a function of the run. No text is turned into code. */
export type Code = (run: Run) => Value;

/** What a node becomes. `constant` is its value if no run can change it; then it was computed here, once. */
interface Translated {
  readonly code: Code;
  readonly constant?: Value;
}

/** Which slot a variable lives in; numbers are handed out in order of appearance. */
export interface Slots {
  slotOf(name: string): number;
}

/** @param expression one that the checker has no complaint about. */
export function translate(expression: Expression, slots: Slots): Code {
  return translated(expression, slots).code;
}

function translated(expression: Expression, slots: Slots): Translated {
  const { span } = expression;
  switch (expression.kind) {
    case 'number':
    case 'string':
      return constant(expression.value);
    case 'name':
      return nameCode(expression.name, span, slots);
    case 'call':
      return callCode(expression, slots);
    case 'method':
      return methodCode(expression, slots);
    case 'member':
      return memberCode(expression, slots);
    case 'unary': {
      const operand = translated(expression.operand, slots);
      const { operator } = expression;
      return folded([operand], (run) => bounded(applyUnary(operator, operand.code(run), span), run, span));
    }
    case 'binary':
      return binaryCode(expression, slots);
    case 'conditional': {
      const test = translated(expression.test, slots);
      const whenTrue = translated(expression.whenTrue, slots);
      const whenFalse = translated(expression.whenFalse, slots);
      const testSpan = expression.test.span;
      // Lazy: published formulas read samples in the branch that is not taken when there are none.
      return folded([test, whenTrue, whenFalse], (run) => (isTrue(test.code(run), testSpan) ? whenTrue.code(run) : whenFalse.code(run)));
    }
  }
}

function nameCode(name: string, span: Span, slots: Slots): Translated {
  const interval = TIME_INTERVALS.get(name);
  if (interval !== undefined) return constant(interval);
  const service = serviceVariable(name);
  if (service !== undefined) return { code: serviceCode(service, name, slots) };
  const slot = slots.slotOf(name);
  const word = isDeallocationOption(name) ? optionValue(name) : undefined;
  return {
    code: (run) => {
      const value = run.slots[slot] ?? word;
      if (value === undefined) throw new Failure('UndefinedVariable', span, 'a variable assigned above', quote(name));
      return value;
    },
  };
}

function serviceCode(service: ServiceVariable, name: string, slots: Slots): Code {
  switch (service.role) {
    case 'target': {
      const own = slots.slotOf(name);
      const others = [service.name, ...service.aliases].map((other) => slots.slotOf(other));
      const { target } = service;
      return (run) => run.slots[own] ?? assignedIn(run, others) ?? (target === 'dedicated' ? run.pool.targetDedicatedNodes : run.pool.targetLowPriorityNodes);
    }
    case 'option': {
      const slot = slots.slotOf(service.name);
      return (run) => run.slots[slot] ?? DEFAULT_OPTION_VALUE;
    }
    case 'pool': {
      const { fact } = service;
      return (run) => run.pool[fact];
    }
    case 'metric': {
      const metric = service.name;
      return (run) => latestSample(metric, run);
    }
  }
}

/** The first of these slots that is assigned: the full name before its older ones. */
function assignedIn(run: Run, slots: readonly number[]): Value | undefined {
  for (const slot of slots) if (run.slots[slot] !== undefined) return run.slots[slot];
  return undefined;
}

function callCode(expression: Expression & { kind: 'call' }, slots: Slots): Translated {
  const row = known(functionNamed(expression.callee));
  const parts = expression.args.map((arg) => translated(arg, slots));
  const codes = parts.map((part) => part.code);
  const { span } = expression;
  // time() and rand() differ from run to run and stop() acts on it; the rest depends on its arguments alone.
  const isPure = row.shape !== 'fixed' || (row.name === 'time' && parts.length === 1 && parts[0]?.constant !== '');
  const code: Code = (run) => {
    const args = valuesOf(codes, run);
    spend(run, sizeOf(args), span);
    return callFunction(row, args, run, span);
  };
  return isPure ? folded(parts, code) : { code };
}

function methodCode(expression: Expression & { kind: 'method' }, slots: Slots): Translated {
  const row = known(methodNamed(expression.method));
  const metric = known(sampledVariable(expression.object)).name;
  const parts = expression.args.map((arg) => translated(arg, slots));
  const { span } = expression;
  const constants = constantsOf(parts);
  if (constants !== undefined && takes(row, constants, typeOf)) return { code: (run) => row.call(metric, constants, run, span) };
  const codes = parts.map((part) => part.code);
  return { code: (run) => callMethod(row, metric, valuesOf(codes, run), run, span) };
}

function memberCode(expression: Expression & { kind: 'member' }, slots: Slots): Translated {
  const object = translated(expression.object, slots);
  const { member } = expression;
  const { span } = expression.object;
  if (!isTimestampMember(member)) throw new TypeError(`unchecked member ${member}`);
  return folded([object], (run) => {
    const value = object.code(run);
    if (typeof value === 'object' && !isVector(value) && value.type === 'timestamp') return civilTime(value.ms)[member];
    throw new Failure('WrongType', span, 'a timestamp before the dot', describeType(typeOf(value)));
  });
}

function binaryCode(expression: Expression & { kind: 'binary' }, slots: Slots): Translated {
  const left = translated(expression.left, slots);
  const right = translated(expression.right, slots);
  const { operator, operatorSpan: span } = expression;
  return folded([left, right], operator === '&&' || operator === '||' ? lazyLogic(operator, left.code, right.code, span) : strict(operator, left.code, right.code, span));
}

function lazyLogic(operator: '&&' | '||', left: Code, right: Code, span: Span): Code {
  const decisive = operator === '||';
  return (run) => Number(isTrue(left(run), span) === decisive ? decisive : isTrue(right(run), span));
}

/** Two numbers, by far the most frequent case, take the short way; all else goes by the operator table. */
function strict(operator: BinaryOperator, left: Code, right: Code, span: Span): Code {
  const numbers = NUMBER_OPERATORS[operator];
  return (run) => {
    const a = left(run);
    const b = right(run);
    return typeof a === 'number' && typeof b === 'number' ? numbers(a, b) : bounded(applyBinary(operator, a, b, span), run, span);
  };
}

const NUMBER_OPERATORS: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
  '&&': (a, b) => Number(a !== 0 && b !== 0),
  '||': (a, b) => Number(a !== 0 || b !== 0),
};

/** Any number but 0 is true, NaN included. */
function isTrue(value: Value, span: Span): boolean {
  return (typeof value === 'number' ? value : asDouble(value, span)) !== 0;
}

function bounded(value: Value, run: Run, span: Span): Value {
  if (isVector(value)) {
    if (value.length > run.limits.vectorLength) throw tooLong(run, span);
    spend(run, value.length, span);
  }
  return value;
}

function valuesOf(codes: readonly Code[], run: Run): Value[] {
  return codes.map((code) => code(run));
}

function sizeOf(values: readonly Value[]): number {
  let size = 0;
  for (const value of values) size += isVector(value) ? value.length : 1;
  return size;
}

/** The values of parts that no run can change; undefined if there is any other among them. */
function constantsOf(parts: readonly Translated[]): readonly Value[] | undefined {
  const values = parts.map((part) => part.constant);
  return values.every((value) => value !== undefined) ? values : undefined;
}

function constant(value: Value): Translated {
  return { code: () => value, constant: value };
}

/** Computes at once what depends on constants alone. A failure is left for the run to meet, at its place. */
function folded(parts: readonly Translated[], code: Code): Translated {
  if (constantsOf(parts) === undefined) return { code };
  try {
    return constant(code(runOfConstants()));
  } catch (error) {
    if (error instanceof Failure) return { code };
    throw error;
  }
}

/** Constants read nothing of a run but its limits. */
function runOfConstants(): Run {
  return {
    samples: emptyHistory(),
    nowMs: Number.NaN,
    random: () => Number.NaN,
    pool: NO_POOL,
    limits: LIMITS,
    samplePercentWhenOmitted: 0,
    slots: [],
    windows: [],
    steps: 0,
    finished: 0,
  };
}

const NO_POOL = {
  targetDedicatedNodes: 0,
  targetLowPriorityNodes: 0,
  currentDedicatedNodes: 0,
  currentLowPriorityNodes: 0,
  preemptedNodes: 0,
  usableNodes: 0,
  taskSlotsPerNode: 1,
};

function known<T>(row: T | undefined): T {
  if (row === undefined) throw new TypeError('the checker let an unknown name through');
  return row;
}
