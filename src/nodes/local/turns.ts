/**
 * Gives turns in the order of asking, at most `atOnce` of them out at a time. A turn is over when the function that
 * came with it is called. `onWait` is called at once if others go first.
 */
export function createTurns(atOnce: number): (onWait?: () => void) => Promise<() => void> {
  const waiting: (() => void)[] = [];
  let out = 0;

  function pass(): void {
    const next = waiting.shift();
    if (next === undefined) out -= 1;
    else next();
  }

  return async (onWait) => {
    if (out < atOnce) out += 1;
    else {
      onWait?.();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      pass();
    };
  };
}

/** Runs what concerns one node in the order of asking; different nodes do not wait for each other. */
export function createLines<Key>(): <Result>(key: Key, act: () => Promise<Result>) => Promise<Result> {
  const ends = new Map<Key, Promise<unknown>>();
  return (key, act) => {
    const result = (ends.get(key) ?? Promise.resolve()).then(act, act);
    ends.set(key, result);
    const forget = (): void => {
      if (ends.get(key) === result) ends.delete(key);
    };
    result.then(forget, forget);
    return result;
  };
}
