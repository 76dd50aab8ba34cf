import type { Filter, Literal } from '../../src/wire/odata.ts';
import { formatTimestamp } from '../../src/wire/timestamps.ts';

/** The text of a filter: `parseFilter(printFilter(f))` is `f` again. */
export function printFilter(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${printFilter(filter.left)} ${filter.kind} ${printFilter(filter.right)})`;
    case 'not':
      return `not (${printFilter(filter.operand)})`;
    case 'startsWith':
      return `startswith(${filter.path.join('/')},${quote(filter.prefix)})`;
    case 'flag':
      return filter.path.join('/');
    case 'compare':
      return `${filter.path.join('/')} ${filter.operator} ${printLiteral(filter.literal)}`;
  }
}

function printLiteral(literal: Literal): string {
  switch (literal.kind) {
    case 'text':
      return quote(literal.value);
    case 'number':
    case 'flag':
      return String(literal.value);
    case 'time':
      return `DateTime'${formatTimestamp(literal.epochMs)}'`;
    case 'nothing':
      return 'null';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
