import { walk, type Expression, type Statement } from './syntax.ts';

/**
 * Variables of what programs measure: `$Own_queue`. Linarite's extension; the prefix marks them, so that a formula can
 * be checked without its pool.
 */
const PREFIX = '$Own_';
const OWN_VARIABLE = /^\$Own_[A-Za-z][A-Za-z0-9_]{0,63}$/;

export function isOwnVariable(variable: string): boolean {
  return OWN_VARIABLE.test(variable);
}

/** The variable of what is posted under a name. */
export function ownVariable(name: string): string {
  return PREFIX + name;
}

/** Letters, digits and `_`, at most 64, a letter first. */
export function isOwnName(name: string): boolean {
  return isOwnVariable(ownVariable(name));
}

/** Where a formula first reads each of them. */
export function firstReadsOfOwn(statements: readonly Statement[]): ReadonlyMap<string, Expression> {
  const reads = new Map<string, Expression>();
  for (const { value } of statements) {
    for (const part of walk(value)) {
      if (part.kind === 'name' && isOwnVariable(part.name) && !reads.has(part.name)) reads.set(part.name, part);
    }
  }
  return reads;
}
