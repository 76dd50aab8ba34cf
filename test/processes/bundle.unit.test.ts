import { createHash } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { loadBundle } from '../../src/processes/bundle.ts';

describe('a bundle', () => {
  let directory: string;
  let file: string;
  let cache: string;
  let before: readonly unknown[];
  beforeEach(() => {
    before = process.listeners('exit');
    vi.useFakeTimers();
    directory = mkdtempSync(join(tmpdir(), 'linarite-bundle-'));
    file = join(directory, 'bundle.cjs');
    cache = `${file}.${process.version}-${process.arch}.cache`;
    writeFileSync(join(directory, 'other.cjs'), `exports.value = 7;`);
    vi.stubEnv('XDG_CACHE_HOME', join(directory, 'home'));
  });
  afterEach(() => {
    // What a test did not let happen must not happen at the end of this process.
    for (const listener of process.listeners('exit')) if (!before.includes(listener)) process.off('exit', listener);
    vi.useRealTimers();
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Returns its hash. */
  function write(code: string): string {
    const hash = createHash('sha256').update(code).digest('hex');
    writeFileSync(file, `// ${hash}\n(function (exports, require, module, __filename, __dirname) {${code}\n})\n`);
    return hash;
  }

  test('is a CommonJS module', () => {
    write(`module.exports = { here: __dirname, file: __filename, own: require('./other.cjs'), text: '\\u00e4' };`);
    expect(loadBundle(file)).toEqual({ here: directory, file, own: { value: 7 }, text: 'ä' });
  });

  test('without the hash that tells one from another is refused', () => {
    writeFileSync(file, '(function () {})');
    expect(() => loadBundle(file)).toThrow('does not begin with the hash of a bundle');
  });

  test('says in a stack where in the file it is', () => {
    write(`exports.fail = function fail() {\n  throw new Error('here');\n};`);
    const { fail } = loadBundle(file) as { fail(): void };
    let stack: string | undefined;
    try {
      fail();
    } catch (error) {
      stack = (error as Error).stack;
    }
    expect(stack).toMatch(/^Error: here\n    at .*fail.* \(.*bundle\.cjs:3:9\)\n/);
    expect(stack).toContain(file);
  });

  test('has its code cache made by a process that lives on, once', () => {
    write(`exports.value = 1;`);
    loadBundle(file);
    vi.advanceTimersByTime(100);
    loadBundle(file);
    vi.advanceTimersByTime(4_899);
    expect(existsSync(cache)).toBe(false);
    vi.advanceTimersByTime(1);
    const firstOne = openSync(cache, 'r');
    vi.runAllTimers();
    expect(statSync(cache).ino).toBe(fstatSync(firstOne).ino);
    closeSync(firstOne);
    expect(loadBundle(file)).toEqual({ value: 1 });
    expect(vi.getTimerCount()).toBe(0);
    expect(readdirSync(directory).sort()).toEqual(['bundle.cjs', basename(cache), 'other.cjs']);
  });

  test.each([
    [900, false],
    [1_100, true],
  ])('has it made at the end of a process that has lived for %i ms: %s', (ms, made) => {
    write(`exports.value = 1;`);
    loadBundle(file);
    const atEnd = process.listeners('exit').at(-1);
    vi.advanceTimersByTime(ms);
    atEnd?.(0);
    expect(existsSync(cache)).toBe(made);
    vi.runAllTimers();
    expect(process.listeners('exit')).not.toContain(atEnd);
  });

  test('is not run from the code cache of another one of the same length', () => {
    write(`exports.value = 'one';`);
    loadBundle(file);
    vi.runAllTimers();
    write(`exports.value = 'two';`);
    expect(loadBundle(file)).toEqual({ value: 'two' });
    vi.runAllTimers();
    expect(loadBundle(file)).toEqual({ value: 'two' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('has a code cache made anew that V8 refuses', () => {
    const hash = write(`exports.value = 'never compiled here before';`);
    writeFileSync(cache, Buffer.concat([Buffer.from(hash, 'hex'), Buffer.alloc(64, 'x')]));
    expect(loadBundle(file)).toEqual({ value: 'never compiled here before' });
    vi.runAllTimers();
    expect(readFileSync(cache).length).toBeGreaterThan(200);
  });

  test('has its code cache in the cache of the user where another one has installed it', () => {
    write(`exports.value = 1;`);
    loadBundle(file);
    // Stands for a place that may not be written to, which root does not know.
    mkdirSync(cache);
    vi.runAllTimers();
    expect(readdirSync(join(directory, 'home', 'linarite'))).toEqual([basename(cache)]);
    expect(loadBundle(file)).toEqual({ value: 1 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not run from a code cache that others may write', () => {
    write(`exports.value = 1;`);
    loadBundle(file);
    vi.runAllTimers();
    chmodSync(cache, 0o666);
    expect(loadBundle(file)).toEqual({ value: 1 });
    expect(vi.getTimerCount()).toBe(1);
    vi.runAllTimers();
    expect(statSync(cache).mode & 0o777).toBe(0o644);
  });

  test('has no code cache made in a directory that has taken the place of its own', () => {
    write(`exports.value = 1;`);
    loadBundle(file);
    renameSync(directory, `${directory}.hidden`);
    mkdirSync(directory);
    vi.runAllTimers();
    expect(readdirSync(directory)).toEqual([]);
    rmSync(`${directory}.hidden`, { recursive: true });
  });

  test('runs where nothing can be written', () => {
    write(`exports.value = 1;`);
    loadBundle(file);
    mkdirSync(cache);
    vi.stubEnv('XDG_CACHE_HOME', '/dev/null');
    expect(() => vi.runAllTimers()).not.toThrow();
    expect(readdirSync(directory).sort()).toEqual(['bundle.cjs', basename(cache), 'other.cjs']);
  });
});
