import { statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { NodeLimits } from '../../agent/options.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { machineMemoryBytes } from './room.ts';

/** What nodes share. */
export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of the file system that the nodes lie on. */
  readonly diskBytes: number;
  /** Whether files of nodes lie in memory: then they would count as that of the tasks which write them. */
  readonly keepsFilesInMemory: boolean;
}

const MIB = 1024 ** 2;
/**
 * Linux lets a machine have so many threads for each MiB of memory: their stacks may take an eighth of it
 * (kernel/fork.c, `set_max_threads`; a stack has 16 KiB).
 */
const THREADS_PER_MIB = 8;

/**
 * What a node of this size may have of the machine. The machine is not divided: a size that is as large as the machine
 * sets no limit, and several nodes may together ask for more than there is.
 */
export function sizeLimits(vmSize: string, machine: Machine): NodeLimits {
  const size = findVmSize(vmSize);
  if (size === undefined) return {};
  const memoryBytes = size.memoryMiB * MIB;
  // A size without a temporary disk has its system's, whose size is the pool's affair.
  const diskBytes = (size.temporaryDiskMiB ?? 0) * MIB;
  return {
    ...(size.cores < machine.cores ? { cores: size.cores } : {}),
    ...(memoryBytes < machine.memoryBytes && !machine.keepsFilesInMemory ? { memoryBytes } : {}),
    ...(diskBytes > 0 && diskBytes < machine.diskBytes ? { diskBytes } : {}),
    processes: size.memoryMiB * THREADS_PER_MIB,
  };
}

/** include/uapi/linux/magic.h: tmpfs, ramfs. */
const IN_MEMORY = [0x01021994, 0x858458f6];

/** `dataRoot`: where the nodes lie. */
export function thisMachine(dataRoot: string): Machine {
  const { type, blocks, bsize } = statfsSync(dataRoot);
  return { cores: availableParallelism(), memoryBytes: machineMemoryBytes(), diskBytes: blocks * bsize, keepsFilesInMemory: IN_MEMORY.includes(type) };
}
