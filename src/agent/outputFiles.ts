import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Outage, TransferOptions } from '../blobs/exchange.ts';
import { putFile } from '../blobs/putFile.ts';
import { blobUrl } from '../blobs/storageUrls.ts';
import { TransferError } from '../blobs/transferError.ts';
import type { FailureInfo } from '../core/status.ts';
import { blobNameProblem } from '../wire/blobNames.ts';
import { failure, type FailureCode, messageOf, systemCode } from './failures.ts';
import { expandVariables, findMatches, hasWildcard, readDirectory } from './filePatterns.ts';
import type { OutputFileWork } from './frames.ts';
import { asUser, type User } from './users.ts';

export interface OutputFilesOptions extends TransferOptions {
  readonly taskDirectory: string;
  readonly workingDirectory: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly user: User;
}

/** Files of one task that are sent at the same time. */
const PARALLEL_FILES = 4;

/**
 * Uploads what a task's output files name, each entry under its condition (API reference, OutputFile). Files are opened
 * with the rights of the task's user: what looks like its output may be a link to what it must not read. All entries
 * are tried; resolves with the first failure, or null. A pattern that matches nothing is noted in the log and is no
 * failure (not documented).
 */
export async function uploadOutputFiles(files: readonly OutputFileWork[], exitCode: number, options: OutputFilesOptions): Promise<FailureInfo | null> {
  const log = openLog(options);
  const outages = new Map<string, Outage>();
  try {
    let first: FailureInfo | null = null;
    for (const file of files) {
      if (applies(file.condition, exitCode)) {
        const outage = outages.get(file.containerUrl) ?? { since: null };
        outages.set(file.containerUrl, outage);
        const failed = await uploadEntry(file, { ...options, outage }, log);
        first ??= failed;
      } else log.out(`${file.filePattern}: not uploaded, its condition is ${file.condition} and the exit code ${exitCode}`);
    }
    return first;
  } finally {
    log.close();
  }
}

function applies(condition: OutputFileWork['condition'], exitCode: number): boolean {
  switch (condition) {
    case 'taskcompletion':
      return true;
    case 'tasksuccess':
      return exitCode === 0;
    case 'taskfailure':
      return exitCode !== 0;
  }
}

async function uploadEntry(file: OutputFileWork, options: OutputFilesOptions, log: Log): Promise<FailureInfo | null> {
  if (file.lacks !== undefined) {
    log.error(`${file.filePattern}: ${file.lacks}`);
    return failure('FileUploadAccessDenied', ['FilePattern', file.filePattern], ['ContainerUrl', shownUrl(file.containerUrl)], ['Message', file.lacks]);
  }
  let uploads: readonly Upload[];
  try {
    uploads = await uploadsOf(file, options);
  } catch (error) {
    options.signal.throwIfAborted();
    log.error(`${file.filePattern}: ${messageOf(error)}`);
    return failure('FileUploadMiscError', ['FilePattern', file.filePattern], ['Message', messageOf(error)]);
  }
  log.out(`${file.filePattern}: ${uploads.length} file(s) found`);
  let first: FailureInfo | null = null;
  const next = uploads.values();
  const worker = async (): Promise<void> => {
    for (const upload of next) {
      const failed = await uploadFile(upload, file, options, log);
      first ??= failed;
    }
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_FILES, uploads.length) }, worker));
  return first;
}

interface Upload {
  readonly path: string;
  readonly blob: string;
}

/**
 * Without wildcards `path` is the blob's name, else a virtual directory above the names (API reference,
 * OutputFileBlobContainerDestination.path).
 */
async function uploadsOf(file: OutputFileWork, options: OutputFilesOptions): Promise<readonly Upload[]> {
  const pattern = expandVariables(file.filePattern, options.environment);
  if (!hasWildcard(pattern)) {
    const path = resolve(options.workingDirectory, pattern);
    return isThere(path, options.user) ? [{ path, blob: file.path ?? basename(path) }] : [];
  }
  const matches = await findMatches(pattern, options.workingDirectory, (path, most) => asUser(options.user, () => readDirectory(path, most)), options.signal);
  const prefix = file.path === null ? '' : `${file.path.replace(/\/+$/, '')}/`;
  return matches.map(({ path, relative }) => ({ path, blob: `${prefix === '/' ? '' : prefix}${relative}` }));
}

