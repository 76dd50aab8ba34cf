import type { Comparison, Filter, Literal } from '../../wire/odata.ts';

/**
 * A property of a list in the database: an SQL expression, and the kind of value that it has (times in milliseconds).
 */
export interface FilterColumn {
  readonly sql: string;
  readonly kind: 'text' | 'number' | 'time' | 'flag';
}
/** By path, `/` between names. */
export type FilterColumns = Readonly<Record<string, FilterColumn>>;

/** A condition with its parameters. */
export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

const OPERATORS: Readonly<Record<Exclude<Comparison, 'eq' | 'ne'>, string>> = { gt: '>', ge: '>=', lt: '<', le: '<=' };

/**
 * A `$filter` as a condition that is true or false and never null, with the meaning of `matches` (wire/odata.ts): text
 * compares without case, a property that is absent is unequal to every literal but null. Paths were checked against the
 * list's table before; parameters start at `$first`; `lowered` makes text comparable.
 */
export function compileFilter(filter: Filter, columns: FilterColumns, first: number, lowered: Lowering): Condition {
  const values: unknown[] = [];
  const parameter = (value: unknown, type: string): string => `$${first - 1 + values.push(value)}::${type}`;
  return { text: compile(filter, columns, parameter, lowered), values };
}

/** An SQL expression of text, in lower case. */
export type Lowering = (sql: string) => string;

type Parameter = (value: unknown, type: string) => string;

function compile(filter: Filter, columns: FilterColumns, parameter: Parameter, lowered: Lowering): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `(${compile(filter.left, columns, parameter, lowered)} ${filter.kind} ${compile(filter.right, columns, parameter, lowered)})`;
    case 'not':
      return `not ${compile(filter.operand, columns, parameter, lowered)}`;
    case 'startsWith': {
      const column = columnOf(filter.path, columns);
      if (column.kind !== 'text') return 'false';
      return `coalesce(starts_with(${lowered(column.sql)}, ${lowered(parameter(filter.prefix, 'text'))}), false)`;
    }
    case 'flag': {
      const column = columnOf(filter.path, columns);
      return column.kind === 'flag' ? `coalesce(${column.sql}, false)` : 'false';
    }
    case 'compare':
      return comparison(columnOf(filter.path, columns), filter.operator, filter.literal, parameter, lowered);
  }
}

function columnOf(path: readonly string[], columns: FilterColumns): FilterColumn {
  const name = path.join('/');
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (column === undefined) throw new Error(`no column for the property ${path.join('/')}`);
  return column;
}

function comparison(column: FilterColumn, operator: Comparison, literal: Literal, parameter: Parameter, lowered: Lowering): string {
  if (literal.kind === 'nothing') {
    if (operator === 'eq' || operator === 'ge' || operator === 'le') return `${column.sql} is null`;
    return operator === 'ne' ? `${column.sql} is not null` : 'false';
  }
  if (literal.kind !== column.kind) return operator === 'ne' ? 'true' : 'false';
  const [left, right] = sides(column, literal, parameter, lowered);
  if (operator === 'eq') return `coalesce(${left} = ${right}, false)`;
  if (operator === 'ne') return `(${left} is distinct from ${right})`;
  return `coalesce(${left} ${OPERATORS[operator]} ${right}, false)`;
}

/** Text is ordered by its characters' numbers, whatever the database's locale. */
function sides(column: FilterColumn, literal: Exclude<Literal, { kind: 'nothing' }>, parameter: Parameter, lowered: Lowering): readonly [string, string] {
  switch (literal.kind) {
    case 'text':
      return [`${lowered(column.sql)} collate "C"`, `${lowered(parameter(literal.value, 'text'))} collate "C"`];
    case 'number':
      return [column.sql, parameter(literal.value, 'numeric')];
    case 'time':
      return [column.sql, parameter(literal.epochMs, 'bigint')];
    case 'flag':
      return [column.sql, parameter(literal.value, 'boolean')];
  }
}
