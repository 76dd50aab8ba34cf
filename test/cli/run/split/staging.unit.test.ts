import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Storage } from '../../../../src/cli/run/account/storage.ts';
import type { Side } from '../../../../src/cli/run/split/side.ts';
import { createStaging, type Staging } from '../../../../src/cli/run/split/staging.ts';
import { SimulatedAccount, sideOf, VirtualTime } from './simulated.ts';

let to: string;
let staging: Staging;
beforeEach(async () => {
  to = await mkdtemp(join(tmpdir(), 'linarite-staging-'));
  staging = createStaging(to, 'j');
});
afterEach(() => rm(to, { recursive: true, force: true }));

const { signal } = new AbortController();
function outcome(id: string, succeeded = true) {
  return { id, succeeded, retries: 0, started: true, runMs: 1 };
}

/** An account whose storage has these blobs. */
function side(name: string, blobs: readonly string[] = []): Side {
  const storage = {
    list: (_container: string, prefix = '') => Promise.resolve(blobs.filter((blob) => blob.startsWith(prefix)).map((blob) => ({ name: blob, bytes: blob.length }))),
    download: (_container: string, blob: string, path: string) => writeFile(path, `${blob} of ${name}`),
  };
  return { ...sideOf(new SimulatedAccount(name, new VirtualTime())), storage: storage as unknown as Storage };
}
function task(id: string, outputs: readonly string[] = []) {
  return { id, item: { label: id }, outputs, digest: `of ${id}` };
}

test('a result is here once: of two that are fetched at a time the first stays', async () => {
  expect(await staging.take(side('east'), task('1'), outcome('1'), signal)).toBe(true);
  expect(await staging.take(side('west'), task('1'), outcome('1'), signal)).toBe(false);
  const both = await Promise.all([staging.take(side('east'), task('2'), outcome('2'), signal), staging.take(side('west'), task('2'), outcome('2'), signal)]);
  expect(both.toSorted()).toEqual([false, true]);
  expect([...(await staging.left()).keys()]).toEqual(['1', '2']);
  const stdout = await staging.stream('1', 'stdout.txt');
  expect(stdout === undefined ? '' : await text(stdout)).toBe('1 of east\n');
  expect(await readdir(join(to, '.linarite-j'))).toEqual(['1', '2']);
});

test('what was broken off is no result, and another run finds what is whole', async () => {
  const broken = side('east', ['1/0/d/a.txt']);
  const cut = { ...broken, storage: { ...broken.storage, download: () => Promise.reject(new Error('broken off')) } as unknown as Storage };
  await expect(staging.take(cut, task('1', ['a.txt']), outcome('1'), signal)).rejects.toThrow('broken off');
  expect((await staging.left()).size).toBe(0);
  expect(await staging.take(broken, task('1', ['a.txt']), outcome('1'), signal)).toBe(true);
  expect((await createStaging(to, 'j').left()).get('1')).toMatchObject({ side: 'east', digest: 'of 1', outcome: { succeeded: true } });
  expect((await createStaging(to, 'other').left()).size).toBe(0);
});

test('outputs go where those of a run over one account would, and names of blobs reach nothing else', async () => {
  await staging.take(side('east', ['1/0/d/out.txt', '1/0/d/../../../../evil']), task('1', ['*.txt']), outcome('1'), signal);
  await staging.take(side('west', ['2/0/d/out.txt', '2/0/dsub/only.txt']), task('2', ['*.txt']), outcome('2'), signal);
  const downloads = await staging.deliver();
  expect(downloads.map(({ target }) => target).toSorted()).toEqual(['1/out.txt', '2/out.txt', 'sub/only.txt']);
  await staging.remove();
  expect((await readdir(to, { recursive: true })).toSorted()).toEqual(['1', '1/out.txt', '2', '2/out.txt', 'sub', 'sub/only.txt']);
  expect(await readFile(join(to, '2', 'out.txt'), 'utf8')).toBe('2/0/d/out.txt of west');
});

test('of a failed task both streams are kept, and may be forgotten for another try', async () => {
  await staging.take(side('east'), task('1'), outcome('1', false), signal);
  expect((await staging.stream('1', 'stderr.txt')) === undefined).toBe(false);
  await staging.forget('1');
  expect(await staging.stream('1', 'stderr.txt')).toBe(undefined);
});
