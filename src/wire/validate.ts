import { refusal, refused } from './accepted.ts';
import { BatchError, invalidProperty } from './errors.ts';
import { enumReader, objectOf, scalarReader, wrongType, type Reader } from './readers.ts';
import { rulesOf } from './rules.ts';
import type { PropertyRow, ScalarType } from './shapes/definition.ts';
import { enums } from './shapes/enums.ts';
import { shapes } from './shapes/index.ts';
import type { Shapes, TaskAdd } from './types.generated.ts';
import type { ApiVersion, Revision } from './versions.ts';

export type ShapeName = keyof Shapes;

interface PropertyReader {
  readonly canonicalName: string;
  readonly read: Reader;
  /** Its path in `refused`, if it stands there. */
  readonly refusedPath: string | undefined;
}

interface ShapeReader {
  readonly properties: ReadonlyMap<string, PropertyReader>;
  readonly required: readonly { readonly wireName: string; readonly canonicalName: string }[];
}

/**
 * Reads the JSON body of a request into the canonical (newest) shape: names of older revisions become today's, enum
 * values take the service's case, durations and timestamps its spelling; nothing is added.
 * @throws BatchError InvalidRequestBody for a property the revision does not know and for values of a wrong JSON type
 * (the service's OData reader refuses both), MissingRequiredProperty, InvalidPropertyValue or the row's own code for a
 * value out of bounds, UnsupportedProperty for what this service refuses to take (`accepted.ts`).
 */
export function readBody<Name extends ShapeName>(shape: Name, version: ApiVersion, json: unknown): Shapes[Name] {
  // The one cast from data to type: the readers below are compiled from the table the types were generated from.
  return readShape(shape, version.revision, json, shape) as Shapes[Name];
}

/** One task of a collection: what it reads as, or why it is refused. */
export type CollectedTask =
  | { readonly taskId: string; readonly task: TaskAdd }
  | { readonly taskId: string; readonly error: BatchError };

/**
 * Reads the body of addtaskcollection, where every task answers for itself (errors.md 4.4): a body that does not parse as
 * a whole throws, a task with a value the service refuses becomes an item with its error.
 */
export function readTaskCollection(version: ApiVersion, json: unknown): readonly CollectedTask[] {
  const tasks = objectOf(json, 'TaskAddCollection')['value'];
  checkUnknown(json, ['value'], 'TaskAddCollection');
  if (tasks === undefined || tasks === null) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'value' }]);
  if (!Array.isArray(tasks)) throw wrongType('value', 'an array');
  checkItems('value', tasks, shapes.TaskAddCollection.value);
  return tasks.map((item: unknown) => readCollected(version, item));
}

function readCollected(version: ApiVersion, item: unknown): CollectedTask {
  const taskId = objectOf(item, 'value')['id'];
  if (typeof taskId !== 'string') throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'id' }]);
  try {
    return { taskId, task: readBody('TaskAdd', version, item) };
  } catch (error) {
    if (!(error instanceof BatchError) || error.code === 'InvalidRequestBody') throw error;
    return { taskId, error };
  }
}

function checkUnknown(json: unknown, known: readonly string[], shape: string): void {
  for (const key of Object.keys(objectOf(json, shape))) {
    if (!known.includes(key) && !isAnnotation(key)) throw unknownProperty(key, shape);
  }
}

const compiled = new Map<string, ShapeReader>();

function readShape(shape: ShapeName, revision: Revision, json: unknown, name: string): unknown {
  const { properties, required } = readerOf(shape, revision);
  const input = objectOf(json, name);
  for (const key in input) if (!properties.has(key) && !isAnnotation(key)) throw unknownProperty(key, shape);
  const output: Record<string, unknown> = {};
  let unsupported: BatchError | undefined;
  // In the table's order, whatever the client's: what is stored goes out as it is (verbatim.ts).
  for (const [wireName, property] of properties) {
    const value = input[wireName];
    // OData clients write null for what they do not set.
    if (value === null || value === undefined) continue;
    const canonical = property.read(value, wireName);
    output[property.canonicalName] = canonical;
    if (property.refusedPath !== undefined) unsupported ??= refusalOf(property.refusedPath, wireName, canonical);
  }
  for (const { wireName, canonicalName } of required) {
    if (output[canonicalName] === undefined) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: wireName }]);
  }
  for (const rule of rulesOf(shape)) rule.check(output);
  // Last, so that what Azure refuses is refused with Azure's code.
  if (unsupported !== undefined) throw unsupported;
  return output;
}

