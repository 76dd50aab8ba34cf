import { closeSync, fchmodSync, mkdirSync, openSync, rmSync, write } from 'node:fs';
import { dirname, posix } from 'node:path';
import { promisify } from 'node:util';
import { blobUrl, download, listBlobs, retrying, type TransferOptions } from '../blobs/transfer.ts';
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
/** Blobs of one container that are fetched at the same time. */
const PARALLEL_BLOBS = 8;

/**
 * Fetches a task's resource files below its working directory in the order given, so that a later one wins; a
 * container's blobs several at a time (API reference, ResourceFile). Files and directories are made with the rights of
 * the task's user. Throws TaskFailure; when the signal aborts, anything.
 */
export async function fetchResourceFiles(files: readonly ResourceFileWork[], options: ResourceFilesOptions): Promise<void> {
  for (const file of files) {
    const mode = parseMode(file.fileMode ?? DEFAULT_FILE_MODE, file.filePath);
    if (file.lacks !== undefined) throw new TaskFailure(outOfReach(file, file.lacks));
    if (file.kind === 'url') await fetchFile(file.url, file.filePath, mode, options);
    else await fetchContainer(file, mode, options);
  }
}

function outOfReach({ kind, url, filePath }: ResourceFileWork, lacks: string): FailureInfo {
  if (kind === 'url') return failure('BlobAccessDenied', ['FilePath', filePath], ['HttpUrl', shownUrl(url)], ['Message', lacks]);
  return failure('ResourceContainerAccessDenied', ['ContainerUrl', shownUrl(url)], ['Message', lacks]);
}

async function fetchContainer(file: Extract<ResourceFileWork, { kind: 'container' }>, mode: number, options: ResourceFilesOptions): Promise<void> {
  const names = await namesIn(file, options);
  for (const name of names) {
    const problem = blobNameProblem(name);
    if (problem !== null) throw new TaskFailure(failure('BlobDownloadMiscError', ['ContainerUrl', shownUrl(file.url)], ['BlobName', name], ['Message', problem]));
  }
  const next = names.values();
  const failed = new AbortController();
  const each = { ...options, signal: AbortSignal.any([options.signal, failed.signal]) };
  const worker = async (): Promise<void> => {
    for (const name of next) await fetchFile(blobUrl(file.url, name), posix.join(file.filePath, name), mode, each);
  };
  const workers = Array.from({ length: Math.min(PARALLEL_BLOBS, names.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    // The task has failed: nothing of it may go on fetching and writing.
    failed.abort();
    await Promise.allSettled(workers);
    throw error;
  }
}

async function namesIn(file: Extract<ResourceFileWork, { kind: 'container' }>, options: ResourceFilesOptions): Promise<readonly string[]> {
  try {
    return await retrying(options, async () => {
      const names: string[] = [];
      for await (const name of listBlobs(file.url, file.blobPrefix, options)) if (!name.endsWith('/')) names.push(name);
      return names;
    });
  } catch (error) {
    throw transferFailure(error, LIST_FAILURES, [['ContainerUrl', shownUrl(file.url)]]);
  }
}

async function fetchFile(url: string, filePath: string, mode: number, options: ResourceFilesOptions): Promise<void> {
  const path = pathInside(options.workingDirectory, filePath);
  try {
    await retrying(options, async () => {
      const file = createFile(path, mode, options.user);
      try {
        for await (const chunk of download(url, options)) await writeAll(file, chunk, path);
      } finally {
        closeSync(file);
      }
    });
  } catch (error) {
    throw transferFailure(error, DOWNLOAD_FAILURES, [
      ['FilePath', filePath],
      ['HttpUrl', shownUrl(url)],
    ]);
  }
}

/**
 * What is there already, from an earlier attempt or an earlier entry, is replaced and not written into: it may be a
 * link, or closed to writing.
 */
function createFile(path: string, mode: number, user: User): number {
  let step: 'ResourceDirectoryCreateFailed' | 'ResourceFileCreateFailed' = 'ResourceDirectoryCreateFailed';
  try {
    return asUser(downloaderFor(user), () => {
      mkdirSync(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
      step = 'ResourceFileCreateFailed';
      rmSync(path, { force: true });
      const file = openSync(path, 'wx', 0o600);
      fchmodSync(file, mode);
      return file;
    });
  } catch (error) {
    throw new TaskFailure(localFailure(error, step, path));
  }
}

const writeToFile = promisify(write);

async function writeAll(file: number, chunk: Buffer, path: string): Promise<void> {
  try {
    for (let done = 0; done < chunk.length; ) done += (await writeToFile(file, chunk, done, chunk.length - done)).bytesWritten;
  } catch (error) {
    throw new TaskFailure(localFailure(error, 'ResourceFileWriteFailed', path));
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
