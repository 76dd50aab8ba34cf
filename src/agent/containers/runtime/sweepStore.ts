import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Removes what processes that were killed have left unfinished in a store. Only while nothing else uses it. */
export function sweepStore(directory: string): void {
  for (const place of [directory, join(directory, 'containers')]) {
    for (const name of existsSync(place) ? readdirSync(place) : []) if (name.startsWith('trash-')) rmSync(join(place, name), { recursive: true, force: true });
  }
}
