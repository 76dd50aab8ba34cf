import { isTimestampMember, parseTime, TIMESTAMP_MEMBERS } from './calendar.ts';
import { functionNamed, FUNCTIONS, functionResult, notATime, signatureOf, type FunctionRow } from './functions.ts';
import { methodNamed, METHODS, signaturesOf, takes } from './methods.ts';
import { binaryResult, noOperator, unaryResult } from './operators.ts';
import { Failure, quote, type Finding, type Span } from './problems.ts';
import { nearest } from './spelling.ts';
import type { BrokenStatement, Expression, Statement } from './syntax.ts';
import { describeType, fits, isNumeric, typeOfEither, type Type } from './types.ts';
import { DEALLOCATION_OPTIONS, isDeallocationOption } from './values.ts';
import { isSampled, SERVICE_NAMES, serviceVariable, TIME_INTERVALS, type ServiceVariable } from './variables.ts';

/**
 * What the text says beyond its grammar: do the names exist, do the types fit. Statements run in order and nothing
 * loops, so each variable has one known type at each place. Branches that a ternary does not take are checked like the
 * others.
 */
export interface Meaning {
  readonly findings: readonly Finding[];
  readonly types: ReadonlyMap<Expression, Type>;
}

interface Scope {
  /** User variables assigned so far. */
  readonly variables: Map<string, Type>;
  readonly types: Map<Expression, Type>;
  readonly findings: Finding[];
}

export function check(statements: readonly (Statement | BrokenStatement)[]): Meaning {
  const scope: Scope = { variables: new Map(), types: new Map(), findings: [] };
  for (const statement of statements) {
    if (statement.kind === 'broken') {
      if (statement.name !== undefined) scope.variables.set(statement.name, 'unknown');
      continue;
    }
    const type = typeIn(statement.value, scope);
    if (statement.kind === 'assignment') checkAssignment(statement, type, scope);
  }
  return scope;
}

function checkAssignment(statement: Statement & { kind: 'assignment' }, type: Type, scope: Scope): void {
  const { name, nameSpan, value } = statement;
  const service = serviceVariable(name);
  if (TIME_INTERVALS.has(name) || (service !== undefined && isSampled(service))) {
    report(scope, new Failure('ReadOnlyVariable', nameSpan, 'a variable of your own, a target or $NodeDeallocationOption', quote(name)));
    return;
  }
  if (service?.role === 'target' && !fits('double', type)) wrongType(scope, value.span, 'a number of nodes', type);
  if (service?.role === 'option' && !fits('option', type)) wrongType(scope, value.span, 'requeue, terminate, taskcompletion or retaineddata', type);
  if (service === undefined) scope.variables.set(name, type === 'nothing' ? 'unknown' : type);
}

/**
 * The type of an expression; whatever is wrong below it is reported and then counts as `unknown`, so that it is
 * reported once.
 */
function typeIn(expression: Expression, scope: Scope): Type {
  let type: Type;
  try {
    type = typeOfNode(expression, scope);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    report(scope, error);
    type = 'unknown';
  }
  scope.types.set(expression, type);
  return type;
}

function typeOfNode(expression: Expression, scope: Scope): Type {
  switch (expression.kind) {
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'name':
      return typeOfName(expression.name, expression.span, scope);
    case 'call':
      return typeOfCall(expression, scope);
    case 'method':
      return typeOfMethod(expression, scope);
    case 'member':
      return typeOfMember(expression, scope);
    case 'unary': {
      const operand = typeIn(expression.operand, scope);
      const result = unaryResult(expression.operator, operand);
      if (result === undefined) throw new Failure('WrongType', expression.span, expression.operator === '!' ? 'a double' : 'a double or timeinterval', describeType(operand));
      return result;
    }
    case 'binary': {
      const left = typeIn(expression.left, scope);
      const right = typeIn(expression.right, scope);
      const result = binaryResult(expression.operator, left, right);
      if (result === undefined) throw noOperator(expression.operator, left, right, expression.operatorSpan);
      return result;
    }
    case 'conditional': {
      const test = typeIn(expression.test, scope);
      if (!fits('double', test)) wrongType(scope, expression.test.span, "a double before '?'", test);
      return typeOfEither(typeIn(expression.whenTrue, scope), typeIn(expression.whenFalse, scope));
    }
  }
}

