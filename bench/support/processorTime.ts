import { readFileSync } from 'node:fs';

/** Of the kernel's clock in /proc (proc(5), `stat`): the same on every Linux of today. */
const TICK_MS = 10;

/** Milliseconds of processor, own and of children that have ended and were waited for. Linux alone. */
export interface ProcessorTime {
  readonly ownMs: number;
  readonly childrenMs: number;
}

export function processorTime(pid: number): ProcessorTime {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before may hold anything.
  const [user = 0, kernel = 0, childrenUser = 0, childrenKernel = 0] = text.slice(text.lastIndexOf(')') + 2).split(' ').slice(11, 15).map(Number);
  return { ownMs: (user + kernel) * TICK_MS, childrenMs: (childrenUser + childrenKernel) * TICK_MS };
}
