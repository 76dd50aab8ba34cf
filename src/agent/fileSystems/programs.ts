import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that mount, and the packages of Debian that have them. */
export const MOUNT_PROGRAMS = { nfs: ['mount.nfs', 'nfs-common'], cifs: ['mount.cifs', 'cifs-utils'], fshare: ['mount.cifs', 'cifs-utils'] } as const;
/** For containers of blobs, the better one first. */
export const BLOB_TOOLS = ['blobfuse2', 'blobfuse'] as const;
export type BlobTool = (typeof BLOB_TOOLS)[number];
/** The kernel's door to file systems in user space. */
export const FUSE_DEVICE = '/dev/fuse';

/** Where programs that mount are, beside the agent's own PATH. */
export const MOUNT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The first executable of this name; null: there is none. */
export function findMountProgram(name: string): string | null {
  const directories = `${process.env['PATH'] ?? ''}:${MOUNT_PATH}`.split(':').filter((directory) => directory.startsWith('/'));
  return directories.map((directory) => join(directory, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What pools cannot mount on this machine, and what would be needed, a sentence; null: all of it can be mounted. */
export function mountLimits(): string | null {
  const lacking = [
    ...(['nfs', 'cifs'] as const).filter((kind) => findMountProgram(MOUNT_PROGRAMS[kind][0]) === null).map((kind) => `${WHAT[kind]} (no ${MOUNT_PROGRAMS[kind][0]}; Debian: ${MOUNT_PROGRAMS[kind][1]})`),
    ...(BLOB_TOOLS.some((tool) => findMountProgram(tool) !== null) ? [] : [existsSync(FUSE_DEVICE) ? 'containers of blobs for writing (no blobfuse2)' : `containers of blobs (neither blobfuse2 nor ${FUSE_DEVICE})`]),
  ];
  return lacking.length === 0 ? null : `Pools cannot mount: ${lacking.join(', ')}.`;
}

const WHAT = { nfs: 'NFS', cifs: 'SMB and Azure Files' } as const;
