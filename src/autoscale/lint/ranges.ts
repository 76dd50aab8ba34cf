/** Interval arithmetic: between which bounds can a number be. Bounds may be infinite, never NaN. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const ANY: Range = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
export const NOT_NEGATIVE: Range = { low: 0, high: Number.POSITIVE_INFINITY };
const TRUTH: Range = { low: 0, high: 1 };

export function between(low: number, high: number): Range {
  return { low, high };
}
export function exactly(value: number): Range {
  return { low: value, high: value };
}

/** The one value the range allows, or undefined. */
export function onlyValue(range: Range): number | undefined {
  return range.low === range.high ? range.low : undefined;
}

export function unite(ranges: readonly Range[]): Range {
  if (ranges.length === 0) return ANY;
  return { low: Math.min(...ranges.map(({ low }) => low)), high: Math.max(...ranges.map(({ high }) => high)) };
}

export function arithmetic(operator: '+' | '-' | '*' | '/', a: Range, b: Range): Range {
  switch (operator) {
    case '+':
      return sane(a.low + b.low, a.high + b.high);
    case '-':
      return sane(a.low - b.high, a.high - b.low);
    case '*':
      return hull([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]);
    case '/':
      if (b.low <= 0 && b.high >= 0) return a.low >= 0 && b.low >= 0 ? NOT_NEGATIVE : ANY;
      return hull([a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high]);
  }
}

/** The truth of a comparison: 1, 0 or either. */
export function comparison(operator: '<' | '<=' | '==' | '>=' | '>' | '!=', a: Range, b: Range): Range {
  switch (operator) {
    case '<':
      return truth(a.high < b.low, a.low >= b.high);
    case '<=':
      return truth(a.high <= b.low, a.low > b.high);
    case '>':
      return truth(a.low > b.high, a.high <= b.low);
    case '>=':
      return truth(a.low >= b.high, a.high < b.low);
    case '==':
      return truth(onlyValue(a) !== undefined && onlyValue(a) === onlyValue(b), a.high < b.low || a.low > b.high);
    case '!=':
      return truth(a.high < b.low || a.low > b.high, onlyValue(a) !== undefined && onlyValue(a) === onlyValue(b));
  }
}

export function isAlwaysTrue(range: Range): boolean {
  return range.low > 0 || range.high < 0;
}

export function isAlwaysFalse(range: Range): boolean {
  return range.low === 0 && range.high === 0;
}

export function truth(always: boolean, never: boolean): Range {
  return always ? exactly(1) : never ? exactly(0) : TRUTH;
}

/** 0 times infinity counts as 0: the bound is not reached, so the product stays at it. */
function hull(products: readonly number[]): Range {
  const values = products.map((value) => (Number.isNaN(value) ? 0 : value));
  return { low: Math.min(...values), high: Math.max(...values) };
}

function sane(low: number, high: number): Range {
  return { low: Number.isNaN(low) ? Number.NEGATIVE_INFINITY : low, high: Number.isNaN(high) ? Number.POSITIVE_INFINITY : high };
}
