import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from '../base/errors.ts';

/** Writes a file so that readers see the old content or the new one, never half of it. */
export function replaceFile(path: string, content: string, mode = 0o644): void {
  try {
    writeFileSync(`${path}.new`, content, { mode });
    renameSync(`${path}.new`, path);
  } catch (error) {
    // On a full disk half a file would take up what is left.
    rmSync(`${path}.new`, { force: true });
    throw error;
  }
}

/** The file's text; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  return ifThere(() => readFileSync(path, 'utf8'));
}

/**
 * The status of the path; undefined when there is nothing. A file on the way to it is an error, as everywhere here:
 * `throwIfNoEntry` of Node.js 24 takes that for nothing as well.
 */
export function statIfThere(path: string): Stats | undefined {
  return ifThere(() => statSync(path));
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a directory and those above it that are missing. Node.js' own recursive mkdir tries for ever where the system
 * says ENOENT of a directory whose parent is there, as below /proc (seen with Node.js 20.20). Throws what mkdir throws.
 */
export function makeDirectories(path: string, mode: number): void {
  const missing: string[] = [];
  for (let above = path; !existsSync(above); above = dirname(above)) missing.unshift(above);
  for (const directory of missing) {
    try {
      mkdirSync(directory, { mode });
    } catch (error) {
      // Somebody else was quicker.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
