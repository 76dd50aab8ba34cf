import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { mountsBelow } from '../../../agent/mounts.ts';
import { removeBusyTree } from '../../../agent/removal.ts';
import { machineMemoryBytes } from '../../../nodes/local/room.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { readIfThere, replaceFile } from '../../files.ts';
import { bytesOf } from '../../size.ts';
import { isPlaceOf, ownerOf, placeName, reserveDirectory } from './place.ts';
import type { Disk } from './room.ts';

/** Where the data of `up --ephemeral` is: a directory in a tmpfs. Kept in the data directory, as its pointer. */
export interface MemoryPlace {
  readonly path: string;
  /** What it may take. */
  readonly bytes: number;
  /** What was used of the tmpfs before: others' files. */
  readonly usedBefore: number;
}

/** The pointer's file in a data directory. */
export const MEMORY_POINTER = 'memory';
const TMPFS_MAGIC = 0x0102_1994;
/** File systems in memory of the usual systems, in the order in which they are tried. */
const CANDIDATES = ['/dev/shm', '/tmp', '/run/shm'];
/** Of the machine's memory, unless a size is given. */
const SHARE = 1 / 4;
/** A database, its log and a few nodes take so much. */
const LEAST_BYTES = 512 * 1024 * 1024;
const MIB = 1024 * 1024;
/** The part of its bound by which a file system has to change at least until our files are counted anew. */
const LEAST_PATIENCE = 1 / 32;
/** Begins the name that a place whose data directory is gone has while it is removed. */
const ORPHAN = 'orphan-';
/** So long a start tries to remove one. */
const ORPHAN_MS = 1_000;
/** In which `lstat` counts, whatever the blocks of the file system (stat(2)). */
const BLOCK_BYTES = 512;

/**
 * What `--ephemeral [size]` may be given: `4GB`, `512MB`. `true` means the usual share of memory. Throws `CommandError`
 * for another text or too little.
 */
export function memoryBytes(given: string | true): number {
  if (given === true) return Math.max(LEAST_BYTES, Math.floor(machineMemoryBytes() * SHARE));
  const bytes = bytesOf(given);
  if (!Number.isFinite(bytes)) throw new CommandError(EXIT.usage, `--ephemeral takes a size like 2GB or 800MB, not ${given}`);
  if (bytes < LEAST_BYTES) throw new CommandError(EXIT.usage, `--ephemeral ${given} is too little: a database and its nodes need ${LEAST_BYTES / MIB}MB`);
  if (bytes >= machineMemoryBytes()) throw new CommandError(EXIT.usage, `--ephemeral ${given} is all the memory that this machine has, or more`);
  return bytes;
}

/**
 * Takes a directory in a tmpfs for the data directory `root`, named by a hash of its path, and leaves the pointer in
 * `root`. Clears what an earlier data directory of the same path left, and places whose data directories are gone.
 * Throws `CommandError` with what is wrong with each tmpfs.
 */
export function reserveMemory(root: string, bytes: number): MemoryPlace {
  const refused: string[] = [];
  for (const parent of CANDIDATES) {
    const objection = objectionTo(parent, bytes);
    if (objection !== null) {
      refused.push(`${parent} ${objection}`);
      continue;
    }
    const ours = join(parent, ownersName());
    removeOrphans(ours);
    const path = reserveDirectory(join(ours, placeName(root)), root);
    const place = { path, bytes, usedBefore: usedBytes(parent) };
    replaceFile(join(root, MEMORY_POINTER), `${JSON.stringify(place)}\n`);
    return place;
  }
  throw new CommandError(EXIT.failure, `--ephemeral needs a file system in memory (tmpfs) with ${Math.ceil(bytes / MIB)}MB free: ${refused.join('; ')}`);
}

/** Where the data of `root` is in memory; undefined: it is not. */
export function readMemory(root: string): MemoryPlace | undefined {
  const text = readIfThere(join(root, MEMORY_POINTER));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  const [path, bytes, usedBefore] = ['path', 'bytes', 'usedBefore'].map((name): unknown => (typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined));
  if (typeof path === 'string' && typeof bytes === 'number' && typeof usedBefore === 'number') return { path, bytes, usedBefore };
  throw new Error(`${join(root, MEMORY_POINTER)} is not a pointer into memory: ${text.trim()}`);
}

