import { mkdirSync, readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../../base/errors.ts';
import { removeTrees } from '../../agent/removal.ts';

/**
 * The directories of released nodes: moved aside at once, deleted in the background, with what an earlier service left
 * there.
 */
export interface Trash {
  /** Moves the node's directory aside. */
  put(directory: string): Promise<void>;
  /** Resolves when no deletion is under way. */
  settle(): Promise<void>;
}

const NAME = 'trash-';
/** So many directories go in one process: each is looked up beforehand, and nothing else runs during that. */
const AT_ONCE = 32;

/**
 * One deletion runs at a time, and takes all that waits: each is a process, and many nodes may go at once. `say` gets
 * what could not be deleted, and why. It stays, and the next service tries again.
 */
export function openTrash(dataRoot: string, say: (message: string) => void): Trash {
  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  let waiting = readdirSync(dataRoot).filter((name) => name.startsWith(NAME)).map((name) => join(dataRoot, name));
  let number = 0;
  let deleting: Promise<void> | null = null;

  const deleteAll = async (): Promise<void> => {
    try {
      while (waiting.length > 0) {
        const paths = waiting.slice(0, AT_ONCE);
        waiting = waiting.slice(AT_ONCE);
        await removeTrees(paths).catch((error: unknown) => say(messageOf(error)));
      }
    } finally {
      // In the same turn as the last look: what is put there after it begins the next deletion.
      deleting = null;
    }
  };
  const begin = (): void => {
    deleting ??= deleteAll();
  };

  if (waiting.length > 0) begin();
  return {
    put: async (directory) => {
      number += 1;
      const trash = join(dataRoot, `${NAME}${process.pid}-${Math.trunc(performance.now())}-${number}`);
      try {
        await rename(directory, trash);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return;
        throw error;
      }
      waiting.push(trash);
      begin();
    },
    settle: async () => {
      await deleting;
    },
  };
}
