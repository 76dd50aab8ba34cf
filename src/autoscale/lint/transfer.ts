import { isTimestampMember, type TimestampMember } from '../calendar.ts';
import type { FunctionRow } from '../functions.ts';
import { sampledVariable } from '../check.ts';
import type { MethodRow } from '../methods.ts';
import type { BinaryOperator, Expression } from '../syntax.ts';
import { common, fact, largest, readsOf, UNKNOWN, type Fact } from './facts.ts';
import { round } from '../vectors.ts';
import { ANY, arithmetic, between, comparison, isAlwaysFalse, isAlwaysTrue, NOT_NEGATIVE, onlyValue, truth, unite, type Range } from './ranges.ts';

/** How operators, functions and methods carry what is known from their operands to their result. */

export function binaryFact(operator: BinaryOperator, left: Fact, right: Fact): Fact {
  switch (operator) {
    case '+':
    case '-':
    case '*':
    case '/':
      return fact(arithmetic(operator, left, right), {
        emptyBecause: readsOf([left, right], 'emptyBecause'),
        cappedWithout: readsOf([left, right], 'cappedWithout'),
        manySamples: left.manySamples || right.manySamples,
        atLeast: new Set([...keeps(operator, left, right), ...(operator === '+' || operator === '*' ? keeps(operator, right, left) : [])]),
        cap: operator === '+' ? sumOfCaps(left, right) : undefined,
      });
    case '<':
    case '<=':
    case '==':
    case '>=':
    case '>':
    case '!=':
      return fact(comparison(operator, left, right), { samplesWhen: guardOf(operator, left, right) });
    case '&&':
      return fact(truth(isAlwaysTrue(left) && isAlwaysTrue(right), isAlwaysFalse(left) || isAlwaysFalse(right)), {
        samplesWhen: left.samplesWhen === 'true' || right.samplesWhen === 'true' ? 'true' : undefined,
      });
    case '||':
      return fact(truth(isAlwaysTrue(left) || isAlwaysTrue(right), isAlwaysFalse(left) && isAlwaysFalse(right)), {
        samplesWhen: left.samplesWhen === 'false' || right.samplesWhen === 'false' ? 'false' : undefined,
      });
  }
}

/** The targets that `value` is never below and that the operation cannot take it below. */
function keeps(operator: '+' | '-' | '*' | '/', value: Fact, other: Fact): Iterable<'dedicated' | 'lowPriority'> {
  const grows = { '+': other.low >= 0, '-': other.high <= 0, '*': other.low >= 1, '/': other.low > 0 && other.high <= 1 }[operator];
  return grows ? value.atLeast : [];
}

function sumOfCaps(left: Fact, right: Fact): number | undefined {
  return left.cap !== undefined && right.cap !== undefined ? left.cap + right.cap : (left.cap ?? right.cap);
}

/**
 * `percent < 70` is false only if there are samples; `percent >= 70`, `Count() > 0`, `Count() != 0` are true only then.
 * `Count() >= 0` says nothing: the smallest number that passes must be above 0.
 */
function guardOf(operator: BinaryOperator, left: Fact, right: Fact): 'true' | 'false' | undefined {
  if (left.measuresSamples === right.measuresSamples) return undefined;
  const other = left.measuresSamples ? right : left;
  if (operator === '==' || operator === '!=') {
    return isAlwaysFalse(other) ? (operator === '==' ? 'false' : 'true') : undefined;
  }
  const whenSamples = operator.startsWith('<') === left.measuresSamples ? 'false' : 'true';
  const passesEqual = operator.endsWith('=') === (whenSamples === 'true');
  return other.low > 0 || (other.low === 0 && !passesEqual) ? whenSamples : undefined;
}

/** @param row a function of the table; what is not in `CALLS` below can be any number */
export function callFact(row: FunctionRow | undefined, args: readonly Fact[]): Fact {
  const call = row === undefined ? undefined : CALLS[row.name];
  return call === undefined ? elementwise(ANY, args) : call(args);
}

