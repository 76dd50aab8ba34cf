import type { PropertyRow } from '../shapes/definition.ts';
import type { Revision } from '../versions.ts';
import type { Contract } from './contract.ts';
import { hasShape, knownIn, rowsIn, wireNameOf, type ContractTables } from './tables.ts';

/**
 * The part of a contract that sends stored text as it is. Expressions are compiled from the tables once for each shape
 * and revision.
 */
export function createVerbatim<Shapes extends object>(tables: ContractTables<keyof Shapes & string>): Pick<Contract<Shapes>, 'isVerbatim' | 'inOrder'> {
  /** null: the revision writes all of the shape as it is. */
  const compiled = new Map<string, RegExp | null>();

  return {
    isVerbatim: (shape, { revision }, text) => {
      const key = `${shape} ${revision}`;
      let words = compiled.get(key);
      if (words === undefined) {
        words = expressionOf(changedWords(tables, shape, revision, new Set(), new Set()));
        compiled.set(key, words);
      }
      return words === null || !words.test(text);
    },
    inOrder: (shape, canonical) => {
      const input = canonical as Readonly<Record<string, unknown>>;
      const output: Record<string, unknown> = {};
      for (const [name] of rowsIn(tables, shape)) if (input[name] !== undefined) output[name] = input[name];
      return output;
    },
  };
}

/** No word needs escaping: they are names and enum values of the contract. */
function expressionOf(words: ReadonlySet<string>): RegExp | null {
  return words.size === 0 ? null : new RegExp(`"(?:${[...words].join('|')})"`);
}

function changedWords(tables: ContractTables, shape: string, revision: Revision, words: Set<string>, seen: Set<string>): ReadonlySet<string> {
  if (seen.has(shape)) return words;
  seen.add(shape);
  for (const [name, row] of rowsIn(tables, shape)) {
    if (isChanged(name, row, revision)) words.add(name);
    else if (hasShape(tables, row.type)) changedWords(tables, row.type, revision, words, seen);
    else for (const [value, { since }] of Object.entries(tables.youngValues[row.type] ?? {})) if (revision < since) words.add(value);
  }
  return words;
}

function isChanged(name: string, row: PropertyRow, revision: Revision): boolean {
  return row.secret === true || !knownIn(row, revision) || wireNameOf(name, row, revision) !== name;
}
