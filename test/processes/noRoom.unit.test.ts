import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { isNoRoom, noRoomIn, noRoomOf } from '../../src/processes/noRoom.ts';

function failing(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('a disk without room', () => {
  test.each([
    // Node.js.
    ['ENOSPC', 'ENOSPC: no space left on device, write'],
    ['EDQUOT', "EDQUOT: disk quota exceeded, mkdir 'x'"],
    // PostgreSQL: a full disk, a write that was cut short, a quota (which it has no SQLSTATE for), a lack of memory.
    ['53100', 'could not extend file "base/16384/2608": No space left on device'],
    ['53100', 'could not extend file "base/16384/2608": wrote only 4096 of 8192 bytes at block 1'],
    ['XX000', 'could not extend file "base/16384/2608": Disk quota exceeded'],
    ['XX000', 'could not write to file "pg_wal/xlogtemp.71": Disk quota exceeded'],
    ['58030', 'could not fsync file "base/16384/2608": Disk quota exceeded'],
    ['53200', 'out of memory'],
  ])('is known by %s: %s', (code, message) => {
    expect(isNoRoom(failing(code, message))).toBe(true);
  });

  test.each(['UNKNOWN', 'Unknown system error -122'])('is known by the number of a quota, which Node.js has no name for (%s)', (code) => {
    expect(isNoRoom(Object.assign(failing(code, `${code}: unknown error, write`), { errno: -constants.errno.EDQUOT }))).toBe(true);
    expect(isNoRoom(Object.assign(failing(code, `${code}: unknown error, write`), { errno: -1 }))).toBe(false);
  });

  test.each([
    failing('EACCES', 'EACCES: permission denied'),
    failing('XX000', 'cache lookup failed for relation 1'),
    failing('58030', 'could not read block 1 in file "base/1/2": Input/output error'),
    // A client may name a job so.
    failing('23505', 'duplicate key value: Disk quota exceeded'),
    new Error('Disk quota exceeded'),
    'Disk quota exceeded',
    undefined,
  ])('is not what failed otherwise: %s', (error) => {
    expect(isNoRoom(error)).toBe(false);
  });

  test('is said in words, whatever the error has', () => {
    expect(noRoomOf(Object.assign(failing('UNKNOWN', 'Unknown system error -122, mkdir'), { errno: -constants.errno.EDQUOT }))).toBe('Disk quota exceeded');
    expect(noRoomOf(new Error('PostgreSQL did not start: FATAL: could not create lock file: No space left on device\nLOG: it is shut down'))).toBe('No space left on device');
    expect(noRoomOf(failing('EACCES', 'permission denied'))).toBeNull();
  });

  test('is known by what a program printed', () => {
    expect(noRoomIn('dd: writing: Disk quota exceeded\n')).toBe('Disk quota exceeded');
    expect(noRoomIn("cp: 'a': No space left on device\n")).toBe('No space left on device');
    expect(noRoomIn('cp: Permission denied')).toBeNull();
  });
});
