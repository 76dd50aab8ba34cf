import type { PropertyRow } from '../shapes/definition.ts';
import type { Revision } from '../versions.ts';

/** The tables of a plane, from which its reading and its writing are made. `Name`: the names of its shapes. */
export interface ContractTables<Name extends string = string> {
  /** Stands before the name of a shape where an error names its type. */
  readonly typeNamespace: string;
  readonly shapes: Readonly<Record<Name, Readonly<Record<string, PropertyRow>>>>;
  /** Values of the enums, cased as answers have them. */
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly youngValues: YoungValues;
  /** Rules between the properties of a shape. A shape without a row has none. */
  readonly rules: Readonly<Partial<Record<Name, readonly Rule[]>>>;
  /** Properties that requests may carry and the plane refuses for now, by `shape.property`. */
  readonly refused: Readonly<Record<string, Refusal>>;
}

/**
 * By enum and value: values that clients of revisions below `since` do not know, and the older value that they read
 * instead.
 */
export type YoungValues = Readonly<Record<string, Readonly<Record<string, { readonly since: Revision; readonly before: string }>>>>;

/** A rule between properties of one shape. `check` throws; the body it gets has passed the table's own checks. */
export interface Rule {
  readonly name: string;
  /** Where the rule is documented; "inferred" where the service's code is not known. */
  readonly source: string;
  readonly check: (body: object) => void;
}

/** Why a property is refused for now. */
export interface Refusal {
  readonly reason: string;
  /** A value that asks for nothing is taken: an empty list, or false. */
  readonly unless?: 'empty' | 'false';
}

/** Whether a value asks for what is refused. */
export function isRefused({ unless }: Refusal, value: unknown): boolean {
  const asksForNothing = unless === 'empty' ? Array.isArray(value) && value.length === 0 : unless === 'false' && value === false;
  return !asksForNothing;
}

/** The rows of a shape in the order of answers. @throws Error for a name that the tables do not have. */
export function rowsIn(tables: ContractTables, shape: string): readonly (readonly [string, PropertyRow])[] {
  const definition = tables.shapes[shape];
  if (definition === undefined) throw new Error(`the contract has no shape ${shape}`);
  return Object.entries(definition);
}

/** Whether a type is the name of a shape. */
export function hasShape(tables: ContractTables, type: string): boolean {
  return Object.hasOwn(tables.shapes, type);
}

/** Whether the revision has the property. */
export function knownIn({ since, until, absent }: PropertyRow, revision: Revision): boolean {
  const isAbsent = absent !== undefined && revision >= absent[0] && revision <= absent[1];
  return (since === undefined || revision >= since) && (until === undefined || revision <= until) && !isAbsent;
}

/** Whether requests of that revision must carry it. */
export function isRequiredIn({ required, optionalSince }: PropertyRow, revision: Revision): boolean {
  return required === true && (optionalSince === undefined || revision < optionalSince);
}

/** What the revision calls the property. */
export function wireNameOf(canonicalName: string, row: PropertyRow, revision: Revision): string {
  return row.formerly !== undefined && revision <= row.formerly.until ? row.formerly.name : canonicalName;
}
