import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile, rounded } from './pool.ts';

/** What a figure has to be read with: what the machine did meanwhile, and what its file system costs. */
export interface Machine {
  readonly cores: number;
  /** Mean numbers of processes that run or want to, over the last minute: as the bench began, and as it ended. */
  readonly loadBefore: number;
  readonly loadAfter: number;
  /** Of all processor time over the run: not idle, the bench itself included; null: this system does not say. */
  readonly busyPercent: number | null;
  /** Of the same: wanted, and given to other virtual machines. */
  readonly stealPercent: number | null;
  /** A directory made where benches keep their data: median before the run, microseconds. */
  readonly directoryUs: number;
}

const DIRECTORIES = 500;

/** Begins to watch; what it returns is called at the end of the run. */
export function watchMachine(): () => Machine {
  const directoryUs = rounded(directoryMicroseconds(), 1);
  const [loadBefore = Number.NaN] = loadavg();
  const before = processorTime();
  return () => {
    const after = processorTime();
    const share = (of: 'busy' | 'steal'): number | null =>
      before === null || after === null ? null : rounded((100 * (after[of] - before[of])) / Math.max(1, after.all - before.all), 1);
    return {
      cores: availableParallelism(),
      loadBefore: rounded(loadBefore),
      loadAfter: rounded(loadavg()[0] ?? Number.NaN),
      busyPercent: share('busy'),
      stealPercent: share('steal'),
      directoryUs,
    };
  };
}

/** As one line. */
export function described({ cores, loadBefore, loadAfter, busyPercent, stealPercent, directoryUs }: Machine): string {
  const shares = busyPercent === null ? '' : `, ${busyPercent} % of them busy, ${stealPercent} % stolen`;
  return `machine: ${cores} cores${shares}, load ${loadBefore} before and ${loadAfter} after; a directory made costs ${directoryUs} us`;
}

/**
 * The first line of /proc/stat, in clock ticks (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal;
 * the guests' times after them are in user and nice already.
 */
function processorTime(): { readonly all: number; readonly busy: number; readonly steal: number } | null {
  try {
    const line = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
    const ticks = line.split(' ').slice(0, 8).map(Number);
    const [, , , idle = 0, wait = 0, , , steal = 0] = ticks;
    const all = ticks.reduce((sum, value) => sum + value, 0);
    return { all, busy: all - idle - wait - steal, steal };
  } catch {
    return null;
  }
}

function directoryMicroseconds(): number {
  const parent = mkdtempSync(join(tmpdir(), 'linarite-directories-'));
  try {
    const took = Array.from({ length: DIRECTORIES }, (_, index) => {
      const begun = performance.now();
      mkdirSync(join(parent, String(index)));
      return (performance.now() - begun) * 1_000;
    });
    return quantile(took, 0.5);
  } finally {
    rmSync(parent, { recursive: true });
  }
}
