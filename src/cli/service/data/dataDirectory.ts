import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { makeDirectories, readIfThere, replaceFile, statIfThere } from '../../files.ts';
import { releaseVersion } from '../../version.ts';
import { CLOCK_FILE, makeClockFile } from './clockFile.ts';
import { isThere, MEMORY_POINTER, type MemoryPlace, readMemory, reserveMemory } from './memory.ts';
import { canReachBelow } from '../../../processes/account.ts';
import { placeName, removePlace, reserveDirectory, assignPlace } from './place.ts';
import type { ClockKind } from '../clockOption.ts';
import { MountInTheWay, mountsBelow } from '../../../agent/mounts.ts';
import { removeBusyTree, removeTrees } from '../../../agent/removal.ts';

/**
 * All that a service keeps, as absolute paths. `database` and `nodes` lie in the data directory, or in its place
 * elsewhere when another user has to reach them there and cannot.
 */
export interface DataDirectory {
  readonly root: string;
  readonly place: string | null;
  /** Where all is kept in memory: everything but `run` lies there. */
  readonly memory: MemoryPlace | null;
  /** The directory that was given for the nodes alone. */
  readonly nodePlace: string | null;
  /** Whether other processes of this machine have their nodes in the same directory. */
  readonly sharesNodes: boolean;
  /** Where a clock that users set is kept; null: it goes by the machine's. */
  readonly clockFile: string | null;
  readonly database: string;
  readonly nodes: string;
  readonly blobs: string;
  readonly certificates: string;
  /** Mode 0700: keys of the accounts, secret of the nodes' credentials. */
  readonly keys: string;
  readonly logs: string;
  /** Mode 0700: lock and record of the running service. */
  readonly run: string;
}

/**
 * Where a new data directory keeps its parts. A part that is left out stays where it was, or lies in the directory
 * itself.
 */
export interface Layout {
  /** In memory, at most so many bytes. */
  readonly memoryBytes?: number;
  /** Node directories below this one. */
  readonly nodeDirectory?: string;
  /** Node directories in this one, beside those of other processes. */
  readonly sharedNodeDirectory?: string;
  /** Whether users set its clock; for good. */
  readonly clock?: ClockKind;
}

/** Raised when an older release could not read what this one writes. */
const FORMAT = 2;
/** Of data by the machine's clock: releases that know no other one can go on with it. */
const FORMAT_OF_REAL_TIME = 1;
/** A kill may leave the second one. */
const CLOCK_ENTRIES: readonly string[] = [CLOCK_FILE, `${CLOCK_FILE}.new`];
/** Names the place that node directories have elsewhere. */
const NODE_PLACE = 'node-place';
/** Names the directory where nodes lie beside those of other processes. */
const SHARED_NODE_PLACE = 'shared-node-place';
/** Second names of blobs, while a backup is written. */
export const HELD_BLOBS = 'backup';
/** Stands there while a backup is being put in. */
export const RESTORING = 'restoring';
const ENTRIES = ['place', HELD_BLOBS, RESTORING, MEMORY_POINTER, NODE_PLACE, SHARED_NODE_PLACE, ...CLOCK_ENTRIES, 'database', 'database.log', 'nodes', 'blobs', 'blobs.log', 'certificates', 'keys', 'logs', 'reserve', 'runs.jsonl', 'version'];
/** The operator's own, which may be there before everything else and stays after it. */
export const IMAGES_FILE = 'images.yaml';

/** Says where nodes come from, where the operator has put it there. */
export const PROVIDERS_FILE = 'providers.yaml';
/** Where the lock lies: the first thing to be made, and the last to be removed. */
const RUN = 'run';
/** `run` has this name while it is being removed, so that nobody takes a lock in it. */
const REMOVED_RUN = 'run.removed';
const OF_RUN = /^(lock|draft)-\d+$/;

const DEFAULT_DATA_DIRECTORY = '.linarite';

