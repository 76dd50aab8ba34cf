import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../../base/errors.ts';
import { endProcess } from '../../../processes/end.ts';
import type { ProcessIdentity } from '../../../processes/identity.ts';
import { CommandError, EXIT } from '../../errors.ts';
import { type DataDirectory, type Layout, makeDataDirectory, makeLockDirectory } from './dataDirectory.ts';
import { LockHeldError, acquireLock } from './lock.ts';

const ATTEMPTS = 100;
const PAUSE_MS = 10;

/**
 * Takes the data directory for this process, and makes it first when there is none. Whoever starts a service in the
 * background holds the lock until its child takes it over, so no command finds the data in between without a holder.
 * Throws `CommandError` when somebody else holds it.
 */
export function claimDataDirectory(path: string, layout: Layout = {}): DataDirectory {
  for (let attempt = 1; ; attempt += 1) {
    try {
      acquireLock(makeLockDirectory(path), isOwnOrStarter);
      return makeDataDirectory(path, layout);
    } catch (error) {
      if (error instanceof LockHeldError) {
        throw new CommandError(EXIT.failure, `another service (process ${error.holder.pid}) uses ${path}: see linarite status, or give another --data-dir`);
      }
      // A purge has just removed what the lock was to lie in.
      if (!isGone(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * Takes the lock of an existing data directory, after ending whoever holds it: a service, one that only starts, or its
 * starter. False when the directory has gone meanwhile. Throws when the holder does not end.
 */
export async function takeOver(directory: DataDirectory, waitMs: number): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const holder = tryLock(directory);
    if (holder === 'taken') return true;
    if (holder === 'gone') return false;
    if (attempt === ATTEMPTS) throw new CommandError(EXIT.failure, `${directory.root} is always used by somebody else, last by process ${holder.pid}`);
    await endProcess(holder, [
      { signal: 'SIGTERM', waitMs },
      { signal: 'SIGKILL', waitMs: 5_000 },
    ]);
    await delay(PAUSE_MS);
  }
}

function tryLock(directory: DataDirectory): 'taken' | 'gone' | ProcessIdentity {
  try {
    acquireLock(directory.run, isOwnOrStarter);
    return 'taken';
  } catch (error) {
    if (error instanceof LockHeldError) return error.holder;
    if (isGone(error)) return 'gone';
    throw error;
  }
}

/** This process itself, or, in a service in the background, the one that started it. */
function isOwnOrStarter(holder: ProcessIdentity): boolean {
  return holder.pid === process.pid || (process.env['LINARITE_DETACHED'] === '1' && process.connected === true && holder.pid === process.ppid);
}

function isGone(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
