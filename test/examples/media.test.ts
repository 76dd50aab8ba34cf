import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { placeForOutput, runExample } from '../support/examples.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

interface Film {
  readonly film: string;
  readonly before: number;
  readonly after: number;
  readonly frames: number;
  readonly likeness: number;
}

function filmsIn(stdout: string): Film[] {
  return [...stdout.matchAll(/^(\w+\.mp4) +(\d+) +(\d+) +\d+% +(\d+) +([\d.]+)$/gm)].map(([, film = '', before, after, frames, likeness]) => ({ film, before: Number(before), after: Number(after), frames: Number(frames), likeness: Number(likeness) }));
}

test.skipIf(!hasFfmpeg)('films become smaller and look the same, by a program that knows no cloud (needs ffmpeg)', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const films = filmsIn((await runExample('media', ['--clips', '2', '--to', place.path])).stdout);
  expect(films.map(({ film, frames }) => [film, frames])).toEqual([['clip1.mp4', 100], ['clip2.mp4', 100]]);
  for (const { film, before, after, likeness } of films) {
    expect(after).toBeLessThan(before / 2);
    expect(likeness).toBeGreaterThan(0.95);
    expect(Math.floor(statSync(join(place.path, film)).size / 1024)).toBe(after);
  }
});

test.skipIf(!hasFfmpeg)('a film that is encoded in pieces is whole, and looks the same (needs ffmpeg)', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  const { stdout } = await runExample('media', ['--split', '--clips', '2', '--to', place.path]);
  expect(stdout).toMatch(/^2 pieces and a join on \d nodes$/m);
  const [film, ...others] = filmsIn(stdout);
  expect(others).toEqual([]);
  // Pieces in another order would be unlike the film, missing frames would shift it.
  expect(film).toMatchObject({ film: 'film.mp4', frames: 200 });
  expect(film?.likeness).toBeGreaterThan(0.95);
});
