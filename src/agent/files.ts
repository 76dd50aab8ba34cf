import { closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, readlinkSync, realpathSync, rmdirSync, type Stats, statSync, unlinkSync } from 'node:fs';
import { join, sep } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { compareListed, compareNames, relativeFilePath } from '../wire/files.ts';
import { during } from './activity.ts';
import { systemCode } from './failures.ts';
import { type FileAnswer, type FileAsk, type FileProperties, MOST_FRAME_BYTES } from './frames.ts';
import { mountsBelow } from './mounts.ts';
import { removeTrees } from './removal.ts';
import { createTurns } from './turns.ts';

/** Deepest directory that a listing goes into. */
const DEEPEST = 100;
/** Entries that one listing may look at: a task may make more than fit into the agent's memory. */
const MOST_ENTRIES = 250_000;
/** Of the files of one page: with what is around them they fit into a frame. */
const MOST_PAGE_BYTES = MOST_FRAME_BYTES - 1024;

type FileError = Extract<FileAnswer, { kind: 'error' }>;

/**
 * Answers asks about files below a node's root, all but `read`. The agent may read everything, so a path counts only
 * with its links resolved: one that leaves the root is refused. Every look at a path is synchronous: one that waits in
 * the thread pool would be made with the rights of whatever task's user the agent acts as by then.
 */
export async function answerAsk(root: string, ask: Exclude<FileAsk, { kind: 'read' | 'uploadLogs' }>): Promise<FileAnswer> {
  try {
    switch (ask.kind) {
      case 'list':
        return await list(root, ask);
      case 'properties': {
        const path = pathBelow(root, ask.path);
        if (typeof path !== 'string') return path;
        const status = statSync(path);
        return isServed(status) ? { kind: 'properties', file: propertiesOf(ask.path, status) } : notServed(ask.path);
      }
      case 'delete':
        return await remove(root, ask);
    }
  } catch (error) {
    return fileError(error, ask.path, ask.kind === 'list');
  }
}

/** The real path of something below the root, or why it cannot be had. */
function pathBelow(root: string, path: string): string | FileError {
  if (path.includes('\0') || path.split('/').includes('..')) return outside(path);
  const realRoot = realpathSync.native(root);
  const real = realpathSync.native(join(realRoot, path));
  return isBelow(realRoot, real) ? real : outside(path);
}

function isBelow(realRoot: string, real: string): boolean {
  return real === realRoot || real.startsWith(`${realRoot}${sep}`);
}

/** A file below the root, open: the caller closes it. Or why it cannot be read. Throws the system's errors. */
export function openBelow(root: string, path: string): { readonly file: number; readonly status: Stats } | FileError {
  const found = pathBelow(root, path);
  if (typeof found !== 'string') return found;
  const file = openSync(found, constants.O_RDONLY | constants.O_NONBLOCK);
  const refuse = (error: FileError): FileError => {
    closeSync(file);
    return error;
  };
  if (!isOpenBelow(root, file)) return refuse(outside(path));
  const status = fstatSync(file);
  if (status.isDirectory()) return refuse({ kind: 'error', code: 'IsDirectory', message: `${path} is a directory` });
  return isServed(status) ? { file, status } : refuse(notServed(path));
}

/**
 * A task may put a link in the place of a path between resolving and opening it. So the place of the opened file
 * counts.
 */
function isOpenBelow(root: string, file: number): boolean {
  try {
    return realpathSync(`/proc/self/fd/${file}`).startsWith(`${realpathSync(root)}${sep}`);
  } catch {
    // No /proc: the path itself was checked.
    return process.platform !== 'linux';
  }
}

export function propertiesOf(name: string, status: Stats): FileProperties {
  return {
    name,
    isDirectory: status.isDirectory(),
    sizeBytes: status.isDirectory() ? 0 : status.size,
    modifiedAt: Math.trunc(status.mtimeMs),
    // Not shown by Linux nodes of the real service (recorded).
    createdAt: null,
    mode: `0o${(status.mode & 0o177777).toString(8)}`,
  };
}

/**
 * `path`: as it was asked for. The error's own message would tell clients where the node's directory lies on its
 * machine.
 */
export function fileError(error: unknown, path: string, isListing = false): FileError {
  const message = `${path}: ${systemReason(error)}`;
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENAMETOOLONG':
      return { kind: 'error', code: isListing ? 'PathNotFound' : 'FileNotFound', message };
    case 'ENOTEMPTY':
      return { kind: 'error', code: 'DirectoryNotEmpty', message };
    default:
      return { kind: 'error', code: 'Failed', message };
  }
}

function systemReason(error: unknown): string {
  const number: unknown = error instanceof Error ? Reflect.get(error, 'errno') : undefined;
  return (typeof number === 'number' ? getSystemErrorMap().get(number)?.[1] : undefined) ?? 'the node could not do this';
}

/** Pipes, sockets and devices have no content to read: lists leave them out, and nothing is answered of them. */
function isServed(status: Stats): boolean {
  return status.isFile() || status.isDirectory();
}

function notServed(path: string): FileError {
  return { kind: 'error', code: 'FileNotFound', message: `${path} is neither a file nor a directory` };
}

function outside(path: string): FileError {
  return { kind: 'error', code: 'PathOutsideNode', message: `${path} leaves the node's root directory` };
}

