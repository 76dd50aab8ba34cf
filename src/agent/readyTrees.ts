import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { during } from './activity.ts';
import type { User } from './users.ts';

/**
 * Directories of tasks that are made while the node has nothing to do, so that the next task only has one renamed into
 * its place: on a disk a tenth of the time (measured, ext4). All are one user's, whom most tasks run as.
 */
export interface ReadyTrees {
  /** Puts one in this place. False: there is none for that user, or something is in the way. */
  takeFor(path: string, user: User): boolean;
  /** Makes one if there are too few. False: there are enough, or none can be made now. */
  makeOne(): boolean;
}

export interface ReadyTreesOptions {
  /** Where they wait: on the file system of the tasks' directories, and emptied by the node's next life. */
  readonly directory: string;
  readonly user: User;
  readonly most: number;
  /** Makes one, complete with modes and owners. Throws the system's error. */
  readonly make: (path: string, user: User) => void;
}

export function createReadyTrees({ directory, user, most, make }: ReadyTreesOptions): ReadyTrees {
  const ready: string[] = [];
  return {
    takeFor: (path, { uid, gid }) => {
      const tree = ready.at(-1);
      if (tree === undefined || uid !== user.uid || gid !== user.gid) return false;
      try {
        renameSync(tree, path);
      } catch {
        // The directory of an earlier attempt, the first task of its job, or a full disk: whoever asked goes on.
        return false;
      }
      ready.pop();
      return true;
    },
    makeOne: () => {
      if (ready.length >= most) return false;
      const tree = join(directory, randomUUID());
      try {
        during('making directories', () => {
          mkdirSync(tree, 0o700);
          make(tree, user);
        });
      } catch {
        // A full disk: the task that needs one says so.
        return false;
      }
      ready.push(tree);
      return true;
    },
  };
}
