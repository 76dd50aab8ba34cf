import { jsons, numbers, words } from '../owner/literals.ts';

/**
 * What a column holds. `word`: one of a closed union of ours, letters only; `choice`: the same as a small number
 * (`Choices`); `text`: any text; `tasks`, `attempts`, `instances`: see `TUPLES`.
 */
export type Kind = 'bigint' | 'int' | 'word' | 'choice' | 'text' | 'json' | keyof typeof TUPLES;

/** The number of each word of a closed union: from 1 on without gaps. A number in the database stays what it means. */
export type Choices = Readonly<Record<string, number>>;

/** Lists whose items are a few numbers each: these stand in the column one after the other. */
const TUPLES = { tasks: ['job', 'task'], attempts: ['job', 'task', 'attempt'], instances: ['instance'] } as const;

export const SQL_TYPES: Readonly<Record<Kind, string>> = {
  bigint: 'bigint', int: 'int', word: 'text', choice: 'smallint', text: 'text', json: 'jsonb', tasks: 'bigint[]', attempts: 'bigint[]', instances: 'bigint[]',
};

/** As an item of an array parameter: an array of arrays would fall apart. */
export const ITEM_TYPES: Readonly<Record<Kind, string>> = { ...SQL_TYPES, tasks: 'text', attempts: 'text', instances: 'text' };

/** The values of a column as one array parameter. `choices`: of a `choice`. The description says what is in it. */
export function arrayOf(kind: Kind, choices: Choices | null, values: readonly unknown[]): string {
  switch (kind) {
    case 'bigint':
    case 'int':
      return numbers(values as readonly (number | null)[]);
    case 'word':
      return words(values as readonly (string | null)[]);
    case 'choice':
      return numbers((values as readonly (string | null)[]).map((word) => (word === null ? null : numberOf(choices ?? {}, word))));
    case 'json':
      return jsons(values);
    case 'tasks':
    case 'attempts':
    case 'instances':
      return tuples(TUPLES[kind], values as readonly (readonly Readonly<Record<string, number>>[] | undefined)[]);
    case 'text':
      throw new Error('any text is not written as an array');
  }
}

/** Of digits and commas: no escapes. */
function tuples(names: readonly string[], lists: readonly (readonly Readonly<Record<string, number>>[] | undefined)[]): string {
  return `{${lists.map((list = []) => `"${numbers(list.flatMap((item) => names.map((name) => item[name] ?? null)))}"`).join(',')}}`;
}

/** The number that stands for a word. */
function numberOf(choices: Choices, word: string): number {
  const number = choices[word];
  if (number === undefined) throw new Error(`no number for ${word}`);
  return number;
}

/** The word that a number stands for, in SQL. */
export function wordSql(choices: Choices, number: string): string {
  const sorted = Object.entries(choices).toSorted(([, one], [, other]) => one - other);
  if (sorted.some(([, value], index) => value !== index + 1)) throw new Error(`numbers with gaps: ${JSON.stringify(choices)}`);
  return `('{${sorted.map(([word]) => word).join(',')}}'::text[])[${number}]`;
}

/** What the owner makes of a value that the driver has read. */
export function readValue(kind: Kind, value: unknown): unknown {
  if (kind !== 'tasks' && kind !== 'attempts' && kind !== 'instances') return value;
  const names: readonly string[] = TUPLES[kind];
  const flat = value as readonly number[];
  return Array.from({ length: flat.length / names.length }, (_, index) => Object.fromEntries(names.map((name, place) => [name, flat[index * names.length + place]])));
}
