import { opendirSync } from 'node:fs';
import { resolve } from 'node:path';
import { during } from './activity.ts';
import { codePointsOf, compileSegment, type NameMatcher } from './nameMatcher.ts';
import { createTurns } from './turns.ts';

/**
 * File patterns of output files (API reference, OutputFile.filePattern): `*` any characters but the separator, `?` one,
 * `[abc]`, `[a-c]`, `[!abc]`, `[*]` a literal, `**` any directories, also none. A leading dot is matched only by a dot;
 * `**` does not go into directories that begin with one. `..` is allowed.
 */
export interface Match {
  /** Absolute. */
  readonly path: string;
  /** Below the pattern's part without wildcards. */
  readonly relative: string;
}

export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** `$NAME` and `${NAME}` become the variable's value, or nothing. */
export function expandVariables(pattern: string, environment: ReadonlyMap<string, string>): string {
  return pattern.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced: string | undefined, plain: string | undefined) => environment.get(braced ?? plain ?? '') ?? '');
}

/** Entries that a pattern may look at before it is given up: a task may make more than fit into the agent's memory. */
export const MOST_ENTRIES = 100_000;
/** The longest pattern, in characters: no path of Linux is longer (PATH_MAX), and a match costs by the length. */
const LONGEST_PATTERN = 4_096;

/** `isDirectory`: of the entry itself, not of what a link leads to. */
interface Entry {
  readonly name: string;
  readonly isDirectory: boolean;
  readonly isLink: boolean;
}

/**
 * The entries of a directory, `most` of them at most, read with the rights of the caller. Empty for a path that is no
 * directory or cannot be read.
 */
export type ReadDirectory = (path: string, most: number) => readonly Entry[];

/**
 * Files that match, directory by directory in the order of their names; each directory is read once, however many ways
 * the pattern has to reach it. A link may be listed and turn out to lead to a directory. `directory`: what a relative
 * pattern begins at. Throws an Error for a pattern that is none, and where more than `mostEntries` would have to be
 * looked at; the signal's reason when it aborts.
 */
export async function findMatches(pattern: string, directory: string, readDirectory: ReadDirectory, signal?: AbortSignal): Promise<readonly Match[]> {
  if (pattern.length > LONGEST_PATTERN) throw new Error(`The pattern is longer than ${LONGEST_PATTERN} characters`);
  const segments = pattern.split('/').filter((segment, index) => segment !== '' || index === 0);
  const firstWild = segments.findIndex(hasWildcard);
  const fixed = firstWild < 0 ? segments.slice(0, -1) : segments.slice(0, firstWild);
  const base = resolve(directory, pattern.startsWith('/') ? `/${fixed.join('/')}` : fixed.join('/'));
  const rest = segments.slice(fixed.length);
  // Patterns that end in `**` take the files of every directory.
  if (rest.at(-1) === '**') rest.push('*');
  const walk: Walk = { pattern, segments: rest.map((segment) => (segment === '**' ? null : compileSegment(segment))), readDirectory, turn: createTurns(signal), found: [], entries: 0 };
  await visit(base, '', withNone(new Set([0]), walk), walk);
  return walk.found;
}

interface Walk {
  readonly pattern: string;
  /** `null` is `**`. */
  readonly segments: readonly (NameMatcher | null)[];
  readonly readDirectory: ReadDirectory;
  readonly turn: () => Promise<void>;
  readonly found: Match[];
  /** Looked at so far. */
  entries: number;
}

/** `places`: the segments that an entry of this directory may match. */
async function visit(directory: string, relative: string, places: ReadonlySet<number>, walk: Walk): Promise<void> {
  await walk.turn();
  const entries = during('walking directories', () => walk.readDirectory(directory, MOST_ENTRIES - walk.entries + 1));
  walk.entries += entries.length;
  if (walk.entries > MOST_ENTRIES) throw new Error(`${walk.pattern} looks at more than ${MOST_ENTRIES} files and directories`);
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    await walk.turn();
    const path = `${directory === '/' ? '' : directory}/${entry.name}`;
    const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
    const { isMatch, next } = during('matching file patterns', () => step(entry, places, walk.segments));
    if (isMatch && !entry.isDirectory) walk.found.push({ path, relative: below });
    // Of a link only its reading says whether it leads to a directory.
    if (next.size > 0 && (entry.isDirectory || entry.isLink)) await visit(path, below, withNone(next, walk), walk);
  }
}

function step({ name, isLink }: Entry, places: ReadonlySet<number>, segments: Walk['segments']): { readonly isMatch: boolean; readonly next: Set<number> } {
  const characters = codePointsOf(name);
  let isMatch = false;
  const next = new Set<number>();
  for (const place of places) {
    const segment = segments[place];
    if (segment === undefined) continue;
    if (segment === null) {
      if (!isLink && !name.startsWith('.')) next.add(place);
    } else if (segment(characters)) {
      if (place === segments.length - 1) isMatch = true;
      else next.add(place + 1);
    }
  }
  return { isMatch, next };
}

/** `**` may also stand for no directory at all. */
function withNone(places: ReadonlySet<number>, { segments }: Walk): ReadonlySet<number> {
  const all = new Set(places);
  // A set that grows while it is gone through is gone through to its end.
  for (const place of all) if (segments[place] === null) all.add(place + 1);
  return all;
}

/** The plain way to read one, with the caller's rights; a directory that cannot be read is empty. */
export const readDirectory: ReadDirectory = (path, most) => {
  const found: Entry[] = [];
  try {
    const directory = opendirSync(path, { bufferSize: 512 });
    try {
      for (let entry = directory.readSync(); entry !== null && found.length < most; entry = directory.readSync()) {
        found.push({ name: entry.name, isLink: entry.isSymbolicLink(), isDirectory: entry.isDirectory() });
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    // What was read before counts.
  }
  return found;
};
