import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

const NICEST = 19;

/**
 * Lets a process yield to ours where both want the processor: `steps` nicer than we are (nice(2); 5 steps are a third
 * of our share, 10 a tenth). It leads a session of its own: where Linux weighs sessions against each other (autogroups,
 * sched(7)) that is told too, or each of them would weigh as much as ours. Its children follow. Whatever cannot be had
 * is left: the process has gone, or another system knows no autogroups.
 */
export function yieldToUs(pid: number, steps: number): void {
  const nice = Math.min(NICEST, getPriority() + steps);
  attempt(() => setPriority(pid, nice));
  attempt(() => writeFileSync(`/proc/${pid}/autogroup`, String(nice)));
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // See above.
  }
}
