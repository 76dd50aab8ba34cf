import { closeSync, fchmodSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import type { TransferOptions } from '../blobs/exchange.ts';
import { fetchFile } from '../blobs/fetchFile.ts';
import { listBlobs } from '../blobs/list.ts';
import { inParallel } from '../blobs/parallel.ts';
import { blobUrl } from '../blobs/storageUrls.ts';
import { TransferError } from '../blobs/transferError.ts';
import type { FailureInfo } from '../core/status.ts';
import { blobNameProblem } from '../wire/blobNames.ts';
import { localFailure } from './directories.ts';
import { failure, type FailureCode, TaskFailure } from './failures.ts';
import type { ResourceFileWork } from './frames.ts';
import { asUser, downloaderFor, type User } from './users.ts';

export interface ResourceFilesOptions extends TransferOptions {
  readonly workingDirectory: string;
  readonly user: User;
}

const DEFAULT_FILE_MODE = '0770';
const DIRECTORY_MODE = 0o770;
/** Files that are fetched at the same time. */
const PARALLEL_FILES = 8;

/**
 * Fetches a task's resource files below its working directory, several at a time, and as if in the order given: a later
 * one of the same name wins (API reference, ResourceFile). Files and directories are made with the rights of the task's
 * user. Throws TaskFailure; when the signal aborts, anything.
 */
export async function fetchResourceFiles(files: readonly ResourceFileWork[], options: ResourceFilesOptions): Promise<void> {
  // When one fails the task has: nothing of it may go on fetching and writing.
  const all = (signal: AbortSignal): AsyncIterable<SingleFile> => singleFiles(files, { ...options, signal });
  await inParallel(all, PARALLEL_FILES, options.signal, (file, signal) => fetchOne(file, { ...options, signal }));
}

interface SingleFile {
  readonly url: string;
  /** Absolute. */
  readonly path: string;
  readonly mode: number;
}

/** All files in their order; containers are listed page by page as they are reached. */
async function* singleFiles(files: readonly ResourceFileWork[], options: ResourceFilesOptions): AsyncGenerator<SingleFile> {
  for (const file of files) {
    const mode = parseMode(file.fileMode ?? DEFAULT_FILE_MODE, file.filePath);
    if (file.lacks !== undefined) throw new TaskFailure(outOfReach(file, file.lacks, options));
    if (file.kind === 'url') yield { url: file.url, path: pathInside(options.workingDirectory, file.filePath), mode };
    else {
      for await (const name of namesIn(file, options)) {
        yield { url: blobUrl(file.url, name), path: pathInside(options.workingDirectory, posix.join(file.filePath, name)), mode };
      }
    }
  }
}

function outOfReach({ kind, url, filePath }: ResourceFileWork, lacks: string, { workingDirectory }: ResourceFilesOptions): FailureInfo {
  if (kind === 'url') return failure('BlobAccessDenied', ...detailsOf({ url, path: pathInside(workingDirectory, filePath) }), ['Message', lacks]);
  return failure('ResourceContainerAccessDenied', ['ContainerUrl', shownUrl(url)], ['Message', lacks]);
}

async function* namesIn(file: Extract<ResourceFileWork, { kind: 'container' }>, options: ResourceFilesOptions): AsyncGenerator<string> {
  try {
    for await (const name of listBlobs(file.url, file.blobPrefix, options)) {
      if (name.endsWith('/')) continue;
      const problem = blobNameProblem(name);
      if (problem !== null) throw new TaskFailure(failure('BlobDownloadMiscError', ['ContainerUrl', shownUrl(file.url)], ['BlobName', name], ['Message', problem]));
      yield name;
    }
  } catch (error) {
    throw transferFailure(error, LIST_FAILURES, [['ContainerUrl', shownUrl(file.url)]]);
  }
}

async function fetchOne({ url, path, mode }: SingleFile, options: ResourceFilesOptions): Promise<void> {
  const file = createFile(path, mode, options.user);
  try {
    await fetchFile({ ...options, url, file });
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof TransferError)) throw new TaskFailure(localFailure(error, 'ResourceFileWriteFailed', path));
    throw transferFailure(error, DOWNLOAD_FAILURES, detailsOf({ url, path }));
  } finally {
    closeSync(file);
  }
}

/** Named as on the real service, whose path is the whole one (batch-shipyard issue 317). */
function detailsOf({ url, path }: Omit<SingleFile, 'mode'>): readonly (readonly [string, string])[] {
  return [
    ['BlobSource', shownUrl(url)],
    ['FilePath', path],
  ];
}

/**
 * What is there already, from an earlier attempt or an earlier entry, is replaced and not written into: it may be a
 * link, or closed to writing, or still be on its way, whose bytes are lost with it.
 */
function createFile(path: string, mode: number, user: User): number {
  let step: 'ResourceDirectoryCreateFailed' | 'ResourceFileCreateFailed' = 'ResourceDirectoryCreateFailed';
  try {
    return asUser(downloaderFor(user), () => {
      mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
      step = 'ResourceFileCreateFailed';
      rmSync(path, { force: true });
      const file = openSync(path, 'wx+', 0o600);
      fchmodSync(file, mode);
      return file;
    });
  } catch (error) {
    throw new TaskFailure(localFailure(error, step, path));
  }
}

/** `filePath` may not leave the working directory (API reference, ResourceFile.filePath). */
function pathInside(directory: string, filePath: string): string {
  const relative = posix.normalize(filePath);
  if (filePath === '' || filePath.includes('\0') || posix.isAbsolute(relative) || relative === '.' || relative.split('/').includes('..') || relative.endsWith('/')) {
    throw new TaskFailure(failure('ResourceFileCreateFailed', ['FilePath', filePath], ['Message', 'The path is not one of a file below the working directory']));
  }
  return `${directory}/${relative}`;
}

/** `0770`, and as the service itself writes modes, `0o770`. */
function parseMode(mode: string, filePath: string): number {
  const digits = mode.replace(/^0o/, '');
  if (!/^[0-7]{1,5}$/.test(digits)) {
    throw new TaskFailure(failure('ResourceFileCreateFailed', ['FilePath', filePath], ['Message', `The file mode ${mode} is not an octal number`]));
  }
  return Number.parseInt(digits, 8) & 0o7777;
}

type Failures = Readonly<Record<TransferError['kind'], FailureCode>>;

const DOWNLOAD_FAILURES: Failures = {
  notFound: 'BlobNotFound',
  accessDenied: 'BlobAccessDenied',
  timedOut: 'BlobDownloadTimedOut',
  conflict: 'BlobDownloadMiscError',
  misc: 'BlobDownloadMiscError',
};

const LIST_FAILURES: Failures = {
  notFound: 'ResourceContainerNotFound',
  accessDenied: 'ResourceContainerAccessDenied',
  timedOut: 'ResourceContainerListTimedOut',
  conflict: 'ResourceContainerListMiscError',
  misc: 'ResourceContainerListMiscError',
};

function transferFailure(error: unknown, codes: Failures, details: readonly (readonly [string, string])[]): unknown {
  if (!(error instanceof TransferError)) return error;
  const info: FailureInfo = failure(codes[error.kind], ...details, ['Message', error.message]);
  return new TaskFailure(info);
}

/** The query of a URL may be a shared access signature. */
function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, '');
}
