import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Palette } from '../../src/dashboard/charts/canvas.ts';
import { drawHeat, redrawHeat, type HeatScene } from '../../src/dashboard/charts/drawHeat.ts';
import { heatLayout } from '../../src/dashboard/charts/heatLayout.ts';

const WIDTH = 42;
const HEIGHT = 60;
/** Around the canvas: what is drawn beyond its edge is not seen. */
const EDGE = 3;
const COLOURS = { run: 'run', 'run-w': 'rest', wait: 'wait', bad: 'bad', text: 'text' } as unknown as Palette;

/** So much of a canvas as small cells need: squares of pixels. */
class Pixels {
  fillStyle = '';
  strokeStyle = '';
  lineWidth = 1;
  globalAlpha = 1;
  drawn = 0;
  readonly #pixels = Array.from({ length: (WIDTH + 2 * EDGE) * (HEIGHT + 2 * EDGE) }, () => '');

  fillRect(x: number, y: number, width: number, height: number): void {
    this.drawn += 1;
    this.#set(x, y, width, height, `${this.fillStyle} ${this.globalAlpha}`);
  }
  clearRect(x: number, y: number, width: number, height: number): void {
    this.#set(x, y, width, height, '');
  }
  strokeRect(x: number, y: number, width: number, height: number): void {
    const half = this.lineWidth / 2;
    for (const [left, top, wide, high] of [[x - half, y - half, width + 2 * half, 2 * half], [x - half, y + height - half, width + 2 * half, 2 * half], [x - half, y - half, 2 * half, height + 2 * half], [x + width - half, y - half, 2 * half, height + 2 * half]] as const) this.#set(left, top, wide, high, this.strokeStyle);
  }
  #set(x: number, y: number, width: number, height: number, colour: string): void {
    for (let row = y; row < y + height; row += 1) for (let column = x; column < x + width; column += 1) this.#pixels[(row + EDGE) * (WIDTH + 2 * EDGE) + column + EDGE] = colour;
  }
  get seen(): string {
    return this.#pixels.join(',');
  }
  get context(): CanvasRenderingContext2D {
    return this as unknown as CanvasRenderingContext2D;
  }
}

const CELLS = 30;
const layout = heatLayout(CELLS, { widthPx: WIDTH, zoom: 6 });
const cell = fc.record({ state: fc.constantFrom('idle', 'running', 'unusable', 'starttaskfailed'), slots: fc.integer({ min: 0, max: 4 }) });
const cells = fc.array(cell, { minLength: CELLS, maxLength: CELLS });
const marked = fc.option(fc.integer({ min: 0, max: CELLS - 1 }), { nil: null });

function sceneOf(states: readonly { readonly state: string; readonly slots: number }[], at: number | null, highlighted: string): HeatScene {
  return { cells: states.map((of, index) => ({ ...of, id: `n${index}` })), layout, slotsPerNode: 4, highlighted, marked: at, colours: COLOURS };
}

test('cells that have changed are drawn so that the map is as if all of it were', () => {
  fc.assert(
    fc.property(cells, fc.array(fc.tuple(fc.integer({ min: 0, max: CELLS - 1 }), cell), { maxLength: 6 }), marked, marked, fc.constantFrom('', 'idle'), (states, changes, was, is, highlighted) => {
      const before = sceneOf(states, was, highlighted);
      const after = sceneOf(states.map((of, index) => changes.findLast(([at]) => at === index)?.[1] ?? of), is, highlighted);
      const [stepwise, anew] = [new Pixels(), new Pixels()];
      drawHeat(stepwise.context, before);
      redrawHeat(stepwise.context, before, after);
      drawHeat(anew.context, after);
      expect(stepwise.seen === anew.seen).toBe(true);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('of a map in which one node has changed one cell is drawn', () => {
  const states = Array.from({ length: CELLS }, () => ({ state: 'idle', slots: 0 }));
  const before = sceneOf(states, null, '');
  const pixels = new Pixels();
  redrawHeat(pixels.context, before, sceneOf(states.with(7, { state: 'running', slots: 4 }), null, ''));
  expect(pixels.drawn).toBe(1);
});
