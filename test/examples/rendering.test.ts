import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Decoded, decodePng } from '../cli/demo/decodePng.ts';
import { placeForOutput, runExample } from '../support/examples.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;
const hasBlender = spawnSync('blender', ['--version']).status === 0;
const WIDTH = 32;
const HEIGHT = 18;
const GAP = 2;

function cell({ width, pixels }: Decoded, column: number, row: number): Uint8Array {
  const lines = Array.from({ length: HEIGHT }, (_, line) => {
    const start = ((row * (HEIGHT + GAP) + line) * width + column * (WIDTH + GAP)) * 3;
    return pixels.subarray(start, start + WIDTH * 3);
  });
  return Uint8Array.from(lines.flatMap((line) => [...line]));
}

test('frames are drawn by the nodes, each another one, and joined in their order', { timeout: 300_000 }, async () => {
  await using place = placeForOutput();
  // With ten or more, the order of names is not that of numbers.
  const { stdout } = await runExample('rendering', ['--frames', '10', '--size', `${WIDTH}x${HEIGHT}`, '--to', place.path]);
  expect(stdout).toMatch(new RegExp(`^10 frames of ${WIDTH} x ${HEIGHT}[,;]`, 'm'));
  const sheet = decodePng(readFileSync(join(place.path, 'film.png')));
  expect([sheet.width, sheet.height]).toEqual([4 * WIDTH + 3 * GAP, 3 * HEIGHT + 2 * GAP]);
  const frames = Array.from({ length: 10 }, (_, at) => decodePng(readFileSync(join(place.path, `frame-${at + 1}.png`))).pixels);
  for (const [at, frame] of frames.entries()) expect(cell(sheet, at % 4, Math.floor(at / 4)), `frame ${at + 1}`).toEqual(Uint8Array.from(frame));
  expect(new Set(frames.map((frame) => Buffer.from(frame).toString('base64'))).size).toBe(10);
  // Above is the sky, below the floor.
  const [red = 0, , blue = 0] = frames[0] ?? [];
  expect(blue).toBeGreaterThan(red);

  expect(existsSync(join(place.path, 'film.mp4'))).toBe(hasFfmpeg);
  if (hasFfmpeg) {
    const shown = spawnSync('ffprobe', ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', join(place.path, 'film.mp4')], { encoding: 'utf8' });
    expect(Number.parseInt(shown.stdout, 10)).toBe(10);
  }
});

test('a size that no film has is refused before anything starts', { timeout: 120_000 }, async () => {
  expect((await runExample('rendering', ['--size', '33x18'], { code: 2 })).stderr).toBe('--size is two even numbers: 112x64\n');
  expect((await runExample('rendering', ['--frames', 'all'], { code: 2 })).stderr).toBe('--frames is a number from 1 to 9999\n');
});

test.skipIf(hasBlender)('where Blender is missing, --blender names its package', { timeout: 120_000 }, async () => {
  expect((await runExample('rendering', ['--blender'], { code: 2 })).stderr).toContain('this example needs blender: apt-get install blender');
});
