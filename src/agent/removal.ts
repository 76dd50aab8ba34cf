import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Deletes trees as rm(1) does, which goes down by open directories (openat, O_NOFOLLOW): while it works, a process of a task may put a link in the place of a directory,
 * and Node's own recursive `rm`, which goes by paths, would follow it with the agent's rights. What is not there is no error.
 * Without root a directory that its task closed to itself (Go's module cache is such a one) is opened first. Rejects with what rm said if something is left.
 */
export const removeTrees = async (paths: readonly string[]): Promise<void> => {
  try {
    await run(...removing(paths));
  } catch (error) {
    if (process.geteuid?.() === 0) throw error;
    await run(...opening(paths)).catch(() => {});
    await run(...removing(paths));
  }
};

/** The same for a command that has nothing else to do meanwhile. Throws what `removeTrees` rejects with. */
export const removeTreesSync = (paths: readonly string[]): void => {
  try {
    execFileSync(...removing(paths));
  } catch (error) {
    if (process.geteuid?.() === 0) throw error;
    try {
      execFileSync(...opening(paths));
    } catch {
      // As below.
    }
    execFileSync(...removing(paths));
  }
};

type Run = readonly [program: string, args: readonly string[], options: { readonly cwd: string; readonly env: {}; readonly stdio: 'pipe' }];

const options = { cwd: '/', env: {}, stdio: 'pipe' } as const;

const removing = (paths: readonly string[]): Run => ['/bin/rm', ['-rf', '--', ...paths], options];

/** Fails where a path is not there, or not ours: of the first nothing has to be said, of the second rm says it again. */
const opening = (paths: readonly string[]): Run => ['/bin/chmod', ['-R', 'u+rwx', '--', ...paths], options];
