import type { Counts } from '../account/batchAccount.ts';

/** Where progress goes. Nothing of it is meant for programs. */
export interface Progress {
  /** What is being done now: `uploading 12 files`. */
  step(text: string): void;
  /** `waiting`: what for, while nothing runs. */
  counts(counts: Counts, total: number, waiting?: string): void;
  /** Something that the user should see and that stays on the screen. */
  note(text: string): void;
  /** Takes a bar off the screen; later calls put it back. */
  clear(): void;
}

export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** Plain lines are written at most this often, except the first and the last. */
const LINE_EVERY_MS = 2_000;
/** The line that says what the run waits for is written again after this long, so that a log shows the run is alive. */
const SAME_LINE_EVERY_MS = 30_000;
const BAR_WIDTH = 28;

/** A bar on a terminal, plain lines elsewhere. */
export function showProgress(screen: Screen, now: () => number): Progress {
  return screen.isTTY === true ? bar(screen, now) : plainLines(screen, now);
}

export const silence: Progress = { step: () => {}, counts: () => {}, note: () => {}, clear: () => {} };

function plainLines(screen: Screen, now: () => number): Progress {
  let last = '';
  let lastAt = -Infinity;
  return {
    step: (text) => void screen.write(`${text}\n`),
    counts: (counts, total, waiting) => {
      const line = [`${counts.completed} of ${total} tasks completed`, counts.running > 0 && `${counts.running} running`, counts.failed > 0 && `${counts.failed} failed`].filter((part) => part !== false).join(', ');
      const whole = waiting === undefined ? line : `${line}; waiting, ${waiting}`;
      const since = now() - lastAt;
      if (whole === last ? waiting === undefined || since < SAME_LINE_EVERY_MS : since < LINE_EVERY_MS && counts.completed < total) return;
      last = whole;
      lastAt = now();
      screen.write(`${whole}\n`);
    },
    note: (text) => void screen.write(`${text}\n`),
    clear: () => {},
  };
}

function bar(screen: Screen, now: () => number): Progress {
  const started = now();
  // Some terminals say that they have no columns.
  const draw = (text: string): void => void screen.write(`\r\u001B[2K${text.slice(0, Math.max(20, (screen.columns || 80) - 1))}`);
  return {
    step: draw,
    counts: (counts, total, waiting) => draw(`${barText(counts, total, now() - started)}${waiting === undefined ? '' : `  ${waiting}`}`),
    note: (text) => void screen.write(`\r\u001B[2K${text}\n`),
    clear: () => void screen.write('\r\u001B[2K'),
  };
}

function barText({ completed, running, failed }: Counts, total: number, elapsedMs: number): string {
  const full = total === 0 ? BAR_WIDTH : Math.floor((BAR_WIDTH * completed) / total);
  const under = total === 0 ? 0 : Math.min(BAR_WIDTH - full, Math.ceil((BAR_WIDTH * running) / total));
  const drawn = `${'█'.repeat(full)}${'▒'.repeat(under)}${'·'.repeat(BAR_WIDTH - full - under)}`;
  return `${drawn} ${completed}/${total}  ${running} running${failed > 0 ? `  ${failed} failed` : ''}  ${clock(elapsedMs)}`;
}

/** `0:07`, `12:40`, `3:00:12`. */
export function clock(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
