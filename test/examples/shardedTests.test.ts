import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeForOutput, runExample } from '../support/examples.ts';

/** Five subjects, the years from 1600 to 2399. */
const TESTS = 4_000;
const NO_LEAP_YEARS = [1700, 1800, 1900, 2100, 2200, 2300];

test('a suite runs in shards of about the same length, each test once, and gives one JUnit file', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const { stdout } = await runExample('sharded-tests', ['--shards', '5', '--to', place.path]);
  const shards = [...stdout.matchAll(/^shard (\d) +(\d+) +(\d+) +[\d.]+$/gm)].map((row) => row.slice(1).map(Number));
  expect(shards).toEqual([1, 2, 3, 4, 5].map((shard) => [shard, TESTS / 5, 0]));
  const merged = readFileSync(join(place.path, 'junit.xml'), 'utf8');
  expect(merged).toContain(`<testsuites tests="${TESTS}" failures="0" errors="0"`);
  const names = [...merged.matchAll(/<testcase classname="(\w+)" name="(\w+)"/g)].map(([, subject, name]) => `${subject}.${name}`);
  expect([names.length, new Set(names).size]).toEqual([TESTS, TESTS]);
});

test('a fault that breaks tests is named, and the run fails as a CI wants it', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const { stdout } = await runExample('sharded-tests', ['--break', '--shards', '3', '--to', place.path], { code: 1 });
  const merged = readFileSync(join(place.path, 'junit.xml'), 'utf8');
  const failed = [...merged.matchAll(/classname="(\w+)" name="test_(\d+)" time="[\d.]+"><failure message="([^"]+)"/g)].map(([, subject = '', year, why = '']) => ({ subject, year: Number(year), why }));
  // From the first of these until March 2000 days are counted too high, and again from the next one.
  expect(failed.filter(({ subject }) => subject === 'ToDays').map(({ year }) => year)).toContain(NO_LEAP_YEARS[0]);
  expect(failed.filter(({ subject }) => subject === 'Easter' || subject === 'FromDays')).toEqual([]);
  expect(failed[0]?.why).toMatch(/^AssertionError: /);
  expect(stdout).toMatch(new RegExp(`^failed: \\w+\\.test_\\d+: AssertionError`, 'm'));
  expect(stdout).toContain(`${TESTS} tests, ${failed.length} failed`);
});

test('an option that it does not have is named', async () => {
  expect((await runExample('sharded-tests', ['--shard', '3'], { code: 2 })).stderr).toContain('unknown: --shard');
});
