import { inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { tilesOf } from '../../../src/cli/demo/render/layout.mjs';
import { encodePng } from '../../../src/cli/demo/render/png.mjs';
import { renderTile } from '../../../src/cli/demo/render/tracer.mjs';
import { affordable, samplesWithin } from '../../../src/cli/demo/affordable.ts';
import { demoTasks, frameOf, pictureOf, tilesOfPicture } from '../../../src/cli/demo/tasks.ts';
import { decodePng } from './decodePng.ts';

describe('the picture', () => {
  test('is cut into tiles that cover every pixel once, several for each slot', () => {
    for (const [width, slots] of [[960, 4], [64, 2], [1921, 7], [960, 256]] as const) {
      const picture = pictureOf(frameOf(width), 1, slots);
      const tiles = tilesOfPicture(picture);
      const covered = new Uint8Array(picture.width * picture.height);
      for (const { left, top, columns, lines } of tiles) {
        for (let y = top; y < top + lines; y++) for (let x = left; x < left + columns; x++) covered[y * picture.width + x] = (covered[y * picture.width + x] ?? 0) + 1;
      }
      expect(covered.every((times) => times === 1)).toBe(true);
      if (width >= 960) expect(tiles.length).toBeGreaterThanOrEqual(Math.min(slots * 2, 800));
    }
  });

  test('comes out the same wherever a tile is rendered', () => {
    const tile = { width: 48, height: 27, left: 16, top: 9, columns: 16, lines: 9, samples: 2 };
    const first = renderTile(tile);
    renderTile({ ...tile, left: 0 });
    expect(renderTile(tile)).toEqual(first);
  });

  test('has light and no numbers that are none', () => {
    const pixels = renderTile({ width: 32, height: 18, left: 0, top: 0, columns: 32, lines: 18, samples: 2 });
    expect(pixels.every(Number.isFinite)).toBe(true);
    expect(Math.max(...pixels.filter((_, index) => index % 10 < 3))).toBeGreaterThan(0.3);
  });

  test('is joined by one task that depends on all tiles', () => {
    const picture = pictureOf(frameOf(64), 1, 2);
    const tasks = demoTasks(picture, { node: '/usr/bin/node', administrator: false, programUrl: (name) => `http://in/${name}`, writeUrl: 'http://out?w', readUrl: 'http://out?r' });
    const tiles = tilesOf(picture.width, picture.height, picture.tileWidth, picture.tileHeight).length;
    expect(tasks).toHaveLength(tiles + 1);
    expect(tasks.slice(0, -1).every(({ dependsOn }) => dependsOn === undefined)).toBe(true);
    expect(tasks.at(-1)?.dependsOn).toEqual({ taskIdRanges: [{ start: 1, end: tiles }] });
  });
});

describe('light paths for each pixel, where nobody asks for a number,', () => {
  test.each([
    ['a machine that is twice as fast as needed for the fewest', 2, 1, 8],
    ['one that is much faster', 100, 1, 16],
    ['one that is too slow even for the fewest', 1, 3, 4],
  ])('%s', (_machine, msAPixel, leastMsAPixel, samples) => {
    expect(samplesWithin(msAPixel, leastMsAPixel)).toBe(samples);
  });

  test('are as many as rendering small patches says that there is time for, on a smaller picture where it is too slow for the fewest', () => {
    const tookMs = (msAPixel: number, width?: number) => {
      let clock = 0;
      const render: typeof renderTile = ({ columns, lines }) => {
        clock += columns * lines * msAPixel;
        return new Float32Array();
      };
      return affordable({ width }, { tasksAtATime: 2, render, now: () => clock });
    };
    // The usual picture on two cores, of 15 s: 8.8 s, then more than twice as long, then far too long.
    expect(tookMs(0.034)).toEqual({ frame: frameOf(960), samples: 6 });
    expect(tookMs(0.139)).toEqual({ frame: frameOf(619), samples: 4 });
    expect(tookMs(34)).toEqual({ frame: frameOf(480), samples: 4 });
    expect(tookMs(34, 960)).toEqual({ frame: frameOf(960), samples: 4 });
  });
});

describe('the PNG writer', () => {
  test('writes what a reader reads back', () => {
    const [width, height] = [23, 17];
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => (index * 7 + ((index * index) >> 5)) & 255);
    expect(decodePng(encodePng(width, height, pixels), inflateSync)).toEqual({ width, height, pixels });
  });

  test('refuses a wrong number of bytes', () => {
    expect(() => encodePng(2, 2, new Uint8Array(11))).toThrow('11 bytes are not 2 x 2 pixels');
  });
});
