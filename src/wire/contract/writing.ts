import type { PropertyRow } from '../shapes/definition.ts';
import type { Revision } from '../versions.ts';
import type { Contract } from './contract.ts';
import { hasShape, knownIn, rowsIn, wireNameOf, type ContractTables } from './tables.ts';

type Writer = (value: unknown) => unknown;

interface PropertyWriter {
  readonly canonicalName: string;
  readonly wireName: string;
  readonly write: Writer | undefined;
}

/** The writing half of a contract: writers are compiled from the tables once for each shape and revision. */
export function createWriting<Shapes extends object>(tables: ContractTables<keyof Shapes & string>): Pick<Contract<Shapes>, 'writeBody'> {
  const compiled = new Map<Revision, Map<string, readonly PropertyWriter[]>>();

  function writersOf(shape: string, revision: Revision): readonly PropertyWriter[] {
    const ofRevision = compiled.get(revision) ?? new Map<string, readonly PropertyWriter[]>();
    const found = ofRevision.get(shape);
    if (found !== undefined) return found;
    const writers = compileWriters(tables, shape, revision, writeInto);
    compiled.set(revision, ofRevision.set(shape, writers));
    return writers;
  }

  function writeInto(output: Record<string, unknown>, shape: string, revision: Revision, canonical: object): Record<string, unknown> {
    const input = canonical as Readonly<Record<string, unknown>>;
    for (const { canonicalName, wireName, write } of writersOf(shape, revision)) {
      const value = input[canonicalName];
      if (value === undefined || value === null) continue;
      output[wireName] = write === undefined ? value : write(value);
    }
    return output;
  }

  return {
    writeBody: (shape, version, canonical, metadata) =>
      writeInto(metadata === undefined ? {} : { 'odata.metadata': metadata }, shape, version.revision, canonical as object),
  };
}

type WriteInto = (output: Record<string, unknown>, shape: string, revision: Revision, canonical: object) => Record<string, unknown>;

function compileWriters(tables: ContractTables, shape: string, revision: Revision, writeInto: WriteInto): readonly PropertyWriter[] {
  return rowsIn(tables, shape)
    .filter(([, row]) => knownIn(row, revision) && row.secret !== true)
    .map(([canonicalName, row]) => ({
      canonicalName,
      wireName: wireNameOf(canonicalName, row, revision),
      write: propertyWriter(tables, row, revision, writeInto),
    }));
}

/** Undefined where the value goes out as it is. */
function propertyWriter(tables: ContractTables, row: PropertyRow, revision: Revision, writeInto: WriteInto): Writer | undefined {
  const writeItem = itemWriter(tables, row, revision, writeInto);
  if (writeItem === undefined || row.list !== true) return writeItem;
  return (value) => (Array.isArray(value) ? value.map(writeItem) : value);
}

function itemWriter(tables: ContractTables, { type }: PropertyRow, revision: Revision, writeInto: WriteInto): Writer | undefined {
  if (hasShape(tables, type)) {
    return (value) => (typeof value === 'object' && value !== null ? writeInto({}, type, revision, value) : value);
  }
  const young = Object.entries(tables.youngValues[type] ?? {}).filter(([, { since }]) => revision < since);
  if (young.length === 0) return undefined;
  const replacements = new Map<unknown, string>(young.map(([value, { before }]) => [value, before]));
  return (value) => replacements.get(value) ?? value;
}
