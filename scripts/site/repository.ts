import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Files of the repository, those that are not committed yet as well. */
export function filesOfRepository(): readonly string[] {
  return execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8', cwd: ROOT }).trim().split('\n');
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
