import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, realpathSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mountsBelow } from '../mounts.ts';
import { INNER_PROGRAMS, INNER_ROOT, type Isolation, MACHINE_ETC } from './isolation.ts';
import { entriesOf, isDirectory, throughOf } from './machine.ts';
import { bound, copied, hidden, linked, mirror, overlay, ownSharedMemory, readableAt, rootAt, type Steps } from './mountSteps.ts';

/** Directories of the system that a node with admin tasks has to itself; those that are links lead into others. */
const SYSTEM_DIRECTORIES = ['/usr', '/var', '/opt', '/root', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'] as const;
/** A machine with more homes than this keeps `/home` to itself: each would be a mount in each node. */
const MOST_HOMES = 64;

export interface ViewsOptions {
  /** What the machine knows as the node's root. */
  readonly root: string;
  /** Where the layers lie: the agent's alone. */
  readonly place: string;
  /** Paths of the machine that must stay what they are. */
  readonly needed: readonly string[];
  readonly isolation: Exclude<Isolation, 'none'>;
}

export interface Views {
  readonly steps: Steps;
  /** Whether `/home` is the node's. */
  readonly hasHomes: boolean;
}

/**
 * Makes the directories that the node's views are put together from, and returns the steps that mount them in a mount
 * namespace of the node's own.
 */
export function prepareViews(options: ViewsOptions): Views {
  const { root, isolation } = options;
  const needed = options.needed.map((path) => realpathSync(path));
  mkdirSync(options.place, { recursive: true, mode: 0o700 });
  const place = realpathSync(options.place);
  for (const name of ['stage', 'empty']) mkdirSync(join(place, name), { recursive: true, mode: 0o755 });
  const homes = home(place);
  const steps = [
    ...ownSharedMemory(place, throughOf('/dev/shm', needed).filter(({ isNeeded }) => isNeeded)),
    ...mnt(place),
    ...rootAt(root),
    ...(nameServers() === null ? [] : readableAt('/etc', MACHINE_ETC)),
    ...homes,
    ...(isolation === 'overlays' ? overlaidEtc(place, needed) : copiedEtc(place, needed)),
    ...(isDirectory('/run/nscd') ? hidden(place, '/run/nscd') : []),
  ];
  return { steps, hasHomes: homes.length > 0 };
}

/** The steps for each directory of the system that admin tasks change; one that fails leaves the others as they are. */
export function prepareSystem(options: ViewsOptions): readonly Steps[] {
  const real = options.needed.map((path) => realpathSync(path));
  const place = realpathSync(options.place);
  return SYSTEM_DIRECTORIES.filter((point) => isDirectory(point) && !real.includes(point)).map((point) => overlaid(place, point, real));
}

/** The node writes its own. */
const OWN_FILES = ['/etc/hosts', '/etc/hostname'];

/**
 * Name servers change while a node lives (a notebook that moves), by a new file in the place of the old one, which
 * neither an overlay nor a copy shows: so the node's is a link. null: the machine's is a link itself, out of `/etc`, or
 * a mount, or there is none.
 */
function nameServers(): { readonly name: string; readonly target: string } | null {
  const path = '/etc/resolv.conf';
  const isFile = lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && mountsBelow(path).length === 0;
  return isFile ? { name: basename(path), target: `${MACHINE_ETC}/${basename(path)}` } : null;
}

function overlaidEtc(place: string, needed: readonly string[]): Steps {
  const steps = overlaid(place, '/etc', needed);
  const link = nameServers();
  return link === null ? steps : [...linked(place, `etc/upper/${link.name}`, link.target), ...steps];
}

function copiedEtc(place: string, needed: readonly string[]): Steps {
  const link = nameServers();
  const links = link === null ? [] : linked(place, `etc/${link.name}`, link.target);
  return [...copied(place, '/etc', 'etc'), ...links, ...bound(place, '/etc', 'etc', throughOf('/etc', needed, OWN_FILES))];
}

function overlaid(place: string, point: string, needed: readonly string[]): Steps {
  const name = basename(point);
  const [upper, work] = [join(place, name, 'upper'), join(place, name, 'work')];
  mkdirSync(work, { recursive: true });
  if (!existsSync(upper)) {
    mkdirSync(upper);
    // They become those of the directory itself.
    const { mode, uid, gid } = statSync(point);
    chownSync(upper, uid, gid);
    chmodSync(upper, mode & 0o7777);
  }
  return overlay(place, point, name, throughOf(point, needed, OWN_FILES));
}

/** In `/mnt/batch`, whatever the machine has there. */
const OURS: readonly string[] = [INNER_ROOT, INNER_PROGRAMS, MACHINE_ETC];

/**
 * The machine's entries, and `batch/tasks`, also where the machine has none. New entries are the node's and lie on its
 * disk.
 */
function mnt(place: string): Steps {
  const directory = join(place, 'mnt');
  const ours = (path: string): boolean => OURS.includes(`/mnt/${path}`);
  const batch = isDirectory('/mnt/batch') ? 'batch' : null;
  const entries = [
    ...mirrored('/mnt', directory, (name) => name !== 'batch'),
    ...(batch === null ? [] : mirrored('/mnt/batch', join(directory, batch), (name) => !ours(`batch/${name}`)).map((name) => `${batch}/${name}`)),
  ];
  for (const inner of OURS) mkdirSync(join(directory, inner.slice('/mnt/'.length)), { recursive: true, mode: 0o755 });
  return mirror(place, '/mnt', 'mnt', entries);
}

/** Users that the node makes have their homes in it. */
function home(place: string): Steps {
  if (!isDirectory('/home') || entriesOf('/home').length > MOST_HOMES) return [];
  return mirror(place, '/home', 'home', mirrored('/home', join(place, 'home'), () => true));
}

/**
 * Makes in `directory` the places to which the machine's entries of `point` are bound, and its links. Returns the names
 * to bind.
 */
function mirrored(point: string, directory: string, isWanted: (name: string) => boolean): readonly string[] {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
  removeEmpty(directory);
  const shown: string[] = [];
  for (const { name, kind } of entriesOf(point)) {
    if (!isWanted(name)) continue;
    const there = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (kind === 'link') {
      if (there === undefined) symlinkSync(readlinkSync(join(point, name)), join(directory, name));
    } else if (there === undefined || there.isDirectory() === (kind === 'directory')) {
      if (there === undefined) make(join(directory, name), kind);
      shown.push(name);
    }
  }
  return shown;
}

function make(path: string, kind: 'directory' | 'file'): void {
  if (kind === 'directory') mkdirSync(path);
  else writeFileSync(path, '');
}

/** Points for entries that the machine no longer has. */
function removeEmpty(directory: string): void {
  for (const name of readdirSync(directory)) {
    try {
      rmdirSync(join(directory, name));
    } catch {
      // Something of the node's own.
    }
  }
}
