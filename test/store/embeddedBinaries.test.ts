import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { locatePackage, provideBinaries } from '../../src/store/embedded/binaries.ts';

const STRANGER = { uid: 64899, gid: 64899 };
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-binaries-'));
  chmodSync(directory, 0o711);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** The package as npm unpacks it: without any symbolic link. */
function unpack(parent: string): { packageRoot: string; version: string } {
  const { packageRoot: source, version } = locatePackage();
  const packageRoot = join(directory, parent, 'package');
  cpSync(source, packageRoot, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
  return { packageRoot, version };
}

function runs(program: string, as?: { uid: number; gid: number }): boolean {
  return spawnSync(program, ['--version'], { ...as, cwd: '/', env: {} }).status === 0;
}

describe('the binaries of PostgreSQL', () => {
  test('run where they are installed, once the links are made that the package lists', () => {
    const installed = unpack('open');
    expect(runs(join(installed.packageRoot, 'native', 'bin', 'postgres'))).toBe(false);
    const binaries = provideBinaries(directory, undefined, installed);
    expect(binaries.postgres).toBe(join(installed.packageRoot, 'native', 'bin', 'postgres'));
    expect(runs(binaries.postgres)).toBe(true);
    expect(runs(binaries.initdb)).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)('are copied to where their account can run them, and only once', () => {
    mkdirSync(join(directory, 'closed'), { mode: 0o700 });
    const installed = unpack('closed');
    // Links that an install script made lead into the closed directory if they are copied carelessly.
    provideBinaries(directory, undefined, installed);
    mkdirSync(join(directory, 'copies', 'postgresql-1.0.0'), { recursive: true });
    const binaries = provideBinaries(join(directory, 'copies'), STRANGER, installed);
    expect(binaries.postgres).toBe(join(directory, 'copies', `postgresql-${installed.version}`, 'native', 'bin', 'postgres'));
    expect(runs(binaries.postgres, STRANGER)).toBe(true);
    expect(readdirSync(join(directory, 'copies'))).toEqual([`postgresql-${installed.version}`]);
    const before = lstatSync(binaries.postgres).ino;
    expect(provideBinaries(join(directory, 'copies'), STRANGER, installed)).toEqual(binaries);
    expect(lstatSync(binaries.postgres).ino).toBe(before);
  });

  test('are of the major version that package.json names', () => {
    const { packageRoot, version } = locatePackage();
    const { postgres, majorVersion } = provideBinaries(directory, undefined);
    expect(spawnSync(postgres, ['--version'], { encoding: 'utf8' }).stdout).toContain(`(PostgreSQL) ${majorVersion}.`);
    expect(version).toBe((JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version);
  });
});
