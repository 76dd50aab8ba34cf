import { opendirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import picomatch from 'picomatch';

/**
 * File patterns of output files (API reference, OutputFile.filePattern): `*` any characters but the separator, `?` one, `[abc]`, `[a-c]`, `[!abc]`, `[*]` a literal,
 * `**` any directories, also none. A leading dot is matched only by a dot; `**` does not go into directories that begin with one. `..` is allowed.
 */
export interface Match {
  /** Absolute. */
  readonly path: string;
  /** Below the pattern's part without wildcards. */
  readonly relative: string;
}

export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);

/** `$NAME` and `${NAME}` become the variable's value, or nothing. */
export const expandVariables = (pattern: string, environment: ReadonlyMap<string, string>): string =>
  pattern.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced: string | undefined, plain: string | undefined) => environment.get(braced ?? plain ?? '') ?? '');

/** Entries that a pattern may look at before it is given up: a task may make more than fit into the agent's memory. */
export const mostEntries = 100_000;

/** A directory's entries, no more than `most`; called with the rights of whoever asks. */
export type ReadDirectory = (path: string, most: number) => readonly { readonly name: string; readonly isDirectory: boolean; readonly isLink: boolean }[];

/**
 * Files that match, directory by directory in the order of their names. `directory`: what a relative pattern begins at.
 * Throws an Error where more than `mostEntries` would have to be looked at.
 */
export const findMatches = async (pattern: string, directory: string, readDirectory: ReadDirectory): Promise<readonly Match[]> => {
  const segments = pattern.split('/').filter((segment, index) => segment !== '' || index === 0);
  const firstWild = segments.findIndex(hasWildcard);
  const fixed = firstWild < 0 ? segments.slice(0, -1) : segments.slice(0, firstWild);
  const base = resolve(directory, pattern.startsWith('/') ? `/${fixed.join('/')}` : fixed.join('/'));
  const found: Match[] = [];
  await walk(base, '', segments.slice(fixed.length).map(compile), { pattern, readDirectory, found, seen: new Set(), entries: 0 });
  return found;
};

/** `null` is `**`. */
type Segment = ((name: string) => boolean) | null;

interface Walk {
  readonly pattern: string;
  /** Looked at so far. */
  entries: number;
  readonly readDirectory: ReadDirectory;
  readonly found: Match[];
  /** Two `**` may reach one file in two ways. */
  readonly seen: Set<string>;
}

const walk = async (directory: string, relative: string, segments: readonly Segment[], state: Walk): Promise<void> => {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  // Patterns that end in `**` take the files of every directory.
  if (segment === null && rest.length === 0) return walk(directory, relative, [null, anyName], state);
  if (segment === null) await walk(directory, relative, rest, state);
  await nextTurn();
  const entries = state.readDirectory(directory, mostEntries - state.entries + 1);
  state.entries += entries.length;
  if (state.entries > mostEntries) throw new Error(`${state.pattern} looks at more than ${mostEntries} files and directories`);
  for (const entry of [...entries].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${directory === '/' ? '' : directory}/${entry.name}`;
    const below = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (segment === null) {
      if (entry.isDirectory && !entry.isLink && !entry.name.startsWith('.')) await walk(path, below, segments, state);
    } else if (segment(entry.name)) {
      if (rest.length > 0 && entry.isDirectory) await walk(path, below, rest, state);
      else if (rest.length === 0 && !entry.isDirectory && !state.seen.has(path)) {
        state.seen.add(path);
        state.found.push({ path, relative: below });
      }
    }
  }
};

/** The plain way to read one, with the caller's rights; a directory that cannot be read is empty. */
export const readDirectory: ReadDirectory = (path, most) => {
  const found: { name: string; isLink: boolean; isDirectory: boolean }[] = [];
  try {
    const directory = opendirSync(path, { bufferSize: 512 });
    try {
      for (let entry = directory.readSync(); entry !== null && found.length < most; entry = directory.readSync()) {
        const isLink = entry.isSymbolicLink();
        found.push({ name: entry.name, isLink, isDirectory: entry.isDirectory() || (isLink && pointsToDirectory(`${path}/${entry.name}`)) });
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    // What was read before counts.
  }
  return found;
};

/** A link in a loop, or to where its reader may not go, points to none. */
const pointsToDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const anyName = picomatch('*');

/** Characters that mean something to the library and nothing to Batch, outside of brackets. */
const literals = /[\\(){}!+@,|^$](?![^[]*\])/g;

/** A name that begins with a wildcard takes no dot-file. `posix` is the library's word for `[!abc]`, `debug` that for an error where a pattern is none (`[z-a]`). */
const compile = (segment: string): Segment =>
  segment === '**' ? null : picomatch(segment.replaceAll(literals, String.raw`\$&`), { nobrace: true, noextglob: true, nonegate: true, posix: true, debug: true });
