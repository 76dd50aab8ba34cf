import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeForOutput, runExample } from '../support/examples.ts';
import { run } from '../support/linarite.ts';

test('a nightly load over six days takes what is new alone, corrects the past, and is what all files say', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const { stdout } = await runExample('etl', ['--days', '6', '--to', place.path]);
  const runs = [...stdout.matchAll(/^ +(\d) {2}(\S+) +(\d+) +(\d+) {2}(.*)$/gm)].map(([, run, at = '', files, rows, days]) => ({ run: Number(run), at, files: Number(files), rows: Number(rows), days }));
  expect(runs.map(({ files, rows, days }) => [files, rows, days])).toEqual([
    [3, 6_000, '2026-03-02'],
    [3, 6_000, '2026-03-03'],
    [3, 6_000, '2026-03-04'],
    [4, 6_150, '2026-03-03 2026-03-05'],
    [3, 6_000, '2026-03-06'],
    [0, 0, '–'],
  ]);
  // A day apart, whatever the real time.
  const times = runs.map(({ at }) => Date.parse(`${at}Z`) / 86_400_000);
  for (const [index, time] of times.entries()) expect(time - (times[0] ?? 0)).toBeCloseTo(index, 2);
  const table = readFileSync(join(place.path, 'revenue.csv'), 'utf8').trimEnd().split('\n');
  expect(table).toHaveLength(6);
  expect(table[2]).toMatch(/^2026-03-03,6000,\d+\.\d\d$/);
  expect(stdout).toMatch(/^5 days, \d+ kB as csv$/m);
  expect(stdout).toContain('the same as from all 16 files at once');
});

test('days as Parquet come to the same, in fewer bytes (needs pip3, and the registry of Python packages)', { timeout: 400_000 }, async (context) => {
  const isReached = await run('pip3', ['index', 'versions', 'duckdb']).then(({ code }) => code === 0, () => false);
  if (!isReached) return context.skip();
  await using place = placeForOutput();
  const { stdout } = await runExample('etl', ['--days', '4', '--parquet', '--to', place.path]);
  const [, kilobytes] = /^4 days, (\d+) kB as parquet$/m.exec(stdout) ?? [];
  expect(Number(kilobytes)).toBeLessThan(400);
  expect(stdout).toContain('the same as from all 13 files at once');
});
