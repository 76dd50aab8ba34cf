import { INNER_ROOT } from './isolation.ts';

/**
 * The words for /bin/sh that make the mounts of a node. Each new view of a directory of the machine is put together at `stage` and moved into its place when it is whole, so that
 * what it is made of stays in sight meanwhile. Where the node's own directory lies below what is bound, `stage` is unbindable: else it would bind itself.
 * Names are relative to `place`, the node's directory for all this: in options of a mount no path of the machine's has to be quoted.
 */
export type Steps = readonly string[];

/** What of a directory is shown through its cover: mounts, sockets and directories that live elsewhere. */
export interface Through {
  readonly path: string;
  /** false: what is gone meanwhile (a socket) is no failure. */
  readonly isNeeded: boolean;
}

/** `point` shows `upper` over what the machine has there; `name`: of the overlay's directories below `place`. */
export function overlay(place: string, point: string, name: string, through: readonly Through[]): Steps {
  const layers = `lowerdir=${point},upperdir=${name}/upper,workdir=${name}/work`;
  return covered(place, point, `-t overlay overlay -o ${quoted(`${layers},index=off`)}`, through);
}

/** `point` shows the directory `name` below `place`, with the machine's `entries` bound into it. */
export function mirror(place: string, point: string, name: string, entries: readonly string[]): Steps {
  return bound(place, point, name, entries.map((entry) => ({ path: `${point}/${entry}`, isNeeded: false })));
}

/** Copies `point` into `name` below `place`, once. */
export const copied = (place: string, point: string, name: string): Steps => [
  `cd ${quoted(place)}`,
  `[ -e ${quoted(name)} ] || { rm -rf ${quoted(`${name}.new`)}; cp -a ${quoted(point)} ${quoted(`${name}.new`)}; mv ${quoted(`${name}.new`)} ${quoted(name)}; }`,
];

/** `point` shows the directory `name` below `place`. */
export function bound(place: string, point: string, name: string, through: readonly Through[]): Steps {
  return covered(place, point, `--bind ${quoted(name)}`, through);
}

/** The node's root at the path that the real service has. Comes after the mirror of `/mnt`. */
export const rootAt = (root: string): Steps => [`mount --bind ${quoted(root)} ${INNER_ROOT}`];

/** Another name for a directory of the machine, to be read only. */
export const readableAt = (directory: string, point: string): Steps => [`mount --bind -o ro ${quoted(directory)} ${point}`];

/** Puts a link into a directory below `place`, in the place of a file that was copied. */
export const linked = (place: string, name: string, target: string): Steps => [`[ -L ${quoted(`${place}/${name}`)} ] || ln -sfn ${quoted(target)} ${quoted(`${place}/${name}`)}`];

/** Memory shared by the processes of this node alone. */
export const ownSharedMemory: Steps = ['mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm'];

/** A cache of names that knows the machine's users alone would be asked before the files. */
export const hidden = (place: string, directory: string): Steps => [`mount --bind ${quoted(`${place}/empty`)} ${quoted(directory)}`];

export const scriptOf = (steps: Steps): string => ['set -e', ...steps].join('\n');

/** `mount`: the words of mount(8) but for the mount point. Without anything to show through it goes to its place at once: each mount costs 2 ms. */
function covered(place: string, point: string, mount: string, through: readonly Through[]): Steps {
  const into = `cd ${quoted(place)}`;
  if (through.length === 0) return [into, `mount ${mount} ${quoted(point)}`];
  const bindsItself = through.some(({ path }) => place.startsWith(`${path}/`));
  return [
    into,
    `mount ${mount}${bindsItself ? ' --make-unbindable' : ''} stage`,
    ...through.map(({ path, isNeeded }) => `mount --rbind ${quoted(path)} ${quoted(`stage${path.slice(point.length)}`)}${isNeeded ? '' : ' 2>/dev/null || :'}`),
    `mount --move stage ${quoted(point)}`,
    // Tasks may bind it.
    ...(bindsItself ? [`mount --make-private ${quoted(point)}`] : []),
  ];
}

export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
