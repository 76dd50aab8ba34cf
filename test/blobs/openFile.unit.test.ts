import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readOpenFile } from '../../src/blobs/openFile.ts';

describe('reading a part of a file that somebody else has open', () => {
  let directory: string;
  let file: number;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-open-file-'));
    writeFileSync(join(directory, 'file'), '0123456789');
    file = openSync(join(directory, 'file'), 'r');
  });
  afterEach(() => {
    closeSync(file); // throws EBADF if the stream closed it
    rmSync(directory, { recursive: true });
  });

  test('gives those bytes', async () => {
    const chunks = await readOpenFile(file, 2, 5).toArray();
    expect(Buffer.concat(chunks as Buffer[]).toString()).toBe('2345');
  });

  test('leaves it open when the reader gives up', async () => {
    const stream = readOpenFile(file, 0, 9);
    stream.destroy();
    await once(stream, 'close');
    // Whoever opens a file next must not get this number.
    const other = openSync(join(directory, 'file'), 'r');
    expect(other).not.toBe(file);
    closeSync(other);
    expect(readSync(file, Buffer.alloc(10))).toBe(10);
  });
});
