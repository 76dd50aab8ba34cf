/**
 * How far a node is a place of its own, from most to least: `overlays`: its own mounts, host name, users and system
 * directories; `binds`: the same, but `/usr`, `/var`, `/opt` and `/root` are the machine's (no overlay can be made
 * here); `none`: it shares all of them with the machine (no root, no Linux, no rights to mount).
 */
export const ISOLATIONS = ['overlays', 'binds', 'none'] as const;
export type Isolation = (typeof ISOLATIONS)[number];

export function isIsolation(value: unknown): value is Isolation {
  return ISOLATIONS.some((one) => one === value);
}

/**
 * Starts a program in mounts and a host name of its own: the machine's unmounts come in, the node's mounts never go
 * out. It execs, so the process stays the same.
 */
export const UNSHARE = ['/usr/bin/unshare', '--mount', '--uts', '--propagation', 'slave', '--'] as const;

/** Where the node's root is in an isolated node, as on the real service. */
export const INNER_ROOT = '/mnt/batch/tasks';

/** Beside it, programs of ours for tasks (see programs.ts). */
export const INNER_PROGRAMS = '/mnt/batch/programs';

/** Beside it, for the agent alone, the root that tasks have instead of the agent's (see imageRoot.ts). */
export const INNER_IMAGE = '/mnt/batch/image';

/** The machine's `/etc`, to be read only: what must follow it is a link into it. */
export const MACHINE_ETC = '/mnt/batch/etc';

/** A host name holds 64 bytes (Linux), a node's id more. */
const LONGEST_HOST_NAME = 32;

/** The node's own host name: the beginning of what tells its id from others. */
export function hostNameOf(nodeId: string): string {
  const name = nodeId.replace(/^tvmps_/, '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return name.slice(0, LONGEST_HOST_NAME).replace(/-+$/, '') || 'node';
}
