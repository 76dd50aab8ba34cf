/** How a node's state is drawn into a square: the same on the canvas of a heat map and in a legend. */
import type { Drawing } from './states.ts';

/** What a picture is made of, on a square of 12. */
export interface CellPicture {
  /** Whether the square is filled with the hue; else it has an edge of it. */
  readonly solid: boolean;
  /** Areas in the hue: paths. */
  readonly areas?: string;
  /** Lines: on a solid square in the colour of the ground, else in the hue. */
  readonly lines?: string;
}

export const CELL_PICTURES: Readonly<Record<Drawing, CellPicture>> = {
  fill: { solid: true },
  outline: { solid: false },
  plus: { solid: false, lines: 'M6 3v6M3 6h6' },
  lower: { solid: false, areas: 'M0 6h12v6H0z' },
  dots: { solid: true, lines: 'M2 6h2M5 6h2M8 6h2' },
  slashes: { solid: false, lines: 'M1 11 11 1M1 6l5-5M6 11l5-5' },
  crosshatch: { solid: false, lines: 'M1 11 11 1M1 6l5-5M6 11l5-5M1 1l10 10M6 1l5 5M1 6l5 5' },
  dashes: { solid: false, lines: 'M2.5 4h7M2.5 8h7' },
  cross: { solid: true, lines: 'm3 3 6 6m0-6-6 6' },
  bar: { solid: true, lines: 'M2.5 6h7' },
  upper: { solid: false, areas: 'M0 0h12v6H0z' },
  diagonal: { solid: false, areas: 'M0 0v12h12z' },
  bars: { solid: false, lines: 'M4 2.5v7M8 2.5v7' },
  dot: { solid: false, areas: 'M5 5h2v2H5z' },
  pause: { solid: true, lines: 'M4.5 3v6M7.5 3v6' },
  question: { solid: false, lines: 'M4.2 4.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.2M6 8.8v1' },
};
