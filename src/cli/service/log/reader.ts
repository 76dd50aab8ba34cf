import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { codeOf } from '../../../base/errors.ts';

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

/** Up to where a file has been read. */
export interface LogPlace {
  readonly file: number;
  /** The beginning of the first line that has not been read. */
  readonly at: number;
}

/** The end of a log. */
export interface LogEnd {
  /** The oldest first. */
  readonly lines: readonly string[];
  /** What stands behind the last whole line; empty: nothing. */
  readonly unfinished: string;
  /** Where to read on; undefined: there is no such file yet. To be closed by `followLog` or by the caller. */
  readonly place: LogPlace | undefined;
}

/**
 * The last `count` lines that are wanted, of the newest file and of those before it. `paths`: the newest first; what is
 * not there has no lines.
 */
export function readLogEnd(paths: readonly [string, ...string[]], count: number, isWanted: (line: string) => boolean): LogEnd {
  const lines: string[] = [];
  let unfinished = '';
  let place: LogPlace | undefined;
  for (const [index, path] of paths.entries()) {
    const file = openIfThere(path);
    if (file === undefined) continue;
    let end = fstatSync(file).size;
    let isLast = true;
    for (const { text, at } of linesBackwards(file, end)) {
      // Behind the last newline stands an unfinished line, or nothing.
      if (isLast) {
        isLast = false;
        end = at;
        if (index === 0) unfinished = text;
        else if (text !== '' && lines.length < count && isWanted(text)) lines.push(text);
        if (count === 0) break;
        continue;
      }
      if (isWanted(text)) lines.push(text);
      if (lines.length >= count) break;
    }
    if (index === 0) place = { file, at: end };
    else closeSync(file);
    if (lines.length >= count) break;
  }
  return { lines: lines.reverse(), unfinished, place };
}

/** From the end to the beginning, cut at newlines; the first is what stands behind the last newline. */
function* linesBackwards(file: number, size: number): Generator<{ readonly text: string; readonly at: number }> {
  let tail: Buffer = Buffer.alloc(0);
  let begin = size;
  while (begin > 0) {
    const block = Buffer.alloc(Math.min(begin, BLOCK_BYTES));
    begin -= block.length;
    const read = readSync(file, block, 0, block.length, begin);
    // It was shortened meanwhile.
    if (read < block.length) return;
    tail = Buffer.concat([block, tail]);
    for (let newline = tail.lastIndexOf(NEWLINE); newline !== -1; newline = tail.lastIndexOf(NEWLINE)) {
      yield { text: tail.subarray(newline + 1).toString('utf8'), at: begin + newline + 1 };
      tail = tail.subarray(0, newline);
    }
  }
  yield { text: tail.toString('utf8'), at: 0 };
}

/**
 * New lines as they come, some at a time; of a new file too, once the log was moved away and begun anew. Reads on after
 * each `pause`, and ends when that says false. `place`: from where; undefined: from the beginning of a file that is not
 * there yet.
 */
export async function* followLog(path: string, place: LogPlace | undefined, pause: () => Promise<boolean>): AsyncGenerator<readonly string[]> {
  let reader = place === undefined ? undefined : new LineReader(place);
  try {
    do {
      if (reader !== undefined) yield* reader.lines();
      const next = openIfOther(path, reader?.file);
      if (next === undefined) continue;
      if (reader !== undefined) {
        // Whoever writes has gone over to the new file: what was written to the old one is there now.
        yield* reader.lines();
        if (reader.unfinished !== '') yield [reader.unfinished];
        closeSync(reader.file);
      }
      reader = new LineReader({ file: next, at: 0 });
      yield* reader.lines();
    } while (await pause());
  } finally {
    if (reader !== undefined) closeSync(reader.file);
  }
}

/** Reads whole lines from a place in a file on. */
class LineReader {
  readonly file: number;
  #at: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor({ file, at }: LogPlace) {
    this.file = file;
    this.#at = at;
  }

  get unfinished(): string {
    return this.#rest.toString('utf8');
  }

  *lines(): Generator<readonly string[]> {
    const { size } = fstatSync(this.file);
    // A line that found no room was taken back; a file that holds less than what was read was emptied.
    const read = this.#at + this.#rest.length;
    if (size < read) {
      this.#rest = Buffer.alloc(0);
      if (size < this.#at) this.#at = 0;
    }
    const block = Buffer.alloc(BLOCK_BYTES);
    for (;;) {
      const got = readSync(this.file, block, 0, block.length, this.#at + this.#rest.length);
      if (got === 0) return;
      const bytes = Buffer.concat([this.#rest, block.subarray(0, got)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      this.#rest = bytes.subarray(end);
      this.#at += end;
      if (end > 0) yield bytes.toString('utf8', 0, end - 1).split('\n');
    }
  }
}

/** The file of this path if it is another one than `file`. */
function openIfOther(path: string, file: number | undefined): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (file !== undefined) {
    const { ino, dev } = fstatSync(file);
    if (found.ino === ino && found.dev === dev) return undefined;
  }
  return openIfThere(path);
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
