import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { INNER_IMAGE, INNER_PROGRAMS, INNER_ROOT, MACHINE_ETC } from './isolation.ts';
import { imageLower, imageMounts, type Steps } from './mountSteps.ts';

/**
 * A node whose pool asks for an image that is unpacked on this machine has a second root: the image as the lower layer,
 * what the node changes over it, and in it the node's own directories. Slot shells enter it by chroot(8). The agent
 * stays outside, where its programs are, and knows the second root by a path.
 */

/** What of the agent's view is bound into the second root, all mounts below included. */
const BOUND = ['/proc', '/sys', '/dev', INNER_ROOT, INNER_PROGRAMS, MACHINE_ETC] as const;

export interface ImageRootSteps {
  /** Before anything hides it. */
  readonly first: Steps;
  readonly steps: Steps;
}

/**
 * Makes the directories of the layers, and returns the steps that mount them. `image`: the unpacked root on this
 * machine. Throws where there is none.
 */
export function prepareImageRoot(place: string, image: string): ImageRootSteps {
  if (statSync(image, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Error(`${image}, the root of the node's image, is no directory`);
  const layers = join(place, 'image');
  for (const name of ['lower', 'work']) mkdirSync(join(layers, name), { recursive: true, mode: 0o755 });
  // Users of tasks look for programs in it, who may not enter `place`.
  mkdirSync(join(place, INNER_IMAGE), { recursive: true, mode: 0o755 });
  const upper = join(layers, 'upper');
  if (!existsSync(upper)) {
    mkdirSync(upper);
    // They become those of the root itself.
    const { mode, uid, gid } = statSync(image);
    chownSync(upper, uid, gid);
    chmodSync(upper, mode & 0o7777);
  }
  return { first: imageLower(place, image), steps: imageMounts(place, BOUND) };
}

/**
 * What a node has in its second root once that is mounted: places to write in, and its own names. `machineHosts`: the
 * text of the machine's `/etc/hosts`.
 */
export function furnishImageRoot(machineHosts: string): void {
  const root = INNER_IMAGE;
  for (const [name, mode] of [['tmp', 0o1777], ['var/tmp', 0o1777], ['run', 0o755], ['home', 0o755], ['root', 0o700], ['etc', 0o755]] as const) {
    const path = pathIn(root, `/${name}`);
    if (!existsSync(path)) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, mode);
    }
  }
  for (const [name, text] of [['passwd', 'root:x:0:0:root:/root:/bin/sh\n'], ['group', 'root:x:0:\n'], ['hosts', machineHosts], ['hostname', '']] as const) {
    const path = pathIn(root, `/etc/${name}`);
    if (!existsSync(path)) writeFileSync(path, text, { mode: 0o644 });
  }
  const servers = join(pathIn(root, '/etc'), 'resolv.conf');
  rmSync(servers, { force: true });
  // A link follows the machine where its own file may change.
  if (linkOf('/etc/resolv.conf')?.startsWith(MACHINE_ETC) === true) symlinkSync(`${MACHINE_ETC}/resolv.conf`, servers);
  else if (existsSync('/etc/resolv.conf')) writeFileSync(servers, readFileSync('/etc/resolv.conf'), { mode: 0o644 });
}

/** Links on the way of a path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Where a path of the second root is in the agent's view, links followed as who lives there sees them. What is not
 * there keeps its name.
 */
export function pathIn(root: string, path: string): string {
  let left = parts(path);
  let done: string[] = [];
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left;
    left = rest;
    if (name === '..') {
      done = done.slice(0, -1);
      continue;
    }
    const there = join(root, ...done, name);
    const target = linkOf(there);
    if (target === null) {
      done.push(name);
      continue;
    }
    if (++links > MOST_LINKS) throw Object.assign(new Error(`too many links: ${path}`), { code: 'ELOOP' });
    if (target.startsWith('/')) done = [];
    left = [...parts(target), ...left];
  }
  return join(root, ...done);
}

/** null: it is no link. */
function linkOf(path: string): string | null {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null;
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
