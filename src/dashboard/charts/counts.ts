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
  if (frame?.t !== 'counts') return undefined;
  const [active, running, succeeded, failed] = frame.c;
  return { active, running, completed: succeeded + failed, succeeded, failed };
}
