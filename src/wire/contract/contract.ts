import type { PropertyRow } from '../shapes/definition.ts';
import type { ApiVersion } from '../versions.ts';
import { createReading } from './reading.ts';
import { hasShape, rowsIn, type ContractTables } from './tables.ts';
import { createVerbatim } from './verbatim.ts';
import { createWriting } from './writing.ts';

/** How a plane reads requests and writes answers. `Shapes`: its shapes by name, as they are once read. */
export interface Contract<Shapes extends object> {
  /**
   * Reads the JSON body of a request into the canonical (newest) shape: names of older revisions become today's, enum
   * values take the service's case, durations and timestamps its spelling; nothing is added.
   * @throws BatchError InvalidRequestBody for a property the revision does not know and for values of a wrong JSON type
   * (the service's OData reader refuses both), MissingRequiredProperty, InvalidPropertyValue or the row's own code for
   * a value out of bounds, UnsupportedProperty for what the plane refuses to take.
   */
  readBody<Name extends keyof Shapes & string>(shape: Name, version: ApiVersion, json: unknown): Shapes[Name];
  /**
   * The JSON of an answer in the client's API version: properties in the service's order, those the version does not
   * know and secrets left out, older names where it uses them, enum values it cannot know replaced. Undefined values
   * and null are dropped; defaults are not filled in. `metadata` becomes `odata.metadata`, first in the object.
   */
  writeBody<Name extends keyof Shapes & string>(shape: Name, version: ApiVersion, canonical: Shapes[Name], metadata?: string): Record<string, unknown>;
  /**
   * Whether the JSON text of a canonical resource (as JSON.stringify wrote it) is what `writeBody` would make of it in
   * a version: it holds no name and no value that is left out or written otherwise there. Looked up as quoted words, so
   * a text may hold one by chance: then the answer is no, and the resource is written the long way.
   */
  isVerbatim(shape: keyof Shapes & string, version: ApiVersion, text: string): boolean;
  /**
   * The properties of a canonical resource in the order of answers; those within them are in it since they were read.
   */
  inOrder(shape: keyof Shapes & string, canonical: object): Record<string, unknown>;
  /** The rows of a shape in the order of answers. */
  rowsOf(shape: keyof Shapes & string): readonly (readonly [string, PropertyRow])[];
  isShape(type: string): type is keyof Shapes & string;
  /** The values of an enum, cased as answers have them; undefined: the type is none. */
  enumValues(type: string): readonly string[] | undefined;
}

/**
 * Makes the reading and the writing of a plane out of its tables. What is compiled from them is kept, by shape and
 * revision, for as long as the contract.
 */
export function createContract<Shapes extends object>(tables: ContractTables<keyof Shapes & string>): Contract<Shapes> {
  return {
    ...createReading<Shapes>(tables),
    ...createWriting<Shapes>(tables),
    ...createVerbatim<Shapes>(tables),
    rowsOf: (shape) => rowsIn(tables, shape),
    isShape: (type): type is keyof Shapes & string => hasShape(tables, type),
    enumValues: (type) => (Object.hasOwn(tables.enums, type) ? tables.enums[type] : undefined),
  };
}
