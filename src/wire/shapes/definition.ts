import type { ErrorCode } from '../errors.ts';
import type { Revision } from '../versions.ts';

/** Kinds of value that are neither a shape nor an enum. `int64` is a JSON string on the wire (operations.md 1.5). */
export type ScalarType = 'string' | 'boolean' | 'int32' | 'int64' | 'double' | 'timestamp' | 'duration' | 'map';

/** Named value rules, implemented in `contract/readers.ts`. */
type ValueRule = 'id' | 'lowerCase' | 'nonZero' | 'fileMode' | 'texts' | 'environmentName';

/** One property of one shape: a fact of the protocol. Property order in a shape is the order of answers. */
export interface PropertyRow {
  /** A scalar type, or the name of an enum or of another shape. */
  readonly type: string;
  /** The value is an array of `type`. */
  readonly list?: true;
  /** Requests without it are refused; answers always carry it. */
  readonly required?: true;
  /** From this revision on a request may leave it out. */
  readonly optionalSince?: Revision;
  /** First and last revision that know it; absent: all that we serve. */
  readonly since?: Revision;
  readonly until?: Revision;
  /** First and last of the revisions in between that do not know it. */
  readonly absent?: readonly [first: Revision, last: Revision];
  /** Called otherwise up to and including revision `until`. */
  readonly formerly?: { readonly name: string; readonly until: Revision };
  /** Bounds; those of a duration are durations. */
  readonly minimum?: number | string;
  readonly maximum?: number | string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly rule?: ValueRule;
  /** An empty text counts as left out, since a client is known to send it for that. */
  readonly emptyIsNone?: true;
  /** Code for a value outside its bounds, where it is not InvalidPropertyValue. */
  readonly code?: ErrorCode;
  /** Accepted, never answered. */
  readonly secret?: true;
  /** Answered, refused in requests. */
  readonly readOnly?: true;
}

type ShapeDefinition = Readonly<Record<string, PropertyRow>>;
export type ShapeTable = Readonly<Record<string, ShapeDefinition>>;
