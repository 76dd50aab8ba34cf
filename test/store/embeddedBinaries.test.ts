import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { locatePackage, provideBinaries } from '../../src/store/embedded/binaries.ts';
import { run } from '../support/linarite.ts';

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

/** What is like the package, and holds so many files, in a directory that others cannot enter. */
function installation(parent: string, files: number): { packageRoot: string; version: string } {
  const packageRoot = join(directory, parent, 'package');
  for (const part of ['bin', 'share']) mkdirSync(join(packageRoot, 'native', part), { recursive: true });
  for (let index = 0; index < files; index++) writeFileSync(join(packageRoot, 'native/share', String(index)), '');
  writeFileSync(join(packageRoot, 'native/pg-symlinks.json'), '[]');
  chmodSync(join(directory, parent), 0o700);
  return { packageRoot, version: '9.9.9' };
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
    // As careful administrators have it.
    const former = process.umask(0o077);
    const binaries = provideBinaries(join(directory, 'copies'), STRANGER, installed);
    process.umask(former);
    expect(binaries.postgres).toBe(join(directory, 'copies', `postgresql-${installed.version}`, 'native', 'bin', 'postgres'));
    expect(runs(binaries.postgres, STRANGER)).toBe(true);
    expect(readdirSync(join(directory, 'copies'))).toEqual([`postgresql-${installed.version}`]);
    const before = lstatSync(binaries.postgres).ino;
    expect(provideBinaries(join(directory, 'copies'), STRANGER, installed)).toEqual(binaries);
    expect(lstatSync(binaries.postgres).ino).toBe(before);
  });

  test.runIf(process.getuid?.() === 0)('are copied by each of several processes that begin at once, and one copy stays, with nothing half beside it', async () => {
    const installed = installation('closed', 2_000);
    const copies = join(directory, 'copies');
    // Of processes that ended in the middle, and of one that is at it.
    mkdirSync(join(copies, 'postgresql-9.9.9.new-4194305'), { recursive: true });
    mkdirSync(join(copies, `postgresql-9.9.9.new-${process.ppid}`));
    const program = `import(process.argv[1]).then(({ provideBinaries }) => provideBinaries(...JSON.parse(process.argv[2])))`;
    const args = ['--import', import.meta.resolve('tsx'), '--eval', program, import.meta.resolve('../../src/store/embedded/binaries.ts'), JSON.stringify([copies, STRANGER, installed])];
    const ends = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, args)));
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(Array.from({ length: 4 }, () => [0, '']));
    expect(readdirSync(copies).toSorted()).toEqual(['postgresql-9.9.9', `postgresql-9.9.9.new-${process.ppid}`]);
    expect(readdirSync(join(copies, 'postgresql-9.9.9/native/share'))).toHaveLength(2_000);
  });

  test('are of the major version that package.json names', () => {
    const { packageRoot, version } = locatePackage();
    const { postgres, majorVersion } = provideBinaries(directory, undefined);
    expect(spawnSync(postgres, ['--version'], { encoding: 'utf8' }).stdout).toContain(`(PostgreSQL) ${majorVersion}.`);
    expect(version).toBe((JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version);
  });
});
