import { linkSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../base/errors.ts';
import { type ProcessIdentity, identifyProcess, isRunning, parseProcessIdentity } from '../../../processes/identity.ts';

/** Somebody else holds the lock. */
export class LockHeldError extends Error {
  readonly holder: ProcessIdentity;
  constructor(holder: ProcessIdentity) {
    super(`process ${holder.pid} uses this data directory`);
    this.holder = holder;
  }
}

const NAME = /^lock-(\d+)$/;
const ATTEMPTS = 100;

/**
 * Takes the data directory for this process, until it ends; no release is needed, since a dead holder holds nothing.
 *
 * The lock is the file `lock-N` of the highest N, with its holder's identity in it. Whoever finds the holder dead makes
 * `lock-(N+1)`, by a hard link of a file written before: of several who try, one succeeds, and nobody ever sees an
 * empty lock. The highest one is never removed, so there is no moment at which two could believe that there is none.
 * From a living holder it is taken only by its heir. Throws `LockHeldError`.
 */
export function acquireLock(directory: string, isHeirOf: (holder: ProcessIdentity) => boolean = () => false): void {
  const self = identifyProcess(process.pid);
  if (self === undefined) throw new Error('cannot tell when this process started');
  const draft = join(directory, `draft-${process.pid}`);
  writeFileSync(draft, JSON.stringify(self));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const generations = lockGenerations(directory);
      const highest = generations.at(-1) ?? 0;
      const holder = lockHolder(directory, highest);
      if (holder !== undefined && isRunning(holder) && !isHeirOf(holder)) throw new LockHeldError(holder);
      if (!link(draft, join(directory, `lock-${highest + 1}`))) continue;
      for (const old of generations) rmSync(join(directory, `lock-${old}`), { force: true });
      return;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  throw new Error(`cannot take the lock in ${directory}: too many others try`);
}

function lockGenerations(directory: string): number[] {
  return readdirSync(directory)
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function lockHolder(directory: string, generation: number): ProcessIdentity | undefined {
  try {
    return parseProcessIdentity(JSON.parse(readFileSync(join(directory, `lock-${generation}`), 'utf8')));
  } catch {
    // None yet, or removed in this moment by the holder of the next one, which the attempt to link will tell.
    return undefined;
  }
}

/** False when somebody else was faster. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}
