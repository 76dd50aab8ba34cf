/** Calls `act` once, so many milliseconds from now. Returns what calls it off. */
export function after(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
}

/**
 * `act`, done at once where it was last done `gapMs` ago or earlier, else when it was; asked for several times
 * meanwhile it is done once. It returns whether it did something: only that counts.
 */
export function paced(gapMs: number, act: () => boolean): () => void {
  let doneAt = Number.NEGATIVE_INFINITY;
  let isWaiting = false;
  const go = (): void => {
    isWaiting = false;
    if (act()) doneAt = performance.now();
  };
  return () => {
    if (isWaiting) return;
    const leftMs = doneAt + gapMs - performance.now();
    if (leftMs <= 0) return go();
    isWaiting = true;
    after(leftMs, go);
  };
}
