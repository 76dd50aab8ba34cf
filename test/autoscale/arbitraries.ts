/** Random formulas: trees that the grammar can write, and texts that it mostly cannot. */
import * as fc from 'fast-check';
import { FUNCTIONS } from '../../src/autoscale/functions.ts';
import { METHODS } from '../../src/autoscale/methods.ts';
import { PRECEDENCE, type BinaryOperator, type Expression, type Statement } from '../../src/autoscale/syntax.ts';
import { DEALLOCATION_OPTIONS } from '../../src/autoscale/values.ts';
import { SERVICE_VARIABLES, TIME_INTERVALS } from '../../src/autoscale/variables.ts';
import { FORMULA_IDS, publishedFormula } from './formulas.ts';

const HERE = { start: 0, end: 0 };
const OPERATORS = Object.keys(PRECEDENCE) as BinaryOperator[];
const SERVICE_NAMES = SERVICE_VARIABLES.flatMap(({ name, aliases }) => [name, ...aliases]);
const NAMES = ['a', '$b', '_c1', 'round', ...SERVICE_NAMES, ...TIME_INTERVALS.keys(), ...DEALLOCATION_OPTIONS];
const METHOD_NAMES = METHODS.map(({ name }) => name);

/** Trees, well formed but not well typed. */
export const expressions: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression }>((tie) => {
  const inner = tie('expression');
  const args = fc.array(inner, { maxLength: 3 });
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.oneof(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }), fc.nat(100)).map((value): Expression => ({ kind: 'number', value: Math.abs(value), span: HERE, height: 1 })),
      fc.string().map((text): Expression => ({ kind: 'string', value: text.replaceAll(/["\r\n]/g, ''), span: HERE, height: 1 })),
      fc.constantFrom(...NAMES).map((name): Expression => ({ kind: 'name', name, span: HERE, height: 1 })),
      fc.tuple(fc.constantFrom(...FUNCTIONS.map(({ name }) => name), 'other'), args).map(([callee, list]): Expression => ({ kind: 'call', callee, calleeSpan: HERE, args: list, span: HERE, height: 1 })),
      fc.tuple(inner, fc.constantFrom(...METHOD_NAMES), args).map(([object, method, list]): Expression => ({ kind: 'method', object, method, methodSpan: HERE, args: list, span: HERE, height: 1 })),
      fc.tuple(inner, fc.constantFrom('hour', 'weekday')).map(([object, member]): Expression => ({ kind: 'member', object, member, memberSpan: HERE, span: HERE, height: 1 })),
      fc.tuple(fc.constantFrom('-' as const, '!' as const), inner).map(([operator, operand]): Expression => ({ kind: 'unary', operator, operand, span: HERE, height: 1 })),
      fc.tuple(fc.constantFrom(...OPERATORS), inner, inner).map(([operator, left, right]): Expression => ({ kind: 'binary', operator, operatorSpan: HERE, left, right, span: HERE, height: 1 })),
      fc.tuple(inner, inner, inner).map(([test, whenTrue, whenFalse]): Expression => ({ kind: 'conditional', test, whenTrue, whenFalse, span: HERE, height: 1 })),
    ),
  };
}).expression;

export const statements: fc.Arbitrary<Statement> = fc.oneof(
  expressions.map((value): Statement => ({ kind: 'expression', span: HERE, value })),
  fc.tuple(fc.constantFrom(...NAMES), expressions).map(([name, value]): Statement => ({ kind: 'assignment', name, nameSpan: HERE, span: HERE, value })),
);

/** The tree without places: what printing keeps. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (key === 'height' || key.toLowerCase().endsWith('span') ? [] : [[key, bare(inner)]])));
}

/** Pieces of formulas strung together: much of it parses, some of it type-checks. */
const PIECES = [
  ...NAMES, ...METHOD_NAMES, ...FUNCTIONS.map(({ name }) => name), ...OPERATORS,
  '(', ')', '(', ')', ',', '.', ';', ';', '=', '=', '?', ':', '!', '0', '1', '3.5', '70', '1e308', '"2024-01-01"', '"', '//', '\n', '\r\n', ' ', ' ', '$', '%', '&', 'ä', '😀', '\u0000',
  '$PendingTasks.GetSample(1)', '$PendingTasks.GetSample(TimeInterval_Minute, 50)', 'time()', 'stop()', 'x = ', '$TargetDedicatedNodes = ',
];
export const soup: fc.Arbitrary<string> = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join(''));

/** A published formula with some stretches cut, doubled, swapped or replaced. */
export const mutants: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...FORMULA_IDS.map(publishedFormula)),
    fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(12), kind: fc.constantFrom('cut', 'double', 'replace', 'insert'), piece: fc.constantFrom(...PIECES) }), { minLength: 1, maxLength: 6 }),
  )
  .map(([formula, edits]) => edits.reduce(mutate, formula));

function mutate(text: string, edit: { at: number; length: number; kind: string; piece: string }): string {
  const start = Math.floor(edit.at * text.length);
  const end = Math.min(text.length, start + edit.length);
  const middle = text.slice(start, end);
  const change: Readonly<Record<string, string>> = { cut: '', double: middle + middle, replace: edit.piece, insert: edit.piece + middle };
  return text.slice(0, start) + (change[edit.kind] ?? '') + text.slice(end);
}

const ODD_NUMBERS = ['0', '1', '0.5', '3', '100', '1e9', '1e308', '0.000001', '(0 - 1)', '(1/0)', '(0/0)'];

/**
 * A published formula that still parses, with other numbers, metrics and units in it: most of the way is through
 * evaluation.
 */
export const variants: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...FORMULA_IDS.map(publishedFormula)), fc.infiniteStream(fc.nat(1_000_000)))
  .map(([formula, choices]) => {
    const pick = (from: readonly string[], unchanged: string): string => {
      const choice = Number(choices.next().value);
      return choice % 3 === 0 ? (from[choice % from.length] ?? unchanged) : unchanged;
    };
    return formula
      .replaceAll(/(?<![\w$":.-])\d+(?:\.\d+)?(?![\w":.-])/g, (number) => pick(ODD_NUMBERS, number))
      .replaceAll(/TimeInterval_\w+/g, (unit) => pick([...TIME_INTERVALS.keys()], unit))
      .replaceAll(/\$(?:Pending|Active|Running)Tasks/g, (metric) => pick(SERVICE_NAMES.slice(5), metric));
  });
