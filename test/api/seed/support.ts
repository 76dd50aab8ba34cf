import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The seed that docs/seed.md shows. */
export function documentedSeed(): string {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/seed.md'), 'utf8');
  const text = /```yaml\n(.*?)```/s.exec(page)?.[1];
  if (text === undefined) throw new Error('docs/seed.md shows no seed');
  return text;
}

/** What the files lie beside that it names. */
export const SEED_FILES = join(import.meta.dirname, '../../fixtures/seed');