/** The path that a command means: `--data-dir`, else LINARITE_DATA_DIR, else `./.linarite`. Throws `CommandError`. */
export function dataDirectoryPath(option: string | undefined): string {
  // A variable that was not set; nobody means the present directory by it.
  if (option === '') throw new CommandError(EXIT.usage, '--data-dir is empty');
  return resolve(option ?? (process.env['LINARITE_DATA_DIR'] || DEFAULT_DATA_DIRECTORY));
}

/**
 * Opens a data directory, and makes it first when there is none or an empty one. Throws `CommandError` when it belongs
 * to a newer release, or holds something else.
 */
export function makeDataDirectory(path: string, layout: Layout = {}): DataDirectory {
  const root = resolve(path);
  return sayingWhere(root, () => makeAll(root, layout));
}

function makeAll(root: string, wanted: Layout): DataDirectory {
  makeRoot(root);
  if (existsSync(join(root, RESTORING))) throw new CommandError(EXIT.failure, `a restore into ${root} was cut short: remove it with linarite down --purge, and restore again`);
  const memory = readMemory(root);
  if (!refuseForeign(root)) makeNew(root, wanted);
  else if (memory !== undefined && !isThere(root, memory)) {
    // The machine was started again: what was in memory is lost, and only the pointer is left.
    reserveMemory(root, wanted.memoryBytes ?? memory.bytes);
  } else refuseOtherMemory(root, memory, wanted);
  refuseOtherClock(root, wanted);
  if (wanted.nodeDirectory !== undefined) assignNodePlace(root, wanted.nodeDirectory);
  if (wanted.sharedNodeDirectory !== undefined) shareNodePlace(root, wanted.sharedNodeDirectory);
  const directory = layout(root);
  for (const secret of [directory.keys, directory.run, directory.logs, directory.blobs]) mkdirSync(secret, { recursive: true, mode: 0o700 });
  mkdirSync(directory.nodes, { recursive: true, mode: 0o711 });
  // Whatever the umask: tasks pass through it.
  if (process.getuid?.() === 0) chmodSync(directory.nodes, 0o711);
  return directory;
}

function makeNew(root: string, { memoryBytes, clock = 'real' }: Layout): void {
  // Ours from now on. As root, users of the database and of tasks pass through it; what is secret lies in 0700 below.
  if (process.getuid?.() === 0) chmodSync(root, 0o711);
  if (memoryBytes === undefined) {
    const place = assignPlace(root);
    if (place !== null) replaceFile(join(root, 'place'), `${place}\n`);
  } else reserveMemory(root, memoryBytes);
  if (clock === 'virtual') makeClockFile(join(root, CLOCK_FILE));
  else for (const entry of CLOCK_ENTRIES) rmSync(join(root, entry), { force: true });
  // What was killed before this is no data directory yet.
  replaceFile(join(root, 'version'), `${clock === 'virtual' ? FORMAT : FORMAT_OF_REAL_TIME} ${releaseVersion()}\n`);
}

/** Times that data holds never lie ahead of its clock: it cannot change to another. */
function refuseOtherClock(root: string, { clock }: Layout): void {
  const found: ClockKind = layout(root).clockFile === null ? 'real' : 'virtual';
  if (clock === undefined || clock === found) return;
  throw new CommandError(EXIT.failure, `${root} was made with a ${found} clock, and keeps it: end it with linarite down --purge first, or give another --data-dir`);
}

/** What is kept in one place does not move to another. */
function refuseOtherMemory(root: string, memory: MemoryPlace | undefined, { memoryBytes }: Layout): void {
  if (memoryBytes === undefined || memoryBytes === memory?.bytes) return;
  const found = memory === undefined ? 'keeps its data on disk' : `keeps its data in ${memory.bytes / 1024 / 1024}MB of memory`;
  throw new CommandError(EXIT.failure, `${root} ${found} already: end it with linarite down --purge first, or give another --data-dir`);
}

