import { chownSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { codeOf } from '../../base/errors.ts';
import { NOBODY, type UnixAccount } from '../../processes/account.ts';

/**
 * PostgreSQL refuses to run as root. As root we give it a user id of its own, so that no task and no other service can
 * read the database: the account named `linarite` if the machine has one, else an id that nobody has (64830 and the
 * next few: outside the ranges that Debian and systemd hand out), else `nobody` (a user namespace may know only the ids
 * of its own file).
 */
const ACCOUNT_NAME = 'linarite';
const FREE_IDS = { first: 64830, count: 16 };

/**
 * Chooses the account for a database directory and makes it the directory's owner, mode 0700. Undefined when we do not
 * run as root: then PostgreSQL runs as the caller. A directory that has an owner other than root keeps it.
 */
export function claimDirectory(directory: string): UnixAccount | undefined {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(directory);
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const account of candidates()) {
    try {
      chownSync(directory, account.uid, account.gid);
      return account;
    } catch (error) {
      // EINVAL: this user namespace has no such id. Anything else (EPERM without CAP_CHOWN) holds for all candidates.
      if (codeOf(error) !== 'EINVAL') throw error;
    }
  }
  throw new Error(`cannot give ${directory} to another user; PostgreSQL does not run as root`);
}

function candidates(): UnixAccount[] {
  const entries = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const named = entries.find(([name]) => name === ACCOUNT_NAME);
  if (named !== undefined) return [{ uid: Number(named[2]), gid: Number(named[3]) }];
  const taken = new Set(entries.map((entry) => Number(entry[2])));
  const free = Array.from({ length: FREE_IDS.count }, (_, index) => FREE_IDS.first + index).filter((id) => !taken.has(id));
  return [...free.map((id) => ({ uid: id, gid: id })), NOBODY];
}

/** The account that `initdb` runs as: it insists on a name in the password file, which our own id has not. */
export function namedAccount(account: UnixAccount): UnixAccount {
  const uids = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => Number(line.split(':')[2]));
  return uids.includes(account.uid) ? account : NOBODY;
}
