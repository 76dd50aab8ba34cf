import { closeSync, existsSync, openSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * CPU and memory of a control group, by the files of the unified tree (Linux kernel, cgroup-v2.rst, "CPU", "Memory") or
 * of version 1 (sched-bwc.rst, memory.rst): whichever the group has.
 */

/** The system's default. A shorter one costs more, in a longer one tasks stand still for longer. */
const PERIOD_US = 100_000;

/** Throws the system's error, as the next one. */
export function limitCpu(group: string, cores: number): void {
  const quotaUs = Math.round(cores * PERIOD_US);
  const unified = join(group, 'cpu.max');
  if (existsSync(unified)) return writeFileSync(unified, `${quotaUs} ${PERIOD_US}`);
  writeFileSync(join(group, 'cpu.cfs_period_us'), String(PERIOD_US));
  writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quotaUs));
}

/** Machines of the real service have no swap: what a node lacks in memory it does not take from the machine's. */
export function limitMemory(group: string, bytes: number): void {
  const unified = join(group, 'memory.max');
  const isUnified = existsSync(unified);
  writeFileSync(isUnified ? unified : join(group, 'memory.limit_in_bytes'), String(bytes));
  // A kernel that does not count swap has no such file.
  const swap = isUnified ? (['memory.swap.max', 0] as const) : (['memory.memsw.limit_in_bytes', bytes] as const);
  const path = join(group, swap[0]);
  if (existsSync(path)) writeFileSync(path, String(swap[1]));
}

/** Sees how many processes of a group the system has killed for want of memory. */
export interface MemoryKills {
  /** Since the last look. */
  seen(): number;
  close(): void;
}

/** More than the file has. */
const EVENTS_BYTES = 1_024;

/**
 * The file stays open, as looks are many. null: no memory is limited. Throws the system's error, as where the machine
 * has no files left.
 */
export function openMemoryKills(group: string | null): MemoryKills {
  if (group === null) return { seen: () => 0, close: () => {} };
  const unified = join(group, 'memory.events');
  const file = openSync(existsSync(unified) ? unified : join(group, 'memory.oom_control'), 'r');
  const bytes = Buffer.alloc(EVENTS_BYTES);
  let isOpen = true;
  let last = 0;
  return {
    seen: () => {
      if (!isOpen) return 0;
      try {
        const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0));
        const count = Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? last);
        const since = count - last;
        last = count;
        return since;
      } catch {
        // The group is gone.
        return 0;
      }
    },
    close: () => {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}
