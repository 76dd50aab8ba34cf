import { constants } from 'node:os';

/**
 * How the system says that nothing more can be written: by code and number (errno(3)) and in words (strerror(3), in the
 * C locale). Node.js has no name for EDQUOT (its errors say `UNKNOWN` or `Unknown system error -122`, seen with Node.js
 * 20): its number tells.
 */
const SAID_BY_SYSTEM = [
  { code: 'ENOSPC', errno: constants.errno.ENOSPC, text: 'No space left on device' },
  { code: 'EDQUOT', errno: constants.errno.EDQUOT, text: 'Disk quota exceeded' },
] as const;

/** PostgreSQL's disk_full and out_of_memory (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const SQLSTATES = ['53100', '53200'] as const;

/**
 * PostgreSQL's io_error and internal_error: of the system's two codes it gives disk_full for ENOSPC alone
 * (`errcode_for_file_access` in elog.c), so that of a quota only the words tell.
 */
const UNNAMED_SQLSTATES: readonly string[] = ['58030', 'XX000'];

const CODES: readonly string[] = [...SAID_BY_SYSTEM.map(({ code }) => code), ...SQLSTATES];

/**
 * Whether something failed because a disk, or a user's share of it, is full: trying again does once there is room.
 * Errors of the system and of PostgreSQL.
 */
export function isNoRoom(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  if (saidBySystem(error) !== undefined) return true;
  return CODES.includes(error.code) || (UNNAMED_SQLSTATES.includes(error.code) && noRoomIn(error.message) !== null);
}

/**
 * The system's words for a full disk, by the error's number or by what its message quotes; null: it failed for another
 * reason.
 */
export function noRoomOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  return saidBySystem(error)?.text ?? noRoomIn(error.message);
}

function saidBySystem(error: Error): (typeof SAID_BY_SYSTEM)[number] | undefined {
  const errno: unknown = Reflect.get(error, 'errno');
  return SAID_BY_SYSTEM.find((said) => errno === -said.errno);
}

/** The system's words for a full disk in what a program printed; null: they are not there. */
export function noRoomIn(text: string): string | null {
  return SAID_BY_SYSTEM.find((said) => text.includes(said.text))?.text ?? null;
}
