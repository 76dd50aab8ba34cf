import { existsSync, writeSync } from 'node:fs';
import { type Activity, during, LOOKS, SHARED } from '../../src/agent/activity.ts';
import { startWatchdog } from '../../src/agent/watchdog.ts';

// A process with an agent's watchdog. Each line on its standard input is an activity and a file: until that appears,
// and two looks of the watchdog longer, it holds the event loop.
const LOOK_MS = 50;
startWatchdog({ holdMs: 2_000, lookMs: LOOK_MS });
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text: string) => {
  const [activity = '', gate = ''] = text.trim().split('\t');
  during(activity as Activity, () => {
    writeSync(1, 'holding\n');
    while (!existsSync(gate));
    const openedAt = performance.now();
    while (performance.now() - openedAt < 2 * LOOK_MS);
  });
});
const untilWatched = setInterval(() => {
  if (Atomics.load(SHARED, LOOKS) === 0) return;
  clearInterval(untilWatched);
  writeSync(1, 'ready\n');
}, 5);
