import type { TransferOptions } from '../../../blobs/exchange.ts';
import { listLevel } from '../../../blobs/list.ts';
import { blobProperties, blobRange } from '../../../blobs/readBlob.ts';
import { blobUrl } from '../../../blobs/storageUrls.ts';
import { TransferError } from '../../../blobs/transferError.ts';
import type { DirectoryEntry, Errno } from './fuseFrames.ts';

/** What a path of the container is now. */
export interface Found {
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  /** Of a blob; '' where it is not known. */
  readonly etag: string;
}

/** A container whose names are read as paths, asked blob by blob and level by level. Throws FileSystemError. */
export interface ContainerTree {
  /** null: there is nothing. */
  find(path: string): Promise<Found | null>;
  /** The version that is there now, with its etag. */
  open(path: string): Promise<Found>;
  list(path: string): Promise<readonly DirectoryEntry[]>;
  /** Bytes of the version that `etag` names. */
  read(path: string, etag: string, start: number, end: number): Promise<Buffer>;
}

export class FileSystemError extends Error {
  readonly errno: Errno;
  constructor(errno: Errno, message: string) {
    super(message);
    this.errno = errno;
  }
}

/** A directory with more is not listed: a caller has to take in all of it. */
const MOST_ENTRIES = 200_000;
/** Of levels that were listed, for those who look at each entry next. */
const MOST_LISTED = 16;

/** `containerUrl`: signed, anew for each request. `freshMs`: for so long what was listed is what there is. */
export function createContainerTree(containerUrl: () => string, freshMs: number, options: TransferOptions, now: () => number): ContainerTree {
  const listed = new Map<string, { readonly until: number; readonly entries: ReadonlyMap<string, Found> }>();

  const listAnew = async (path: string): Promise<ReadonlyMap<string, Found>> => {
    const entries = new Map<string, Found>();
    for await (const { name, ...found } of listLevel(containerUrl(), prefixOf(path), options)) {
      // Of a blob and a directory of one name the directory is shown; names that no path has are not.
      if (!isName(name) || entries.get(name)?.isDirectory === true) continue;
      entries.set(name, { ...found, etag: '' });
      if (entries.size > MOST_ENTRIES) throw new FileSystemError('EFBIG', `${path} has more than ${MOST_ENTRIES} entries`);
    }
    listed.delete(path);
    listed.set(path, { until: now() + freshMs, entries });
    const [oldest] = listed.keys();
    if (listed.size > MOST_LISTED && oldest !== undefined) listed.delete(oldest);
    return entries;
  };

  const findAnew = async (path: string): Promise<Found | null> => {
    const found = await blobProperties(blobUrl(containerUrl(), path), options).catch(nullIfMissing);
    if (found !== null) return found;
    const { done } = await listLevel(containerUrl(), prefixOf(path), { ...options, pageSize: 1 }).next();
    return done === true ? null : DIRECTORY;
  };

  return {
    find: (path) =>
      asFileSystem(async () => {
        const { parent, name } = split(path);
        const known = listed.get(parent);
        if (known !== undefined && known.until > now()) return known.entries.get(name) ?? null;
        return findAnew(path);
      }),
    open: (path) => asFileSystem(() => blobProperties(blobUrl(containerUrl(), path), options)),
    list: (path) => asFileSystem(async () => [...(await listAnew(path))].map(([name, { isDirectory }]) => ({ name, isDirectory }))),
    read: (path, etag, start, end) => asFileSystem(() => blobRange(blobUrl(containerUrl(), path), etag, start, end, options)),
  };
}

export const DIRECTORY: Found = { isDirectory: true, sizeBytes: 0, modifiedAtMs: 0, etag: '' };

function prefixOf(path: string): string {
  return path === '' ? '' : `${path}/`;
}

function split(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { parent: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** A name of a file has at most 255 bytes (Linux). */
function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && Buffer.byteLength(name) <= 255;
}

function nullIfMissing(error: unknown): null {
  if (error instanceof TransferError && error.kind === 'notFound') return null;
  throw error;
}

async function asFileSystem<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    throw new FileSystemError(errnoOf(error), error.message);
  }
}

function errnoOf({ kind }: TransferError): Errno {
  switch (kind) {
    case 'notFound':
      return 'ENOENT';
    case 'accessDenied':
      return 'EACCES';
    case 'conflict':
      return 'ESTALE';
    case 'timedOut':
    case 'misc':
      return 'EIO';
  }
}
