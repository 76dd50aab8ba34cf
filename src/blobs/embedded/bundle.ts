// A program as one file that is a CommonJS module, with V8's code cache beside it: without the cache most of the loading is compiling.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** What the module exports. A code cache that is missing, or of another V8 or other flags of V8, only makes it slower. */
export function loadBundle(file: string): unknown {
  return run(compile(file, readCodeCache(file)), file);
}

/** Loads a bundle and keeps what V8 compiled of it. V8 knows a bundle by its length alone, so whoever changes the bundle has to write the cache anew. */
export function writeCodeCache(file: string): void {
  const script = compile(file);
  run(script, file);
  writeFileSync(codeCacheFile(file), script.createCachedData());
}

function compile(file: string, codeCache?: Buffer): Script {
  const source = readFileSync(file, 'utf8');
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, { filename: file, ...(codeCache === undefined ? {} : { cachedData: codeCache }) });
}

function run(script: Script, file: string): unknown {
  const module: { exports: unknown } = { exports: {} };
  script.runInThisContext().call(module.exports, module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
}

function readCodeCache(file: string): Buffer | undefined {
  try {
    return readFileSync(codeCacheFile(file));
  } catch {
    return undefined;
  }
}

function codeCacheFile(file: string): string {
  return `${file}.cache`;
}
