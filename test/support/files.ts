import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** All paths below a directory in which others make and remove things meanwhile. */
export function pathsBelow(directory: string): readonly string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? [path, ...pathsBelow(path)] : [path];
  });
}

/** Empty for what is no file, or is gone since it was listed. */
export function contentOf(path: string): Buffer {
  return ifThere(() => (statSync(path).isFile() ? readFileSync(path) : null)) ?? Buffer.alloc(0);
}

function entriesOf(directory: string) {
  return ifThere(() => readdirSync(directory, { withFileTypes: true })) ?? [];
}

function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
