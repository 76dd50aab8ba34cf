import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import type { LogLevel } from '../service/log/level.ts';
import { isWanted, readable } from '../service/log/line.ts';
import { followLog, readLogEnd } from '../service/log/reader.ts';
import { hint } from '../hint.ts';

export interface LogsOptions {
  readonly dataDir?: string;
  readonly follow?: boolean;
  readonly lines: number;
  readonly level?: LogLevel;
  readonly json?: boolean;
}

/** How often a log that is followed is looked at. */
const LOOK_MS = 200;
/** Ended by Ctrl-C, as shells say it. */
const INTERRUPTED = 130;

/**
 * `linarite logs`: the service's log for people, whether it runs or not. Returns the exit code. @throws CommandError
 * when there is no data directory.
 */
export async function logs(options: LogsOptions): Promise<number> {
  const { follow = false, level, json = false } = options;
  const path = dataDirectoryPath(options.dataDir);
  const directory = findDataDirectory(path);
  if (directory === undefined) throw new CommandError(EXIT.notRunning, `no service has ever run on ${path}: start one with ${hint('up --detach', options.dataDir)}`);
  const wanted = (line: string): boolean => level === undefined || isWanted(line, level);
  const ending = endings();
  const print = async (lines: readonly string[]): Promise<void> => {
    const shown = lines.filter(wanted).map((line) => (json ? line : readable(line)));
    if (shown.length > 0 && !ending.signal.aborted && !(await written(`${shown.join('\n')}\n`))) ending.end(EXIT.ok);
  };
  const file = join(directory.logs, 'service.log');
  const { lines, unfinished, place } = readLogEnd([file, `${file}.1`], options.lines, wanted);
  await print(lines);
  if (!follow) {
    if (unfinished !== '') await print([unfinished]);
    return ending.exitCode();
  }
  const pause = async (): Promise<boolean> => {
    await delay(LOOK_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    return !ending.signal.aborted;
  };
  for await (const news of followLog(file, place, pause)) await print(news);
  return ending.exitCode();
}

/** Whoever reads has enough, or presses Ctrl-C. */
function endings(): { readonly signal: AbortSignal; exitCode(): number; end(exitCode: number): void } {
  const controller = new AbortController();
  let exitCode: number = EXIT.ok;
  const end = (code: number): void => {
    exitCode = code;
    controller.abort();
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => end(INTERRUPTED));
  return { signal: controller.signal, exitCode: () => exitCode, end };
}

/** False when nobody reads any more. */
function written(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null));
  });
}
