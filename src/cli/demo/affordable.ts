import type { renderTile } from './render/tracer.mjs';
import { LEAST_SAMPLES, MOST_SAMPLES, pixelsOf, type Frame } from './tasks.ts';

/** Rendering, all cores together: what is left of a demo's minute after installing, building and starting on a slow machine. */
const BUDGET_MS = 18_000;
const PATCHES_ACROSS = 12;
const PATCHES_DOWN = 7;
const PATCH = 8;

export interface Trial {
  readonly frame: Frame;
  readonly tasksAtATime: number;
  readonly render: typeof renderTile;
  readonly now: () => number;
}

/** How many light paths a pixel this machine has time for, by a look at how fast it renders small patches all over the picture (well below a second). */
export function affordableSamples({ frame, tasksAtATime, render, now }: Trial): number {
  const startedAt = now();
  const patches = patchesOf(frame);
  for (const { left, top } of patches) render({ ...frame, left, top, columns: PATCH, lines: PATCH, samples: LEAST_SAMPLES });
  const msAPixel = (now() - startedAt) / (patches.length * PATCH * PATCH);
  return samplesWithin((BUDGET_MS * tasksAtATime) / pixelsOf(frame), msAPixel);
}

/** Paths a pixel within a time a pixel, given what the fewest took: twice as many take at most twice as long, since fewer pixels stay noisy. */
export function samplesWithin(msAPixel: number, leastMsAPixel: number): number {
  const affordable = Math.floor((LEAST_SAMPLES * msAPixel) / leastMsAPixel);
  return Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, affordable));
}

function patchesOf({ width, height }: Frame): readonly { readonly left: number; readonly top: number }[] {
  const across = Array.from({ length: PATCHES_ACROSS }, (_, i) => Math.floor(((i + 0.5) * (width - PATCH)) / PATCHES_ACROSS));
  const down = Array.from({ length: PATCHES_DOWN }, (_, i) => Math.floor(((i + 0.5) * (height - PATCH)) / PATCHES_DOWN));
  return down.flatMap((top) => across.map((left) => ({ left, top })));
}
