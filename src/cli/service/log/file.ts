import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** A tail in which the last line's beginning is looked for: longer lines than this are not written. */
const TAIL_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** The file at whose end a log's lines stand. */
export interface LogFile {
  /**
   * Writes one line whole or not at all. Never throws: a log that cannot be written must not change what is logged
   * about.
   */
  write(line: string): void;
  /** Goes on in a new file of the same path, after the old one was moved away. */
  reopen(): void;
  close(): void;
}

/**
 * Opens a log, mode 0600, and writes at once. A line that finds no room is taken back, so that only whole lines stand
 * in the file; the first line that finds room again follows one that `lost` makes of how many were left out. What an
 * earlier life left unfinished at the end goes. Throws when the file cannot be opened.
 */
export function openLogFile(path: string, lost: (lines: number) => string): LogFile {
  let file = openAtLastLine(path);
  let lostLines = 0;
  let isClosed = false;
  return {
    write(line) {
      // Its descriptor may be another file's by now.
      if (isClosed) return;
      const text = lostLines === 0 ? line : `${lost(lostLines)}${line}`;
      if (appendWhole(file, text)) lostLines = 0;
      else lostLines += 1;
    },
    reopen() {
      try {
        const next = openAtLastLine(path);
        closeSync(file);
        file = next;
      } catch {
        // Without a new file the lines go on to stand in the old one.
      }
    },
    close() {
      isClosed = true;
      closeSync(file);
    },
  };
}

function openAtLastLine(path: string): number {
  // Not only to append: the unfinished end is read.
  const file = openSync(path, 'a+', 0o600);
  const { size } = fstatSync(file);
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  const read = readSync(file, tail, 0, tail.length, size - tail.length);
  const end = tail.subarray(0, read).lastIndexOf(NEWLINE) + 1;
  if (end < read) ftruncateSync(file, size - read + end);
  return file;
}

/** False when there was no room for all of it; then the file ends where it ended before. */
function appendWhole(file: number, text: string): boolean {
  let before: number | undefined;
  try {
    before = fstatSync(file).size;
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    return true;
  } catch {
    if (before !== undefined) cutBack(file, before);
    return false;
  }
}

function cutBack(file: number, bytes: number): void {
  try {
    ftruncateSync(file, bytes);
  } catch {
    // A file that cannot be shortened either is one that nobody can write.
  }
}
