import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, destination, pino, stdTimeFunctions } from 'pino';

const LONGEST_BYTES = 20 * 1024 * 1024;
const LOOK_MS = 60_000;

/** What may hold a credential, wherever it turns up in what is logged. */
const SECRETS = ['key', 'accountKey', 'credential', 'connectionString', 'databaseUrl', 'authorization', 'password', 'token'];

/**
 * The service's log: JSON lines at the end of `service.log`; at 20 MB it becomes `service.log.1` and a new one is begun. Written at
 * once, so that the last line before a crash is there.
 */
export function openLog(directory: string): { log: Logger; close(): void } {
  const path = join(directory, 'service.log');
  moveIfLong(path);
  const file = destination({ dest: path, sync: true, mode: 0o600 });
  const log = pino(
    {
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(secret)' },
    },
    file,
  );
  const look = setInterval(() => {
    if (moveIfLong(path)) file.reopen();
  }, LOOK_MS);
  look.unref();
  return {
    log,
    close: () => {
      clearInterval(look);
      file.flushSync();
    },
  };
}

/** Keeps one former file. True when it was moved. */
export function moveIfLong(path: string): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < LONGEST_BYTES) return false;
  renameSync(path, `${path}.1`);
  return true;
}
