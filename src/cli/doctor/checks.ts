import { accessSync, chmodSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { probeIsolation } from '../../nodes/local/isolation.ts';
import { probeLocal } from '../../nodes/local/probe.ts';
import { locatePackage } from '../../store/embedded/binaries.ts';

/** One feature on this machine. */
export interface Finding {
  readonly feature: string;
  /** `missing`: nothing works without; `lacking`: the feature is not there, all else is. */
  readonly state: 'ok' | 'lacking' | 'missing';
  /** What was found, or what is not there. */
  readonly what: string;
  /** How to mend it; left out: it is fine, or cannot be mended. */
  readonly mend?: string;
}

/** A feature that is there if one of some programs is, the better one first. */
interface ProgramCheck {
  readonly feature: string;
  readonly programs: readonly string[];
  /** Debian's package with the first of them. */
  readonly debian: string;
}

export const PROGRAM_CHECKS: readonly ProgramCheck[] = [
  { feature: 'linarite node ssh', programs: ['ssh'], debian: 'openssh-client' },
  { feature: 'users of nodes and SSH to them', programs: ['sshd'], debian: 'openssh-server' },
  { feature: 'tasks in containers', programs: ['podman', 'docker', 'crun', 'runc'], debian: 'podman' },
  { feature: 'networks of nodes', programs: ['ip'], debian: 'iproute2' },
  { feature: 'a way out of them (--node-nat)', programs: ['slirp4netns'], debian: 'slirp4netns' },
  { feature: 'mounts of SMB shares', programs: ['mount.cifs'], debian: 'cifs-utils' },
  { feature: 'mounts of NFS shares', programs: ['mount.nfs'], debian: 'nfs-common' },
  { feature: 'mounts of blobs for writing', programs: ['blobfuse2', 'blobfuse'], debian: '' },
  { feature: 'programs in Python on nodes', programs: ['python3'], debian: 'python3' },
  { feature: 'MPI in multi-instance tasks', programs: ['mpirun'], debian: 'openmpi-bin' },
  { feature: 'linarite az', programs: ['az'], debian: 'azure-cli' },
];

/** Looks at everything; takes a second or so, and leaves nothing. */
export async function examine(): Promise<readonly Finding[]> {
  return [node(), database(), ...(await nodesOf()), memory(), ...PROGRAM_CHECKS.map((check) => program(check))];
}

function node(): Finding {
  return { feature: 'Node.js', state: 'ok', what: `version ${process.versions.node}` };
}

function database(): Finding {
  const feature = 'the database of its own';
  try {
    return { feature, state: 'ok', what: `PostgreSQL ${locatePackage().version}, which comes along` };
  } catch (error) {
    return { feature, state: 'missing', what: messageOf(error), mend: 'install it with optional dependencies, or name a PostgreSQL by --database-url' };
  }
}

/** As the service tries it itself when it starts. */
async function nodesOf(): Promise<readonly Finding[]> {
  if (process.platform !== 'linux') return [{ feature: 'nodes apart from each other', state: 'lacking', what: `${process.platform} has no users, control groups or mounts for them`, mend: 'run it on Linux, in a virtual machine or WSL' }];
  const directory = mkdtempSync(join(tmpdir(), 'linarite-doctor-'));
  // As the service makes those of nodes: other users may pass through.
  chmodSync(directory, 0o711);
  try {
    const [local, { isolation, limits }] = [await probeLocal(directory, true), await probeIsolation({ dataRoot: directory, programs: [process.execPath] })];
    const isRoot = process.geteuid?.() === 0;
    const apart: Finding = { feature: 'nodes apart from each other', state: isolation === 'none' ? 'lacking' : 'ok', what: isolation === 'none' ? (limits[0] ?? 'they share users and directories with this machine') : `each has its own mounts and users (${isolation})`, ...(isRoot ? {} : { mend: 'run the service as root' }) };
    return [apart, ...[...local.limits, ...limits.slice(isolation === 'none' ? 1 : 0)].map((limit): Finding => ({ feature: 'limits of nodes', state: 'lacking', what: limit }))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function memory(): Finding {
  const feature = 'up --ephemeral';
  return existsSync('/dev/shm') ? { feature, state: 'ok', what: 'a file system in memory at /dev/shm' } : { feature, state: 'lacking', what: 'no file system in memory', mend: 'mount a tmpfs at /dev/shm' };
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** `path`: where programs are looked for. */
export function program({ feature, programs, debian }: ProgramCheck, path = `${SYSTEM_PATH}:${process.env['PATH'] ?? ''}`): Finding {
  const directories = path.split(':').filter((directory) => directory.startsWith('/'));
  const found = programs.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
  if (found !== undefined) return { feature, state: 'ok', what: found };
  return { feature, state: 'lacking', what: `no ${programs.join(', ')}`, ...(debian === '' ? {} : { mend: `Debian: apt-get install ${debian}` }) };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