/** Nodes that are there stay where they are. */
function assignNodePlace(root: string, given: string): void {
  const present = layout(root);
  const place = join(resolve(given), placeName(root));
  if (present.nodePlace === place) return;
  if (existsSync(present.nodes) && readdirSync(present.nodes).length > 0) {
    throw new CommandError(EXIT.failure, `${root} has nodes in ${present.nodes}: end it with linarite down --purge first, or leave out --node-dir`);
  }
  mkdirSync(resolve(given), { recursive: true, mode: 0o711 });
  try {
    reserveDirectory(place, root);
  } catch (error) {
    throw new CommandError(EXIT.failure, `${given} cannot hold the nodes (--node-dir): ${messageOf(error)}`);
  }
  replaceFile(join(root, NODE_PLACE), `${place}\n`);
}

/** Nothing of what lies there is removed: it may be the nodes of others. */
function shareNodePlace(root: string, given: string): void {
  const present = layout(root);
  const place = resolve(given);
  if (present.sharesNodes && present.nodes === join(place, 'nodes')) return;
  if (existsSync(present.nodes) && readdirSync(present.nodes).length > 0) {
    throw new CommandError(EXIT.failure, `${root} has nodes in ${present.nodes}: end it with linarite down --purge first, or leave out --shared-node-dir`);
  }
  mkdirSync(place, { recursive: true, mode: 0o711 });
  if (!canReachBelow(place)) throw new CommandError(EXIT.failure, `${given} cannot hold the nodes (--shared-node-dir): other users cannot enter it`);
  replaceFile(join(root, SHARED_NODE_PLACE), `${place}\n`);
}

/**
 * That it is gone is usual, when somebody purges at the same moment; that it cannot be made although what it lies in is
 * there is not.
 */
function makeRoot(root: string): void {
  try {
    makeDirectories(root, 0o711);
  } catch (error) {
    const refused: unknown = error instanceof Error ? Reflect.get(error, 'path') : undefined;
    if (codeOf(error) !== 'ENOENT' || typeof refused !== 'string' || !existsSync(dirname(refused))) throw error;
    throw new CommandError(EXIT.failure, `${root} cannot be used as data directory: ${dirname(refused)} takes no directories`);
  }
}

/**
 * Makes the directory of the lock and nothing else, so that whoever purges meets no data of somebody who starts.
 * Returns its path. Throws as `makeDataDirectory` does.
 */
export function makeLockDirectory(path: string): string {
  const root = resolve(path);
  return sayingWhere(root, () => {
    makeRoot(root);
    refuseForeign(root);
    const run = join(root, RUN);
    mkdirSync(run, { recursive: true, mode: 0o700 });
    return run;
  });
}

/** Opens an existing data directory; undefined when there is none at this path. Throws as `makeDataDirectory` does. */
export function findDataDirectory(path: string): DataDirectory | undefined {
  const root = resolve(path);
  return sayingWhere(root, () => {
    if (statIfThere(root) === undefined) return undefined;
    if (!refuseForeign(root)) return undefined;
    const directory = layout(root);
    // Another user's: nothing of it can be told.
    if (existsSync(directory.run)) accessSync(directory.run, constants.R_OK | constants.W_OK | constants.X_OK);
    return directory;
  });
}

/**
 * Removes what is ours, by name, and the directory itself if nothing else lies in it. Call it only with the lock.
 * Returns what is left, so nothing of a stranger's is ever lost to `--purge`. Processes of a database that was killed
 * write a last time.
 */
export async function purgeDataDirectory(directory: DataDirectory): Promise<string[]> {
  await removeNodes(directory);
  if (directory.place !== null) removePlace(directory.place);
  // What was given for the nodes may hold more than ours.
  if (directory.nodePlace !== null) removeBusyTree(directory.nodePlace);
  for (const entry of readdirSync(directory.root)) {
    if (entry.startsWith('postgresql-')) removeBusyTree(join(directory.root, entry));
  }
  for (const entry of ENTRIES) removeBusyTree(join(directory.root, entry));
  const left = readdirSync(directory.root).filter((entry) => entry !== RUN && entry !== REMOVED_RUN);
  const removed = join(directory.root, REMOVED_RUN);
  removeBusyTree(removed);
  // With the lock goes the right to remove anything else: from here on somebody may start a service.
  renameSync(directory.run, removed);
  removeBusyTree(removed);
  try {
    rmdirSync(directory.root);
  } catch {
    // Something else lies in it, or a new service.
  }
  return left;
}

