import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodePng } from '../cli/demo/decodePng.ts';
import { placeForOutput, runExample } from '../support/examples.ts';

test('a job manager adds tasks round by round, until the area of the Mandelbrot set is known well enough', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const out = join(place.path, 'squares.png');
  const { stdout } = await runExample('job-manager', ['--error', '0.006', '--out', out]);
  const rounds = [...stdout.matchAll(/^ +(\d+) +(\d+) +(\d+) +(\d+) +([\d.]+) +([\d.]+)$/gm)].map((row) => row.slice(1).map(Number));
  expect(rounds.length).toBeGreaterThan(1);
  expect(rounds[0]?.slice(0, 3)).toEqual([1, 4, 128]);
  // What is found decides on what is added.
  expect(rounds.map(([, tasks = 0]) => tasks)).toEqual(rounds.map(([, , , points = 0]) => Math.ceil(points / 100 / 32)));
  const found = /area ([\d.]+) ± ([\d.]+) by (\d+) tasks/.exec(stdout)?.slice(1).map(Number) ?? [];
  const [area = 0, error = 1, tasks] = found;
  expect(error).toBeLessThanOrEqual(0.006);
  expect(Math.abs(area - 1.5066)).toBeLessThan(4 * error);
  expect(tasks).toBe(rounds.reduce((sum, [, of = 0]) => sum + of, 0));

  const { width, height, pixels } = decodePng(readFileSync(out));
  expect([width, height]).toEqual([1024, 1024]);
  const brightness = (x: number, y: number): number => pixels[(y * width + x) * 3] ?? -1;
  // -0.1 + 0.1i is in the set, -1.9 + i is not; below the axis likewise. The middle of a large square has no edge.
  for (const y of [465, 558]) expect(brightness(790, y)).toBeGreaterThan(200);
  for (const y of [100, 923]) expect(brightness(60, y)).toBeLessThan(40);
});
