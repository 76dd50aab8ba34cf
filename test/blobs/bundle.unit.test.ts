import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBundle, writeCodeCache } from '../../src/blobs/embedded/bundle.ts';

describe('a bundle', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-bundle-'));
    file = join(directory, 'bundle.cjs');
    writeFileSync(file, `module.exports = { here: __dirname, own: require('./other.cjs'), text: 'ä' };\n// the end`);
    writeFileSync(join(directory, 'other.cjs'), `exports.value = 7;`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const exported = () => ({ here: directory, own: { value: 7 }, text: 'ä' });

  test('is a CommonJS module', () => {
    expect(loadBundle(file)).toEqual(exported());
  });

  test('is loaded with its code cache', () => {
    writeCodeCache(file);
    expect(loadBundle(file)).toEqual(exported());
  });

  test('is loaded without the code cache when V8 refuses that', () => {
    writeCodeCache(file);
    truncateSync(`${file}.cache`, 100);
    expect(loadBundle(file)).toEqual(exported());
  });
});
