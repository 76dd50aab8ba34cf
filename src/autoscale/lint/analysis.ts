import { functionNamed } from '../functions.ts';
import { methodNamed } from '../methods.ts';
import type { Expression, Statement } from '../syntax.ts';
import { isNumeric, type Type } from '../types.ts';
import { isDeallocationOption } from '../values.ts';
import { serviceVariable, TIME_INTERVALS, type ServiceVariable, type Target } from '../variables.ts';
import { binaryFact, callFact, memberRange, methodFact } from './transfer.ts';
import { constantFact, either, fact, UNKNOWN, withSamples, type Fact } from './facts.ts';
import { ANY, isAlwaysFalse, isAlwaysTrue, NOT_NEGATIVE, truth } from './ranges.ts';
import { refine, type Known } from './refine.ts';

/**
 * Runs a formula on what is known instead of on values (abstract interpretation). Statements run in order and nothing
 * loops, so one pass is exact but for ternaries, after which both outcomes are joined. The lint rules read the result.
 */
export interface Analysis {
  readonly facts: ReadonlyMap<Expression, Fact>;
  /** What each target is at the end, and the statement that says so. */
  readonly targets: ReadonlyMap<Target, TargetFact>;
  /** Places that need a number, with the reads because of which there may be none. */
  readonly needs: readonly Need[];
  /** Places that need a number and have a vector of samples. */
  readonly vectors: readonly Expression[];
  /** Reads in a branch that is taken only if there are samples. */
  readonly guarded: ReadonlySet<Expression>;
  /** User variables that hold one known number, by name. */
  readonly constants: ReadonlyMap<string, number>;
  /** The first statement behind a `stop()` that always runs. */
  readonly afterStop: Statement | undefined;
}

interface TargetFact {
  readonly fact: Fact;
  readonly statement: Statement & { kind: 'assignment' };
}

interface Need {
  readonly place: Expression;
  readonly reads: readonly Expression[];
}

interface Walk {
  readonly types: ReadonlyMap<Expression, Type>;
  readonly facts: Map<Expression, Fact>;
  readonly needs: Need[];
  readonly vectors: Expression[];
  readonly guarded: Set<Expression>;
}

/** @param types as the checker found them */
export function analyze(statements: readonly Statement[], types: ReadonlyMap<Expression, Type>): Analysis {
  const walk: Walk = { types, facts: new Map(), needs: [], vectors: [], guarded: new Set() };
  const targets = new Map<Target, TargetFact>();
  const constants = new Map<string, number>();
  let known: Known = new Map();
  for (const [index, statement] of statements.entries()) {
    const value = factOf(statement.value, known, false, walk);
    if (isStop(statement.value)) return { ...walk, targets, constants, afterStop: statements[index + 1] };
    if (statement.kind === 'expression') continue;
    const service = serviceVariable(statement.name);
    if (service?.role === 'target') {
      need(statement.value, value, false, walk);
      targets.set(service.target, { fact: value, statement });
    }
    known = new Map([...known, ...[...namesOf(statement.name, service)].map((name) => [name, value] as const)]);
    if (value.low === value.high) constants.set(statement.name, value.low);
    else constants.delete(statement.name);
  }
  return { ...walk, targets, constants, afterStop: undefined };
}

function factOf(expression: Expression, known: Known, guarded: boolean, walk: Walk): Fact {
  const result = factOfNode(expression, known, guarded, walk);
  walk.facts.set(expression, result);
  return result;
}

function factOfNode(expression: Expression, known: Known, guarded: boolean, walk: Walk): Fact {
  const inner = (part: Expression): Fact => factOf(part, known, guarded, walk);
  switch (expression.kind) {
    case 'number':
      return constantFact(expression.value);
    case 'string':
      return UNKNOWN;
    case 'name': {
      const value = known.get(expression.name);
      if (value === undefined) return nameFact(expression, guarded, walk);
      return guarded ? withSamples(value) : value; // it was computed before the guard, but there were samples then, too
    }
    case 'call':
      return callFact(functionNamed(expression.callee), expression.args.map(inner));
    case 'method': {
      if (guarded) walk.guarded.add(expression);
      const args = expression.args.map(inner);
      const first = expression.args[0];
      const windows = first !== undefined && !isNumeric(walk.types.get(first) ?? 'unknown');
      return methodFact(methodNamed(expression.method), expression, args, windows, guarded);
    }
    case 'member':
      inner(expression.object);
      return fact(memberRange(expression.member));
    case 'unary':
      return unaryFact(expression, inner(expression.operand), guarded, walk);
    case 'binary': {
      const { operator, left, right } = expression;
      if (operator === '&&' || operator === '||') return logicFact(expression, known, guarded, walk);
      return binaryWithNeeds(expression, inner(left), inner(right), guarded, walk);
    }
    case 'conditional':
      return conditionalFact(expression, known, guarded, walk);
  }
}

