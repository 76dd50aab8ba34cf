import type { BinaryOperator, Expression } from '../syntax.ts';
import type { Fact } from './facts.ts';

/** What is known of each variable at one place. */
export type Known = ReadonlyMap<string, Fact>;

/**
 * What is known inside a branch: `nodes > limit ? limit : nodes` holds `nodes` to `limit` in its second branch.
 * @param outcome whether the test was true
 * @param facts those of the test's parts, found before
 */
export function refine(known: Known, test: Expression, outcome: boolean, facts: ReadonlyMap<Expression, Fact>): Known {
  if (test.kind === 'unary' && test.operator === '!') return refine(known, test.operand, !outcome, facts);
  if (test.kind !== 'binary') return known;
  const { operator, left, right } = test;
  if (operator === '&&' || operator === '||') {
    // Of `a && b` both are known only if it was true, of `a || b` only if it was false.
    return (operator === '&&') === outcome ? refine(refine(known, left, outcome, facts), right, outcome, facts) : known;
  }
  const holds = outcome ? operator : OPPOSITE[operator];
  const mirrored = holds === undefined ? undefined : MIRRORED[holds];
  return bounded(bounded(known, left, holds, facts.get(right)), right, mirrored, facts.get(left));
}

const OPPOSITE: Readonly<Partial<Record<BinaryOperator, BinaryOperator>>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '==': '!=', '!=': '==' };
const MIRRORED: Readonly<Partial<Record<BinaryOperator, BinaryOperator>>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' };

function bounded(known: Known, name: Expression, operator: BinaryOperator | undefined, other: Fact | undefined): Known {
  const value = name.kind === 'name' ? known.get(name.name) : undefined;
  if (name.kind !== 'name' || value === undefined || operator === undefined || other === undefined) return known;
  const below = operator === '<' || operator === '<=' || operator === '==';
  const above = operator === '>' || operator === '>=' || operator === '==';
  const low = above ? Math.max(value.low, other.low) : value.low;
  const high = below ? Math.min(value.high, other.high) : value.high;
  return low > high ? known : new Map([...known, [name.name, { ...value, low, high }]]);
}
