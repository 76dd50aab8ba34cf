import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { MountCommand } from './mountWords.ts';
import { MOUNT_PATH } from './programs.ts';

/** A server that is away lets a mount wait for minutes. */
const MOUNT_MS = 60_000;
const LAST_WORDS_MS = 1_000;
const MOST_OUTPUT = 16 << 10;

/** What a mount was, for the node's files. */
export interface MountLog {
  readonly lines: string[];
}

export interface RunMount {
  readonly command: MountCommand;
  /** Of the node; processes that stay carry it. */
  readonly mark: Readonly<Record<string, string>>;
  readonly log: MountLog;
}

/**
 * Runs a program that mounts. Rejects with what it said, where it fails, is not done in a minute, or cannot be started.
 */
export async function runMount({ command, mark, log }: RunMount): Promise<void> {
  const { program, args, environment, input } = command;
  log.lines.push(`$ ${[program, ...args].join(' ')}`);
  const child = spawn(program, args, { cwd: '/', env: { PATH: MOUNT_PATH, LC_ALL: 'C', ...mark, ...environment }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(0, MOST_OUTPUT);
    });
  }
  // It need not read what it is told.
  child.stdin.on('error', () => undefined).end(input ?? '');
  const end = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      resolve(`it was not done within ${MOUNT_MS / 1_000} seconds`);
    }, MOUNT_MS);
    const settle = (why: string | null): void => {
      clearTimeout(timer);
      resolve(why);
    };
    child.once('error', (error) => settle(messageOf(error)));
    // Not `close`: a server that stays may keep the pipes.
    child.once('exit', (code, signal) => settle(code === 0 ? null : `it ended with ${signal ?? `code ${code}`}`));
  });
  // A process that stays may keep the pipes: what was said is waited for only where it has to be told.
  if (end !== null) await Promise.race([new Promise((resolve) => child.once('close', resolve)), delay(LAST_WORDS_MS)]);
  for (const stream of [child.stdout, child.stderr]) stream.destroy();
  if (said.trim() !== '') log.lines.push(said.trim());
  if (end === null) return;
  log.lines.push(end);
  throw new Error(said.trim() === '' ? `${program}: ${end}` : said.trim());
}

/**
 * `<kind>-<path>.log` beside the mounts, as on the real service. A log that cannot be written is lost. A link in
 * its place is not followed.
 */
export function writeMountLog(directory: string, name: string, { lines }: MountLog): void {
  try {
    const file = openSync(join(directory, name), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
    try {
      writeFileSync(file, `${lines.join('\n')}\n`);
    } finally {
      closeSync(file);
    }
  } catch {
    // See above.
  }
}
