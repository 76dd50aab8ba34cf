import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { SshHost } from './hosts.ts';

export interface SshOptions {
  /** ssh(1), by its path or its name. */
  readonly program: string;
  /** Left out: whoever runs the service. */
  readonly user?: string;
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** Tells the control sockets of one provider from those of others. */
  readonly id: string;
}

/** The host could not be asked: nothing is known of what is there. Its message names the host. */
export class HostAway extends Error {}

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Ssh {
  /**
   * Runs a text of sh(1) there, which is seen by everybody on the host: what is secret goes to its standard input.
   * Throws `HostAway`.
   */
  run(host: SshHost, script: string, input?: string | Buffer): Promise<Finished>;
  /** Ends what is connected, and removes the control sockets. */
  close(hosts: readonly SshHost[]): Promise<void>;
}

const CONNECT_WITHIN_S = 10;
const ALIVE_EVERY_S = 10;
const ALIVE_MISSED = 3;
/** A connection that nobody uses ends after this; so do those of a killed service. */
const PERSIST_S = 60;
const RUN_WITHIN_MS = 120_000;
const MOST_OUTPUT = 1 << 24;
/** ssh(1) itself has failed, not what it ran. */
const SSH_FAILED = 255;

/**
 * Hosts by the system's own ssh(1): with keys alone, to hosts alone whose keys are known, over one connection a host.
 * What the user has configured for it does not count.
 */
export function createSsh(options: SshOptions): Ssh {
  const directory = socketDirectory(options.id);
  let isClosed = false;
  const words = (host: SshHost): readonly string[] => {
    const { user = options.user } = host;
    const settings = {
      BatchMode: 'yes',
      IdentitiesOnly: 'yes',
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      StrictHostKeyChecking: 'yes',
      UpdateHostKeys: 'no',
      UserKnownHostsFile: options.knownHostsFile,
      GlobalKnownHostsFile: '/dev/null',
      ForwardAgent: 'no',
      ClearAllForwardings: 'yes',
      PermitLocalCommand: 'no',
      LogLevel: 'ERROR',
      ConnectTimeout: CONNECT_WITHIN_S,
      ServerAliveInterval: ALIVE_EVERY_S,
      ServerAliveCountMax: ALIVE_MISSED,
      ControlMaster: 'auto',
      ControlPath: join(directory, shortHash(`${user ?? ''}@${host.name}:${host.port ?? options.port}`)),
      ControlPersist: PERSIST_S,
    };
    return ['-F', 'none', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]), '-i', options.keyFile, '-p', String(host.port ?? options.port), '-T', ...(user === undefined ? [] : ['-l', user])];
  };
  const runSsh = (args: readonly string[], input: string | Buffer, withinMs: number): Promise<Finished> =>
    new Promise((resolve, reject) => {
      const child = spawn(options.program, args, { stdio: 'pipe' });
      const kill = setTimeout(() => child.kill('SIGKILL'), withinMs);
      const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(kill);
        resolve({ code: code ?? SSH_FAILED, stdout: stdout(), stderr: stderr() });
      });
      // It may end before it has read all.
      child.stdin.on('error', () => {});
      child.stdin.end(input);
    });

  return {
    run: async (host, script, input = '') => {
      if (isClosed) throw new HostAway(`${host.text} is asked nothing any more: the service stops.`);
      // Whoever clears /tmp may have been there.
      ownDirectory(directory);
      const finished = await runSsh([...words(host), '--', host.name, `exec sh -c ${quoted(script)}`], input, RUN_WITHIN_MS).catch((error: unknown) => {
        throw new HostAway(codeOf(error) === 'ENOENT' ? `${options.program} is not installed: SSH hosts are reached by it.` : `${options.program} cannot be run: ${String(error)}`);
      });
      if (finished.code === SSH_FAILED) throw new HostAway(reasonOf(host, finished.stderr, options));
      return finished;
    },
    close: async (hosts) => {
      isClosed = true;
      await Promise.all(hosts.map((host) => runSsh([...words(host), '-O', 'exit', '--', host.name], '', CONNECT_WITHIN_S * 1_000).catch(() => undefined)));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** sun_path of sockaddr_un holds 107 characters; ssh(1) adds these to the name while it makes a socket. */
const SOCKET_PATH = 107;
const ADDED_BY_SSH = 17;
const HASH = 12;

/** In /tmp where the way to this process's own such directory is too long for a socket. */
export function socketDirectory(id: string, temporary: string = tmpdir()): string {
  const name = `linarite-ssh-${shortHash(id)}`;
  const own = join(temporary, name);
  return Buffer.byteLength(own) + 1 + HASH + ADDED_BY_SSH <= SOCKET_PATH ? own : join('/tmp', name);
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH);
}

function gather(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => {
    if (text.length < MOST_OUTPUT) text += part;
  });
  return () => text;
}

function reasonOf({ text }: SshHost, stderr: string, { keyFile, knownHostsFile, user }: SshOptions): string {
  if (stderr.includes('IDENTIFICATION HAS CHANGED')) return `${text} shows another host key than ${knownHostsFile} has for it: it is refused.`;
  if (stderr.includes('Host key verification failed')) return `${text} is refused: ${knownHostsFile} has no host key of it.`;
  if (stderr.includes('Permission denied')) return `${text} does not let the key ${keyFile} in${user === undefined ? '' : ` as ${user}`}.`;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  return `${text} cannot be reached: ${last === '' ? 'it does not answer' : last.replace(/\.$/, '')}.`;
}

/** Whatever is in it: `'` ends the quotes, stands escaped, and begins them again. */
function quoted(script: string): string {
  return `'${script.replaceAll("'", String.raw`'\''`)}'`;
}

/** One that nobody else may enter, and that a killed service of ours may have left. Throws if it is somebody else's. */
function ownDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid } = lstatSync(path);
  if (!lstatSync(path).isDirectory() || (process.geteuid !== undefined && uid !== process.geteuid())) throw new Error(`${path} belongs to somebody else`);
  chmodSync(path, 0o700);
}
