import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, rmdir, stat, unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { systemCode } from './failures.ts';
import type { FileAnswer, FileAsk, FileProperties } from './frames.ts';
import { mountsBelow } from './mounts.ts';
import { removeTrees } from './removal.ts';

/** Deepest directory that a listing goes into. */
const deepest = 100;

type FileError = Extract<FileAnswer, { kind: 'error' }>;

/**
 * Answers asks about files below a node's root, all but `read`. The agent may read everything, so a path counts only with its links resolved:
 * one that leaves the root is refused.
 */
export const answerAsk = async (root: string, ask: Exclude<FileAsk, { kind: 'read' }>): Promise<FileAnswer> => {
  try {
    switch (ask.kind) {
      case 'list':
        return await list(root, ask);
      case 'properties': {
        const path = await pathBelow(root, ask.path);
        if (typeof path !== 'string') return path;
        return { kind: 'properties', file: propertiesOf(ask.path, await stat(path)) };
      }
      case 'delete':
        return await remove(root, ask);
    }
  } catch (error) {
    return fileError(error, ask.path, ask.kind === 'list');
  }
};

/** The real path of something below the root, or why it cannot be had. */
export const pathBelow = async (root: string, path: string): Promise<string | FileError> => {
  if (path.includes('\0') || path.split('/').includes('..')) return outside(path);
  const realRoot = await realpath(root);
  const real = await realpath(join(realRoot, path));
  return isBelow(realRoot, real) ? real : outside(path);
};

const isBelow = (realRoot: string, real: string): boolean => real === realRoot || real.startsWith(`${realRoot}${sep}`);

export const propertiesOf = (name: string, status: Stats): FileProperties => ({
  name,
  isDirectory: status.isDirectory(),
  sizeBytes: status.isDirectory() ? 0 : status.size,
  modifiedAt: Math.trunc(status.mtimeMs),
  // Not shown by Linux nodes of the real service (recorded).
  createdAt: null,
  mode: `0o${(status.mode & 0o177777).toString(8)}`,
});

/** `path`: as it was asked for. The error's own message would tell clients where the node's directory lies on its machine. */
export const fileError = (error: unknown, path: string, isListing = false): FileError => {
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
};

const systemReason = (error: unknown): string => {
  const number: unknown = error instanceof Error ? Reflect.get(error, 'errno') : undefined;
  return (typeof number === 'number' ? getSystemErrorMap().get(number)?.[1] : undefined) ?? 'the node could not do this';
};

const outside = (path: string): FileError => ({ kind: 'error', code: 'PathOutsideNode', message: `${path} leaves the node's root directory` });

/** Breadth-first, by name within a directory (recorded), so that a page can begin after any name. */
const list = async (root: string, ask: Extract<FileAsk, { kind: 'list' }>): Promise<FileAnswer> => {
  const base = await pathBelow(root, ask.path);
  if (typeof base !== 'string') return base;
  const files: FileProperties[] = [];
  let level: readonly string[] = [''];
  for (let depth = 1; level.length > 0 && depth <= deepest; depth++) {
    const directories: string[] = [];
    for (const parent of level) {
      for (const { name, isDirectory } of await entries(join(base, parent), parent === '')) {
        const relative = parent === '' ? name : `${parent}/${name}`;
        if (isDirectory && ask.recursive && mayHold(relative, ask.prefix)) directories.push(relative);
        if (!relative.startsWith(ask.prefix) || !comesAfter(relative, ask.after)) continue;
        const file = await propertiesBelow(root, base, relative);
        if (file === null) continue;
        if (files.length === ask.limit) return { kind: 'list', files, more: true };
        files.push(file);
      }
    }
    level = directories;
  }
  return { kind: 'list', files, more: false };
};

const entries = async (directory: string, isBase: boolean): Promise<readonly { readonly name: string; readonly isDirectory: boolean }[]> => {
  try {
    const found = await readdir(directory, { withFileTypes: true });
    return found.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() })).sort((a, b) => compare(a.name, b.name));
  } catch (error) {
    // A directory that a task removed meanwhile is empty; the one that was asked for has to be there.
    if (isBase) throw error;
    return [];
  }
};

/** null: gone meanwhile. A link counts as what it points to, as long as that lies below the root; else as itself. */
const propertiesBelow = async (root: string, base: string, relative: string): Promise<FileProperties | null> => {
  try {
    const path = join(base, relative);
    const status = await lstat(path);
    if (!status.isSymbolicLink()) return propertiesOf(relative, status);
    const target = await pathBelow(root, path.slice((await realpath(root)).length)).catch(() => null);
    return propertiesOf(relative, typeof target === 'string' ? await stat(target) : status);
  } catch {
    return null;
  }
};

const mayHold = (directory: string, prefix: string): boolean => `${directory}/`.startsWith(prefix) || prefix.startsWith(`${directory}/`);

const comesAfter = (name: string, after: string): boolean => {
  if (after === '') return true;
  const [own, other] = [name.split('/'), after.split('/')];
  if (own.length !== other.length) return own.length > other.length;
  for (const [index, part] of own.entries()) {
    const order = compare(part, other[index] ?? '');
    if (order !== 0) return order > 0;
  }
  return false;
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const remove = async (root: string, ask: Extract<FileAsk, { kind: 'delete' }>): Promise<FileAnswer> => {
  const parts = ask.path.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || name === '..') return outside(ask.path);
  const parent = await pathBelow(root, parts.join('/'));
  if (typeof parent !== 'string') return parent;
  const realRoot = await realpath(root);
  const opened = await open(parent, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    // By way of the open directory: a process of a task may put a link in the place of any part of the path meanwhile.
    const held = process.platform === 'linux' ? `/proc/${process.pid}/fd/${opened.fd}` : parent;
    const real = process.platform === 'linux' ? await readlink(held) : parent;
    if (!isBelow(realRoot, real)) return outside(ask.path);
    // What is removed is the entry itself: of a link the link, not what it points to.
    const path = `${held}/${name}`;
    if (!(await lstat(path)).isDirectory()) await unlink(path);
    else if (ask.recursive) {
      const mounted = mountsBelow(path).map((point) => (isBelow(realRoot, point) ? point.slice(realRoot.length + 1) : point));
      if (mounted.length > 0) return { kind: 'error', code: 'Mounted', message: `${ask.path}: ${mounted.join(', ')} is a mount, and nothing on it is deleted; unmount it first` };
      await removeTrees([path], 'refuse');
    }
    else await rmdir(path);
    return { kind: 'deleted' };
  } finally {
    await opened.close();
  }
};
