import { CommandError, EXIT } from '../errors.ts';
import type { ClockKind } from '../service/clockOption.ts';

/** The first entry of an archive: what it is. */
export const MANIFEST = 'linarite-backup.json';

/** The form of an archive; raised when an older release could not read what this one writes. */
const FORMAT = 2;
/** The one with the keys in it, which all releases read. */
const WITH_KEYS = 1;

export interface Manifest {
  readonly format: number;
  /** Left out: it does. */
  readonly hasKeys?: boolean;
  /** Of the release that wrote it. */
  readonly version: string;
  /** The major version of PostgreSQL whose files it holds. */
  readonly postgres: number;
  readonly takenAt: string;
  /** Whose time the data goes by. */
  readonly clock: ClockKind;
}

export function manifestOf(given: Omit<Manifest, 'format'> & { readonly hasKeys: boolean }): string {
  return `${JSON.stringify({ format: given.hasKeys ? WITH_KEYS : FORMAT, ...given }, undefined, 2)}\n`;
}

/** @throws CommandError for an archive of a newer release, or a text that is no manifest */
export function readManifest(text: string): Manifest {
  const read = parse(text);
  if (read === null) throw new CommandError(EXIT.failure, `${MANIFEST} is not what a backup begins with`);
  if (read.format > FORMAT) throw new CommandError(EXIT.newerData, `this backup was made by linarite ${read.version}, which is newer: restore it with that release or a later one`);
  return read;
}

function parse(text: string): Manifest | null {
  try {
    const read: unknown = JSON.parse(text);
    return isManifest(read) ? read : null;
  } catch {
    return null;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  return has('format', 'number') && has('version', 'string') && has('postgres', 'number') && has('takenAt', 'string') && has('clock', 'string');
}