function refusalOf(path: string, name: string, value: unknown): BatchError | undefined {
  const reason = refusal(path, value);
  // Without the value: below it there may be passwords and keys.
  return reason === undefined ? undefined : invalidProperty(name, '', reason, 'UnsupportedProperty');
}

function readerOf(shape: ShapeName, revision: Revision): ShapeReader {
  const key = `${shape} ${revision}`;
  const found = compiled.get(key);
  if (found !== undefined) return found;
  const reader = compile(shape, revision);
  compiled.set(key, reader);
  return reader;
}

function compile(shape: ShapeName, revision: Revision): ShapeReader {
  const properties = new Map<string, PropertyReader>();
  const required: { wireName: string; canonicalName: string }[] = [];
  for (const [canonicalName, row] of rowsOf(shape)) {
    if (!knownIn(row, revision) || row.readOnly === true) continue;
    const wireName = wireNameOf(canonicalName, row, revision);
    const path = `${shape}.${canonicalName}`;
    properties.set(wireName, { canonicalName, read: propertyReader(row, revision), refusedPath: path in refused ? path : undefined });
    if (isRequiredIn(row, revision)) required.push({ wireName, canonicalName });
  }
  return { properties, required };
}

/** The rows of a shape in the order of answers. */
export function rowsOf(shape: ShapeName): readonly (readonly [string, PropertyRow])[] {
  return Object.entries<PropertyRow>(shapes[shape]);
}

export function knownIn(row: PropertyRow, revision: Revision): boolean {
  return (row.since === undefined || revision >= row.since) && (row.until === undefined || revision <= row.until);
}

/** Whether requests of that revision must carry it. */
export function isRequiredIn({ required, optionalSince }: PropertyRow, revision: Revision): boolean {
  return required === true && (optionalSince === undefined || revision < optionalSince);
}

export function wireNameOf(canonicalName: string, row: PropertyRow, revision: Revision): string {
  return row.formerly !== undefined && revision <= row.formerly.until ? row.formerly.name : canonicalName;
}

function propertyReader(row: PropertyRow, revision: Revision): Reader {
  const readItem = itemReader(row, revision);
  if (row.list !== true) return readItem;
  return (value, name) => {
    if (!Array.isArray(value)) throw wrongType(name, 'an array');
    checkItems(name, value, row);
    return value.map((item: unknown) => readItem(item, name));
  };
}

function checkItems(name: string, value: readonly unknown[], row: PropertyRow): void {
  const { minItems = 0, maxItems = Infinity } = row;
  if (value.length >= minItems && value.length <= maxItems) return;
  throw invalidProperty(name, String(value.length), `The number of items must be from ${minItems} to ${maxItems}.`, row.code);
}

function itemReader(row: PropertyRow, revision: Revision): Reader {
  if (isShape(row.type)) {
    const shape = row.type;
    return (value, name) => readShape(shape, revision, value, name);
  }
  if (isEnum(row.type)) return enumReader(enums[row.type]);
  return scalarReader(row.type as ScalarType, row);
}

export function isShape(type: string): type is ShapeName {
  return Object.hasOwn(shapes, type);
}

export function isEnum(type: string): type is keyof typeof enums {
  return Object.hasOwn(enums, type);
}

/** OData annotations (`odata.metadata`, `x@odata.type`) are not properties. */
function isAnnotation(key: string): boolean {
  return key.startsWith('odata.') || key.includes('@odata.');
}

/** Sentence and Reason as recorded; the names of types are those of the specification, where the service's own are not known. */
function unknownProperty(name: string, shape: string): BatchError {
  const type = `Microsoft.Azure.Batch.Protocol.Entities.${shape}`;
  const reason = `The property '${name.slice(0, 128)}' does not exist on type '${type}'. Make sure to only use property names that are defined by the type.`;
  return new BatchError('InvalidRequestBody', [{ key: 'Reason', value: reason }]);
}

