import type { TaskTally } from '../../core/status.ts';
import { arrayOf, type Choices, ITEM_TYPES, type Kind, readValue, SQL_TYPES, wordSql } from './kinds.ts';

/** By which name the API reads a column: `true`: that of its field; null: not at all. */
type ShownAs = string | true | null;

/** One column of a status row, and so one field of a status. */
interface Column<Name extends string = string, K extends Kind = Kind, As extends ShownAs = ShownAs, Before extends string | null = string | null> {
  readonly name: Name;
  readonly kind: K;
  readonly shownAs: As;
  /**
   * Of rows written before there was this column: what stands in for it, as SQL over what the owner's statement joins.
   * The API reads null of them. null: there are none.
   */
  readonly before: Before;
  /** Of a `choice`. */
  readonly choices: Choices | null;
  /**
   * It is no column of its own: few rows have another value than this, and those have it under the column's name in the
   * JSON column `seldom`. undefined: it is a column.
   */
  readonly usually: 0 | null | undefined;
}

/** The JSON column that rows have which are not as usual. */
const SELDOM = 'seldom';

export function column<Name extends string, K extends Kind>(name: Name, kind: K): Column<Name, K, true, null>;
export function column<Name extends string, K extends Kind, As extends ShownAs>(name: Name, kind: K, shownAs: As): Column<Name, K, As, null>;
export function column<Name extends string, K extends Kind, As extends ShownAs>(name: Name, kind: K, shownAs: As, before: string): Column<Name, K, As, string>;
export function column(name: string, kind: Kind, shownAs: ShownAs = true, before: string | null = null): Column {
  return { name, kind, shownAs, before, choices: null, usually: undefined };
}

type Choice<Name extends string, C extends Choices, As extends ShownAs> = Column<Name, 'choice', As, null> & { readonly choices: C };

/** A column of kind `choice`. */
export function choice<Name extends string, C extends Choices>(name: Name, choices: C): Choice<Name, C, true>;
export function choice<Name extends string, C extends Choices, As extends ShownAs>(name: Name, choices: C, shownAs: As): Choice<Name, C, As>;
export function choice(name: string, choices: Choices, shownAs: ShownAs = true): Column {
  return { name, kind: 'choice', shownAs, before: null, choices, usually: undefined };
}

/** What only few rows have: see `Column.usually`. */
export function seldom<Name extends string, K extends Kind>(name: Name, kind: K, usually: 0 | null): Column<Name, K, true, null>;
export function seldom<Name extends string, K extends Kind, As extends ShownAs>(name: Name, kind: K, usually: 0 | null, shownAs: As): Column<Name, K, As, null>;
export function seldom(name: string, kind: Kind, usually: 0 | null, shownAs: ShownAs = true): Column {
  return { name, kind, shownAs, before: null, choices: null, usually };
}

/** What a column of the table `alias` says, in SQL. */
export function valueSql(alias: string, { name, kind, before, choices, usually }: Column): string {
  const stored = `${alias}.${name}`;
  if (usually !== undefined) {
    const found = kind === 'json' ? `(${alias}.${SELDOM} -> '${name}')` : `(${alias}.${SELDOM} ->> '${name}')::${SQL_TYPES[kind]}`;
    return usually === null ? found : `coalesce(${found}, ${usually})`;
  }
  if (kind === 'choice') return wordSql(choices ?? {}, stored);
  return before === null ? stored : `coalesce(${stored}, ${before})`;
}

type Columns<Status> = { readonly [Field in keyof Status]-?: Column | (Status[Field] extends TaskTally ? { readonly [Inner in keyof TaskTally]: Column } : never) };

/**
 * A table of status rows: each field of the status has its column, or several if it counts several things. The order of
 * the fields is that of the columns.
 */
export interface Description<Status> {
  readonly table: string;
  readonly key: readonly (keyof Status & string)[];
  /** A field that is never null: its column tells whether a left join found a row. */
  readonly present: keyof Status;
  readonly columns: Columns<Status>;
}

type Fields = Readonly<Record<string, Column | Readonly<Record<string, Column>>>>;

