import type { renderTile } from './render/tracer.mjs';
import { frameOf, LEAST_SAMPLES, LEAST_WIDTH, MOST_SAMPLES, pixelsOf, USUAL_WIDTH, type Frame } from './tasks.ts';

/**
 * Rendering, all cores together: what is left of a demo's minute after installing, building and starting on a slow
 * machine.
 */
const BUDGET_MS = 15_000;
const PATCHES_ACROSS = 12;
const PATCHES_DOWN = 7;
const PATCH = 8;

export interface Trial {
  readonly tasksAtATime: number;
  readonly render: typeof renderTile;
  readonly now: () => number;
}

/** What a demo renders. */
export interface Affordable {
  readonly frame: Frame;
  /** Light paths a pixel. */
  readonly samples: number;
}

/** What a user asks for; the rest follows from the machine. */
export interface Wishes {
  readonly width?: number | undefined;
  readonly samples?: number | undefined;
}

/**
 * What this machine has time for, by a look at how fast it renders small patches all over the picture (well below a
 * second): the more light paths the faster it is, and a smaller picture where there is no time for the fewest.
 */
export function affordable({ width, samples }: Wishes, trial: Trial): Affordable {
  const frame = frameOf(width ?? USUAL_WIDTH);
  if (samples !== undefined) return { frame, samples };
  const leastMsAPixel = rendering(frame, trial);
  const budgetMs = BUDGET_MS * trial.tasksAtATime;
  const affordableFrame = width === undefined ? frameWithin(budgetMs / leastMsAPixel) : frame;
  return { frame: affordableFrame, samples: samplesWithin(budgetMs / pixelsOf(affordableFrame), leastMsAPixel) };
}

/** Milliseconds a pixel with the fewest light paths. */
function rendering(frame: Frame, { render, now }: Trial): number {
  const startedAt = now();
  const patches = patchesOf(frame);
  for (const { left, top } of patches) render({ ...frame, left, top, columns: PATCH, lines: PATCH, samples: LEAST_SAMPLES });
  return (now() - startedAt) / (patches.length * PATCH * PATCH);
}

/** The usual picture, or the largest one of so many pixels. */
function frameWithin(pixels: number): Frame {
  const width = Math.floor(USUAL_WIDTH * Math.sqrt(pixels / pixelsOf(frameOf(USUAL_WIDTH))));
  return frameOf(Math.min(USUAL_WIDTH, Math.max(LEAST_WIDTH, width)));
}

/**
 * Paths a pixel within a time a pixel, given what the fewest took: twice as many take at most twice as long, since
 * fewer pixels stay noisy.
 */
export function samplesWithin(msAPixel: number, leastMsAPixel: number): number {
  const affordableSamples = Math.floor((LEAST_SAMPLES * msAPixel) / leastMsAPixel);
  return Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, affordableSamples));
}

function patchesOf({ width, height }: Frame): readonly { readonly left: number; readonly top: number }[] {
  const across = Array.from({ length: PATCHES_ACROSS }, (_, i) => Math.floor(((i + 0.5) * (width - PATCH)) / PATCHES_ACROSS));
  const down = Array.from({ length: PATCHES_DOWN }, (_, i) => Math.floor(((i + 0.5) * (height - PATCH)) / PATCHES_DOWN));
  return down.flatMap((top) => across.map((left) => ({ left, top })));
}
