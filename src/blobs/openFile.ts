import { createReadStream, read, type ReadStream } from 'node:fs';

/**
 * Bytes `start` to `end` (inclusive) of a file that somebody else has open and will close. Node's own stream closes the
 * descriptor when it is destroyed, also with `autoClose: false`; the number would then be somebody else's file by the
 * time its owner uses or closes it.
 */
export function readOpenFile(file: number, start: number, end: number): ReadStream {
  return createReadStream('', { fd: file, fs: { read, close: (_file: number, done: (error: null) => void) => done(null) }, autoClose: false, start, end });
}
