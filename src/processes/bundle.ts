// A program as one file, with V8's code cache beside it: without the cache most of the loading is compiling.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Script } from 'node:vm';

/** A process that has lived this long has compiled what its start needs, and has time to keep it. */
const KEPT_AFTER_MS = 5_000;
/** So does one that ends after this long. */
const KEPT_AT_END_AFTER_MS = 1_000;
/** Begins a bundle: a hash of the code. V8 itself knows a source by its length alone. */
const IDENTITY = /^\/\/ ([0-9a-f]{64})\n/;
const IDENTITY_BYTES = 32;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Runs a bundle and returns what it exports. A bundle is ASCII: its hash in a comment, then a CommonJS module as the
 * expression of a function that runs it. Where there is no code cache of this bundle and this Node.js, a process that
 * is not over at once keeps what V8 has compiled for it, for the next one. Without one a start only takes longer.
 * Throws for a file that is no bundle, and what the bundle throws.
 */
export function loadBundle(file: string): unknown {
  const source = readFileSync(file, 'latin1');
  const identity = identityOf(source, file);
  const codeCache = readCodeCache(file, identity);
  const script = new Script(source, { filename: file, ...(codeCache === undefined ? {} : { cachedData: codeCache }) });
  const module: { exports: unknown } = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  // V8 refuses what was compiled under other flags.
  const isCompiled = codeCache !== undefined && script.cachedDataRejected !== true;
  if (!isCompiled) {
    const directory = directoryOf(file);
    // An agent may have mounted another one over it meanwhile: of what it writes there nobody would ever load anything.
    keepLater(() => {
      if (directoryOf(file) === directory) keepCodeCache(file, identity, script, codeCache);
    });
  }
  return module.exports;
}

function identityOf(source: string, file: string): Buffer {
  const hash = IDENTITY.exec(source)?.[1];
  if (hash === undefined) throw new Error(`${file} does not begin with the hash of a bundle`);
  return Buffer.from(hash, 'hex');
}

function readCodeCache(file: string, identity: Buffer): Buffer | undefined {
  for (const path of codeCacheFiles(file)) {
    const kept = readTrusted(path);
    if (kept?.subarray(0, IDENTITY_BYTES).equals(identity) === true) return kept.subarray(IDENTITY_BYTES);
  }
  return undefined;
}

/** The cache runs as our own code: only we may have written it, or root, who may do everything anyway. */
function readTrusted(path: string): Buffer | undefined {
  try {
    const { uid, mode } = statSync(path);
    const isTrusted = uid === 0 || uid === process.geteuid?.();
    return isTrusted && (mode & WRITABLE_BY_OTHERS) === 0 ? readFileSync(path) : undefined;
  } catch {
    return undefined;
  }
}

/** The directory of the file; undefined: it is in none any more. */
function directoryOf(file: string): string | undefined {
  const found = statSync(dirname(file), { throwIfNoEntry: false });
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}

/** Once: after five seconds, or when the process ends before. */
function keepLater(keep: () => void): void {
  const loadedAt = performance.now();
  const atEnd = (): void => {
    if (performance.now() - loadedAt >= KEPT_AT_END_AFTER_MS) keep();
  };
  process.once('exit', atEnd);
  setTimeout(() => {
    process.off('exit', atEnd);
    keep();
  }, KEPT_AFTER_MS).unref();
}

/** `refused`: what V8 did not take. */
function keepCodeCache(file: string, identity: Buffer, script: Script, refused: Buffer | undefined): void {
  // Of several processes that started at once the first one has kept it.
  if (refused === undefined && readCodeCache(file, identity) !== undefined) return;
  const parts = [identity, script.createCachedData()];
  const [beside, own] = codeCacheFiles(file);
  if (!isWritten(beside, parts) && own !== undefined && isThere(dirname(own))) isWritten(own, parts);
}

/** Makes the directory if it can. */
function isThere(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

/**
 * Whole or not at all, also after a loss of power: V8 looks only at the head of what it is given. False on a full disk,
 * and in what is not our directory.
 */
function isWritten(path: string, parts: readonly Buffer[]): boolean {
  const unfinished = `${path}.${process.pid}.new`;
  try {
    const descriptor = openSync(unfinished, 'w', 0o644);
    try {
      for (const part of parts) writeFileSync(descriptor, part);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, path);
    return true;
  } catch {
    rmSync(unfinished, { force: true });
    return false;
  }
}

/**
 * Beside the bundle, or in the user's own cache when somebody else has installed it; a user without a home has none.
 */
function codeCacheFiles(file: string): readonly [beside: string, ...own: string[]] {
  const suffix = `.${process.version}-${process.arch}.cache`;
  const beside = `${file}${suffix}`;
  try {
    return [beside, join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'linarite', basename(beside))];
  } catch {
    return [beside];
  }
}