const CALLS: Readonly<Record<string, (args: readonly Fact[]) => Fact>> = {
  min: (args) => {
    const highs = present(args).map(({ high }) => high);
    const high = highs.length > 0 ? Math.min(...highs) : unite(args).high;
    const reads = readsOf(args, 'cappedWithout');
    return fact(between(unite(args).low, high), {
      ...carried(args),
      cappedWithout: highs.length > 0 && high > 0 ? [...reads, ...readsOf(args, 'emptyBecause')] : reads,
      // A constant in min(...) is a cap; above it the target goes down, otherwise not.
      atLeast: common(args.filter((arg) => onlyValue(arg) === undefined)),
      cap: capOfMin(args),
    });
  },
  max: (args) => {
    const lows = present(args).map(({ low }) => low);
    return fact(between(lows.length > 0 ? Math.max(...lows) : unite(args).low, unite(args).high), {
      ...carried(args),
      atLeast: new Set(present(args).flatMap((arg) => [...arg.atLeast])),
      cap: largest(args.map(({ cap }) => cap)),
    });
  },
  avg: (args) => fact(unite(args), { ...carried(args), atLeast: common(args), cap: largest(args.map(({ cap }) => cap)) }),
  percentile: elementOf,
  val: elementOf,
  // Targets are whole numbers, so rounding does not take a value below one.
  ceil: (args) => rounded(args, Math.ceil),
  floor: (args) => rounded(args, Math.floor),
  round: (args) => rounded(args, round),
  sum: (args) => fact(args.every((arg) => arg.low >= 0) ? NOT_NEGATIVE : ANY),
  // Of samples alone it counts them, as Count() does.
  len: (args) => fact(NOT_NEGATIVE, args.length > 0 && present(args).length === 0 ? { measuresSamples: true, samplesWhen: 'true' } : {}),
  norm: () => fact(NOT_NEGATIVE),
  std: (args) => fact(NOT_NEGATIVE, { emptyBecause: emptyUnlessOneIsPresent(args) }),
  range: (args) => fact(NOT_NEGATIVE, { emptyBecause: emptyUnlessOneIsPresent(args) }),
  abs: (args) => elementwise(NOT_NEGATIVE, args),
  rand: () => fact(between(0, 1)),
};

/** A number of a number, a vector of a vector. */
function elementwise(range: Range, args: readonly Fact[]): Fact {
  return fact(range, { emptyBecause: emptyUnlessOneIsPresent(args), manySamples: args.some(({ manySamples }) => manySamples) });
}

function elementOf([vector]: readonly Fact[]): Fact {
  return { ...(vector ?? UNKNOWN), manySamples: false };
}

function present(args: readonly Fact[]): readonly Fact[] {
  return args.filter((arg) => arg.emptyBecause.length === 0);
}

function emptyUnlessOneIsPresent(args: readonly Fact[]): readonly Expression[] {
  return present(args).length > 0 ? [] : readsOf(args, 'emptyBecause');
}

/** What `avg`, `min` and `max` pass on of their arguments. */
function carried(args: readonly Fact[]): Pick<Fact, 'emptyBecause' | 'cappedWithout' | 'scale' | 'measuresSamples'> {
  const rest = args.filter((arg) => !arg.measuresSamples);
  return {
    emptyBecause: emptyUnlessOneIsPresent(args),
    cappedWithout: readsOf(args, 'cappedWithout'),
    scale: args.find((arg) => arg.scale !== undefined)?.scale,
    measuresSamples: rest.length < args.length && rest.every((arg) => onlyValue(arg) !== undefined),
  };
}

function rounded(args: readonly Fact[], each: (value: number) => number): Fact {
  const only = args[0];
  if (only === undefined || args.length > 1) return elementwise(ANY, args);
  return { ...only, low: each(only.low), high: each(only.high) };
}

function capOfMin(args: readonly Fact[]): number | undefined {
  const constants = args.map((arg) => onlyValue(arg)).filter((value) => value !== undefined);
  const isCapped = constants.length > 0 && constants.length < args.length;
  return isCapped ? Math.min(...constants) : largest(args.map(({ cap }) => cap));
}

/** @param windows whether the first argument is a moment, not a number of samples */
export function methodFact(row: MethodRow | undefined, read: Expression & { kind: 'method' }, args: readonly Fact[], windows: boolean, guarded: boolean): Fact {
  switch (row?.name) {
    case 'GetSample': {
      const service = sampledVariable(read.object);
      const { scale, isOwn } = service?.role === 'metric' ? service : {};
      const emptyBecause = guarded || asksForPercent(read, args) ? [] : [read];
      return fact(isOwn ? ANY : NOT_NEGATIVE, { emptyBecause, scale, manySamples: windows || (args[0]?.low ?? 0) > 1 });
    }
    case 'GetSamplePercent':
      return fact(between(0, 100), { scale: 'percent', measuresSamples: true, samplesWhen: 'true' });
    case 'Count':
      return fact(NOT_NEGATIVE, { measuresSamples: true, samplesWhen: 'true' });
    default:
      return UNKNOWN;
  }
}

/** Whether a read fails rather than come back empty: its last argument is a percentage above 0. */
function asksForPercent(read: Expression & { kind: 'method' }, args: readonly Fact[]): boolean {
  const last = args.at(-1);
  return args.length > 1 && last !== undefined && last.low > 0 && Number.isFinite(last.high) && read.args.length > 1;
}

const MEMBER_RANGES: Readonly<Record<TimestampMember, Range>> = {
  year: ANY,
  month: between(1, 12),
  day: between(1, 31),
  weekday: between(1, 7),
  hour: between(0, 23),
  minute: between(0, 59),
  second: between(0, 59),
};

export function memberRange(member: string): Range {
  return isTimestampMember(member) ? MEMBER_RANGES[member] : ANY;
}
