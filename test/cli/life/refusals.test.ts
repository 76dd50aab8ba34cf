import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories } from './services.ts';

const directories = dataDirectories();

describe('what cannot be done is refused by name', () => {
  test('a port taken by a stranger', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const refused = await run(LAUNCHER, ['up', '--data-dir', directories.ofTest('strange'), '--port', String(port)]);
      expect(refused.code).toBe(4);
      expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
    } finally {
      stranger.close();
    }
  });

  test('a file of sizes with a fault in it', async () => {
    const file = join(directories.parent, 'sizes.csv');
    writeFileSync(file, 'size,dedicated\nstandard_d2s_v3,dear\n');
    const refused = await run(LAUNCHER, ['up', '--data-dir', directories.ofTest('sizes'), '--sizes', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`the sizes in ${file} cannot be used: line 2: dedicated must be a number from 0 to 100000, not "dear".`);
  });

  test('a file of images with a fault in it, also where it lies in the data directory', async () => {
    const file = join(directories.parent, 'images.yaml');
    const dataDir = directories.ofTest('images');
    writeFileSync(file, 'images:\n- image: debian:debian-12:12\n  root: /no/such/root\n');
    const refused = await run(LAUNCHER, ['up', '--data-dir', dataDir, '--images', file]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`the images in ${file} cannot be used: line 3, root: /no/such/root is no directory.`);
    mkdirSync(join(directories.parent, 'empty'));
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'images.yaml'), `images:\n- image: debian:debian-12:12\n  root: ${join(directories.parent, 'empty')}\n`);
    const other = await run(LAUNCHER, ['up', '--data-dir', dataDir, '--port', '0']);
    expect(other.stderr).toMatch(/the images in .*\/images\.yaml cannot be used: line 3, root: .*\/empty has no \/bin\/sh: it is no unpacked image\./);
    expect(other.code).not.toBe(0);
  });

  test('a data directory of a newer linarite', async () => {
    const dataDir = join(directories.parent, 'newer');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'version'), '99 7.5.0\n');
    for (const command of [['up'], ['up', '--detach'], ['status'], ['down', '--purge']]) {
      const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain('belongs to linarite 7.5.0 (data format 99)');
    }
    expect(readdirSync(dataDir)).toEqual(['version']);
  });

  test('a directory full of something else', async () => {
    const dataDir = join(directories.parent, 'foreign');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'thesis.txt'), 'three years of work');
    for (const command of [['up'], ['down', '--purge']]) {
      const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('holds something, but no data of linarite');
    }
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
  });

  test('a file where the data directory should be', async () => {
    const file = join(directories.parent, 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'below')]) {
      for (const command of [['up'], ['up', '--detach'], ['status'], ['env'], ['down']]) {
        const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
        expect(refused).toMatchObject({ code: 1, stdout: '' });
        expect(refused.stderr).toMatch(new RegExp(`^linarite: ${dataDir} cannot be used as data directory: E(NOTDIR|EXIST)`));
      }
    }
  });

  test('a data directory where the system takes none: at once, not by trying for ever', async () => {
    for (const dataDir of ['/proc/x', '/proc/x/y']) {
      const refused = await run(LAUNCHER, ['up', '--data-dir', dataDir], { timeoutMs: 30_000 });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toContain(`${dataDir} cannot be used as data directory`);
    }
  });

  test('a port of blobs taken by a stranger', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const refused = await run(LAUNCHER, ['up', '--data-dir', directories.ofTest('strange-blobs'), '--port', '0', '--blob-port', String(port)]);
      expect(refused.code).toBe(4);
      expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
      expect(refused.stderr).toContain('give another one by --blob-port');
    } finally {
      stranger.close();
    }
  });

  test('a service that does not run', async () => {
    const dataDir = join(directories.parent, 'nothing');
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).code).toBe(3);
    const noEnv = await run(LAUNCHER, ['env', '--data-dir', dataDir]);
    expect(noEnv).toMatchObject({ code: 3, stdout: '' });
    expect(noEnv.stderr).toMatch(/start one with \S*linarite up --detach --data-dir /);
    expect(noEnv.stderr).toContain(dataDir);
    expect((await run(LAUNCHER, ['restart', '--data-dir', dataDir])).code).toBe(3);
    expect((await run(LAUNCHER, ['down', '--data-dir', dataDir])).code).toBe(0);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('a wrong option', async () => {
    expect((await run(LAUNCHER, ['up', '--port', 'http'])).code).toBe(2);
    // Variables that were not set; an empty address would be all addresses.
    for (const option of ['--port', '--host', '--data-dir']) expect((await run(LAUNCHER, ['up', option, ''])).code).toBe(2);
    expect((await run(LAUNCHER, ['env', '--format', 'xml'])).code).toBe(2);
  });
});
