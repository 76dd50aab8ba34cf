import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { RunError } from '../failure.ts';

/** A file that every task of a run gets. */
export interface SharedFile {
  /** Its path in each task's working directory. */
  readonly name: string;
  readonly source: { readonly kind: 'local'; readonly path: string } | { readonly kind: 'url'; readonly url: string };
}

/**
 * Reads `--resource-file`: a local path, a URL, or either with the name it gets before it, `model.bin=weights/v2.bin`.
 * @throws RunError usage, when there is no such file
 */
export async function readSharedFile(text: string): Promise<SharedFile> {
  if (await isFile(text)) return { name: posix.basename(text), source: { kind: 'local', path: text } };
  const named = /^([^=:?]+)=(.+)$/s.exec(text);
  const [name, place] = named === null ? [undefined, text] : [named[1], named[2] ?? ''];
  if (/^https?:\/\//i.test(place)) {
    const called = name ?? nameIn(place);
    if (called === '' || called === '/') throw new RunError('usage', `--resource-file ${place}: say what the file is called, NAME=${place}`);
    return { name: called, source: { kind: 'url', url: place } };
  }
  if (!(await isFile(place))) throw new RunError('usage', `--resource-file ${text}: there is no file ${place}`);
  return { name: name ?? posix.basename(place), source: { kind: 'local', path: place } };
}

/** The last part of a URL's path; empty when it is none. */
function nameIn(url: string): string {
  try {
    return posix.basename(decodeURIComponent(new URL(url).pathname));
  } catch {
    return '';
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
