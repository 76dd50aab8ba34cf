import { placeOf, quote, type Span } from '../problems.ts';
import { printExpression } from '../print.ts';
import { walk, type Expression, type Statement } from '../syntax.ts';
import { firstReadsOfOwn } from '../own.ts';
import { isNumeric, type Type } from '../types.ts';
import { printDouble } from '../values.ts';
import { nearest } from '../spelling.ts';
import { SERVICE_NAMES, serviceVariable, type Target } from '../variables.ts';
import type { Analysis } from './analysis.ts';
import type { Fact } from './facts.ts';
import { isAlwaysFalse, isAlwaysTrue, onlyValue } from './ranges.ts';

/** What a rule looks at. */
interface Subject {
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly types: ReadonlyMap<Expression, Type>;
  readonly analysis: Analysis;
}

/** One thing a rule noticed: where, what, and why it matters. */
export interface Remark {
  readonly span: Span;
  readonly message: string;
  readonly reason: string;
}

export interface Rule {
  readonly name: string;
  readonly meaning: string;
  readonly find: (subject: Subject) => Iterable<Remark>;
}

export const RULES: readonly Rule[] = [
  { name: 'never-scales-down', meaning: 'the new target is never below the current one', find: neverScalesDown },
  { name: 'empty-metric', meaning: 'the outcome hangs on a metric that may hold no sample yet', find: emptyMetrics },
  { name: 'vector-as-number', meaning: 'a vector of samples stands where one number is needed', find: vectorsAsNumbers },
  { name: 'unguarded-window', meaning: 'a window of samples is read without a say on how many must be there', find: unguardedWindows },
  { name: 'unused-assignment', meaning: 'a value is assigned and never read', find: unusedAssignments },
  { name: 'no-effect', meaning: 'a statement computes a value and drops it', find: droppedValues },
  { name: 'fraction-or-percentage', meaning: 'a number from 0 to 1 is compared with one from 0 to 100', find: mixedScales },
  { name: 'exceeds-cap', meaning: 'a target can pass a cap that the formula states', find: exceededCaps },
  { name: 'unreachable', meaning: 'a branch or statement that never runs', find: unreachable },
  { name: 'own-variable', meaning: 'a variable that Azure Batch does not have', find: ownVariables },
];

const TARGET_NAMES: Readonly<Record<Target, string>> = { dedicated: '$TargetDedicatedNodes', lowPriority: '$TargetLowPriorityNodes' };

function* neverScalesDown({ analysis }: Subject): Generator<Remark> {
  for (const [target, { fact, statement }] of analysis.targets) {
    const { span } = statement.value;
    const reason = 'nodes that are not needed stay, and are paid for, until someone resizes the pool';
    const constant = onlyValue(fact);
    if (constant !== undefined && constant >= 1) yield { span, message: `${TARGET_NAMES[target]} is always ${printDouble(constant)}: the pool never scales down`, reason };
    else if (fact.atLeast.has(target)) yield { span, message: `${TARGET_NAMES[target]} is never below what it is now: the pool never scales down`, reason };
  }
}

function* emptyMetrics({ analysis, text }: Subject): Generator<Remark> {
  const seen = new Set<Expression>();
  for (const { place, reads } of analysis.needs) {
    for (const read of reads) {
      if (seen.has(read)) continue;
      seen.add(read);
      yield {
        span: read.span,
        message: `this may hold no sample, and line ${placeOf(text, place.span.start).line} needs a number of it`,
        reason: 'on a new pool the evaluation fails; test GetSamplePercent or Count() first, or write max(0, ...) around it',
      };
    }
  }
  for (const [target, { fact, statement }] of analysis.targets) {
    for (const read of fact.cappedWithout) {
      if (seen.has(read)) continue;
      seen.add(read);
      yield {
        span: read.span,
        message: `this may hold no sample; then min(...) gives its other argument, and line ${placeOf(text, statement.span.start).line} makes it ${TARGET_NAMES[target]}`,
        reason: 'a new pool grows to its cap without a task; test GetSamplePercent or Count() first, or write min(cap, max(0, ...))',
      };
    }
  }
}

function* vectorsAsNumbers({ analysis }: Subject): Generator<Remark> {
  for (const { span } of analysis.vectors) {
    yield {
      span,
      message: 'one number is needed here, and this is a vector of samples',
      reason: 'the evaluation fails unless it happens to hold exactly one; take avg() or max() of it, or GetSample(1)',
    };
  }
}

function* unguardedWindows({ statements, analysis, types }: Subject): Generator<Remark> {
  for (const read of expressionsOf(statements)) {
    if (read.kind !== 'method' || read.method !== 'GetSample' || analysis.guarded.has(read)) continue;
    const last = read.args.at(-1);
    const isWindow = last !== undefined && !isNumeric(types.get(last) ?? 'unknown');
    if (!isWindow) continue;
    yield {
      span: read.span,
      message: 'this window is read without a percentage and outside of a test of GetSamplePercent',
      reason: 'Azure Batch has been seen to fail such a read below 70% of the samples (batch-shipyard issue 138); here it gives what is there',
    };
  }
}

