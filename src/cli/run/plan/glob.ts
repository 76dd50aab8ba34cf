import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import picomatch from 'picomatch';

/** How many entries a pattern may walk over before it is refused: a mistake like `/**` should not take minutes. */
const MAXIMUM_ENTRIES = 1_000_000;

/** A file that a pattern found. */
export interface FoundFile {
  /** From the current directory, as the pattern was written. */
  readonly path: string;
  /** The directory below the fixed part of the pattern, `.` when there is none. */
  readonly directory: string;
}

/**
 * The files that match a pattern (`*`, `?`, `[a-z]`, `{a,b}`, `**`), in the order of their names; a path without any of
 * these is itself, when it is there. Names that begin with a dot match only a pattern that says so. Links to
 * directories are not followed by `**`.
 */
export async function findFiles(pattern: string): Promise<FoundFile[]> {
  const exact = await stat(pattern).catch(() => undefined);
  if (exact?.isFile() === true) return [{ path: pattern, directory: '.' }];
  const { base, glob } = picomatch.scan(pattern);
  if (glob === '') return [];
  // `s`: a name may hold a line end.
  const matches = picomatch(glob, { nonegate: true, noextglob: true, flags: 's' });
  const deep = glob.includes('**');
  const depth = glob.split('/').length;
  const found: FoundFile[] = [];
  let seen = 0;
  const walk = async (directory: string, level: number): Promise<void> => {
    const entries = await readdir(join(base || '.', directory), { withFileTypes: true }).catch(() => []);
    seen += entries.length;
    if (seen > MAXIMUM_ENTRIES) throw new Error(`${pattern} looks at more than ${MAXIMUM_ENTRIES} files`);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const below = directory === '' ? entry.name : `${directory}/${entry.name}`;
      if (entry.isDirectory()) {
        if ((deep || level < depth) && !(entry.name.startsWith('.') && !glob.includes('/.') && !glob.startsWith('.'))) await walk(below, level + 1);
      } else if (matches(below) && (entry.isFile() || (await isFile(join(base || '.', below))))) {
        found.push({ path: base === '' ? below : join(base, below), directory: directory === '' ? '.' : directory });
      }
    }
  };
  await walk('', 1);
  return found;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
