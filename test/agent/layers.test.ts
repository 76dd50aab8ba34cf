import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BadLayer, unpackLayer } from '../../src/agent/containers/runtime/unpack.ts';

const isRoot = process.geteuid?.() === 0;
const TYPES = { file: '0', link: '1', symlink: '2', device: '3', directory: '5', pipe: '6' } as const;

interface Entry {
  readonly name: string;
  readonly type?: keyof typeof TYPES;
  readonly text?: string;
  readonly to?: string;
  readonly mode?: number;
  readonly uid?: number;
  /** What its header says, whatever follows. */
  readonly size?: number;
}

/** POSIX, ustar. */
function tarOf(entries: readonly Entry[]): Buffer {
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const blocks = entries.map(({ name, type = 'file', text = '', to = '', mode = 0o644, uid = 0, size = text.length }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    for (const [value, at, width] of [[mode, 100, 8], [uid, 108, 8], [uid, 116, 8], [size, 124, 12], [1_000_000_000, 136, 12]] as const) header.write(octal(value, width), at);
    header.write(`        ${TYPES[type]}${to}`, 148);
    header.write('ustar\u000000', 257);
    header.write(`${octal(header.reduce((sum, byte) => sum + byte, 0), 7)} `, 148);
    return Buffer.concat([header, Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'))]);
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

describe('a layer of an image', () => {
  let outer: string;
  let root: string;
  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'linarite-layers-'));
    root = join(outer, 'root');
    mkdirSync(root);
  });
  afterEach(() => rmSync(outer, { recursive: true }));

  const unpackBytes = async (bytes: Buffer): Promise<void> => {
    const archive = join(outer, 'layer');
    writeFileSync(archive, bytes);
    await unpackLayer({ archive, sizeBytes: bytes.length, root, owners: isRoot ? 'kept' : null });
  };
  const unpack = (...entries: readonly Entry[]): Promise<void> => unpackBytes(gzipSync(tarOf(entries)));
  const text = (path: string): string => readFileSync(join(root, path), 'utf8');

  test('has its files with their rights, owners and times, also where it is not packed, and neither devices nor pipes', async () => {
    await unpackBytes(tarOf([{ name: './bin/', type: 'directory', mode: 0o750 }, { name: 'bin/su', text: 'x'.repeat(2_000), mode: 0o4755, uid: 1234 }, { name: 'bin/same', type: 'link', to: 'bin/su' }, { name: 'sh', type: 'symlink', to: 'bin/su' }]));
    await unpack({ name: 'dev/null', type: 'device' }, { name: 'fifo', type: 'pipe' });
    const { mode, uid, mtimeMs, nlink, size } = statSync(join(root, 'bin/su'));
    expect({ mode: mode & 0o7777, mtimeMs, nlink, size }).toEqual({ mode: 0o4755, mtimeMs: 1e12, nlink: 2, size: 2_000 });
    if (isRoot) expect(uid).toBe(1234);
    expect(statSync(join(root, 'bin')).mode & 0o7777).toBe(0o750);
    expect(lstatSync(join(root, 'sh')).isSymbolicLink()).toBe(true);
    expect([readdirSync(join(root, 'dev')), existsSync(join(root, 'fifo'))]).toEqual([[], false]);
  });

  test('takes away what of the layers below it says is gone, and replaces what it has itself', async () => {
    await unpack({ name: 'a/x', text: 'x' }, { name: 'a/y', text: 'y' }, { name: 'b/old/z', text: 'z' }, { name: 'c', text: 'file' }, { name: 'd/e', text: 'e' });
    await unpack({ name: 'a/.wh.x' }, { name: 'b/new', text: 'new' }, { name: 'b/.wh..wh..opq' }, { name: 'c', type: 'directory' }, { name: 'd', text: 'now a file' });
    expect(readdirSync(join(root, 'a'))).toEqual(['y']);
    expect(readdirSync(join(root, 'b'))).toEqual(['new']);
    expect(statSync(join(root, 'c')).isDirectory()).toBe(true);
    expect(text('d')).toBe('now a file');
  });

  test('writes nothing outside of the image: links lead where they would in a container', async () => {
    mkdirSync(join(outer, 'elsewhere'));
    await unpack({ name: 'far', type: 'symlink', to: `${outer}/elsewhere` }, { name: 'up', type: 'symlink', to: '../../../elsewhere' }, { name: 'far/one', text: '1' }, { name: 'up/two', text: '2' }, { name: 'up/.wh.three' });
    expect(readdirSync(join(outer, 'elsewhere'))).toEqual([]);
    expect(text(`${outer}/elsewhere/one`)).toBe('1');
    expect(text('elsewhere/two')).toBe('2');
    await expect(unpack({ name: '../out', text: 'x' })).rejects.toThrow(BadLayer);
    writeFileSync(join(outer, 'secret'), 'kept');
    await expect(unpack({ name: 'stolen', type: 'link', to: '../secret' })).rejects.toThrow(BadLayer);
    await expect(unpack({ name: 'loop', type: 'symlink', to: 'loop' }, { name: 'loop/x', text: 'x' })).rejects.toThrow('circle');
    // A file replaces a link, and does not write through it.
    symlinkSync(join(outer, 'secret'), join(root, 'linked'));
    await unpack({ name: 'linked', text: 'own' });
    expect([readFileSync(join(outer, 'secret'), 'utf8'), text('linked')]).toEqual(['kept', 'own']);
  });

  test('is refused where it unpacks to far more than it has, is broken, or packed in a way that is not known', async () => {
    await expect(unpack({ name: 'bomb', size: 2 ** 31 })).rejects.toThrow('200 times');
    await expect(unpackBytes(gzipSync(tarOf([{ name: 'a', text: 'x'.repeat(3_000) }])).subarray(0, 40))).rejects.toThrow(BadLayer);
    await expect(unpackBytes(Buffer.from('no archive at all'.repeat(100)))).rejects.toThrow(BadLayer);
    await expect(unpackBytes(Buffer.from('28b52ffd00000000', 'hex'))).rejects.toThrow('zstd');
  });

  test.skipIf(isRoot)('says that a disk cannot be written to in the words of the system (needs another user than root)', async () => {
    chmodSync(root, 0o500);
    await expect(unpack({ name: 'a', text: 'x' })).rejects.toThrow('EACCES');
  });
});
