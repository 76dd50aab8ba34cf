import { once } from 'node:events';
import { chmodSync, closeSync, createReadStream, fchmodSync, fchownSync, futimesSync, lchownSync, linkSync, lstatSync, mkdirSync, openSync, readdirSync, readlinkSync, rmSync, type Stats, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { systemCode } from '../../failures.ts';

/** What keeps a layer from being unpacked, in a sentence for whoever made it. */
export class BadLayer extends Error {}

const MOST_ENTRIES = 1_000_000;
/** Up to here a layer may unpack to any multiple of its size. */
const SMALL_BYTES = 1 << 30;
/** Real layers are far below; what is made to fill a disk is far above (deflate ends at 1,032). */
const MOST_RATIO = 200;
const MOST_LINKS = 40;
const DIRECTORY_MODE = 0o755;
const ALL_RIGHTS = 0o7777;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Names that say what of the layers below is gone (OCI image specification, "Whiteouts"). */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

export interface LayerOptions {
  readonly archive: string;
  readonly sizeBytes: number;
  /** What the layers below have left. Nobody else may write there meanwhile. */
  readonly root: string;
  /** null: of whoever unpacks. */
  readonly owners: 'kept' | null;
}

/**
 * Unpacks a layer over those below. No path leaves the root: what leads through a link is looked up as it would be in a
 * container, whose root it is. Devices and pipes are left out: the runtime makes those that a container has. Throws
 * BadLayer, and the system's error.
 */
export async function unpackLayer({ archive, sizeBytes, root, owners }: LayerOptions): Promise<void> {
  const layer = createLayer(root, owners);
  let entries = 0;
  let bytes = 0;
  const parser = new Parser({ strict: true });
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  parser.on('error', fail);
  const take = async (entry: ReadEntry): Promise<void> => {
    entries += 1;
    bytes += entry.size;
    if (entries > MOST_ENTRIES) throw new BadLayer(`a layer has more than ${MOST_ENTRIES} entries`);
    if (bytes > SMALL_BYTES && bytes > MOST_RATIO * sizeBytes) throw new BadLayer(`a layer of ${sizeBytes} bytes unpacks to more than ${bytes}: more than ${MOST_RATIO} times as much is not taken`);
    await layer.put(entry);
  };
  /** An entry may still be finished when its content has been read. */
  let putting: Promise<unknown> = Promise.resolve();
  parser.on('entry', (entry: ReadEntry) => {
    const taken = take(entry).catch(fail).finally(() => entry.resume());
    putting = Promise.all([putting, taken]);
  });
  const source = createReadStream(archive);
  try {
    const start = await firstBytes(archive);
    if (start.subarray(0, ZSTD.length).equals(ZSTD)) throw new BadLayer('a layer is packed with zstd, which is not known here');
    const unpacked = start.subarray(0, GZIP.length).equals(GZIP) ? source.pipe(createGunzip()) : source;
    source.on('error', (error) => unpacked.destroy(error));
    await pipeline(unpacked, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) if (!parser.write(chunk)) await Promise.race([once(parser, 'drain'), failed]);
      const ended = once(parser, 'end');
      parser.end();
      await Promise.race([ended, failed]);
    });
    await Promise.race([putting, failed]);
  } catch (error) {
    throw asProblem(error);
  } finally {
    source.destroy();
  }
  layer.finish();
}

function asProblem(error: unknown): unknown {
  if (error instanceof BadLayer || systemCode(error)?.startsWith('E') === true) return error;
  return new BadLayer(`a layer cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`);
}

async function firstBytes(path: string): Promise<Buffer> {
  for await (const chunk of createReadStream(path, { end: ZSTD.length - 1 })) return chunk as Buffer;
  return Buffer.alloc(0);
}

interface Layer {
  put(entry: ReadEntry): Promise<void>;
  /** The times of directories, which what is put into them changes. */
  finish(): void;
}