/** A column, and where its value is in the status. */
interface Leaf {
  readonly field: string;
  /** Of a field that counts several things: which of them. */
  readonly inner: string | null;
  readonly column: Column;
}

function isColumn(described: Fields[string]): described is Column {
  return typeof described['kind'] === 'string';
}

function leavesOf<Status>({ columns }: Description<Status>): readonly Leaf[] {
  return Object.entries(columns as Fields).flatMap(([field, described]): Leaf[] =>
    isColumn(described) ? [{ field, inner: null, column: described }] : Object.entries(described).map(([inner, of]) => ({ field, inner, column: of })),
  );
}

/** The names of its columns, in order; those of the key come first. */
export function columnNames<Status>(description: Description<Status>): readonly string[] {
  const leaves = leavesOf(description);
  return [...own(leaves).map(({ column: { name } }) => name), ...(own(leaves).length === leaves.length ? [] : [SELDOM])];
}

/** Those that are columns. */
function own(leaves: readonly Leaf[]): readonly Leaf[] {
  return leaves.filter(({ column: { usually } }) => usually === undefined);
}

/** `on conflict … do update` of all columns but the key. */
export function overwriteRow<Status>(description: Description<Status>): string {
  const rest = columnNames(description).slice(description.key.length);
  return `on conflict (${description.key.join(', ')}) do update set ${rest.map((name) => `${name} = excluded.${name}`).join(', ')}`;
}

/**
 * Rows as one array a column, which is what PostgreSQL takes in fastest short of `copy`: for the busiest table. `next`
 * names the next parameter; `values` are as many. Only for statuses without fields that count several things.
 */
export function asArrays<Status>(description: Description<Status>): {
  /** The columns' values, of a row of `from`. */
  readonly select: string;
  from(next: () => string): string;
  values(statuses: readonly Status[]): readonly string[];
} {
  const leaves = leavesOf(description);
  const few = leaves.filter(({ column: { usually } }) => usually !== undefined);
  const columns: readonly { readonly name: string; readonly kind: Kind; values(statuses: readonly Status[]): string }[] = [
    ...own(leaves).map(({ field, column: { name, kind, choices } }) => ({
      name,
      kind,
      values: (statuses: readonly Status[]) => arrayOf(kind, choices, statuses.map((status) => status[field as keyof Status])),
    })),
    ...(few.length === 0 ? [] : [{ name: SELDOM, kind: 'json' as const, values: (statuses: readonly Status[]) => arrayOf('json', null, statuses.map((status) => unusual(few, status))) }]),
  ];
  return {
    select: columns.map(({ name, kind }) => (ITEM_TYPES[kind] === SQL_TYPES[kind] ? `u.${name}` : `u.${name}::${SQL_TYPES[kind]}`)).join(', '),
    from: (next) => `unnest(${columns.map(({ kind }) => `${next()}::${ITEM_TYPES[kind]}[]`).join(', ')}) as u(${columns.map(({ name }) => name).join(', ')})`,
    values: (statuses) => columns.map(({ values }) => values(statuses)),
  };
}

/** null: all is as usual. */
function unusual<Status>(few: readonly Leaf[], status: Status): Readonly<Record<string, unknown>> | null {
  let found: Record<string, unknown> | null = null;
  for (const { field, column: { name, usually } } of few) {
    const value = status[field as keyof Status];
    if (value !== usually) (found ??= {})[name] = value;
  }
  return found;
}

/** Rows as one JSON text, in the words of the status type: for tables of which few rows are written at a time. */
export function asRecords<Status>(description: Description<Status>): {
  /** The columns' values, of a row of `from`. */
  readonly select: string;
  /** `more`: fields that the status does not have, with their types. */
  from(rows: string, alias: string, more?: string): string;
} {
  const leaves = leavesOf(description);
  if (own(leaves).length < leaves.length) throw new Error(`${description.table} is not written as JSON`);
  const value = ({ field, inner, column: { kind } }: Leaf): string => (inner === null ? `"${field}"` : `("${field}" ->> '${inner}')::${SQL_TYPES[kind]}`);
  const fields = new Map(leaves.map(({ field, inner, column: { kind } }) => [field, inner === null ? SQL_TYPES[kind] : 'json']));
  const record = [...fields].map(([field, type]) => `"${field}" ${type}`).join(', ');
  return {
    select: leaves.map(value).join(', '),
    from: (rows, alias, more) => `json_to_recordset(${rows}::json) as ${alias}(${record}${more === undefined ? '' : `, ${more}`})`,
  };
}

