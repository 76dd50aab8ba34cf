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

/** The run at a place of a lane, with some grace at both ends; null: none. All in pixels of the timeline. */
export function runUnder(runs: readonly TimelineRun[], px: number, gracePx: number): TimelineRun | null {
  return runs.findLast(([from, pixels]) => px >= from - gracePx && px <= from + Math.max(pixels, gracePx) + gracePx) ?? null;
}

export const OUTCOMES = ['succeeded', 'running', 'failed', 'preempted', 'requeued'] as const;
