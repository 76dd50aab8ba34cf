import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Writes a file so that readers see the old content or the new one, never half of it. */
export function replaceFile(path: string, content: string, mode = 0o644): void {
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}

/** The file's text; undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
