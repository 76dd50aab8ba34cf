import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { refuseMounts, removeBusyTree } from '../../../agent/removal.ts';
import { canReachBelow } from '../../../processes/account.ts';
import { socketPathFits } from '../../../store/embedded/postgres.ts';
import { readIfThere, replaceFile } from '../../files.ts';

/** Names the data directory that a place belongs to. */
const OWNER = 'owner';

/**
 * The one place elsewhere for a data directory that cannot hold its database and nodes: because as root they belong to
 * other users, who cannot come through (a clone below /root), or because the path is too long for a unix socket. Null
 * when none is needed. The place is named by a hash of the data directory's path, so that losing the data directory
 * loses no directory.
 */
export function assignPlace(root: string): string | null {
  if (canReachBelow(root) && socketPathFits(join(root, 'database'))) return null;
  const failures: string[] = [];
  for (const parent of parents()) {
    const place = join(parent, placeName(root));
    if (!socketPathFits(join(place, 'database'))) continue;
    try {
      return reserveDirectory(place, root);
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Error(`other users cannot enter ${root} (or its path is too long), and there is no place elsewhere: ${failures.join('; ')}`);
}

/** Removes the place whole, and the directory of places if it was the last one. */
export function removePlace(place: string): void {
  removeBusyTree(place);
  try {
    rmdirSync(dirname(place));
  } catch {
    // Others have places there.
  }
}

/**
 * /var/lib first as root: /var/tmp is cleaned of files that nobody read for a month, which a database does not survive
 * (tmpfiles.d(5)). Without root only the length of the path can be at fault, so the second one is short.
 */
function parents(): string[] {
  if (process.getuid?.() === 0) return ['/var/lib/linarite', '/var/tmp/linarite'];
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return [join(state, 'linarite'), `/var/tmp/linarite-${process.getuid?.() ?? 'user'}`];
}

/**
 * Takes the directory for the data directory `root`, and returns it. What somebody else made there, or made for another
 * data directory, is not taken: throws why.
 */
export function reserveDirectory(place: string, root: string): string {
  makeOpen(dirname(place));
  if (!canReachBelow(dirname(place))) throw new Error(`other users cannot enter ${dirname(place)}`);
  makeOpen(place);
  const owner = ownerOf(place);
  if (owner !== undefined && owner !== root) throw new Error(`${place} belongs to ${owner}`);
  // A data directory that was removed by hand leaves its data behind; a new one of the same name must not inherit it.
  if (owner !== undefined) {
    refuseMounts(place);
    for (const entry of readdirSync(place)) if (entry !== OWNER) removeBusyTree(join(place, entry));
  }
  replaceFile(join(place, OWNER), `${root}\n`);
  return place;
}

/** Whether the place is there and was taken for `root`. */
export function isPlaceOf(place: string, root: string): boolean {
  return ownerOf(place) === root;
}

/** The data directory that a place was taken for; undefined: it is none. */
export function ownerOf(place: string): string | undefined {
  return readIfThere(join(place, OWNER))?.trim();
}

/** The name of a data directory's place among others. */
export function placeName(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 16);
}

/** A directory of ours that others pass through, whatever the umask. */
function makeOpen(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  refuseStrangers(directory);
  chmodSync(directory, 0o711);
}

/** Below /var/tmp anybody may have been there before us. */
function refuseStrangers(directory: string): void {
  if (lstatSync(directory).isSymbolicLink() || statSync(directory).uid !== process.getuid?.()) throw new Error(`${directory} was made by another user`);
}