function createLayer(root: string, owners: LayerOptions['owners']): Layer {
  /** What this layer has itself, by its names. An opaque directory loses all else. */
  const own = new Set<string>();
  const directories: { readonly path: string; readonly modified: Date }[] = [];

  const owned = (path: string, { uid = 0, gid = 0 }: ReadEntry): void => {
    if (owners === 'kept') lchownSync(path, uid, gid);
  };

  const mark = (parts: readonly string[]): void => {
    for (let count = parts.length; count > 0; count--) own.add(parts.slice(0, count).join('/'));
  };

  const removeLower = (directory: string, name: string): void => {
    for (const child of readdirSync(directory)) {
      const [path, below] = [join(directory, child), name === '' ? child : `${name}/${child}`];
      if (!own.has(below)) rmSync(path, { recursive: true, force: true });
      else if (statusOf(path)?.isDirectory() === true) removeLower(path, below);
    }
  };

  const putDirectory = (path: string, there: Stats | null, entry: ReadEntry): void => {
    if (there?.isDirectory() !== true) mkdirSync(path, DIRECTORY_MODE);
    owned(path, entry);
    chmodSync(path, (entry.mode ?? DIRECTORY_MODE) & ALL_RIGHTS);
    if (entry.mtime !== undefined) directories.push({ path, modified: entry.mtime });
  };

  const putFile = async (path: string, entry: ReadEntry): Promise<void> => {
    const file = openSync(path, 'wx', 0o600);
    try {
      for await (const chunk of entry) for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
      if (owners === 'kept') fchownSync(file, entry.uid ?? 0, entry.gid ?? 0);
      fchmodSync(file, (entry.mode ?? 0o644) & ALL_RIGHTS);
      if (entry.mtime !== undefined) futimesSync(file, entry.mtime, entry.mtime);
    } finally {
      closeSync(file);
    }
  };

  const putLink = (path: string, entry: ReadEntry): void => {
    const parts = partsOf(entry.linkpath ?? '');
    const name = parts.at(-1);
    if (name === undefined) throw new BadLayer(`${entry.path}: it is a link to nothing`);
    const target = join(directoryIn(root, parts.slice(0, -1), 'there'), name);
    const there = statusOf(target);
    if (there === null || there.isDirectory()) throw new BadLayer(`${entry.path}: it is a link to ${entry.linkpath}, which is no file`);
    linkSync(target, path);
  };

  return {
    put: async (entry) => {
      const parts = partsOf(entry.path);
      const name = parts.at(-1);
      if (name === undefined) return;
      const above = parts.slice(0, -1);
      const directory = directoryIn(root, above, 'made');
      if (name === OPAQUE) return removeLower(directory, above.join('/'));
      if (name.startsWith(WHITEOUT)) {
        const gone = name.slice(WHITEOUT.length);
        if (gone === '' || gone === '.' || gone === '..') throw new BadLayer(`${entry.path}: it says that nothing is gone`);
        // Others that begin like this say something of a file system of docker's that is no more.
        if (!gone.startsWith(WHITEOUT)) rmSync(join(directory, gone), { recursive: true, force: true });
        return;
      }
      const path = join(directory, name);
      const there = statusOf(path);
      mark(parts);
      if (there !== null && !(there.isDirectory() && entry.type === 'Directory')) rmSync(path, { recursive: true, force: true });
      switch (entry.type) {
        case 'Directory':
        case 'GNUDumpDir':
          return putDirectory(path, there, entry);
        case 'File':
        case 'OldFile':
        case 'ContiguousFile':
          return putFile(path, entry);
        case 'Link':
          return putLink(path, entry);
        case 'SymbolicLink':
          symlinkSync(entry.linkpath ?? '', path);
          return owned(path, entry);
        default:
          // Devices and pipes.
          return;
      }
    },
    finish: () => {
      for (const { path, modified } of directories.toReversed()) {
        if (statusOf(path)?.isDirectory() !== true) continue;
        const directory = openSync(path, 'r');
        futimesSync(directory, modified, modified);
        closeSync(directory);
      }
    },
  };
}

/** Throws BadLayer for a name that goes up. */
function partsOf(name: string): readonly string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new BadLayer(`${name}: it leaves the image`);
  if (name.includes('\0')) throw new BadLayer('a layer has a name with a zero byte');
  return parts;
}

/**
 * Where a directory really is below the root: links in its path are followed as in a container whose root it is.
 * `made`: what is missing of it is made. Throws BadLayer.
 */
export function directoryIn(root: string, parts: readonly string[], missing: 'made' | 'there'): string {
  const left = [...parts];
  let real: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const part = left.shift() ?? '';
    if (part === '' || part === '.') continue;
    if (part === '..') {
      real.pop();
      continue;
    }
    const path = join(root, ...real, part);
    const status = statusOf(path);
    if (status?.isSymbolicLink() === true) {
      if (++links > MOST_LINKS) throw new BadLayer(`${parts.join('/')}: its links lead in a circle`);
      const target = readlinkSync(path);
      if (target.startsWith('/')) real = [];
      left.unshift(...target.split('/'));
      continue;
    }
    if (status === null && missing === 'made') mkdirSync(path, DIRECTORY_MODE);
    else if (status?.isDirectory() !== true) throw new BadLayer(`${parts.join('/')}: it is no directory`);
    real.push(part);
  }
  return join(root, ...real);
}

function statusOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