type Field<Status, Name> = Name extends keyof Status ? Status[Name] : never;

/**
 * A row as the owner reads it: each column as `alias_name`, so that several groups can stand in one row (left join:
 * then all of a group are null).
 */
export type OwnerRow<Alias extends string, Status, D extends Description<Status>> = {
  readonly [F in keyof D['columns'] as D['columns'][F] extends Column<infer Name> ? `${Alias}_${Name}` : never]: Field<Status, F> | (F extends D['present'] ? null : never);
};

/** How the owner reads it. `alias`: of the table in the statement. */
export function asRead<Status>(description: Description<Status>, alias: string): { readonly columns: string; read(key: Partial<Status>, row: object): Status | null } {
  const isKey = new Set<string>(description.key);
  const described = leavesOf(description).filter(({ field }) => !isKey.has(field));
  // Names that have been keys of an object are looked up several times as fast as names that were put together, and
  // fields that are there are written several times as fast as new ones.
  const leaves = Object.entries(Object.fromEntries(described.map((leaf) => [`${alias}_${leaf.column.name}`, leaf])));
  const empty = Object.fromEntries(leavesOf(description).map(({ field }) => [field, null]));
  const present = leaves.find(([, { field }]) => field === description.present)?.[0];
  if (present === undefined) throw new Error(`${description.table} has no column that is never null`);
  const read = (key: Partial<Status>, row: Readonly<Record<string, unknown>>): Status | null => {
    if (row[present] === null) return null;
    const status: Record<string, unknown> = { ...empty, ...key };
    for (const [name, { field, inner, column: { kind } }] of leaves) {
      if (inner === null) status[field] = readValue(kind, row[name]);
      else ((status[field] ??= {}) as Record<string, unknown>)[inner] = row[name];
    }
    return status as Status;
  };
  return {
    columns: described.map(({ column: of }) => `${valueSql(alias, of)} as ${alias}_${of.name}`).join(', '),
    read: (key, row) => read(key, row as Readonly<Record<string, unknown>>),
  };
}

/** The field under which the API reads a column. */
type NameOf<F, C> = C extends Column<string, Kind, infer As> ? (As extends true ? F : As extends string ? As : never) : never;
type ValueOf<Value, C> = (C extends Column<string, 'json'> ? string | Extract<Value, null> : Value) | (C extends Column<string, Kind, ShownAs, null> ? never : null);
type InnerOf<Described> = Described extends Column ? never : { [Inner in keyof Described]: NameOf<Inner, Described[Inner]> }[keyof Described];

/** A row as the API reads it: the columns that it shows, by the names that they have there. JSON is text. */
export type ApiRow<Status, D extends Description<Status>> = {
  readonly [F in keyof D['columns'] as NameOf<F, D['columns'][F]> & string]: ValueOf<Field<Status, F>, D['columns'][F]>;
} & { readonly [Inner in { [F in keyof D['columns']]: InnerOf<D['columns'][F]> }[keyof D['columns']] & string]: number };

/** All null: the owner has not written the row yet. */
export type NoRow<Row> = { readonly [Name in keyof Row]: null };

/** How the API reads it, from the table as `s`. */
export function asShown<Status, D extends Description<Status>>(description: D & Description<Status>): { readonly columns: string; readonly none: NoRow<ApiRow<Status, D>> } {
  const shown = leavesOf<Status>(description).flatMap(({ field, inner, column: of }) => (of.shownAs === null ? [] : [{ sql: valueSql('s', { ...of, before: null }), as: of.shownAs === true ? (inner ?? field) : of.shownAs }]));
  return {
    columns: shown.map(({ sql, as }) => `${sql} as "${as}"`).join(', '),
    none: Object.fromEntries(shown.map(({ as }) => [as, null])) as NoRow<ApiRow<Status, D>>,
  };
}
