import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { isPublicKey } from '../../wire/sshKeys.ts';
import { runInOurPlace } from '../child.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

export interface SshOptions extends TargetFlags {
  readonly admin?: boolean;
}

/** Of the operations of the service that are asked for here. */
const API_VERSION = '2024-07-01.20.0';
/** ssh(1) ends so when it could not do what it was asked for; so do we where there is none. */
const SSH_FAILED = 255;

/** What the service answers (docs/nodes.md). */
interface RemoteLogin {
  readonly address: string;
  readonly port: number;
  readonly hostKey: string;
}

/**
 * `linarite node ssh`: makes a key and a user of the node, runs ssh(1) with them, and removes them. Returns its exit
 * code. If we are killed, the user expires in a day. @throws CommandError
 */
export async function ssh(poolId: string, nodeId: string, command: readonly string[], { admin = false, ...target }: SshOptions): Promise<number> {
  const service = targetOf(target);
  const node = `/pools/${encodeURIComponent(poolId)}/nodes/${encodeURIComponent(nodeId)}`;
  const users = (name = ''): string => `${node}/users${name}?api-version=${API_VERSION}`;
  const directory = mkdtempSync(join(tmpdir(), 'linarite-ssh-'));
  const [key, known] = [join(directory, 'key'), join(directory, 'known_hosts')];
  const name = `ssh-${randomBytes(6).toString('hex')}`;
  try {
    makeKey(key);
    const { address, port, hostKey } = JSON.parse(await ask(service, { path: `/linarite${node}/remotelogin` })) as RemoteLogin;
    if (isIP(address) === 0 || !isPublicKey(hostKey)) throw new CommandError(EXIT.failure, 'the node answers an address or a host key that is none');
    writeFileSync(known, `[${address}]:${port} ${hostKey}\n`);
    await ask(service, { method: 'POST', path: users(), body: { name, isAdmin: admin, sshPublicKey: readFileSync(`${key}.pub`, 'utf8').trim() } });
    try {
      return await run(['-i', key, ...pinned(known), '-p', String(port), `${name}@${address}`, ...command]);
    } finally {
      await ask(service, { method: 'DELETE', path: users(`/${name}`) }).catch((error: unknown) => console.error(`linarite: user ${name} stays on the node until it expires in a day: ${messageOf(error)}`));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function makeKey(path: string): void {
  try {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', path], { stdio: 'ignore' });
  } catch (error) {
    throw new CommandError(EXIT.failure, `no key can be made by ssh-keygen, which is of Debian's package openssh-client: ${messageOf(error)}`);
  }
}

/** Nothing of the user's own configuration, keys or known hosts; nobody but this node. */
function pinned(known: string): readonly string[] {
  const options = ['IdentitiesOnly=yes', 'PreferredAuthentications=publickey', 'StrictHostKeyChecking=yes', `UserKnownHostsFile="${known}"`, 'GlobalKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  return ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option])];
}

function run(words: readonly string[]): Promise<number> {
  return runInOurPlace('ssh', words).catch((error: unknown) => {
    console.error(`linarite: ssh cannot be run: ${messageOf(error)}`);
    return SSH_FAILED;
  });
}