function* unusedAssignments({ statements }: Subject): Generator<Remark> {
  const reads = statements.map(({ value }) => new Set([...walk(value)].flatMap((part) => (part.kind === 'name' ? [part.name] : []))));
  for (const [index, statement] of statements.entries()) {
    if (statement.kind !== 'assignment' || serviceVariable(statement.name) !== undefined) continue;
    const nextWrite = statements.findIndex((other, later) => later > index && other.kind === 'assignment' && other.name === statement.name);
    const readers = reads.slice(index + 1, nextWrite < 0 ? undefined : nextWrite + 1);
    if (readers.some((names) => names.has(statement.name))) continue;
    const near = nearest(statement.name, SERVICE_NAMES);
    const message = nextWrite < 0 ? `${statement.name} is assigned and never used` : `${statement.name} is assigned again before it is used`;
    const reason = near === undefined ? 'a name may be misspelt here or where it should be read' : `did you mean ${near}?${near.length === statement.name.length ? ' names are case-sensitive' : ''}`;
    yield { span: statement.nameSpan, message, reason };
  }
}

function* droppedValues({ statements }: Subject): Generator<Remark> {
  for (const { kind, value } of statements) {
    if (kind === 'assignment' || [...walk(value)].some((part) => part.kind === 'call' && part.callee === 'stop')) continue;
    const compares = value.kind === 'binary' && value.operator === '==';
    yield { span: value.span, message: 'this statement has no effect', reason: compares ? "'==' compares; '=' assigns" : 'its value is computed and goes nowhere' };
  }
}

function* mixedScales({ statements, analysis }: Subject): Generator<Remark> {
  for (const expression of expressionsOf(statements)) {
    if (expression.kind === 'method' && expression.method === 'GetSample' && expression.args.length > 1) {
      const percent = analysis.facts.get(expression.args.at(-1) ?? expression);
      if (percent !== undefined && isFraction(percent)) yield scaleRemark(expression.args.at(-1) ?? expression, 'the percentage of GetSample', 'from 0 to 100');
    }
    if (expression.kind !== 'binary' || !['<', '<=', '==', '>=', '>', '!='].includes(expression.operator)) continue;
    const left = analysis.facts.get(expression.left);
    const right = analysis.facts.get(expression.right);
    if (left === undefined || right === undefined) continue;
    for (const [measured, other, place] of [
      [left, right, expression.right],
      [right, left, expression.left],
    ] as const) {
      if (measured.scale === 'percent' && (isFraction(other) || other.scale === 'fraction')) yield scaleRemark(place, 'a percentage of samples', 'from 0 to 100');
      if (measured.scale === 'fraction' && other.low > 1 && Number.isFinite(other.low)) yield scaleRemark(place, '$CPUPercent', 'from 0 to 1, in spite of its name');
    }
  }
}

function isFraction(fact: Fact): boolean {
  return fact.low > 0 && fact.high < 1;
}

function scaleRemark(place: Expression, what: string, scale: string): Remark {
  return { span: place.span, message: `${what} counts ${scale}, and is set against ${quote(printExpression(place))}`, reason: 'the test hardly ever comes out the other way' };
}

function* exceededCaps({ analysis }: Subject): Generator<Remark> {
  for (const [target, { fact, statement }] of analysis.targets) {
    const named = namedCaps(target, analysis);
    const largest = [...named].sort((a, b) => b[1] - a[1])[0];
    const cap = largest?.[1] ?? fact.cap;
    if (cap === undefined || !(fact.high > cap)) continue;
    const high = Number.isFinite(fact.high) ? `can be ${printDouble(fact.high)}` : 'has no upper bound';
    const stated = largest === undefined ? `min(${printDouble(cap)}, ...)` : `${largest[0]} = ${printDouble(cap)}`;
    yield {
      span: statement.value.span,
      message: `${TARGET_NAMES[target]} ${high}, past the cap ${stated}`,
      reason: 'what is added or chosen behind a cap is not capped; put min(cap, ...) outermost',
    };
  }
}

function* ownVariables({ statements }: Subject): Generator<Remark> {
  for (const [name, { span }] of firstReadsOfOwn(statements)) {
    yield { span, message: `${name} is an extension of Linarite`, reason: 'Azure Batch refuses the formula: it knows no samples that programs post' };
  }
}

/** Constants whose names say that they limit the pool, this kind of node or both. */
function namedCaps(target: Target, analysis: Analysis): Map<string, number> {
  const isCap = /max|cap|limit/i;
  const isOfNodes = /node|vm|machine|host|instance|worker|pool|dedicated|low|spot|^\$?(?:max|maximum|cap|limit)$/i;
  const isOfSomethingElse = /min|task|job|slot|core|inc|step|percent|sample|cpu|time|interval|age|wait/i;
  const isOfOtherKind = target === 'dedicated' ? /low|spot/i : /dedicated/i;
  const names = [...analysis.constants].filter(([name]) => isCap.test(name) && isOfNodes.test(name) && serviceVariable(name) === undefined);
  return new Map(names.filter(([name]) => !isOfSomethingElse.test(name) && !isOfOtherKind.test(name)));
}

function* unreachable({ statements, analysis }: Subject): Generator<Remark> {
  for (const expression of expressionsOf(statements)) {
    const test = expression.kind === 'conditional' ? analysis.facts.get(expression.test) : undefined;
    if (expression.kind !== 'conditional' || test === undefined) continue;
    const reason = `${quote(printExpression(expression.test))} is always ${isAlwaysTrue(test) ? 'true' : 'false'} here`;
    if (isAlwaysTrue(test)) yield { span: expression.whenFalse.span, message: 'this branch is never taken', reason };
    if (isAlwaysFalse(test)) yield { span: expression.whenTrue.span, message: 'this branch is never taken', reason };
  }
  if (analysis.afterStop !== undefined) yield { span: analysis.afterStop.span, message: 'this statement never runs', reason: 'stop() before it ends every evaluation' };
}

function* expressionsOf(statements: readonly Statement[]): Generator<Expression> {
  for (const statement of statements) yield* walk(statement.value);
}