/** Breadth-first, by name within a directory (recorded), so that a page can begin after any name. */
async function list(root: string, ask: Extract<FileAsk, { kind: 'list' }>): Promise<FileAnswer> {
  const base = pathBelow(root, ask.path);
  if (typeof base !== 'string') return base;
  const turn = createTurns();
  const files: FileProperties[] = [];
  let left = MOST_ENTRIES;
  let bytes = 0;
  let level: readonly string[] = [''];
  for (let depth = 1; level.length > 0 && depth <= DEEPEST; depth++) {
    const directories: string[] = [];
    for (const parent of level) {
      await turn();
      const found = during('listing files', () => entries(join(base, parent), parent === '', left));
      if (found === null) return tooMany(ask.path);
      left -= found.length;
      for (const { name, isDirectory } of found) {
        await turn();
        const relative = parent === '' ? name : `${parent}/${name}`;
        if (isDirectory && ask.recursive && mayHold(relative, ask.prefix)) directories.push(relative);
        if (!relative.startsWith(ask.prefix) || (ask.after !== '' && compareListed(relative, ask.after) <= 0) || relativeFilePath(relative) !== relative) continue;
        const file = during('listing files', () => propertiesBelow(root, base, relative));
        if (file === null) continue;
        bytes += Buffer.byteLength(JSON.stringify(file)) + 1;
        if (files.length === ask.limit || bytes > MOST_PAGE_BYTES) return { kind: 'list', files, more: true };
        files.push(file);
      }
    }
    level = directories;
  }
  return { kind: 'list', files, more: false };
}

function tooMany(path: string): FileError {
  return { kind: 'error', code: 'Failed', message: `${path} holds more than ${MOST_ENTRIES} files and directories` };
}

/**
 * In the order of their names; null: more than `most`. Names that are not UTF-8 come as what none of them is; two may
 * come as the same.
 */
function entries(path: string, isBase: boolean, most: number): readonly { readonly name: string; readonly isDirectory: boolean }[] | null {
  const found: { readonly name: string; readonly isDirectory: boolean }[] = [];
  try {
    const directory = opendirSync(path, { bufferSize: 512 });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        if (found.length === most) return null;
        found.push({ name: entry.name, isDirectory: entry.isDirectory() });
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    // A directory that a task removed meanwhile is empty; the one that was asked for has to be there.
    if (isBase) throw error;
  }
  return found.sort((a, b) => compareNames(a.name, b.name)).filter(({ name }, index) => name !== found[index - 1]?.name);
}

/**
 * null: it cannot be had. That is what lists leave out, so that all that they show can be read: what is gone meanwhile,
 * is no file, or has a name that is not UTF-8, and links that lead nowhere or out of the root. (Names that no request
 * can ask for, `..\\x`, do not come so far.)
 */
function propertiesBelow(root: string, base: string, relative: string): FileProperties | null {
  try {
    const path = join(base, relative);
    const own = lstatSync(path);
    const status = own.isSymbolicLink() ? targetBelow(root, path) : own;
    return status !== null && isServed(status) ? propertiesOf(relative, status) : null;
  } catch {
    return null;
  }
}

function targetBelow(root: string, link: string): Stats | null {
  try {
    const target = pathBelow(root, link.slice(realpathSync.native(root).length));
    return typeof target === 'string' ? statSync(target) : null;
  } catch {
    return null;
  }
}

function mayHold(directory: string, prefix: string): boolean {
  return `${directory}/`.startsWith(prefix) || prefix.startsWith(`${directory}/`);
}

async function remove(root: string, ask: Extract<FileAsk, { kind: 'delete' }>): Promise<FileAnswer> {
  const parts = ask.path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || name === '..') return outside(ask.path);
  const parent = pathBelow(root, parts.join('/'));
  if (typeof parent !== 'string') return parent;
  const realRoot = realpathSync.native(root);
  const opened = openSync(parent, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    // By way of the open directory: a process of a task may put a link in the place of any part of the path meanwhile.
    const held = process.platform === 'linux' ? `/proc/${process.pid}/fd/${opened}` : parent;
    const real = process.platform === 'linux' ? readlinkSync(held) : parent;
    if (!isBelow(realRoot, real)) return outside(ask.path);
    const mount = mountsBelow(realRoot).find((point) => point !== realRoot && (real === point || isBelow(point, real)));
    if (mount !== undefined) return { kind: 'error', code: 'Mounted', message: `${ask.path}: ${mount.slice(realRoot.length + 1)} is a mount, and nothing on it is deleted` };
    // What is removed is the entry itself: of a link the link, not what it points to.
    const path = `${held}/${name}`;
    if (!lstatSync(path).isDirectory()) unlinkSync(path);
    else if (ask.recursive) {
      const mounted = mountsBelow(path).map((point) => (isBelow(realRoot, point) ? point.slice(realRoot.length + 1) : point));
      if (mounted.length > 0) return { kind: 'error', code: 'Mounted', message: `${ask.path}: ${mounted.join(', ')} is a mount, and nothing on it is deleted; unmount it first` };
      await removeTrees([path], 'refuse');
    } else rmdirSync(path);
    return { kind: 'deleted' };
  } finally {
    closeSync(opened);
  }
}
