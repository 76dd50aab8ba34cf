import { ExpressionError } from '../errors.ts';
import { isArray, type Json } from '../json.ts';
import { TEMPLATE_LIMITS } from '../limits.ts';

const weights = new WeakMap<object, number>();

/**
 * Characters and members of a value, with those of what it holds. What shares its parts is small in memory and grows
 * with each level when it is written, so that a template may double a value again and again.
 */
export function weigh(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  const known = weights.get(value);
  if (known !== undefined) return known;
  let sum = 1;
  if (isArray(value)) for (const item of value) sum += 1 + weigh(item);
  else for (const [name, item] of Object.entries(value)) sum += 1 + name.length + weigh(item);
  weights.set(value, sum);
  return sum;
}

/** @throws ExpressionError where a function has made more than may be. */
export function bounded<V extends Json>(value: V): V {
  if (typeof value === 'string') requireLength(value.length);
  else requireWeight(weigh(value));
  return value;
}

/** For functions whose text can be much longer than what they get: asked before it is made. @throws ExpressionError */
export function requireLength(characters: number): void {
  requireWithin(TEMPLATE_LIMITS.literalCharacters, characters);
}

/** @throws ExpressionError */
export function requireWeight(weight: number): void {
  requireWithin(TEMPLATE_LIMITS.valueWeight, weight);
}

function requireWithin(limit: number, actual: number): void {
  if (actual > limit) throw new ExpressionError(`The template literal limit exceeded. Limit: '${limit}' and actual: '${actual}'`);
}
