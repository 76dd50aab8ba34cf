import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { RunError, whyUnread } from '../failure.ts';
import { findFiles, type FoundFile } from './glob.ts';
import type { Values } from './placeholders.ts';
import { readRows } from './rows.ts';
import { combinationsOf, readSweep } from './sweep.ts';

/** What one task is made from. */
export interface Item {
  /** What the user knows it by: the file's path, the item, the row's first value. */
  readonly label: string;
  /** The local file to upload, and what it is called in the task's working directory. */
  readonly file?: { readonly path: string; readonly name: string; readonly directory: string };
  /** Its placeholders, without `index` and `task`. */
  readonly values: Values;
}

/** Where items come from; at most one of these is given. */
export interface ItemSources {
  /** Patterns of input files. */
  readonly input: readonly string[];
  /** Items separated by commas. */
  readonly items?: string;
  /** A file with an item a line; `-` is standard input. */
  readonly itemsFile?: string;
  /** A table, `.csv`, `.tsv` or `.jsonl`. */
  readonly rows?: string;
  /** Parameters with the values they go through, `n=1..10`. */
  readonly sweep: readonly string[];
}

/** @throws RunError usage: two sources, a pattern that matches nothing, an unreadable or empty file */
export async function readItems(sources: ItemSources, readStdin: () => Promise<string>): Promise<Item[]> {
  const given = [
    sources.input.length > 0 && '--input',
    sources.items !== undefined && '--items',
    sources.itemsFile !== undefined && '--items-file',
    sources.rows !== undefined && '--rows',
    sources.sweep.length > 0 && '--sweep',
  ].filter((name) => name !== false);
  if (given.length > 1) throw new RunError('usage', `${given.join(' and ')} exclude each other: a task is made from one of them`);
  if (sources.input.length > 0) return inputItems(sources.input);
  if (sources.items !== undefined) return plainItems(sources.items.split(','), '--items');
  if (sources.itemsFile !== undefined) return plainItems(await lines(sources.itemsFile, readStdin), sources.itemsFile);
  if (sources.rows !== undefined) {
    const rows = readRows(await textOf(sources.rows), sources.rows);
    return rows.map((row) => ({ label: [...row.values()][0] ?? '', values: row }));
  }
  if (sources.sweep.length > 0) return combinationsOf(readSweep(sources.sweep)).map((values) => ({ label: [...values].map(([name, value]) => `${name}=${value}`).join(' '), values }));
  return [{ label: 'the task', values: new Map() }];
}

async function inputItems(patterns: readonly string[]): Promise<Item[]> {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    const files = await findFiles(pattern);
    if (files.length === 0) throw new RunError('usage', `no file matches ${JSON.stringify(pattern)} in ${process.cwd()}`);
    for (const file of files) if (!found.has(file.path)) found.set(file.path, file);
  }
  return [...found.values()].map(inputItem);
}

function inputItem({ path, directory }: FoundFile): Item {
  const name = posix.basename(path);
  const ending = posix.extname(name);
  return {
    label: path,
    file: { path, name, directory },
    values: new Map([
      // A name with a leading dash would be read as an option.
      ['input', name.startsWith('-') ? `./${name}` : name],
      ['name', name],
      ['stem', name.slice(0, name.length - ending.length)],
      ['ext', ending.slice(1)],
      ['dir', directory],
    ]),
  };
}

function plainItems(texts: readonly string[], source: string): Item[] {
  const items = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (items.length === 0) throw new RunError('usage', `${source} has no items`);
  return items.map((item) => ({ label: item, values: new Map([['item', item]]) }));
}

async function lines(file: string, readStdin: () => Promise<string>): Promise<string[]> {
  return (file === '-' ? await readStdin() : await textOf(file)).split('\n');
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new RunError('usage', `cannot read ${file}: ${whyUnread(cause)}`, { cause });
  }
}
