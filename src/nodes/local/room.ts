import { totalmem } from 'node:os';

/** Bytes of memory for each node: an agent has 90 MB at rest; the rest is for what it runs. */
const BYTES_A_NODE = 128 * 1024 * 1024;
/** A machine however small has so many. */
const LEAST_NODES = 8;

/** The memory of this machine, or of the container that this process is in. */
export function machineMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Nodes that this machine can carry: an agent more would only take the memory of the others' tasks. */
export function nodesThatFit(memoryBytes: number = machineMemoryBytes()): number {
  return Math.max(LEAST_NODES, Math.floor(memoryBytes / BYTES_A_NODE));
}
