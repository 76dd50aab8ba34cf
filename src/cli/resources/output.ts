import { Option } from 'commander';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { at, text, type Column, type Item } from './nouns.ts';

/** How results are printed; `table` is for people, the others are for programs and stay as they are. */
const FORMATS = ['table', 'json', 'jsonl', 'yaml', 'id'] as const;
export type Format = (typeof FORMATS)[number];

export interface OutputFlags {
  readonly output: Format;
  /** JMESPath over what `json` would print, as az has it. */
  readonly query?: string;
}

export function outputOptions(): readonly Option[] {
  return [
    new Option('-o, --output <format>', 'how to print').choices([...FORMATS]).default('table'),
    new Option('--query <jmespath>', 'of the results only this, as az has it: "[?state==\'running\'].id"'),
  ];
}

/** Where lines go. */
type Print = (line: string) => void;

export interface Printing {
  readonly columns: readonly Column[];
  readonly now: number;
  readonly print: Print;
}

/**
 * Prints a list as its pages come; what only makes sense of the whole (JSON, YAML, a query) once it is there. Returns
 * how many there were.
 */
export async function printList(found: AsyncIterable<readonly Item[]>, flags: OutputFlags, printing: Printing): Promise<number> {
  const { output, query } = flags;
  if (query !== undefined || output === 'json' || output === 'yaml') {
    const all: Item[] = [];
    for await (const page of found) all.push(...page);
    await printValue(all, flags, printing);
    return all.length;
  }
  let count = 0;
  let widths: readonly number[] = [];
  for await (const page of found) {
    if (output === 'table' && count === 0) widths = head(page, printing);
    for (const item of page) printing.print(lineOf(item, output, widths, printing));
    count += page.length;
  }
  return count;
}

function lineOf(item: Item, format: 'table' | 'jsonl' | 'id', widths: readonly number[], { columns, now }: Printing): string {
  switch (format) {
    case 'id':
      return text(item, 'id');
    case 'jsonl':
      return JSON.stringify(item);
    case 'table':
      return row(columns.map(({ value }) => shown(value(item, now))), widths);
  }
}

/** Columns are as wide as the first page needs. */
function head(page: readonly Item[], { columns, now, print }: Printing): readonly number[] {
  const widths = columns.map(({ heading, value }) => Math.max(heading.length, ...page.map((item) => shown(value(item, now)).length)));
  if (page.length > 0) print(row(columns.map(({ heading }) => heading.toUpperCase()), widths));
  return widths;
}

function row(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd();
}

/** Names of things come from strangers: what steers a terminal is shown, not sent. */
function shown(cell: string): string {
  return cell.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\u241b');
}

/** Prints one resource, or any value. @throws CommandError usage: a query that is none. */
export async function printValue(value: unknown, { output, query }: OutputFlags, { print }: Pick<Printing, 'print'>): Promise<void> {
  const result = query === undefined ? value : await search(value, query);
  switch (output) {
    case 'json':
      return print(JSON.stringify(result, undefined, 2));
    case 'jsonl':
      for (const one of Array.isArray(result) ? result : [result]) print(JSON.stringify(one));
      return;
    case 'yaml': {
      const { stringify } = await import('yaml');
      return print(stringify(result).trimEnd());
    }
    case 'id':
      for (const one of Array.isArray(result) ? result : [result]) print(isItem(one) ? text(one, 'id') : String(one));
      return;
    case 'table':
      for (const line of plainLines(result)) print(line);
  }
}

/** @throws CommandError usage. */
async function search(value: unknown, query: string): Promise<unknown> {
  const { default: jmespath } = await import('jmespath');
  try {
    return jmespath.search(value, query) as unknown;
  } catch (error) {
    throw new CommandError(EXIT.usage, `--query ${query} is no JMESPath: ${messageOf(error)}`);
  }
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of objects is a table of what they have; one object has a line for each of its values. */
function plainLines(value: unknown): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.every(isItem) && value.length > 0 ? tableOf(value) : value.map(cellOf);
  if (!isItem(value)) return [cellOf(value)];
  const leaves = [...leavesOf(value, '')];
  const width = Math.max(0, ...leaves.map(([name]) => name.length));
  return leaves.map(([name, leaf]) => row([name, leaf], [width]));
}

function tableOf(items: readonly Item[]): readonly string[] {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const cells = items.map((item) => names.map((name) => cellOf(at(item, name))));
  const widths = names.map((name, index) => Math.max(name.length, ...cells.map((line) => line[index]?.length ?? 0)));
  return [row(names, widths), ...cells.map((line) => row(line, widths))];
}

function cellOf(value: unknown): string {
  return shown(typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value));
}

/** `executionInfo.exitCode 0`, a line each. */
function* leavesOf(value: unknown, path: string): Generator<readonly [name: string, leaf: string]> {
  if (isItem(value) || (Array.isArray(value) && value.some((one) => typeof one === 'object'))) {
    for (const [name, inner] of Object.entries(value)) {
      if (name.startsWith('odata.')) continue;
      yield* leavesOf(inner, path === '' ? name : Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`);
    }
  } else yield [path, cellOf(value)];
}
