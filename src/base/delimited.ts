/** A record, and the line it begins in. */
interface DelimitedRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** A table that cannot be read as one; `line`: where. */
export class DelimitedError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** A table whose first record names its columns, each once. */
export interface DelimitedTable {
  readonly columns: readonly string[];
  readonly records: readonly DelimitedRecord[];
}

/** Of a text without records: no columns. @throws DelimitedError */
export function readTable(text: string, delimiter: string): DelimitedTable {
  const [header, ...records] = records4180(text.replace(/^\u{FEFF}/u, ''), delimiter);
  if (header === undefined) return { columns: [], records: [] };
  const columns = header.fields.map((name) => name.trim());
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined) throw new DelimitedError(header.line, `two columns are called ${JSON.stringify(twice)}`);
  const uneven = records.find(({ fields }) => fields.length !== columns.length);
  if (uneven !== undefined) throw new DelimitedError(uneven.line, `${uneven.fields.length} values for ${columns.length} columns`);
  return { columns, records };
}

/**
 * Records as RFC 4180 has them: quoted fields may hold delimiters, line ends and "" for a quote. Empty lines are
 * skipped.
 */
function records4180(text: string, delimiter: string): DelimitedRecord[] {
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
  if (quoted) throw new DelimitedError(startLine, 'a quote is never closed');
  endRecord();
  return records;
}