/** The character that stands for bytes that are no UTF-8. A file cannot be opened by a name with it. */
const UNREADABLE = '\ufffd';

async function uploadFile(upload: Upload, file: OutputFileWork, options: OutputFilesOptions, log: Log): Promise<FailureInfo | null> {
  let opened: number | null = null;
  const problem = upload.path.includes(UNREADABLE) && !isThere(upload.path, options.user) ? 'Its name is not UTF-8.' : blobNameProblem(upload.blob);
  if (problem !== null) {
    log.error(`${upload.path}: not uploaded as ${upload.blob}: ${problem}`);
    return failure('FileUploadMiscError', ['FilePath', upload.path], ['BlobName', upload.blob], ['Message', problem]);
  }
  try {
    opened = asUser(options.user, () => openSync(upload.path, constants.O_RDONLY | constants.O_NONBLOCK));
    const status = fstatSync(opened);
    if (!status.isFile()) {
      log.out(`${upload.path}: left out, not a regular file`);
      return null;
    }
    const { size: sizeBytes } = status;
    const headers = Object.fromEntries(file.headers.map(({ name, value }) => [name.toLowerCase(), value]));
    const put = { ...options, url: blobUrl(file.containerUrl, upload.blob), file: opened, sizeBytes, headers };
    const began = performance.now();
    await putFile({ ...put, onRetry: (error, waitMs) => log.error(`${upload.path}: ${error.message}; tried again in ${Math.round(waitMs)} ms`) });
    log.out(`${upload.path}: uploaded as ${upload.blob}, ${sizeBytes} bytes in ${((performance.now() - began) / 1_000).toFixed(3)} s`);
    return null;
  } catch (error) {
    if (opened === null && ['ENOENT', 'ELOOP'].includes(systemCode(error))) {
      log.out(`${upload.path}: left out, a link to nothing`);
      return null;
    }
    log.error(`${upload.path}: ${messageOf(error)}`);
    const code = error instanceof TransferError ? UPLOAD_FAILURES[error.kind] : 'FileUploadMiscError';
    return failure(code, ['FilePath', upload.path], ['ContainerUrl', shownUrl(file.containerUrl)], ['Message', messageOf(error)]);
  } finally {
    if (opened !== null) closeSync(opened);
  }
}

/** The query of a URL may be a shared access signature. */
function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, '');
}

const UPLOAD_FAILURES: Readonly<Record<TransferError['kind'], FailureCode>> = {
  notFound: 'FileUploadContainerNotFound',
  accessDenied: 'FileUploadAccessDenied',
  conflict: 'FileUploadConflict',
  timedOut: 'FileUploadTimedOut',
  misc: 'FileUploadMiscError',
};

function isThere(path: string, user: User): boolean {
  return asUser(user, () => {
    try {
      closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
      return true;
    } catch (error) {
      // What is there and may not be read has to fail aloud.
      return !messageOf(error).startsWith('ENOENT');
    }
  });
}

/** fileuploadout.txt and fileuploaderr.txt beside stdout.txt, new at each attempt. */
interface Log {
  out(line: string): void;
  error(line: string): void;
  close(): void;
}

function openLog(options: OutputFilesOptions): Log {
  // The task may have put a pipe there: to wait for its reader would stop the whole agent.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const open = (name: string): number | null => {
    try {
      const file = asUser(options.user, () => openSync(`${options.taskDirectory}/${name}`, flags, 0o644));
      if (fstatSync(file).isFile()) return file;
      closeSync(file);
      return null;
    } catch {
      return null;
    }
  };
  const files = { out: open('fileuploadout.txt'), error: open('fileuploaderr.txt') };
  // A full disk must not keep a result from being uploaded.
  const write = (file: number | null, line: string): void => {
    try {
      if (file !== null) writeSync(file, `${new Date().toISOString()} ${line}\n`);
    } catch {
      // The line is lost, the failure is reported by the task.
    }
  };
  return {
    out: (line) => write(files.out, line),
    error: (line) => write(files.error, line),
    close: () => {
      for (const file of [files.out, files.error]) if (file !== null) closeSync(file);
    },
  };
}
