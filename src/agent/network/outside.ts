import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { say } from '../log.ts';

/**
 * A node's way to what is neither its service nor its pool: slirp4netns(1), a process of the machine that does for the
 * programs of the node what these ask for, as their connections arrive in a tap device of the node's. It changes
 * nothing of the machine: no link, no rule, no forwarding.
 */
export interface Outside {
  close(): void;
}

const PROGRAMS = ['/usr/bin/slirp4netns', '/usr/local/bin/slirp4netns'];
/** Of the shared address space (RFC 6598): neither the machine nor nodes have it. */
const CIDR = '100.127.254.0/24';
/** Descriptors of the program. */
const [NAMESPACE, EXIT, READY] = [3, 4, 5];
const READY_MS = 10_000;
const AGAIN_MS = 1_000;

/** What is missing on this machine, a sentence without its full stop; null: nothing is known to be. */
export function missingForOutside(): string | null {
  if (findProgram() === undefined) return '--node-nat takes slirp4netns(1), which Debian has in its package slirp4netns';
  if (!existsSync('/dev/net/tun')) return '--node-nat takes /dev/net/tun, which this machine does not have';
  return null;
}

function findProgram(): string | undefined {
  return PROGRAMS.find((path) => existsSync(path));
}

/**
 * Resolves when the way is open, or cannot be for now; it is tried again whenever it ends, and ends with the agent,
 * however that ends. `marks`: variables of the node's processes.
 */
export async function openOutside(namespace: number, marks: Readonly<Record<string, string>>): Promise<Outside> {
  let isClosed = false;
  let child: ChildProcess | null = null;
  const begin = async (): Promise<void> => {
    const started = start(namespace, marks);
    child = started;
    started.once('exit', (code, signal) => void again(`ended with ${signal ?? `code ${code}`}`));
    started.once('error', (error) => void again(error.message));
    await untilReady(started);
  };
  const again = async (why: string): Promise<void> => {
    if (isClosed) return;
    say(`the node's way outside (slirp4netns) has to be opened again: ${why}`);
    await delay(AGAIN_MS, undefined, { ref: false });
    if (!isClosed) await begin();
  };
  await begin();
  return {
    close: () => {
      isClosed = true;
      child?.kill('SIGKILL');
    },
  };
}

function start(namespace: number, marks: Readonly<Record<string, string>>): ChildProcess {
  const words = ['--configure', '--mtu=65520', '--disable-host-loopback', `--cidr=${CIDR}`, `--exit-fd=${EXIT}`, `--ready-fd=${READY}`, '--netns-type=path', `/proc/self/fd/${NAMESPACE}`, 'tap0'];
  const child = spawn(findProgram() ?? 'slirp4netns', words, { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...marks }, stdio: ['ignore', 'ignore', 'ignore', namespace, 'pipe', 'pipe'] });
  // An agent that has nothing else to do ends.
  child.unref();
  const exit = child.stdio[EXIT];
  if (exit instanceof Socket) exit.on('error', () => {}).unref();
  return child;
}

/** Returns whether it got so far. */
async function untilReady(child: ChildProcess): Promise<boolean> {
  const ready = child.stdio[READY];
  if (!(ready instanceof Socket)) return false;
  const signal = AbortSignal.timeout(READY_MS);
  const isReady = await Promise.race([once(ready, 'data', { signal }).then(() => true), once(child, 'exit', { signal }).then(() => false)]).catch(() => false);
  ready.destroy();
  return isReady;
}

/** Opens the way once, for a moment. Rejects where it cannot be opened. */
export async function tryOutside(namespace: number): Promise<void> {
  const child = start(namespace, {});
  const ended = once(child, 'exit');
  const isOpen = await untilReady(child);
  child.kill('SIGKILL');
  await ended.catch(() => {});
  if (!isOpen) throw new Error('slirp4netns(1) cannot open a way outside for nodes');
}

/** Where systemd has what its own server at 127.0.0.53 asks (systemd-resolved.service(8)). */
const UPSTREAM = '/run/systemd/resolve/resolv.conf';

/** In the node's own `/etc`: a name server on the machine's loopback is not that of the node. */
export function followNameServers(path = '/etc/resolv.conf', upstream = UPSTREAM): void {
  if (!existsSync(path) || !existsSync(upstream)) return;
  const servers = [...readFileSync(path, 'utf8').matchAll(/^nameserver\s+(\S+)/gm)].map(([, server = '']) => server);
  if (!servers.every((server) => server.startsWith('127.') || server === '::1')) return;
  rmSync(path);
  symlinkSync(upstream, path);
}
