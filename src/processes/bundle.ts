// A program as one file, with V8's code cache beside it: without the cache most of the loading is compiling.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** A process that has lived this long has compiled what its start needs, and has time to keep it. */
const KEPT_AFTER_MS = 5_000;
/** So does one that ends after this long. */
const KEPT_AT_END_AFTER_MS = 1_000;
/** Begins a bundle: a hash of the code. V8 itself knows a source by its length alone. */
const IDENTITY = /^\/\/ ([0-9a-f]{64})\n/;
const IDENTITY_BYTES = 32;

/**
 * Runs a bundle and returns what it exports. A bundle is ASCII: its hash in a comment, then a CommonJS module as the expression of a function that runs it.
 * Where there is no code cache of this bundle and this Node.js, a process that is not over at once keeps what V8 has compiled for it, for the next one. A
 * place that may not be written to has no code cache: that only costs time. Throws for a file that is no bundle, and what the bundle throws.
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
  if (!isCompiled) keepLater(() => keepCodeCache(file, identity, script, codeCache));
  return module.exports;
}

function identityOf(source: string, file: string): Buffer {
  const hash = IDENTITY.exec(source)?.[1];
  if (hash === undefined) throw new Error(`${file} does not begin with the hash of a bundle`);
  return Buffer.from(hash, 'hex');
}

function readCodeCache(file: string, identity: Buffer): Buffer | undefined {
  let kept: Buffer;
  try {
    kept = readFileSync(codeCacheFile(file));
  } catch {
    return undefined;
  }
  return kept.subarray(0, IDENTITY_BYTES).equals(identity) ? kept.subarray(IDENTITY_BYTES) : undefined;
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

/** Whole or not at all, also after a loss of power: V8 looks only at the head of what it is given. `refused`: what it did not take. */
function keepCodeCache(file: string, identity: Buffer, script: Script, refused: Buffer | undefined): void {
  // Of several processes that started at once the first one has kept it.
  if (refused === undefined && readCodeCache(file, identity) !== undefined) return;
  const unfinished = `${codeCacheFile(file)}.${process.pid}.new`;
  try {
    const descriptor = openSync(unfinished, 'w', 0o644);
    try {
      writeFileSync(descriptor, identity);
      writeFileSync(descriptor, script.createCachedData());
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, codeCacheFile(file));
  } catch {
    // A full disk, or not our directory.
    rmSync(unfinished, { force: true });
  }
}

function codeCacheFile(file: string): string {
  return `${file}.${process.version}-${process.arch}.cache`;
}
