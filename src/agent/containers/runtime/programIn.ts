import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { directoryIn } from './unpack.ts';

/**
 * Where a program is in a root, by the `PATH` of these variables. A relative path stays as it is. Throws, in the words
 * of runtimes, where there is none.
 */
export function programIn(root: string, name: string, variables: readonly string[]): string {
  if (name.includes('/') && !name.startsWith('/')) return name;
  const path = variables.findLast((variable) => variable.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const candidates = name.startsWith('/') ? [name] : path.split(':').filter((directory) => directory.startsWith('/')).map((directory) => join(directory, name));
  const found = candidates.find((candidate) => isProgram(root, candidate));
  if (found !== undefined) return found;
  throw new Error(`exec failed: unable to start container process: exec: ${JSON.stringify(name)}: ${name.startsWith('/') ? 'no such file or directory' : 'executable file not found in $PATH'}`);
}

function isProgram(root: string, path: string): boolean {
  try {
    const parts = path.split('/').filter((part) => part !== '');
    const status = lstatSync(join(directoryIn(root, parts.slice(0, -1), 'there'), parts.at(-1) ?? ''));
    return status.isSymbolicLink() || (status.isFile() && (status.mode & 0o111) !== 0);
  } catch {
    return false;
  }
}