function typeOfName(name: string, span: Span, scope: Scope): Type {
  const own = scope.variables.get(name);
  if (own !== undefined) return own;
  if (TIME_INTERVALS.has(name)) return 'timeinterval';
  const service = serviceVariable(name);
  if (service !== undefined) return service.role === 'option' ? 'option' : 'double';
  if (isDeallocationOption(name)) return 'option';
  throw new Failure('UndefinedVariable', span, likelyName(name, scope), quote(name), `Undefined symbol: ${name}`);
}

function likelyName(name: string, scope: Scope): string {
  if (functionNamed(name) !== undefined) return `'(' after ${name}, which is a function`;
  const near = nearest(name, [...scope.variables.keys(), ...SERVICE_NAMES, ...DEALLOCATION_OPTIONS]);
  if (near === undefined) return 'a variable assigned above, or one of the service';
  return near.toLowerCase() === name.toLowerCase() ? `${near} (names are case-sensitive)` : near;
}

function typeOfCall(expression: Expression & { kind: 'call' }, scope: Scope): Type {
  const args = expression.args.map((arg) => typeIn(arg, scope));
  const row = functionNamed(expression.callee);
  if (row === undefined) throw new Failure('UnknownFunction', expression.calleeSpan, oneOf(FUNCTIONS.map(({ name }) => name), expression.callee), quote(expression.callee));
  if (row.shape === 'fixed') checkFixed(row, args, expression);
  else for (const [index, arg] of expression.args.entries()) checkListed(arg, args[index] ?? 'unknown', scope);
  return functionResult(row, args);
}

function checkFixed(row: FunctionRow & { shape: 'fixed' }, args: readonly Type[], expression: Expression & { kind: 'call' }): void {
  const missing = args.length < row.parameters.length - row.optional || args.length > row.parameters.length;
  const misfit = args.some((arg, index) => !fits(row.parameters[index] ?? 'unknown', arg));
  if (missing || misfit) throw new Failure('WrongArguments', expression.span, signatureOf(row), `${row.name}(${args.join(', ')})`);
  const text = expression.args[0];
  if (row.name === 'time' && text?.kind === 'string' && text.value !== '' && parseTime(text.value) === undefined) throw notATime(text.value, text.span);
}

function checkListed(arg: Expression, type: Type, scope: Scope): void {
  if (!isNumeric(type) && type !== 'unknown') wrongType(scope, arg.span, 'a double or doubleVec', type);
}

function typeOfMethod(expression: Expression & { kind: 'method' }, scope: Scope): Type {
  const args = expression.args.map((arg) => typeIn(arg, scope));
  const row = methodNamed(expression.method);
  if (row === undefined) throw new Failure('UnknownMethod', expression.methodSpan, oneOf(METHODS.map(({ name }) => name), expression.method), quote(expression.method));
  if (sampledVariable(expression.object) === undefined) {
    const before = scope.findings.length;
    const object = typeIn(expression.object, scope);
    if (scope.findings.length > before) return row.result;
    throw new Failure('WrongType', expression.object.span, `a metric such as $PendingTasks before .${row.name}()`, describeType(object));
  }
  if (!takes(row, args, (type) => type)) throw new Failure('WrongArguments', expression.span, signaturesOf(row), `${row.name}(${args.join(', ')})`);
  return row.result;
}

/** The metric a method is called on: the service's read-only variables are objects, all else is not. */
export function sampledVariable(object: Expression): ServiceVariable | undefined {
  const service = object.kind === 'name' ? serviceVariable(object.name) : undefined;
  return service !== undefined && isSampled(service) ? service : undefined;
}

function typeOfMember(expression: Expression & { kind: 'member' }, scope: Scope): Type {
  const object = typeIn(expression.object, scope);
  if (!fits('timestamp', object)) {
    const expected = methodNamed(expression.member) === undefined ? 'a timestamp before the dot' : `'(' after ${expression.member}`;
    throw new Failure('WrongType', expression.object.span, expected, describeType(object));
  }
  if (!isTimestampMember(expression.member)) {
    throw new Failure('UnknownMember', expression.memberSpan, oneOf(TIMESTAMP_MEMBERS, expression.member), quote(expression.member));
  }
  return 'double';
}

function oneOf(names: readonly string[], found: string): string {
  return nearest(found, names) ?? `one of ${names.join(', ')}`;
}

function wrongType(scope: Scope, span: Span, expected: string, found: Type): void {
  report(scope, new Failure('WrongType', span, expected, describeType(found)));
}

function report(scope: Scope, failure: Failure): void {
  scope.findings.push(failure.finding);
}
