import { invalidProperty, missing } from './errors.ts';
import { osOfAgent } from './images.ts';
import { isPublicKey, publicKeyOf } from './sshKeys.ts';
import { parseTimestamp } from './timestamps.ts';
import type { LinuxUserConfiguration, NodeUserAdd, PoolAdd, UserAccount } from './types.generated.ts';

type Pool = Pick<PoolAdd, 'userAccounts' | 'virtualMachineConfiguration' | 'cloudServiceConfiguration'>;

/**
 * What must hold between the user accounts of a pool and its nodes (OpenAPI, UserAccount; codes and Linux's rules for
 * names inferred: the real service takes any name, and a node on which useradd(8) fails becomes unusable).
 */
export function checkUserAccounts(pool: Pool): void {
  const accounts = pool.userAccounts ?? [];
  const isLinux = hasLinux(pool);
  const seen = new Set<string>();
  for (const account of accounts) {
    const name = isLinux ? account.name : account.name.toLowerCase();
    if (seen.has(name)) throw invalidProperty('name', account.name, 'The names of user accounts must differ.');
    seen.add(name);
    if (isLinux) checkLinuxAccount(account);
  }
  if (isLinux) checkNumbers(accounts);
}

function hasLinux({ virtualMachineConfiguration, cloudServiceConfiguration }: Pool): boolean {
  return cloudServiceConfiguration === undefined && osOfAgent(virtualMachineConfiguration?.nodeAgentSKUId ?? '') !== 'windows';
}

/** More than sshd(8) reads of a password. */
const LONGEST_PASSWORD = 1024;

/**
 * How somebody is to log in to a node of this pool (OpenAPI, ComputeNodeUser; codes inferred). Without the values: they
 * are secrets, or as long as a key.
 */
export function checkNodeAccess(pool: Pool, { password, sshPublicKey, expiryTime }: Omit<NodeUserAdd, 'name'>, nowMs: number): void {
  if (password === '') throw invalidProperty('password', '', 'The value must not be empty.');
  if (password !== undefined && Buffer.byteLength(password) > LONGEST_PASSWORD) throw invalidProperty('password', '', `The value must have at most ${LONGEST_PASSWORD} bytes.`);
  if (password?.includes('\0') === true) throw invalidProperty('password', '', 'The value must have no NUL.');
  if (!hasLinux(pool)) {
    if (sshPublicKey !== undefined) throw invalidProperty('sshPublicKey', '', 'The nodes of the pool are Windows nodes, which have no SSH keys.');
    if (password === undefined) throw missing('password');
  }
  if (sshPublicKey !== undefined && !isPublicKey(sshPublicKey)) throw invalidProperty('sshPublicKey', '', 'The value must be one public key as OpenSSH has it in .pub files: kind, base64, and maybe a comment.');
  if (expiryTime !== undefined && (parseTimestamp(expiryTime) ?? 0) <= nowMs) throw invalidProperty('expiryTime', expiryTime, 'The time must lie in the future.');
}

/** What passwd(5) can hold, and useradd(8) takes on the images of Batch. */
const LINUX_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
/** The node's own. */
const TAKEN_NAME = /^(root$|_azbatch)/;

function checkLinuxAccount({ name, password, elevationLevel, linuxUserConfiguration, windowsUserConfiguration }: UserAccount): void {
  checkUserName(name);
  if (password === '') throw invalidProperty('password', '', 'The value must not be empty.');
  if (windowsUserConfiguration !== undefined) throw invalidProperty('windowsUserConfiguration', '', 'The nodes of the pool are not Windows nodes.');
  const { uid, gid } = linuxUserConfiguration ?? {};
  if (uid === undefined || gid === undefined) return;
  for (const [property, value] of [['uid', uid], ['gid', gid]] as const) if (value < 0) throw invalidProperty(property, value, 'The value must not be negative.');
  if (elevationLevel === 'admin' && uid !== 0) throw invalidProperty('uid', uid, 'An administrator is root on its nodes here: leave uid and gid out.');
  if (elevationLevel !== 'admin' && uid === 0) throw invalidProperty('uid', uid, 'User 0 is root: elevationLevel must be admin.');
}

/** Nodes run on Linux, whatever their pool says of them. */
export function checkUserName(name: string): void {
  if (!LINUX_NAME.test(name)) throw invalidProperty('name', name, 'A user of Linux begins with a letter or _ and has letters, digits, ., _ and - only.');
  if (TAKEN_NAME.test(name)) throw invalidProperty('name', name, 'The node has a user of this name already.');
}

/** useradd(8) gives no number twice. */
function checkNumbers(accounts: readonly UserAccount[]): void {
  const seen = new Set<number>();
  for (const { linuxUserConfiguration, elevationLevel } of accounts) {
    const uid = linuxUserConfiguration?.uid;
    if (uid === undefined || elevationLevel === 'admin') continue;
    if (seen.has(uid)) throw invalidProperty('uid', uid, 'The values of uid must differ.');
    seen.add(uid);
  }
}

/** Without the value: it is a secret. */
export function checkLinuxUser({ uid, gid, sshPrivateKey }: LinuxUserConfiguration): void {
  if ((uid === undefined) !== (gid === undefined)) throw invalidProperty('uid', uid ?? gid, 'uid and gid are given together or not at all.');
  if (sshPrivateKey !== undefined && publicKeyOf(sshPrivateKey) === undefined) {
    throw invalidProperty('sshPrivateKey', '', 'The value must be a private key (RSA, ECDSA or Ed25519; PEM or OpenSSH) without a password.');
  }
}
