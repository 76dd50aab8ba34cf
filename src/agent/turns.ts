import { setImmediate as nextTurn } from 'node:timers/promises';

/** Other tasks begin and end meanwhile. */
const LONGEST_TURN_MS = 10;

/**
 * For long synchronous work on the agent's one thread: to be awaited between its steps. Lets the event loop go on once
 * the work has held it for 10 ms, and throws the signal's reason when that has aborted.
 */
export function createTurns(signal?: AbortSignal): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < LONGEST_TURN_MS) return;
    await nextTurn();
    signal?.throwIfAborted();
    began = performance.now();
  };
}
