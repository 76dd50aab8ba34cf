import { BatchError, invalidProperty } from '../errors.ts';
import type { PropertyRow, ScalarType } from '../shapes/definition.ts';
import type { Revision } from '../versions.ts';
import type { Contract } from './contract.ts';
import { checkItems, enumReader, isAnnotation, objectOf, scalarReader, wrongType, type Reader } from './readers.ts';
import { hasShape, isRefused, isRequiredIn, knownIn, rowsIn, wireNameOf, type ContractTables, type Refusal } from './tables.ts';

interface PropertyReader {
  readonly canonicalName: string;
  readonly read: Reader;
  readonly emptyIsNone: boolean;
  /** Undefined: the plane takes the property. */
  readonly refusal: Refusal | undefined;
}

interface ShapeReader {
  readonly properties: ReadonlyMap<string, PropertyReader>;
  readonly required: readonly { readonly wireName: string; readonly canonicalName: string }[];
  readonly checks: readonly ((body: object) => void)[];
}

/** The reading half of a contract: readers are compiled from the tables once for each shape and revision. */
export function createReading<Shapes extends object>(tables: ContractTables<keyof Shapes & string>): Pick<Contract<Shapes>, 'readBody'> {
  const compiled = new Map<string, ShapeReader>();

  function readerOf(shape: string, revision: Revision): ShapeReader {
    const key = `${shape} ${revision}`;
    const found = compiled.get(key);
    if (found !== undefined) return found;
    const reader = compileReader(tables, shape, revision, readShape);
    compiled.set(key, reader);
    return reader;
  }

  function readShape(shape: string, revision: Revision, json: unknown, name: string): unknown {
    const { properties, required, checks } = readerOf(shape, revision);
    const input = objectOf(json, name);
    for (const key in input) if (!properties.has(key) && !isAnnotation(key)) throw unknownProperty(key, `${tables.typeNamespace}.${shape}`);
    const output: Record<string, unknown> = {};
    let unsupported: BatchError | undefined;
    // In the table's order, whatever the client's: what is stored goes out as it is (verbatim.ts).
    for (const [wireName, property] of properties) {
      const value = input[wireName];
      // OData clients write null for what they do not set.
      if (value === null || value === undefined || (value === '' && property.emptyIsNone)) continue;
      const canonical = property.read(value, wireName);
      output[property.canonicalName] = canonical;
      // Without the value: below it there may be passwords and keys.
      if (property.refusal !== undefined && isRefused(property.refusal, canonical)) unsupported ??= invalidProperty(wireName, '', property.refusal.reason, 'UnsupportedProperty');
    }
    for (const { wireName, canonicalName } of required) {
      if (output[canonicalName] === undefined) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: wireName }]);
    }
    for (const check of checks) check(output);
    // Last, so that what Azure refuses is refused with Azure's code.
    if (unsupported !== undefined) throw unsupported;
    return output;
  }

  return {
    // The one cast from data to type: the readers are compiled from the table the types were generated from.
    readBody: (shape, version, json) => readShape(shape, version.revision, json, shape) as Shapes[typeof shape],
  };
}

type ReadShape = (shape: string, revision: Revision, json: unknown, name: string) => unknown;

function compileReader(tables: ContractTables, shape: string, revision: Revision, readShape: ReadShape): ShapeReader {
  const properties = new Map<string, PropertyReader>();
  const required: { wireName: string; canonicalName: string }[] = [];
  for (const [canonicalName, row] of rowsIn(tables, shape)) {
    if (!knownIn(row, revision) || row.readOnly === true) continue;
    const wireName = wireNameOf(canonicalName, row, revision);
    const readItem = itemReader(tables, row, revision, readShape);
    properties.set(wireName, { canonicalName, read: row.list === true ? listReader(row, readItem) : readItem, emptyIsNone: row.emptyIsNone === true, refusal: tables.refused[`${shape}.${canonicalName}`] });
    if (isRequiredIn(row, revision)) required.push({ wireName, canonicalName });
  }
  return { properties, required, checks: (tables.rules[shape] ?? []).map(({ check }) => check) };
}

function listReader(row: PropertyRow, readItem: Reader): Reader {
  return (value, name) => {
    if (!Array.isArray(value)) throw wrongType(name, 'an array');
    checkItems(name, value, row);
    return value.map((item: unknown) => readItem(item, name));
  };
}

function itemReader(tables: ContractTables, row: PropertyRow, revision: Revision, readShape: ReadShape): Reader {
  const { type } = row;
  if (hasShape(tables, type)) return (value, name) => readShape(type, revision, value, name);
  const values = Object.hasOwn(tables.enums, type) ? tables.enums[type] : undefined;
  return values === undefined ? scalarReader(type as ScalarType, row) : enumReader(values);
}

/**
 * Sentence and Reason as recorded; the names of types are those of the specification, where the service's own are not
 * known.
 */
export function unknownProperty(name: string, type: string): BatchError {
  const reason = `The property '${name.slice(0, 128)}' does not exist on type '${type}'. Make sure to only use property names that are defined by the type.`;
  return new BatchError('InvalidRequestBody', [{ key: 'Reason', value: reason }]);
}
