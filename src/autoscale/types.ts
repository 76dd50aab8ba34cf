/**
 * The types of the language. There is no boolean: comparisons give 1 or 0, any other number than 0 is true. `nothing`
 * is the type of `stop()`; `unknown` is what a ternary with branches of different types has: checked when it runs.
 */
export type Type = 'double' | 'doubleVec' | 'string' | 'timestamp' | 'timeinterval' | 'option' | 'nothing' | 'unknown';

const TYPE_WORDS: Readonly<Record<Type, string>> = {
  double: 'a double',
  doubleVec: 'a doubleVec',
  string: 'a string',
  timestamp: 'a timestamp',
  timeinterval: 'a timeinterval',
  option: 'a deallocation option',
  nothing: 'no value',
  unknown: 'a value',
};

export function describeType(type: Type): string {
  return TYPE_WORDS[type];
}

/**
 * Doubles and vectors stand in for each other: a vector of length 1 is used as a number (docs/autoscale.md, decisions).
 */
export function isNumeric(type: Type): boolean {
  return type === 'double' || type === 'doubleVec';
}

/** Whether a value of type `actual` may turn out to fit where `wanted` is needed. */
export function fits(wanted: Type, actual: Type): boolean {
  return wanted === actual || actual === 'unknown' || (isNumeric(wanted) && isNumeric(actual));
}

/** The type of `test ? a : b`. A branch that stops the formula has no value to offer. */
export function typeOfEither(a: Type, b: Type): Type {
  if (a === b || b === 'nothing') return a;
  if (a === 'nothing') return b;
  return isNumeric(a) && isNumeric(b) ? 'doubleVec' : 'unknown';
}
