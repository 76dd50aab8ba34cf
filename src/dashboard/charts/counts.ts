import type { Frame } from '../../wire/own/frames.ts';

/** How many tasks of a job are in which state. */
export interface Counts {
  readonly active: number;
  readonly running: number;
  readonly completed: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** The counts of the one job whose frames these are; undefined: they have not changed. */
export function countsIn(frames: readonly Frame[]): Counts | undefined {
  const frame = frames.findLast(({ t }) => t === 'counts');
  return frame?.t === 'counts' ? countsOf(frame.c) : undefined;
}

/** As frames have them. */
export function countsOf([active, running, succeeded, failed]: readonly [number, number, number, number]): Counts {
  return { active, running, completed: succeeded + failed, succeeded, failed };
}
