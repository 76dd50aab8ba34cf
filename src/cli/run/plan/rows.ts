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
  const [header, ...records] = records4180(text, delimiter, file);
  if (header === undefined) return [];
  const columns = header.fields.map((name) => name.trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new RunError('usage', `${file}: two columns are called ${JSON.stringify(twice)}`);
  return records.map(({ line, fields }) => {
    if (fields.length !== columns.length) {
      throw new RunError('usage', `${file}:${line}: ${fields.length} values for ${columns.length} columns`);
    }
    return new Map(columns.map((name, index) => [name, fields[index] ?? '']));
  });
}

interface DelimitedRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Records as RFC 4180 has them: quoted fields may hold delimiters, line ends and "" for a quote. Empty lines are
 * skipped.
 */
function records4180(text: string, delimiter: string, file: string): DelimitedRecord[] {
  const records: DelimitedRecord[] = [];
  let fields: string[] = [];
  let field = '';
  let line = 1;
  let startLine = 1;
  let quoted = false;
  let wasQuoted = false;
  const endRecord = (): void => {
    if (fields.length > 0 || field !== '' || wasQuoted) records.push({ line: startLine, fields: [...fields, field] });
    fields = [];
    field = '';
    wasQuoted = false;
    startLine = line;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '\n') line++;
    if (quoted) {
      if (character !== '"') field += character;
      else if (text.charAt(index + 1) === '"') field += text.charAt(++index);
      else quoted = false;
    } else if (character === '"' && field === '') {
      quoted = true;
      wasQuoted = true;
    } else if (character === delimiter) {
      fields.push(field);
      field = '';
      wasQuoted = false;
    } else if (character === '\n') endRecord();
    else if (character !== '\r' || text.charAt(index + 1) !== '\n') field += character;
  }
  if (quoted) throw new RunError('usage', `${file}:${startLine}: a quote is never closed`);
  endRecord();
  return records;
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
