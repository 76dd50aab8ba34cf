import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Who listens on a TCP port of this machine. */
export interface PortOwner {
  readonly pid: number;
  readonly command: string;
  /** If it is a linarite: its data directory. */
  readonly dataDirectory?: string;
}

const LISTEN = '0A';

/** The process that listens on this port, as far as we may see it (Linux; processes of others only as root). */
export function describeListener(port: number): PortOwner | undefined {
  try {
    const inodes = new Set(['tcp', 'tcp6'].flatMap((family) => listeningInodes(`/proc/net/${family}`, port)));
    const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).find((candidate) => holdsSocket(candidate, inodes));
    return pid === undefined ? undefined : describe(pid);
  } catch {
    return undefined;
  }
}

/** /proc/net/tcp: local address in hexadecimal, state, and in column 10 the socket's inode (proc_pid_net(5)). */
function listeningInodes(path: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(suffix) === true && columns[3] === LISTEN)
    .map((columns) => columns[9] ?? '');
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function describe(pid: number): PortOwner {
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter((arg) => arg !== '');
  const owner = { pid, command: args.slice(0, 4).join(' ') };
  const main = args.findIndex((arg) => /\/cli\/main\.[jt]s$|\/linarite$/.test(arg));
  if (main < 0 || args[main + 1] !== 'up') return owner;
  const given = args[args.indexOf('--data-dir') + 1];
  const directory = args.includes('--data-dir') && given !== undefined ? given : '.linarite';
  return { ...owner, dataDirectory: resolve(join(linkOf(`/proc/${pid}/cwd`), '.'), directory) };
}
