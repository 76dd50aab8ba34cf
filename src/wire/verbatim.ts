import type { PropertyRow } from './shapes/definition.ts';
import { youngValues } from './shapes/enums.ts';
import { isShape, knownIn, rowsOf, wireNameOf, type ShapeName } from './validate.ts';
import type { ApiVersion, Revision } from './versions.ts';

/** null: the revision writes all of the shape as it is. */
const compiled = new Map<string, RegExp | null>();

/**
 * Whether the JSON text of a canonical resource (as JSON.stringify wrote it) is what `writeBody` would make of it in a version: it holds no name and no value that is left
 * out or written otherwise there. Looked up as quoted words, so a text may hold one by chance: then the answer is no, and the resource is written the long way.
 */
export function isVerbatim(shape: ShapeName, { revision }: ApiVersion, text: string): boolean {
  const key = `${shape} ${revision}`;
  let words = compiled.get(key);
  if (words === undefined) {
    words = expressionOf(changedWords(shape, revision, new Set(), new Set()));
    compiled.set(key, words);
  }
  return words === null || !words.test(text);
}

/** The properties of a canonical resource in the order of answers; those within them are in it since they were read. */
export function inOrder(shape: ShapeName, canonical: object): Record<string, unknown> {
  const input = canonical as Readonly<Record<string, unknown>>;
  const output: Record<string, unknown> = {};
  for (const [name] of rowsOf(shape)) if (input[name] !== undefined) output[name] = input[name];
  return output;
}

/** No word needs escaping: they are names and enum values of the contract. */
const expressionOf = (words: ReadonlySet<string>): RegExp | null => (words.size === 0 ? null : new RegExp(`"(?:${[...words].join('|')})"`));

function changedWords(shape: ShapeName, revision: Revision, words: Set<string>, seen: Set<ShapeName>): ReadonlySet<string> {
  if (seen.has(shape)) return words;
  seen.add(shape);
  for (const [name, row] of rowsOf(shape)) {
    if (isChanged(name, row, revision)) words.add(name);
    else if (isShape(row.type)) changedWords(row.type, revision, words, seen);
    else for (const [value, { since }] of Object.entries(youngValues[row.type] ?? {})) if (revision < since) words.add(value);
  }
  return words;
}

const isChanged = (name: string, row: PropertyRow, revision: Revision): boolean =>
  row.secret === true || !knownIn(row, revision) || wireNameOf(name, row, revision) !== name;
