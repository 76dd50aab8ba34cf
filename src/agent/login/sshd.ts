import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DEFAULT_PATH, NODE_MARK } from '../environment.ts';
import type { Isolation } from '../place/isolation.ts';
import type { Programs } from '../place/programs.ts';

const run = promisify(execFile);

/** The machine's sshd(8), and what makes its keys. */
export interface Sshd {
  readonly server: string;
  readonly keygen: string;
}

const SERVERS = ['/usr/sbin/sshd', '/usr/local/sbin/sshd'];
const KEYGENS = ['/usr/bin/ssh-keygen', '/usr/local/bin/ssh-keygen'];
const KEYGEN_MS = 10_000;

/** null: there is none. */
export function findSshd(): Sshd | null {
  const [server, keygen] = [SERVERS, KEYGENS].map((paths) => paths.find((path) => existsSync(path)));
  return server === undefined || keygen === undefined ? null : { server, keygen };
}

/** Why nobody can log in to nodes here, a sentence; null: users can be added, and can. */
export function loginLimit(isolation: Isolation, sshd: Sshd | null = findSshd()): string | null {
  if (isolation === 'none') return 'No users on nodes and no SSH to them: nodes share the users of this machine.';
  if (sshd === null) return 'No users on nodes and no SSH to them: there is no sshd here, which Debian has in its package openssh-server.';
  return null;
}

/** Makes the node's own key if it has none; it is that of all its lives. Rejects with what ssh-keygen(1) said. */
export async function makeHostKey({ keygen }: Sshd, path: string): Promise<void> {
  if (existsSync(path)) return;
  await run(keygen, ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path], { cwd: '/', timeout: KEYGEN_MS });
}

/** sshd(8) leaves its rights there before somebody has logged in. Other services of the machine use it as well. */
const EMPTY_DIRECTORY = '/run/sshd';

export function makeEmptyDirectory(): void {
  if (!existsSync(EMPTY_DIRECTORY)) mkdirSync(EMPTY_DIRECTORY, { mode: 0o755 });
}

/** Below the node's own /etc, since sshd(8) trusts keys only where all directories above are closed to others. */
export const KEYS_DIRECTORY = 'linarite/keys';

export interface SshdConfig {
  readonly hostKey: string;
  /** Nobody else may log in. */
  readonly names: readonly string[];
  /** Of these, who is root under a name of their own. */
  readonly admins: readonly string[];
  /** The value of the node's mark. */
  readonly mark: string;
  readonly programs: Programs;
  /** That sessions are in; null: the agent's. */
  readonly root: string | null;
}

/**
 * The configuration of sshd(8), which it reads anew for each connection. Root has no password and no key, and may not
 * log in under its name. Names hold no character that means something here.
 */
export function configOf({ hostKey, names, admins, mark, programs, root }: SshdConfig): string {
  const environment = (path: string): string => `SetEnv ${quoted(`${NODE_MARK}=${mark}`)} ${quoted(`PATH=${path}`)}`;
  const path = `${DEFAULT_PATH}:${programs.forAll}`;
  return [
    `HostKey ${quoted(hostKey)}`,
    'PidFile none',
    'LogLevel INFO',
    'UsePAM no',
    'PermitRootLogin no',
    'PubkeyAuthentication yes',
    'PasswordAuthentication yes',
    'PermitEmptyPasswords no',
    'KbdInteractiveAuthentication no',
    `AuthorizedKeysFile ${join('/etc', KEYS_DIRECTORY, '%u')} .ssh/authorized_keys`,
    names.length === 0 ? 'DenyUsers *' : `AllowUsers ${names.join(' ')}`,
    'LoginGraceTime 30',
    'ClientAliveInterval 60',
    'UseDNS no',
    'X11Forwarding no',
    'PrintMotd no',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp internal-sftp',
    ...(root === null ? [] : [`ChrootDirectory ${root}`]),
    environment(path),
    ...(admins.length === 0 ? [] : [`Match User ${admins.join(',')}`, 'PermitRootLogin yes', environment(`${path}:${programs.forAdmins}`)]),
    '',
  ].join('\n');
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
