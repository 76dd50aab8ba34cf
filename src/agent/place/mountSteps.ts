import { INNER_IMAGE, INNER_ROOT } from './isolation.ts';
import { type MountFlag, type MountStep, quoted, type Step } from './mountScript.ts';

/**
 * The steps that make the mounts of a node. Each new view of a directory of the machine is put together at `stage` and
 * moved into its place when it is whole, so that what it is made of stays in sight meanwhile. Where the node's own
 * directory lies below what is bound, `stage` is unbindable: else it would bind itself. Names are relative to `place`,
 * the node's directory for all this: in options of a mount no path of the machine's has to be quoted.
 */
export type Steps = readonly Step[];

/** The parts of a directory that are shown through its cover: mounts, sockets and directories that live elsewhere. */
export interface Through {
  readonly path: string;
  /** false: a source that is gone meanwhile (a socket) is no failure. */
  readonly isNeeded: boolean;
}

/** `point` shows `upper` over what the machine has there; `name`: of the overlay's directories below `place`. */
export function overlay(place: string, point: string, name: string, through: readonly Through[]): Steps {
  const layers = `lowerdir=${point},upperdir=${name}/upper,workdir=${name}/work`;
  return covered(place, point, (at) => mounted('overlay', at, 'overlay', [], `${layers},index=off`), through);
}

/** `point` shows the directory `name` below `place`, with the machine's `entries` bound into it. */
export function mirror(place: string, point: string, name: string, entries: readonly string[]): Steps {
  return bound(place, point, name, entries.map((entry) => ({ path: `${point}/${entry}`, isNeeded: false })));
}

/** Copies `point` into `name` below `place`, once. */
export function copied(place: string, point: string, name: string): Steps {
  const [copy, unfinished] = [quoted(`${place}/${name}`), quoted(`${place}/${name}.new`)];
  return [shell(`[ -e ${copy} ] || { rm -rf ${unfinished}; cp -a ${quoted(point)} ${unfinished}; mv ${unfinished} ${copy}; }`)];
}

/** `point` shows the directory `name` below `place`. */
export function bound(place: string, point: string, name: string, through: readonly Through[]): Steps {
  return covered(place, point, (at) => bind(name, at), through);
}

/** The node's root at the path that the real service has. Comes after the mirror of `/mnt`. */
export function rootAt(root: string): Steps {
  return [bind(root, INNER_ROOT)];
}

/** Another name for a directory of the machine, to be read only: a bind takes that from a second call (mount(2)). */
export function readableAt(directory: string, point: string): Steps {
  return [bind(directory, point), changed(point, ['remount', 'bind', 'ro'])];
}

/** Puts a link into a directory below `place`, in the place of a file that was copied. */
export function linked(place: string, name: string, target: string): Steps {
  return [
    shell(`[ -L ${quoted(`${place}/${name}`)} ] || ln -sfn ${quoted(target)} ${quoted(`${place}/${name}`)}`),
  ];
}

/** Memory shared by the processes of this node alone; directories that the node needs may lie in the machine's. */
export function ownSharedMemory(place: string, through: readonly Through[]): Steps {
  // It is empty: what is to be mounted on is made first.
  const points = through.map(({ path }) => quoted(`${place}/stage${path.slice('/dev/shm'.length)}`));
  const made: Steps = points.length === 0 ? [] : [shell(`mkdir -p ${points.join(' ')}`), { kind: 'enter', directory: place }];
  return covered(place, '/dev/shm', (at) => mounted('tmpfs', at, 'tmpfs', ['nosuid', 'nodev'], 'mode=1777'), through, made);
}

/** A cache of names that knows the machine's users alone would be asked before the files. */
export function hidden(place: string, directory: string): Steps {
  return [bind(`${place}/empty`, directory)];
}

/**
 * `mount`: the first mount of the view; `made`: what has to be done in it next. Without anything to show through it
 * goes to its place at once.
 */
function covered(place: string, point: string, mount: (at: string) => Step, through: readonly Through[], made: Steps = []): Steps {
  const into: Step = { kind: 'enter', directory: place };
  if (through.length === 0) return [into, mount(point)];
  const bindsItself = through.some(({ path }) => place.startsWith(`${path}/`));
  return [
    into,
    mount('stage'),
    ...(bindsItself ? [changed('stage', ['unbindable'])] : []),
    ...made,
    ...through.map(({ path, isNeeded }): Step => ({ ...mounted(path, `stage${path.slice(point.length)}`, 'none', ['bind', 'recursive'], ''), isNeeded })),
    mounted('stage', point, 'none', ['move'], ''),
    // Tasks may bind it.
    ...(bindsItself ? [changed(point, ['private'])] : []),
  ];
}

/** `image` at a name below `place`, which needs no quotes in options of a mount. */
export function imageLower(place: string, image: string): Steps {
  return boundAt(place, image, 'image/lower');
}

/** `point`: a directory below `place`. */
export function boundAt(place: string, directory: string, point: string): Steps {
  return [{ kind: 'enter', directory: place }, bind(directory, point)];
}

/**
 * The second root of a node, with what is `bound` from the first at the same paths. A link on the way to one would lead
 * out of it. What is mounted later in the node's own root is seen in both.
 */
export function imageMounts(place: string, bound: readonly string[]): Steps {
  const into: Step = { kind: 'enter', directory: place };
  const above = [...new Set(bound.flatMap((path) => path.split('/').slice(1).map((_name, index, names) => `/${names.slice(0, index + 1).join('/')}`)))];
  return [
    into,
    mounted('overlay', INNER_IMAGE, 'overlay', [], 'lowerdir=image/lower,upperdir=image/upper,workdir=image/work,index=off'),
    ...above.map((path) => shell(`[ ! -L ${quoted(INNER_IMAGE + path)} ] || { echo ${quoted(`${path} is a link in the image`)} >&2; exit 1; }`)),
    shell(`mkdir -p ${bound.map((path) => quoted(INNER_IMAGE + path)).join(' ')}`),
    into,
    changed(INNER_ROOT, ['shared']),
    ...bound.map((path) => mounted(path, `${INNER_IMAGE}${path}`, 'none', ['bind', 'recursive'], '')),
  ];
}

function mounted(source: string, point: string, type: MountStep['type'], flags: readonly MountFlag[], data: string): MountStep {
  return { kind: 'mount', source, point, type, flags, data, isNeeded: true };
}

function bind(source: string, point: string): MountStep {
  return mounted(source, point, 'none', ['bind'], '');
}

/** Of what is mounted there already. */
function changed(point: string, flags: readonly MountFlag[]): MountStep {
  return mounted('none', point, 'none', flags, '');
}

function shell(words: string): Step {
  return { kind: 'shell', words };
}
