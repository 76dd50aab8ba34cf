import { DelimitedError, readTable } from '../../../base/delimited.ts';
import { RunError } from '../failure.ts';

/** A table's row: column -> value. */
export type Row = ReadonlyMap<string, string>;

const readers: readonly (readonly [ending: string, read: (text: string, file: string) => Row[]])[] = [
  ['.csv', (text, file) => readDelimited(text, ',', file)],
  ['.tsv', (text, file) => readDelimited(text, '\t', file)],
  ['.jsonl', readJsonLines],
  ['.ndjson', readJsonLines],
];

/** What every task has beside its columns (plan.ts). */
const OURS = ['index', 'task'];

/** The rows of a table, by the file's ending. @throws RunError usage, naming file and line */
export function readRows(text: string, file: string): Row[] {
  const reader = readers.find(([ending]) => file.toLowerCase().endsWith(ending));
  if (reader === undefined) throw new RunError('usage', `${file}: rows are read from ${readers.map(([ending]) => ending).join(', ')} files`);
  const rows = reader[1](text.replace(/^\uFEFF/, ''), file);
  if (rows.length === 0) throw new RunError('usage', `${file} has no rows`);
  const taken = OURS.find((name) => rows.some((row) => row.has(name)));
  if (taken !== undefined) throw new RunError('usage', `${file}: {${taken}} is the task's own, so no column can be called that`);
  return rows;
}

function readDelimited(text: string, delimiter: string, file: string): Row[] {
  try {
    const { columns, records } = readTable(text, delimiter);
    return records.map(({ fields }) => new Map(columns.map((name, index) => [name, fields[index] ?? ''])));
  } catch (error) {
    if (!(error instanceof DelimitedError)) throw error;
    throw new RunError('usage', `${file}:${error.line}: ${error.message}`, { cause: error });
  }
}

function readJsonLines(text: string, file: string): Row[] {
  return text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [readJsonLine(line, `${file}:${index + 1}`)]));
}

function readJsonLine(line: string, place: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new RunError('usage', `${place}: not JSON`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RunError('usage', `${place}: a row is an object, {"column": value}`);
  return new Map(
    Object.entries(value).map(([name, cell]): [string, string] => {
      if (typeof cell === 'object' && cell !== null) throw new RunError('usage', `${place}: ${name} is neither text nor number nor true or false`);
      return [name, String(cell ?? '')];
    }),
  );
}