/**
 * Removes what nodes left, in which tasks may have put what takes more than rmSync, and unmounts what they mounted.
 * Throws `CommandError`, before anything else is removed, when something is mounted anywhere below our directories that
 * is not a node's or cannot be unmounted: nothing on it is ours.
 */
async function removeNodes({ root, place, nodePlace, nodes, sharesNodes }: DataDirectory): Promise<void> {
  if (sharesNodes) return;
  const real = existsSync(nodes) ? realpathSync(nodes) : nodes;
  const foreign = [root, place, nodePlace].flatMap((path) => (path !== null && existsSync(path) ? [path] : [])).flatMap((path) => mountsBelow(path).filter((point) => point !== realpathSync(path) && !point.startsWith(`${real}/`)));
  try {
    if (foreign.length > 0) throw new MountInTheWay(foreign, null);
    await removeTrees(existsSync(nodes) ? readdirSync(nodes).map((name) => join(nodes, name)) : []);
  } catch (error) {
    if (error instanceof MountInTheWay) throw new CommandError(EXIT.failure, `${error.message}, then run down --purge again`);
    throw error;
  }
}

/**
 * A file in the way, a disk that is read-only, somebody else's directory: what the system says, and of which directory.
 * That it is gone is for the caller.
 */
function sayingWhere<T>(root: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (typeof code !== 'string' || code === 'ENOENT' || error instanceof CommandError) throw error;
    throw new CommandError(EXIT.failure, `${root} cannot be used as data directory: ${messageOf(error)}`);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : undefined;
}

/** True when it is a data directory of ours, false when it is empty but for a lock, a file of images, a clock. */
function refuseForeign(root: string): boolean {
  const version = readIfThere(join(root, 'version'));
  if (version === undefined) {
    if (readdirSync(root).every((entry) => entry === IMAGES_FILE || entry === PROVIDERS_FILE || CLOCK_ENTRIES.includes(entry) || isOfLock(root, entry))) return false;
    throw new CommandError(EXIT.failure, `${root} holds something, but no data of linarite: give an empty or a new directory by --data-dir`);
  }
  const [format, release = 'unknown'] = version.trim().split(' ');
  if (Number(format) > FORMAT) {
    throw new CommandError(
      EXIT.newerData,
      `${root} belongs to linarite ${release} (data format ${format}); this is linarite ${releaseVersion()} (format ${FORMAT}): use the newer one, or another --data-dir`,
    );
  }
  return true;
}

/** What a service leaves that was only about to start, or a purge that was cut off at its end. */
function isOfLock(root: string, entry: string): boolean {
  if (entry !== RUN && entry !== REMOVED_RUN) return false;
  return statSync(join(root, entry)).isDirectory() && readdirSync(join(root, entry)).every((name) => OF_RUN.test(name));
}

function layout(root: string): DataDirectory {
  const memory = readMemory(root) ?? null;
  const place = memory?.path ?? readIfThere(join(root, 'place'))?.trim() ?? null;
  const nodePlace = readIfThere(join(root, NODE_PLACE))?.trim() ?? null;
  const shared = readIfThere(join(root, SHARED_NODE_PLACE))?.trim() ?? null;
  const rest = memory?.path ?? root;
  return {
    root,
    place,
    memory,
    nodePlace,
    sharesNodes: shared !== null,
    clockFile: existsSync(join(root, CLOCK_FILE)) ? join(root, CLOCK_FILE) : null,
    database: join(place ?? root, 'database'),
    nodes: join(shared ?? nodePlace ?? place ?? root, 'nodes'),
    blobs: join(rest, 'blobs'),
    certificates: join(rest, 'certificates'),
    keys: join(rest, 'keys'),
    logs: join(rest, 'logs'),
    run: join(root, RUN),
  };
}
