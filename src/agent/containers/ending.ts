import type { Sweeper } from '../killing.ts';
import type { Enclosure } from '../nets.ts';

/** How a container ends: once, at the first of the deadlines that it is given, wherever it is in its life by then. */
export interface Ending {
  /** Somebody wants its end. */
  readonly isAskedFor: boolean;
  /** By these all that belongs to it is found from now on. */
  caught(nets: Enclosure): void;
  /** SIGTERM now, SIGKILL at the deadline; 0: SIGKILL now. One that is just being made goes as soon as it is there. */
  by(deadlineMs: number): void;
  /** SIGKILL now. Resolves false if something of it is still there. */
  now(): Promise<boolean>;
}

/** `beforeKill`: called once, while all that is to be killed is still there. */
export function createEnding(sweeper: Sweeper, beforeKill: () => void): Ending {
  let isAskedFor = false;
  let nets: Enclosure | null = null;
  let killing: Promise<boolean> | null = null;
  let deadline: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
  const now = (): Promise<boolean> => {
    clearTimeout(deadline?.timer);
    if (killing === null) {
      beforeKill();
      killing = nets === null ? Promise.resolve(true) : sweeper.kill(nets);
    }
    return killing;
  };
  return {
    get isAskedFor() {
      return isAskedFor;
    },
    caught: (found) => {
      nets = found;
    },
    by: (deadlineMs) => {
      const isFirst = !isAskedFor;
      isAskedFor = true;
      if (nets === null) return;
      const at = performance.now() + deadlineMs;
      if (deadlineMs > 0 && deadline !== null && deadline.at <= at) return;
      clearTimeout(deadline?.timer);
      if (deadlineMs <= 0) return void now();
      if (isFirst) sweeper.terminate(nets);
      deadline = { at, timer: setTimeout(() => void now(), deadlineMs) };
    },
    now,
  };
}
