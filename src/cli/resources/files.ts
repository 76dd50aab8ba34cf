import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError, EXIT } from '../errors.ts';
import { ask, refused, send, type Connection } from '../ownOperations.ts';
import { placeOf, type CommonFlags } from './act.ts';
import { text, type Column, type Item, type NounName } from './nouns.ts';
import { printList, printValue, type OutputFlags } from './output.ts';
import { pages, pathOf, withQuery } from './requests.ts';

/** Whose files these are. */
export type FileOwner = Extract<NounName, 'node' | 'task'>;

export interface FileFlags extends CommonFlags {
  /** As az names the file. */
  readonly filePath?: string;
}

const COLUMNS: readonly Column[] = [
  { heading: 'file', value: (file) => text(file, 'name') },
  { heading: 'bytes', value: (file) => (file['isDirectory'] === true ? 'directory' : text(file, 'properties.contentLength')) },
  { heading: 'changed', value: (file) => text(file, 'properties.lastModified') },
];

/** `linarite task file list JOB TASK [--recursive]`. @throws CommandError failure, usage, notRunning. */
export async function listFiles(owner: FileOwner, words: readonly string[], flags: FileFlags & OutputFlags & { readonly recursive?: boolean }): Promise<void> {
  const { connection, path } = await directoryOf(owner, words, flags);
  const found = pages(connection, `${path}/files`, { recursive: flags.recursive === true ? 'true' : 'false' });
  await printList(named(found), flags, { columns: COLUMNS, now: Date.now(), print: console.log });
}

/** Files have names and no ids. */
async function* named(found: AsyncIterable<readonly Item[]>): AsyncGenerator<readonly Item[]> {
  for await (const page of found) yield page.map((file) => ({ id: file['name'], ...file }));
}

/** `linarite task file show JOB TASK FILE`: what is known of it. @throws CommandError failure, usage, notRunning. */
export async function showFile(owner: FileOwner, words: readonly string[], flags: FileFlags & OutputFlags): Promise<void> {
  const { connection, path } = await fileOf(owner, words, flags);
  const answer = await send(connection, { method: 'HEAD', path: withQuery(path) });
  if (!answer.ok) throw answer.status === 404 ? new CommandError(EXIT.failure, 'there is no such file') : refused(connection, answer, '');
  const header = (name: string): string | null => answer.headers.get(name);
  await printValue({ contentLength: Number(header('content-length') ?? 0), contentType: header('content-type'), lastModified: header('last-modified'), isDirectory: header('ocp-batch-file-isdirectory') === 'True', mode: header('ocp-batch-file-mode') }, flags, { print: console.log });
}

/** `linarite task file download JOB TASK FILE [--destination F]`. @throws CommandError failure, usage, notRunning. */
export async function downloadFile(owner: FileOwner, words: readonly string[], flags: FileFlags & { readonly destination?: string }): Promise<void> {
  const { connection, path } = await fileOf(owner, words, flags);
  const answer = await send(connection, { path: withQuery(path) });
  if (!answer.ok || answer.body === null) throw refused(connection, answer, await answer.text());
  const body = Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]);
  const { destination = '-' } = flags;
  if (destination === '-') return pipeline(body, process.stdout, { end: false });
  await mkdir(dirname(destination), { recursive: true });
  await pipeline(body, createWriteStream(destination));
  console.error(`written to ${destination}`);
}

/** `linarite task file delete JOB TASK FILE`. @throws CommandError failure, usage, notRunning. */
export async function deleteFile(owner: FileOwner, words: readonly string[], flags: FileFlags & { readonly recursive?: boolean }): Promise<void> {
  const { connection, path } = await fileOf(owner, words, flags);
  await ask(connection, { method: 'DELETE', path: withQuery(path, flags.recursive === true ? { recursive: 'true' } : {}) });
}

async function fileOf(owner: FileOwner, words: readonly string[], flags: FileFlags): Promise<{ readonly connection: Connection; readonly path: string }> {
  const file = flags.filePath ?? words.at(-1);
  const others = flags.filePath === undefined ? words.slice(0, -1) : words;
  if (file === undefined) throw new CommandError(EXIT.usage, 'name the file');
  const { connection, path } = await directoryOf(owner, others, flags);
  return { connection, path: `${path}/files/${file.split('/').map(encodeURIComponent).join('/')}` };
}

async function directoryOf(owner: FileOwner, words: readonly string[], flags: FileFlags): Promise<{ readonly connection: Connection; readonly path: string }> {
  const { place, selection } = await placeOf(owner, words, flags);
  const [id, ...more] = selection.ids;
  if (id === undefined || more.length > 0) throw new CommandError(EXIT.usage, `name one ${owner}`);
  return { connection: place.connection, path: pathOf(place.noun, place.parentId, id) };
}
