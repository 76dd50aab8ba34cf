import { constants } from 'node:fs';
import { access, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { RunError, reasonOf } from '../failure.ts';

/**
 * Looks whether outputs can be put below a directory, which need not exist: told before the work, not after.
 * @throws RunError usage
 */
export async function checkTarget(to: string): Promise<void> {
  let existing = resolve(to);
  let found = await kindOf(existing);
  while (found === undefined && existing !== dirname(existing)) {
    existing = dirname(existing);
    found = await kindOf(existing);
  }
  if (found === 'other') throw new RunError('usage', `--to ${to}: ${existing} is no directory`);
  const missing = existing === resolve(to) ? undefined : join(existing, relative(existing, resolve(to)).split(sep)[0] ?? '');
  const refuse = (cause: unknown): never => {
    throw new RunError('usage', `--to ${to}: ${reasonOf(cause)}`, { cause });
  };
  await access(existing, constants.W_OK | constants.X_OK).catch(refuse);
  // Where the system takes no directories at all, as below /proc, no right says so; and Node.js' recursive mkdir tries
  // for ever there.
  if (missing !== undefined) await makeAndRemove(missing).catch(refuse);
}

async function makeAndRemove(directory: string): Promise<void> {
  await mkdir(directory);
  await rmdir(directory);
}

/** Undefined when there is nothing. */
async function kindOf(path: string): Promise<'directory' | 'other' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : 'other';
  }
}
