import { TransferError } from '../../../blobs/transferError.ts';
import type { Instant, JobNumber, TaskNumber } from '../../../core/keys.ts';
import type { ArchivedFile, FileAnswer, FileAsk, FileProperties, FileRead } from '../../../ports.ts';
import { findArchived, type ArchivedTaskRow } from '../../../store/intents/logArchive.ts';
import { ARCHIVE_CONTAINER } from '../../../store/logArchive.ts';
import { BatchError } from '../../../wire/errors.ts';
import { compareListed } from '../../../wire/files.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Call, Parts } from '../../call.ts';
import type { FileSource, PathAsk } from './source.ts';

/** That and when an answer was archived: an extension of ours. */
const ARCHIVED_HEADER = 'x-linarite-archived';
/** So many bytes at a file's beginning were left out. */
const LEFT_OUT_HEADER = 'x-linarite-archived-left-out';

type Failed = Extract<FileAnswer, { kind: 'error' }>;

/** What is archived of a task, as a node with nothing else would have it; null: nothing is. */
export async function archivedFiles(call: Call, parts: Parts, job: JobNumber, task: TaskNumber): Promise<FileSource | null> {
  const row = await findArchived(parts.database, job, task, call.now);
  if (row === null) return null;
  const archive = new Archive(row);
  return {
    ask: (ask) => Promise.resolve(archive.answer(ask)),
    read: (ask) => read(call, parts, row, archive.file(ask.path), ask),
    headers: (path) => {
      const leftOut = path === null ? undefined : archive.files.get(path)?.leftOutBytes;
      return { [ARCHIVED_HEADER]: formatTimestamp(row.archivedAt), ...(leftOut === undefined || leftOut === 0 ? {} : { [LEFT_OUT_HEADER]: String(leftOut) }) };
    },
  };
}

/** @throws BatchError ServerBusy while the storage is away. */
async function read(call: Call, parts: Parts, { blob }: ArchivedTaskRow, found: ArchivedFile | Failed, ask: Extract<FileAsk, { kind: 'read' }>): Promise<FileRead> {
  if ('kind' in found) return found;
  const end = Math.min(ask.end ?? found.sizeBytes - 1, found.sizeBytes - 1);
  if (ask.start > 0 && ask.start >= found.sizeBytes) return failed('InvalidRange', `${ask.path} has ${found.sizeBytes} bytes`);
  const file = propertiesOf(found);
  if (end < ask.start) return { kind: 'file', file, body: none() };
  try {
    const body = await parts.storageOf(call.principal.account.number).readBlob(ARCHIVE_CONTAINER, blob, { firstByte: found.start + ask.start, lastByte: found.start + end }, call.signal);
    return { kind: 'file', file, body };
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    if (error.kind === 'notFound') return failed('NodeNotReady', 'The node has gone, and what was archived of its tasks is in the storage account no more.');
    throw new BatchError('ServerBusy', [{ key: 'Reason', value: `The storage account of the log archive: ${error.message}` }], { cause: error });
  }
}

async function* none(): AsyncGenerator<Uint8Array> {}

/** The files that are there, and the directories above them. */
class Archive {
  readonly files: ReadonlyMap<string, ArchivedFile>;
  readonly #directories: ReadonlyMap<string, Instant>;

  constructor({ files, deleted }: ArchivedTaskRow) {
    const isDeleted = (name: string): boolean => deleted.some((path) => name === path || name.startsWith(`${path}/`));
    // As the owner has written it.
    const there = (JSON.parse(files) as readonly ArchivedFile[]).filter(({ name }) => !isDeleted(name));
    this.files = new Map(there.map((file) => [file.name, file]));
    const directories = new Map<string, Instant>();
    for (const { name, modifiedAt } of there) {
      for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
        const directory = name.slice(0, slash);
        directories.set(directory, Math.max(modifiedAt, directories.get(directory) ?? modifiedAt));
      }
    }
    this.#directories = directories;
  }

  /** Of a deletion it says whether that may be: whoever asks remembers it (`noteDeletedFile`). */
  answer(ask: PathAsk): FileAnswer {
    const entry = this.#entry(ask.path);
    if (ask.kind === 'list') return this.#list(ask);
    if (entry === undefined) return notArchived(ask.path);
    if (ask.kind === 'properties') return { kind: 'properties', file: entry };
    return entry.isDirectory && !ask.recursive ? failed('DirectoryNotEmpty', `${ask.path}: directory not empty`) : { kind: 'deleted' };
  }

  file(path: string): ArchivedFile | Failed {
    const file = this.files.get(path);
    if (file !== undefined) return file;
    return this.#directories.has(path) ? failed('IsDirectory', `${path} is a directory`) : notArchived(path);
  }

  #entry(name: string): FileProperties | undefined {
    const file = this.files.get(name);
    if (file !== undefined) return propertiesOf(file);
    const modifiedAt = this.#directories.get(name);
    return modifiedAt === undefined ? undefined : { name, isDirectory: true, sizeBytes: 0, modifiedAt, createdAt: null, mode: DIRECTORY_MODE };
  }

  #list({ recursive, prefix, after, limit }: Extract<FileAsk, { kind: 'list' }>): FileAnswer {
    const names = [...this.files.keys(), ...this.#directories.keys()]
      .filter((name) => (recursive || !name.includes('/')) && name.startsWith(prefix) && (after === '' || compareListed(name, after) > 0))
      .sort(compareListed);
    return { kind: 'list', files: names.slice(0, limit).flatMap((name) => this.#entry(name) ?? []), more: names.length > limit };
  }
}

const DIRECTORY_MODE = '0o40755';

function propertiesOf({ name, sizeBytes, modifiedAt, mode }: ArchivedFile): FileProperties {
  return { name, isDirectory: false, sizeBytes, modifiedAt, createdAt: null, mode };
}

function notArchived(path: string): Failed {
  return failed('FileNotFound', `${path}: the node does not have it any more, and it was not archived`);
}

function failed(code: Failed['code'], message: string): Failed {
  return { kind: 'error', code, message };
}