/** Whether the directory still exists: a machine that restarted has lost it. */
export function isThere(root: string, { path }: MemoryPlace): boolean {
  return isPlaceOf(path, root);
}

/**
 * As a disk, it has no more room than it may take, and no more than its tmpfs has. What the tmpfs has more since the
 * last count is taken for ours. Where that is half of what was left our files are counted anew, since others may have
 * put it there: so seldom because there may be many. `usedOf` is what is used of a file system; tests bring their own.
 */
export function diskInMemory(disk: Disk, { path, bytes, usedBefore }: MemoryPlace, usedOf = usedBytes): Disk {
  let counted = { ours: 0, used: usedBefore };
  return {
    ...disk,
    free: () => {
      const used = usedOf(path);
      const patience = Math.max(bytes * LEAST_PATIENCE, (bytes - counted.ours) / 2);
      if (Math.abs(used - counted.used) >= patience) counted = { ours: bytesBelow(path), used };
      const ours = counted.ours + used - counted.used;
      const free = disk.free();
      return { ...free, bytes: Math.min(free.bytes, Math.max(0, bytes - ours)) };
    },
  };
}

/** What data in memory cannot guarantee. */
export function memoryLimits({ memory }: { readonly memory: MemoryPlace | null }): string[] {
  return memory === null ? [] : [`in memory (${Math.floor(memory.bytes / MIB)}MB): all data outlives its processes, and is lost when this machine ends or linarite down is given`];
}

/** Why the directory cannot be used, found by doing there what the service will do; null: it can. */
function objectionTo(directory: string, bytes: number): string | null {
  if (!existsSync(directory)) return 'is not there';
  const { type, bavail, bsize } = statfsSync(directory);
  if (process.platform !== 'linux' || type !== TMPFS_MAGIC) return 'is no tmpfs';
  const freeBytes = bavail * bsize;
  if (freeBytes < bytes) return `has ${Math.floor(freeBytes / MIB)}MB free`;
  const script = join(directory, `linarite-probe-${process.pid}`);
  try {
    writeFileSync(script, '#!/bin/sh\nexit 0\n', { mode: 0o700, flag: 'wx' });
    return spawnSync(script, { cwd: '/', stdio: 'ignore' }).status === 0 ? null : 'runs no programs (noexec)';
  } catch (error) {
    return `cannot be written to (${messageOf(error)})`;
  } finally {
    rmSync(script, { force: true });
  }
}

function usedBytes(directory: string): number {
  const { blocks, bfree, bsize } = statfsSync(directory);
  return (blocks - bfree) * bsize;
}

/** What lies below the directory and on its file system. What goes meanwhile, or cannot be looked at, is left out. */
function bytesBelow(directory: string): number {
  const { dev } = lstatSync(directory);
  const seen = new Set<number>();
  let blocks = 0;
  const count = (path: string): void => {
    const status = tried(() => lstatSync(path));
    if (status?.dev !== dev || seen.has(status.ino)) return;
    if (status.nlink > 1) seen.add(status.ino);
    blocks += status.blocks;
    if (status.isDirectory()) for (const name of tried(() => readdirSync(path)) ?? []) count(join(path, name));
  };
  count(directory);
  return blocks * BLOCK_BYTES;
}

function tried<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Each user has a directory of places. */
function ownersName(): string {
  return `linarite-${process.getuid?.() ?? 'user'}`;
}

/**
 * Removes places whose data directory was removed by hand. Leaves what is not ours, and to the next start what cannot
 * be removed yet: a database that is still ending writes there, or another start removes it as well.
 */
function removeOrphans(ours: string): void {
  const there = lstatSync(ours, { throwIfNoEntry: false });
  if (there?.isDirectory() !== true || there.uid !== process.getuid?.()) return;
  for (const name of readdirSync(ours)) {
    const place = join(ours, name);
    if (!isOrphan(place) || mountsBelow(place).length > 0) continue;
    tried(() => {
      const aside = name.startsWith(ORPHAN) ? place : join(ours, `${ORPHAN}${name}-${process.pid}`);
      if (aside !== place) renameSync(place, aside);
      removeBusyTree(aside, ORPHAN_MS);
    });
  }
}

function isOrphan(place: string): boolean {
  if (basename(place).startsWith(ORPHAN)) return true;
  const root = ownerOf(place);
  return root !== undefined && statSync(root, { throwIfNoEntry: false }) === undefined;
}
