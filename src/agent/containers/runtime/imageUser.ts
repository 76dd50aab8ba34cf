import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { directoryIn } from './unpack.ts';

/** Who a container's process is, and where it is at home. */
export interface ImageUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

const MOST_BYTES = 1 << 20;

/**
 * `user[:group]`, each a number or a name that the image knows, as `docker create --user` has it; empty: root. Throws
 * for a name that it does not know.
 */
export function imageUser(root: string, asked: string): ImageUser {
  const [user = '', group] = asked.split(':');
  const [users, groups] = [entriesOf(root, 'passwd'), entriesOf(root, 'group')];
  const isNumber = /^\d+$/.test(user);
  const entry = users.find(([name, , uid]) => (isNumber ? uid === user : name === (user === '' ? 'root' : user)));
  if (entry === undefined && user !== '' && user !== 'root' && !isNumber) throw new Error(`unable to find user ${user}: no matching entries in passwd file`);
  const uid = isNumber ? Number(user) : Number(entry?.[2] ?? 0);
  const name = entry?.[0];
  const gid = group === undefined || group === '' ? Number(entry?.[3] ?? 0) : groupOf(groups, group);
  // Who names a group is in that one alone.
  const additionalGids = group !== undefined || name === undefined ? [] : groups.filter(([, , , members = '']) => members.split(',').includes(name)).map(([, , number]) => Number(number));
  return { uid, gid, additionalGids, home: entry?.[5] ?? (uid === 0 ? '/root' : '/') };
}

function groupOf(groups: readonly (readonly string[])[], asked: string): number {
  if (/^\d+$/.test(asked)) return Number(asked);
  const found = groups.find(([name]) => name === asked)?.[2];
  if (found === undefined) throw new Error(`unable to find group ${asked}: no matching entries in group file`);
  return Number(found);
}

/** Of a file of the image, which may have put a link or something else there. */
function entriesOf(root: string, file: string): readonly (readonly string[])[] {
  try {
    const opened = openSync(join(directoryIn(root, ['etc'], 'there'), file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = fstatSync(opened);
      if (!status.isFile() || status.size > MOST_BYTES) return [];
      return readFileSync(opened, 'utf8').split('\n').map((line) => line.split(':'));
    } finally {
      closeSync(opened);
    }
  } catch {
    return [];
  }
}
