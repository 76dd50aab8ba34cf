import { invalidProperty } from './errors.ts';
import { osOfAgent } from './images.ts';
import { publicKeyOf } from './sshKeys.ts';
import type { LinuxUserConfiguration, PoolAdd, UserAccount } from './types.generated.ts';

type Pool = Pick<PoolAdd, 'userAccounts' | 'virtualMachineConfiguration' | 'cloudServiceConfiguration'>;

/**
 * What must hold between the user accounts of a pool and its nodes (OpenAPI, UserAccount; codes and Linux's rules for
 * names inferred: the real service takes any name, and a node on which useradd(8) fails becomes unusable).
 */
export function checkUserAccounts(pool: Pool): void {
  const accounts = pool.userAccounts ?? [];
  const isLinux = pool.cloudServiceConfiguration === undefined && osOfAgent(pool.virtualMachineConfiguration?.nodeAgentSKUId ?? '') !== 'windows';
  const seen = new Set<string>();
  for (const account of accounts) {
    const name = isLinux ? account.name : account.name.toLowerCase();
    if (seen.has(name)) throw invalidProperty('name', account.name, 'The names of user accounts must differ.');
    seen.add(name);
    if (isLinux) checkLinuxAccount(account);
  }
  if (isLinux) checkNumbers(accounts);
}

/** What passwd(5) can hold, and useradd(8) takes on the images of Batch. */
const LINUX_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
/** The node's own. */
const TAKEN_NAME = /^(root$|_azbatch)/;

function checkLinuxAccount({ name, password, elevationLevel, linuxUserConfiguration, windowsUserConfiguration }: UserAccount): void {
  if (!LINUX_NAME.test(name)) throw invalidProperty('name', name, 'A user of Linux begins with a letter or _ and has letters, digits, ., _ and - only.');
  if (TAKEN_NAME.test(name)) throw invalidProperty('name', name, 'The node has a user of this name already.');
  if (password === '') throw invalidProperty('password', '', 'The value must not be empty.');
  if (windowsUserConfiguration !== undefined) throw invalidProperty('windowsUserConfiguration', '', 'The nodes of the pool are not Windows nodes.');
  const { uid, gid } = linuxUserConfiguration ?? {};
  if (uid === undefined || gid === undefined) return;
  for (const [property, value] of [['uid', uid], ['gid', gid]] as const) if (value < 0) throw invalidProperty(property, value, 'The value must not be negative.');
  if (elevationLevel === 'admin' && uid !== 0) throw invalidProperty('uid', uid, 'An administrator is root on its nodes here: leave uid and gid out.');
  if (elevationLevel !== 'admin' && uid === 0) throw invalidProperty('uid', uid, 'User 0 is root: elevationLevel must be admin.');
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
