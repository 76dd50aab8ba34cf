import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RunError, reasonOf } from './failure.ts';

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
  await access(existing, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
    throw new RunError('usage', `--to ${to}: ${reasonOf(cause)}`, { cause });
  });
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
