import { Worker } from 'node:worker_threads';
import { activityNames, BEAT, DOING, LOOKS, SHARED } from './activity.ts';
import { messageOf } from './failures.ts';
import { say } from './log.ts';

export interface WatchdogOptions {
  /** A hold of the event loop that is longer is said. */
  readonly holdMs: number;
  /** How often the loop shows that it goes on, and the watchdog looks. */
  readonly lookMs: number;
}

const OPTIONS: WatchdogOptions = { holdMs: 1_000, lookMs: 250 };

/** The thread does nothing but look: a small heap is enough. */
const HEAP = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

/**
 * Watches this thread's event loop from a thread of its own: when it has been held for longer than `holdMs` one line in
 * the log says so, and what held it (see activity.ts), also if that never ends; one more says how long it was once it
 * is over. To the watchdog a hold is only as long as it could look at it itself: a process that was stopped, or a
 * machine that slept, holds nothing. Neither thread nor timer keeps the process alive. The thread takes 7 MB of memory,
 * 40 ms of the processor to start and 0.7 ms a second (measured). To be called once.
 */
export function startWatchdog({ holdMs, lookMs }: WatchdogOptions = OPTIONS): void {
  const timer = setInterval(() => Atomics.add(SHARED, BEAT, 1), lookMs);
  timer.unref();
  // Without the words this process was started with, and its environment: nothing but Node's own modules is loaded.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], env: {}, resourceLimits: HEAP, workerData: { shared: SHARED, names: activityNames, holdMs, lookMs } });
  worker.on('error', (error) => say(`nothing watches the event loop any more: ${messageOf(error)}`));
  worker.unref();
}

/**
 * As text, since a thread has to be given a file or text, and there is no file that is there both as source and as
 * built.
 */
const PROGRAM = `
const { workerData: { shared, names, holdMs, lookMs } } = require('node:worker_threads');
const { writeSync } = require('node:fs');

let beat = Atomics.load(shared, ${BEAT});
let lookedAt = performance.now();
let heldMs = 0;
let by = null;

for (let looks = 0; ; Atomics.store(shared, ${LOOKS}, ++looks)) {
  // Nobody wakes it. A timer would take three times the processor.
  Atomics.wait(shared, ${LOOKS}, looks, lookMs);
  const now = performance.now();
  const sinceMs = now - lookedAt;
  lookedAt = now;
  look(Atomics.load(shared, ${BEAT}), Math.min(sinceMs, 2 * lookMs));
}

function look(next, sinceMs) {
  if (next === beat) {
    heldMs += sinceMs;
    if (by !== null || heldMs < holdMs + lookMs) return;
    by = names[Atomics.load(shared, ${DOING})];
    say('the event loop has been held for more than ' + seconds(holdMs) + ' and still is, by ' + by);
  } else {
    if (by !== null) say('the event loop was held for ' + seconds(heldMs) + ', by ' + by);
    beat = next;
    heldMs = 0;
    by = null;
  }
}

function seconds(ms) {
  return (ms / 1000).toFixed(1) + ' s';
}

function say(message) {
  try {
    writeSync(2, new Date().toISOString() + ' ' + message + '\\n');
  } catch {
    // The log is on a full disk.
  }
}
`;
