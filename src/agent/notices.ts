import type { ResizeError } from '../core/status.ts';

/** What a node that works has to say of itself, by what it is about: said again, it takes the place of the last. */
export interface Notices {
  /** null: there is nothing to say of it any more. */
  set(about: string, notice: ResizeError | null): void;
}

/** `tell` gets all of them whenever one has changed. */
export function createNotices(tell: (errors: readonly ResizeError[]) => void): Notices {
  const present = new Map<string, ResizeError>();
  return {
    set: (about, notice) => {
      if (notice === null) present.delete(about);
      else present.set(about, notice);
      tell([...present.values()]);
    },
  };
}
