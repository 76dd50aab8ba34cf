import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from '../base/errors.ts';
import { MountInTheWay, mountsBelow, mountTable, unmountBelow } from './mounts.ts';

const run = promisify(execFile);

/**
 * Deletes trees as rm(1) does, which goes down by open directories (openat, O_NOFOLLOW): while it works, a process of a
 * task may put a link in the place of a directory, and Node's own recursive `rm`, which goes by paths, would follow it
 * with the agent's rights. What is not there is no error. Without root a directory that its task closed to itself (Go's
 * module cache is such a one) is opened first. Rejects with what rm said if something is left.
 *
 * Nothing on a mount is deleted: what is mounted below a tree is unmounted first (`unmount`: for what a node, with all
 * that it mounted, leaves behind), or the tree stays (`refuse`). A tree that stays because of a mount does not keep the
 * others; then it rejects with MountInTheWay.
 */
export async function removeTrees(paths: readonly string[], mounts: 'unmount' | 'refuse' = 'unmount'): Promise<void> {
  const table = mountTable();
  const inTheWay: MountInTheWay[] = [];
  const free: string[] = [];
  for (const path of paths) {
    try {
      if (mountsBelow(path, table).length > 0) await (mounts === 'unmount' ? unmountBelow(path) : refuseMounts(path));
      free.push(path);
    } catch (error) {
      if (!(error instanceof MountInTheWay)) throw error;
      inTheWay.push(error);
    }
  }
  if (free.length > 0) await removeFree(free);
  const [first] = inTheWay;
  if (first !== undefined) throw inTheWay.length === 1 ? first : new MountInTheWay(inTheWay.flatMap((each) => each.mounts), null);
}

/** Throws MountInTheWay if something is mounted at `path` or below. */
export function refuseMounts(path: string): void {
  const found = mountsBelow(path);
  if (found.length > 0) throw new MountInTheWay([...new Set(found)], null);
}

async function removeFree(paths: readonly string[]): Promise<void> {
  try {
    await run(...removing(paths));
  } catch (error) {
    if (process.geteuid?.() === 0) throw error;
    // Fails where a path is not there, or not ours: of the first nothing has to be said, of the second rm says it
    // again.
    await run('/bin/chmod', ['-R', 'u+rwx', '--', ...paths], OPTIONS).catch(() => {});
    await run(...removing(paths));
  }
}

type Run = readonly [program: string, args: readonly string[], options: { readonly cwd: string; readonly env: {} }];

const OPTIONS = { cwd: '/', env: {} } as const;

/** rm itself leaves out what is mounted between the look and its own, where it is another file system. */
const REMOVE = process.platform === 'darwin' ? ['-rfx', '--'] : ['-rf', '--one-file-system', '--'];

function removing(paths: readonly string[]): Run {
  return ['/bin/rm', [...REMOVE, ...paths], OPTIONS];
}

const PAUSE_MS = 20;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Deletes a tree of ours into which something that is just ending may write once more; holds the thread meanwhile.
 * `rmSync` alone does not do: its `maxRetries` try a directory again, and not what came into it since it was listed
 * (Node.js 20.20). Throws after `withinMs` (default: 5,000) what the system said last.
 */
export function removeBusyTree(path: string, withinMs = 5_000): void {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return rmSync(path, { recursive: true, force: true });
    } catch (error) {
      const isBusy = ['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(codeOf(error) ?? '');
      if (!isBusy || performance.now() >= deadline) throw error;
      Atomics.wait(NEVER, 0, 0, PAUSE_MS);
    }
  }
}
