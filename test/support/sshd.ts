import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { until } from './deadline.ts';
import { freePort } from './linarite.ts';

/** Hosts at addresses of loopback, each with a real sshd(8) of its own and its own host key. */
export interface SshHosts {
  readonly port: number;
  readonly user: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly addresses: readonly string[];
  /** The host is not to be reached any more; what runs there goes on. */
  vanish(address: string): Promise<void>;
  comeBack(address: string): Promise<void>;
  /** From now on the host has another key, as one that somebody put in its place. */
  changeKey(address: string): Promise<void>;
  close(): Promise<void>;
}

const SSHD = '/usr/sbin/sshd';

export function hasSshd(): boolean {
  return process.platform === 'linux' && existsSync(SSHD) && spawnSync('ssh', ['-V']).status === 0;
}

export async function startSshHosts(addresses: readonly string[]): Promise<SshHosts> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-sshd-'));
  const user = userInfo().username;
  const port = await freePort();
  if (process.geteuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const makeKey = (name: string): string => {
    const file = join(directory, name);
    rmSync(file, { force: true });
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', file]);
    if (made.status !== 0) throw new Error(`ssh-keygen: ${String(made.stderr)}`);
    return file;
  };
  const keyFile = makeKey('id');
  writeFileSync(join(directory, 'authorized'), readFileSync(`${keyFile}.pub`), { mode: 0o600 });
  const running = new Map<string, ChildProcess>();
  const knownHostsFile = join(directory, 'known_hosts');
  const publicKeyOf = (address: string): string => readFileSync(join(directory, `host-${address}.pub`), 'utf8').split(' ').slice(0, 2).join(' ');

  const start = async (address: string): Promise<void> => {
    const config = join(directory, `sshd-${address}`);
    const settings = { ListenAddress: address, Port: port, HostKey: join(directory, `host-${address}`), PidFile: join(directory, `pid-${address}`), AuthorizedKeysFile: join(directory, 'authorized'), UsePAM: 'no', StrictModes: 'no', PermitRootLogin: 'prohibit-password', PasswordAuthentication: 'no', AllowUsers: user, MaxStartups: 100 };
    writeFileSync(config, Object.entries(settings).map(([name, value]) => `${name} ${value}\n`).join(''));
    const child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: 'ignore', detached: true });
    running.set(address, child);
    await until(`sshd at ${address}`, () => answers(address, port));
  };
  /** Connections that are open are processes of their own. */
  const stop = async (address: string): Promise<void> => {
    const child = running.get(address);
    running.delete(address);
    if (child?.pid === undefined) return;
    for (const pid of sessionsOf(child.pid)) kill(pid);
    kill(child.pid);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  for (const address of addresses) makeKey(`host-${address}`);
  writeFileSync(knownHostsFile, addresses.map((address) => `[${address}]:${port} ${publicKeyOf(address)}\n`).join(''));
  await Promise.all(addresses.map(start));
  return {
    port,
    user,
    keyFile,
    knownHostsFile,
    addresses,
    vanish: stop,
    comeBack: start,
    changeKey: async (address) => {
      await stop(address);
      makeKey(`host-${address}`);
      await start(address);
    },
    close: async () => {
      await Promise.all(addresses.map(stop));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1_000 });
    const say = (isThere: boolean) => (): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.on('connect', say(true)).on('error', say(false)).on('timeout', say(false));
  });
}

/** Those that still belong to it; what they started detached does not. */
function sessionsOf(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.split('\n').map(Number).filter((one) => one > 0);
  return children.flatMap((one) => {
    const { stdout: name } = spawnSync('ps', ['-o', 'comm=', '-p', String(one)], { encoding: 'utf8' });
    return name.trim().startsWith('sshd') ? [one, ...sessionsOf(one)] : [];
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
