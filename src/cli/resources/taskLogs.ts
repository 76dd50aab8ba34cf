import { setTimeout as pause } from 'node:timers/promises';
import { CommandError, EXIT } from '../errors.ts';
import { refused, send } from '../ownOperations.ts';
import { inParallel } from '../run/concurrency.ts';
import { placeOf, type CommonFlags } from './act.ts';
import { idsOf, REQUESTS, type Place } from './find.ts';
import { text } from './nouns.ts';
import { get, pathOf, withQuery } from './requests.ts';
import { isEmpty, isOfIds } from './selection.ts';

export interface LogFlags extends CommonFlags {
  readonly follow?: boolean;
  /** Of the task's directory; by itself stdout.txt goes to our stdout, and stderr.txt to our stderr. */
  readonly file?: readonly string[];
  /** Bytes of the end of each file; left out: all of it. */
  readonly tail?: number;
}

/** So many are followed at a time: each is asked for twice a second. */
const MOST_FOLLOWED = 50;
const PAUSE_MS = 500;
const BLOCK_BYTES = 1_048_576;

/** One file that is read on. */
interface Reading {
  readonly taskId: string;
  readonly path: string;
  readonly out: NodeJS.WriteStream;
  /** Before each line; empty: the only task. */
  readonly prefix: string;
  /** null: its size has not been asked yet. */
  from: number | null;
  /** A line that has not ended. */
  rest: Buffer;
}

/** `linarite task logs JOB [TASKS…] [-f]`. @throws CommandError failure, usage, notRunning. */
export async function logs(words: readonly string[], flags: LogFlags): Promise<void> {
  const { place, selection } = await placeOf('task', words, flags);
  const ids = await idsOf(place, isEmpty(selection) ? { ...selection, all: true } : selection);
  if (ids.length === 0) throw new CommandError(EXIT.failure, 'no tasks');
  const { follow = false, file: files, tail } = flags;
  if (follow && ids.length > MOST_FOLLOWED) throw new CommandError(EXIT.usage, `${ids.length} tasks are too many to follow, ${MOST_FOLLOWED} at most: name them, or say --state running`);
  const hasPrefix = ids.length > 1 || !isOfIds(selection);
  const sources = files?.map((file) => ({ file, out: process.stdout })) ?? [{ file: 'stdout.txt', out: process.stdout }, { file: 'stderr.txt', out: process.stderr }];
  const readings = ids.flatMap((taskId) => sources.map(({ file, out }): Reading => ({ taskId, path: `${pathOf(place.noun, place.parentId, taskId)}/files/${file.split('/').map(encodeURIComponent).join('/')}`, out, prefix: hasPrefix ? `[${taskId}] ` : '', from: null, rest: Buffer.alloc(0) })));
  let left = [...ids];
  while (left.length > 0) {
    // Asked before the files are read: what was written until then is there.
    const over = new Set(await endedOf(place, left, follow));
    const open = readings.filter(({ taskId }) => left.includes(taskId));
    // Of one that is not followed the lines stay together.
    if (follow) await inParallel(open, REQUESTS, (reading) => readOn(place, reading, tail));
    else for (const reading of open) await readOn(place, reading, tail);
    for (const reading of open) if (over.has(reading.taskId)) flush(reading);
    left = left.filter((id) => !over.has(id));
    if (left.length > 0) await pause(PAUSE_MS);
  }
}

/** Those of which nothing more is to come; all of them where they are not followed. */
async function endedOf({ connection, noun, parentId }: Place, ids: readonly string[], follow: boolean): Promise<readonly string[]> {
  const ended: string[] = [];
  await inParallel(ids, REQUESTS, async (id) => {
    const task = await get(connection, pathOf(noun, parentId, id), { $select: 'id,state' });
    if (task === undefined && !follow) throw new CommandError(EXIT.failure, `there is no task ${id}`);
    if (task === undefined || !follow || text(task, 'state') === 'completed') ended.push(id);
  });
  return ended;
}

/** Reads what has come since, block by block. A file that is not there yet, or whose node has gone, has nothing. */
async function readOn({ connection }: Place, reading: Reading, tail: number | undefined): Promise<void> {
  const size = await sizeOf({ connection }, reading.path);
  if (size === undefined) return;
  // A retry writes a file of its own.
  if (reading.from !== null && size < reading.from) reading.from = 0;
  reading.from ??= tail === undefined ? 0 : Math.max(0, size - tail);
  while (reading.from < size) {
    const to = Math.min(size, reading.from + BLOCK_BYTES);
    const answer = await send(connection, { path: withQuery(reading.path), headers: { 'ocp-range': `bytes=${reading.from}-${to - 1}` } });
    if (answer.status === 404 || answer.status === 409 || answer.status === 416) return void (await answer.arrayBuffer());
    if (!answer.ok) throw refused(connection, answer, await answer.text());
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (bytes.length === 0) return;
    reading.from += bytes.length;
    await write(reading, bytes);
  }
}

async function sizeOf({ connection }: Pick<Place, 'connection'>, path: string): Promise<number | undefined> {
  const answer = await send(connection, { method: 'HEAD', path: withQuery(path) });
  if (answer.status === 404 || answer.status === 409) return undefined;
  if (!answer.ok) throw refused(connection, answer, '');
  return Number(answer.headers.get('ocp-file-length') ?? answer.headers.get('content-length') ?? 0);
}

/** Without a prefix bytes go on as they are; with one, lines do. */
async function write(reading: Reading, bytes: Buffer): Promise<void> {
  if (reading.prefix === '') return written(reading.out, bytes);
  const all = Buffer.concat([reading.rest, bytes]);
  const end = all.lastIndexOf(0x0a) + 1;
  reading.rest = all.subarray(end);
  if (end > 0) await written(reading.out, linesWith(reading.prefix, all.subarray(0, end - 1)));
}

function flush(reading: Reading): void {
  if (reading.rest.length > 0) reading.out.write(linesWith(reading.prefix, reading.rest));
  reading.rest = Buffer.alloc(0);
}

function linesWith(prefix: string, bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .split('\n')
    .map((line) => `${prefix}${line}\n`)
    .join('');
}

function written(out: NodeJS.WriteStream, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (out.write(bytes)) resolve();
    else out.once('drain', resolve);
  });
}