function nameFact(expression: Expression & { kind: 'name' }, guarded: boolean, walk: Walk): Fact {
  if (TIME_INTERVALS.has(expression.name) || isDeallocationOption(expression.name)) return UNKNOWN;
  const service = serviceVariable(expression.name);
  switch (service?.role) {
    case undefined:
    case 'option':
      return UNKNOWN;
    case 'target':
      return fact(NOT_NEGATIVE, { atLeast: new Set([service.target]) });
    case 'pool':
      return fact(NOT_NEGATIVE, { atLeast: currentOf(service) });
    case 'metric':
      if (guarded) walk.guarded.add(expression);
      return fact(service.isOwn ? ANY : NOT_NEGATIVE, { emptyBecause: guarded ? [] : [expression], scale: service.scale });
  }
}

/** A steady pool has the nodes it was told to have. */
function currentOf(service: ServiceVariable & { role: 'pool' }): ReadonlySet<Target> {
  if (service.fact === 'currentDedicatedNodes') return new Set(['dedicated']);
  return new Set(service.fact === 'currentLowPriorityNodes' ? ['lowPriority'] : []);
}

function unaryFact(expression: Expression & { kind: 'unary' }, operand: Fact, guarded: boolean, walk: Walk): Fact {
  if (expression.operator === '-') return fact({ low: -operand.high, high: -operand.low }, { emptyBecause: operand.emptyBecause, manySamples: operand.manySamples });
  need(expression.operand, operand, guarded, walk);
  const flipped = operand.samplesWhen === 'true' ? 'false' : operand.samplesWhen === 'false' ? 'true' : undefined;
  return fact(truth(isAlwaysFalse(operand), isAlwaysTrue(operand)), { samplesWhen: flipped });
}

function binaryWithNeeds(expression: Expression & { kind: 'binary' }, left: Fact, right: Fact, guarded: boolean, walk: Walk): Fact {
  const isArithmetic = '+-*/'.includes(expression.operator);
  const isOfNumbers = [expression.left, expression.right].every((part) => isNumeric(walk.types.get(part) ?? 'unknown'));
  if (!isArithmetic || !isOfNumbers) {
    need(expression.left, left, guarded, walk);
    need(expression.right, right, guarded, walk);
  }
  // Times and strings have no range here.
  return isOfNumbers ? binaryFact(expression.operator, left, right) : isArithmetic ? UNKNOWN : fact({ low: 0, high: 1 });
}

/** The right side runs only if the left one was true (of `&&`) or false (of `||`), and may rely on that. */
function logicFact(expression: Expression & { kind: 'binary' }, known: Known, guarded: boolean, walk: Walk): Fact {
  const { operator, left, right } = expression;
  const outcome = operator === '&&';
  const before = factOf(left, known, guarded, walk);
  const guards = guarded || before.samplesWhen === String(outcome);
  const after = factOf(right, refine(known, left, outcome, walk.facts), guards, walk);
  need(left, before, guarded, walk);
  need(right, after, guards, walk);
  return binaryFact(operator, before, after);
}

function conditionalFact(expression: Expression & { kind: 'conditional' }, known: Known, guarded: boolean, walk: Walk): Fact {
  const test = factOf(expression.test, known, guarded, walk);
  need(expression.test, test, guarded, walk);
  const whenTrue = factOf(expression.whenTrue, refine(known, expression.test, true, walk.facts), guarded || test.samplesWhen === 'true', walk);
  const whenFalse = factOf(expression.whenFalse, refine(known, expression.test, false, walk.facts), guarded || test.samplesWhen === 'false', walk);
  if (isAlwaysTrue(test) || isStop(expression.whenFalse)) return whenTrue;
  return isAlwaysFalse(test) || isStop(expression.whenTrue) ? whenFalse : either(whenTrue, whenFalse);
}

function need(place: Expression, value: Fact, guarded: boolean, walk: Walk): void {
  if (value.manySamples) walk.vectors.push(place);
  if (!guarded && value.emptyBecause.length > 0) walk.needs.push({ place, reads: value.emptyBecause });
}

function isStop(expression: Expression): boolean {
  return expression.kind === 'call' && expression.callee === 'stop';
}

/** All names that read what was assigned to one: the full name of a target and its older ones. */
function namesOf(name: string, service: ServiceVariable | undefined): readonly string[] {
  return service === undefined ? [name] : [service.name, ...service.aliases];
}
