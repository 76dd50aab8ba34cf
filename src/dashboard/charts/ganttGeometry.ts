/** Where things stand in a gantt: the slots in use above, times below them, then a lane for each slot of a node. */
import type { TimelineRun } from '../../wire/own/timeline.ts';

export const GANTT = { labelPx: 84, busyPx: 30, axisPx: 20, lanePx: 11, barPx: 9 } as const;
const TOP_PX = GANTT.busyPx + GANTT.axisPx;

export function ganttHeight(lanes: number): number {
  return TOP_PX + lanes * GANTT.lanePx + 4;
}

export function laneTop(lane: number): number {
  return TOP_PX + lane * GANTT.lanePx;
}

/** The lane at a height; negative above all of them. */
export function laneUnder(y: number): number {
  return Math.floor((y - TOP_PX) / GANTT.lanePx);
}

/** The run at a place of a lane, a pixel of grace at both ends; null: none. */
export function runUnder(runs: readonly TimelineRun[], x: number): TimelineRun | null {
  const px = x - GANTT.labelPx;
  return runs.findLast(([from, pixels]) => px >= from - 1 && px <= from + Math.max(pixels, 2) + 1) ?? null;
}

export const OUTCOMES = ['succeeded', 'running', 'failed'] as const;
