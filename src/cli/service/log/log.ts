import { closeSync, constants, ftruncateSync, fstatSync, openSync, readdirSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { messageOf } from '../../../base/errors.ts';
import { loggedError } from '../../../loggedError.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import { type LogFile, openLogFile } from './file.ts';
import { inFormat, type LogFormat } from './format.ts';
import { DEFAULT_LOG_LEVEL, type LogLevel } from './level.ts';

const LONGEST_BYTES = 20 * 1024 * 1024;
/** There may be many agents on one machine. */
const LONGEST_AGENT_BYTES = 4 * 1024 * 1024;
const LOOK_MS = 60_000;

/** Members that may hold a credential, at any depth of what is logged. */
const SECRETS = ['key', 'accountKey', 'credential', 'connectionString', 'databaseUrl', 'authorization', 'password', 'token'];

/**
 * The service's log: JSON lines at the end of `service.log`; at 20 MB it becomes `service.log.1` and a new one is
 * begun. Written at once, so that the last line before a crash is there. Lines that cannot be written (a full disk) are
 * left out and counted; nothing else comes of it. The logs of the other processes are kept short by the same look.
 * With `printed` each line goes to standard error as well, in that form, also where the file has no room for it.
 */
export function openLog(directory: Pick<DataDirectory, 'logs' | 'nodes'>, level: LogLevel = DEFAULT_LOG_LEVEL, printed?: LogFormat): { log: Logger; close(): void } {
  const path = join(directory.logs, 'service.log');
  moveIfLong(path);
  const file = openLogFile(path, lostLines);
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      errorKey: 'error',
      serializers: { error: loggedError },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '(secret)' },
    },
    printed === undefined ? file : { write: (line: string) => writeAndPrint(line, file, printed) },
  );
  const look = setInterval(() => {
    try {
      if (moveIfLong(path)) file.reopen();
      shortenLogs(directory);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'a log could not be shortened');
    }
  }, LOOK_MS);
  look.unref();
  return {
    log,
    close: () => {
      clearInterval(look);
      // Lines that come later, of what ends last, have nowhere to go.
      file.close();
    },
  };
}

function writeAndPrint(line: string, file: LogFile, printed: LogFormat): void {
  file.write(line);
  process.stderr.write(inFormat(line, printed));
}

function lostLines(lines: number): string {
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), pid: process.pid, lines, msg: 'lines could not be written to this log' })}\n`;
}

/** Keeps one former file. True when it was moved. */
export function moveIfLong(path: string): boolean {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < LONGEST_BYTES) return false;
  renameSync(path, `${path}.1`);
  return true;
}

/**
 * Shortens the logs that other processes have open: PostgreSQL's, the blob server's, the agents' and what a detached
 * service prints.
 */
export function shortenLogs(directory: Pick<DataDirectory, 'logs' | 'nodes'>, longest = { partBytes: LONGEST_BYTES, agentBytes: LONGEST_AGENT_BYTES }): void {
  for (const name of ['postgres.log', 'blobs.log', 'output.log']) shortenIfLong(join(directory.logs, name), longest.partBytes);
  for (const node of readdirSync(directory.nodes, { withFileTypes: true })) {
    if (node.isDirectory()) shortenIfLong(join(directory.nodes, node.name, 'state', 'agent.log'), longest.agentBytes);
  }
}

/**
 * Copies the end of a log to one former file and empties it: its writer goes on at the new end, since it opened it to
 * append. What is written in the moment between the two is lost.
 */
function shortenIfLong(path: string, longestBytes: number): void {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) < longestBytes) return;
  const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    const { size } = fstatSync(file);
    const end = Buffer.alloc(Math.min(size, longestBytes));
    const read = readSync(file, end, 0, end.length, size - end.length);
    try {
      writeFileSync(`${path}.1`, end.subarray(0, read), { mode: 0o600 });
    } finally {
      // On a full disk this is what makes room.
      ftruncateSync(file, 0);
    }
  } finally {
    closeSync(file);
  }
}
