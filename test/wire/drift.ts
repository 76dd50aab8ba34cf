import { isRequiredIn, knownIn } from '../../src/wire/contract/tables.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
import type { Revision } from '../../src/wire/versions.ts';
import type { OpenApiFacts } from './fixtures.ts';

/** How a table of shapes differs from OpenAPI facts. */

/** Shapes as a contract has them, by any name. */
export interface ShapesOf {
  rowsOf(shape: string): readonly (readonly [string, PropertyRow])[];
  isShape(type: string): boolean;
  enumValues(type: string): readonly string[] | undefined;
}

export interface Pair {
  readonly shape: string;
  readonly definition: string;
  readonly request: boolean;
}

/** What a property's shape is, by the shape that it is in; undefined: it holds none. */
export type ShapeAt = (shape: string, name: string, row: PropertyRow) => string | undefined;

/** Shapes of the table with the definitions they stand for, found by walking both from the roots down. */
export function pairsFrom(roots: readonly Pair[], facts: OpenApiFacts, shapes: ShapesOf, shapeAt: ShapeAt = (_shape, _name, { type }) => (shapes.isShape(type) ? type : undefined)): readonly Pair[] {
  const found = new Map<string, Pair>();
  const visit = ({ shape, definition, request }: Pair): void => {
    const properties = facts.shapes[definition];
    if (found.has(`${shape} ${definition}`) || properties === undefined) return;
    found.set(`${shape} ${definition}`, { shape, definition, request });
    for (const [name, row] of shapes.rowsOf(shape)) {
      const type = properties[name];
      const inner = shapeAt(shape, name, row);
      if (type !== undefined && inner !== undefined) visit({ shape: inner, definition: plain(type), request });
    }
  };
  for (const root of roots) visit(root);
  return [...found.values()];
}

/** The name of a type, without what is said of it. */
export function plain(type: string | undefined): string {
  return (type ?? '').replace(/ readOnly$/, '').replace(/!$/, '').replace(/\[\]$/, '');
}

/** Differences in a word and `revision:Shape.property`. `shapeAt`: as in `pairsFrom`. */
export function compareShape({ shape, definition, request }: Pair, facts: OpenApiFacts, revision: Revision, shapes: ShapesOf, shapeAt: ShapeAt = () => undefined): readonly string[] {
  const expected = facts.shapes[definition] ?? {};
  const rows = new Map(shapes.rowsOf(shape));
  const label = (name: string): string => `${revision}:${shape}.${name}`;
  const differences: string[] = [];
  for (const [name, type] of Object.entries(expected)) {
    const row = rows.get(name);
    // A PUT of newer versions names the whole resource as its body; what is only answered is no part of the request.
    const answered = type.endsWith(' readOnly') && request && row === undefined;
    if (name === 'odata.metadata' || answered) continue;
    if (row === undefined || !knownIn(row, revision)) {
      differences.push(`missing ${label(name)}`);
      continue;
    }
    if (!sameType(row, type, facts, shapes) && shapeAt(shape, name, row) === undefined) differences.push(`type ${label(name)} ${type} ${row.type}`);
    if (request && isRequiredIn(row, revision) !== type.replace(/ readOnly$/, '').endsWith('!')) differences.push(`required ${label(name)}`);
  }
  for (const [name, row] of rows) {
    if (expected[name] === undefined && knownIn(row, revision)) differences.push(`absent ${label(name)}`);
  }
  return differences;
}

/** Values of enums that the facts have and the table has not. */
export function missingValues({ shape, definition }: Pair, facts: OpenApiFacts, shapes: ShapesOf): readonly string[] {
  return shapes.rowsOf(shape).flatMap(([name, { type }]) => {
    const fact = plain(facts.shapes[definition]?.[name]);
    const values = facts.enums[fact] ?? (fact.includes('|') ? fact.split('|') : []);
    const ours = shapes.enumValues(type)?.map((value) => value.toLowerCase());
    return ours === undefined ? [] : values.filter((value) => !ours.includes(value.toLowerCase())).map((value) => `${shape}.${name} ${value}`);
  });
}

const SCALAR_KINDS: Readonly<Record<string, readonly string[]>> = {
  'string': ['string', 'duration', 'timestamp', 'int64'],
  'string:duration': ['duration'],
  'string:date-time': ['timestamp', 'string'],
  'string:int64': ['int64'],
  'string:uri': ['string'],
  'string:byte': ['string'],
  'integer:int32': ['int32', 'int64'],
  'integer:int64': ['int64'],
  'number': ['double', 'int32'],
  'number:double': ['double'],
  'number:float': ['double'],
  'boolean': ['boolean'],
  'map': ['map'],
};

function sameType(row: PropertyRow, type: string, facts: OpenApiFacts, shapes: ShapesOf): boolean {
  if (type.replace(/!?( readOnly)?$/, '').endsWith('[]') !== (row.list === true)) return false;
  const kind = plain(type);
  if (facts.shapes[kind] !== undefined) return shapes.isShape(row.type);
  if (facts.enums[kind] !== undefined || kind.includes('|')) return shapes.enumValues(row.type) !== undefined;
  // Enums of two versions lost their values in the reconstruction and read as strings there.
  if (shapes.enumValues(row.type) !== undefined) return kind === 'string' || !(kind in SCALAR_KINDS);
  return SCALAR_KINDS[kind]?.includes(row.type) ?? false;
}
