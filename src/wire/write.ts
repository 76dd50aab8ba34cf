import { youngValues } from './shapes/enums.ts';
import type { PropertyRow } from './shapes/definition.ts';
import type { Shapes } from './types.generated.ts';
import { isShape, knownIn, rowsOf, wireNameOf, type ShapeName } from './validate.ts';
import type { ApiVersion, Revision } from './versions.ts';

type Writer = (value: unknown) => unknown;

interface PropertyWriter {
  readonly canonicalName: string;
  readonly wireName: string;
  readonly write: Writer | undefined;
}

const compiled = new Map<Revision, Map<ShapeName, readonly PropertyWriter[]>>();

/**
 * The JSON of an answer in the client's API version: properties in the service's order, those the version does not know
 * and secrets left out, older names where it uses them, enum values it cannot know replaced. Undefined values and
 * nothing else are dropped; defaults are `defaults.ts`'s work. `metadata` becomes `odata.metadata`, first in the object.
 */
export function writeBody<Name extends ShapeName>(
  shape: Name,
  version: ApiVersion,
  canonical: Shapes[Name],
  metadata?: string,
): Record<string, unknown> {
  const output: Record<string, unknown> = metadata === undefined ? {} : { 'odata.metadata': metadata };
  return writeInto(output, shape, version.revision, canonical);
}

function writeInto(output: Record<string, unknown>, shape: ShapeName, revision: Revision, canonical: object): Record<string, unknown> {
  const input = canonical as Readonly<Record<string, unknown>>;
  for (const { canonicalName, wireName, write } of writersOf(shape, revision)) {
    const value = input[canonicalName];
    if (value === undefined || value === null) continue;
    output[wireName] = write === undefined ? value : write(value);
  }
  return output;
}

function writersOf(shape: ShapeName, revision: Revision): readonly PropertyWriter[] {
  const ofRevision = compiled.get(revision) ?? new Map<ShapeName, readonly PropertyWriter[]>();
  const found = ofRevision.get(shape);
  if (found !== undefined) return found;
  const writers = rowsOf(shape)
    .filter(([, row]) => knownIn(row, revision) && row.secret !== true)
    .map(([canonicalName, row]) => ({
      canonicalName,
      wireName: wireNameOf(canonicalName, row, revision),
      write: propertyWriter(row, revision),
    }));
  compiled.set(revision, ofRevision.set(shape, writers));
  return writers;
}

/** Undefined where the value goes out as it is. */
function propertyWriter(row: PropertyRow, revision: Revision): Writer | undefined {
  const writeItem = itemWriter(row, revision);
  if (writeItem === undefined || row.list !== true) return writeItem;
  return (value) => (Array.isArray(value) ? value.map(writeItem) : value);
}

function itemWriter(row: PropertyRow, revision: Revision): Writer | undefined {
  if (isShape(row.type)) {
    const shape = row.type;
    return (value) => (typeof value === 'object' && value !== null ? writeInto({}, shape, revision, value) : value);
  }
  const young = Object.entries(youngValues[row.type] ?? {}).filter(([, { since }]) => revision < since);
  if (young.length === 0) return undefined;
  const replacements = new Map<unknown, string>(young.map(([value, { before }]) => [value, before]));
  return (value) => replacements.get(value) ?? value;
}
