import { lowerAscii } from '../letters.ts';
import { TABLE, type VmSize } from './table.ts';

/**
 * The operator's own sizes and prices: a CSV file that a process reads once, as it starts. A row is a size in a region;
 * what it leaves empty stays as the table has it.
 */

/** The columns; `size` must be there. A size that the table does not have needs `cores` and `memoryGiB`. */
const COLUMNS = ['size', 'cores', 'memoryGiB', 'temporaryDiskGiB', 'gpus', 'family', 'lowPriority', 'region', 'dedicated', 'low'] as const;
type Column = (typeof COLUMNS)[number];

export interface OwnSizes {
  readonly sizes: ReadonlyMap<string, VmSize>;
  /** By size and region, an empty region being all of them. */
  readonly prices: ReadonlyMap<string, { readonly dedicated: number | null; readonly low: number | null }>;
}

/** A fault in the file, with its line. Thrown as a process starts or a command begins. */
class SizesFileError extends Error {
  override readonly name = 'SizesFileError';
}

const NONE: OwnSizes = { sizes: new Map(), prices: new Map() };
let own = NONE;

/** Makes these the sizes and prices of this process. */
export function useOwnSizes(sizes: OwnSizes): void {
  own = sizes;
}

export function ownSize(name: string): VmSize | undefined {
  return own.sizes.get(name);
}

export function ownSizes(): Iterable<VmSize> {
  return own.sizes.values();
}

/** Undefined where the file does not say; the price of a named region comes before the one of all. */
export function ownPrice(name: string, kind: 'dedicated' | 'low', region: string): number | undefined {
  return own.prices.get(`${name} ${region}`)?.[kind] ?? own.prices.get(`${name} `)?.[kind] ?? undefined;
}

export function hasOwnPrices(region: string): boolean {
  return [...own.prices.keys()].some((key) => key.endsWith(` ${region}`));
}

/** Reads the file's text. @throws SizesFileError with the line of what is wrong. */
export function readOwnSizes(text: string): OwnSizes {
  const lines = text.replace(/^\u{FEFF}/u, '').split(/\r?\n/);
  let header: readonly Column[] | undefined;
  const sizes = new Map<string, VmSize>();
  const prices = new Map<string, { dedicated: number | null; low: number | null }>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const at = (problem: string): SizesFileError => new SizesFileError(`line ${index + 1}: ${problem}`);
    const fields = line.split(',').map((field) => field.trim());
    if (header === undefined) {
      header = readHeader(fields, at);
      continue;
    }
    if (fields.length > header.length) throw at(`There are ${fields.length} fields, but ${header.length} columns.`);
    const row: Partial<Record<Column, string>> = Object.fromEntries(header.map((column, place) => [column, fields[place] ?? '']));
    const size = readSize(row, sizes, at);
    sizes.set(size.name, size);
    const key = `${size.name} ${lowerAscii((row.region ?? '').replaceAll(/\s/g, ''))}`;
    if (prices.has(key)) throw at(`${size.displayName} stands there twice${row.region ? ` for ${row.region}` : ''}.`);
    prices.set(key, { dedicated: price('dedicated', row, at), low: price('low', row, at) });
  }
  if (header === undefined) throw new SizesFileError('line 1: The first line must name the columns, size among them.');
  return { sizes, prices };
}

type At = (problem: string) => SizesFileError;

function readHeader(fields: readonly string[], at: At): readonly Column[] {
  const header = fields.map((field) => {
    const column = COLUMNS.find((name) => lowerAscii(name) === lowerAscii(field));
    if (column === undefined) throw at(`There is no column "${field}"; there are ${COLUMNS.join(', ')}.`);
    return column;
  });
  if (new Set(header).size < header.length) throw at('A column stands there twice.');
  if (!header.includes('size')) throw at('The column size is missing.');
  return header;
}

function readSize(row: Partial<Record<Column, string>>, sizes: ReadonlyMap<string, VmSize>, at: At): VmSize {
  const displayName = row.size ?? '';
  if (!/^[A-Za-z][\w-]{0,63}$/.test(displayName)) throw at(`"${displayName}" cannot be the name of a size.`);
  const name = lowerAscii(displayName);
  const known = sizes.get(name) ?? TABLE.get(name);
  const cores = number('cores', row, at, { least: 1, most: 4096, whole: true }) ?? known?.cores;
  const memoryGiB = number('memoryGiB', row, at, { least: 0.25, most: 1_000_000 }) ?? (known && known.memoryMiB / 1024);
  const diskGiB = number('temporaryDiskGiB', row, at, { least: 0, most: 10_000_000 });
  if (cores === undefined || memoryGiB === undefined) throw at(`${displayName} is a size of your own: it needs cores and memoryGiB.`);
  return {
    displayName: known?.displayName ?? displayName,
    name,
    family: row.family || (known?.family ?? 'ownFamily'),
    cores,
    memoryMiB: memoryGiB * 1024,
    temporaryDiskMiB: diskGiB === undefined ? (known?.temporaryDiskMiB ?? null) : diskGiB * 1024,
    gpus: number('gpus', row, at, { least: 0, most: 256, whole: true }) ?? (known === undefined ? 0 : known.gpus),
    lowPriorityCapable: truth('lowPriority', row, at) ?? known?.lowPriorityCapable ?? true,
  };
}

function price(column: 'dedicated' | 'low', row: Partial<Record<Column, string>>, at: At): number | null {
  return number(column, row, at, { least: 0, most: 100_000 }) ?? null;
}

function number(column: Column, row: Partial<Record<Column, string>>, at: At, { least, most, whole = false }: { readonly least: number; readonly most: number; readonly whole?: boolean }): number | undefined {
  const text = row[column] ?? '';
  if (text === '') return undefined;
  const value = Number(text);
  const isRight = /^\d+(\.\d+)?$/.test(text) && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (!isRight) throw at(`${column} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}, not "${text}".`);
  return value;
}

function truth(column: Column, row: Partial<Record<Column, string>>, at: At): boolean | undefined {
  const text = row[column] ?? '';
  if (text !== '' && text !== 'true' && text !== 'false') throw at(`${column} must be true or false, not "${text}".`);
  return text === '' ? undefined : text === 'true';
}
