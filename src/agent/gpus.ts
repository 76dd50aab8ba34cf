import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { NameValue } from '../core/status.ts';

/** What a task is given of the machine's GPUs. */
export interface GpuShare {
  /** What programs of CUDA go by. */
  readonly environment: readonly NameValue[];
  /** The task is over. */
  release(): void;
}

/**
 * Shares GPUs out to the tasks of a node by their slots: a task with all slots has all of the node's GPUs, and one with
 * a part of the slots that part of them, but one at least. As long as there are enough no two running tasks have the
 * same, of all nodes of the machine; beyond that the ones with the fewest tasks are shared.
 *
 * A GPU in use is claimed by a socket with an abstract name (unix(7)): the system gives the name to one process of the
 * machine at a time, and takes it back when that is gone, however it ended.
 */
export interface Gpus {
  take(slots: number): GpuShare;
}

export interface GpusOptions {
  /** Where device files lie, as the driver of NVIDIA names them. */
  readonly devicesDirectory: string;
  /** Of the node. */
  readonly slots: number;
  /** Nodes that share the machine now, this one included. */
  readonly nodes: () => number;
}

const NOTHING: GpuShare = { environment: [], release: () => {} };

export function createGpus({ devicesDirectory, slots: allSlots, nodes }: GpusOptions): Gpus {
  const count = devicesIn(devicesDirectory);
  if (count === 0) return { take: () => NOTHING };
  const name = createHash('sha256').update(devicesDirectory).digest('hex').slice(0, 16);
  const all = Array.from({ length: count }, (_, index): Gpu => ({ index, users: 0, unclaim: null }));

  return {
    take: (slots) => {
      const wanted = Math.min(count, Math.max(1, Math.floor((count * slots) / (allSlots * Math.max(1, nodes())))));
      const own: Gpu[] = [];
      for (const gpu of all) {
        if (own.length === wanted) break;
        if (gpu.users > 0) continue;
        gpu.unclaim = claim(`${name}-${gpu.index}`);
        if (gpu.unclaim !== null) own.push(gpu);
      }
      const others = all.filter((gpu) => !own.includes(gpu)).toSorted((a, b) => usersOf(a) - usersOf(b) || a.index - b.index);
      const taken = [...own, ...others.slice(0, wanted - own.length)];
      for (const gpu of taken) gpu.users += 1;
      return { environment: environmentOf(taken), release: () => taken.forEach(giveBack) };
    },
  };
}

interface Gpu {
  readonly index: number;
  /** Tasks of this node. */
  users: number;
  /** null: another node has it, or nobody. */
  unclaim: (() => void) | null;
}

/** One that this node does not use, and could not claim, has a task of another node. */
function usersOf({ users }: Gpu): number {
  return Math.max(1, users);
}

function giveBack(gpu: Gpu): void {
  gpu.users -= 1;
  if (gpu.users > 0) return;
  gpu.unclaim?.();
  gpu.unclaim = null;
}

/** CUDA numbers devices by speed unless it is told to number them as their files are. */
function environmentOf(taken: readonly Gpu[]): readonly NameValue[] {
  const indices = taken.map(({ index }) => index).sort((a, b) => a - b);
  return [
    { name: 'CUDA_DEVICE_ORDER', value: 'PCI_BUS_ID' },
    { name: 'CUDA_VISIBLE_DEVICES', value: indices.join(',') },
  ];
}

function devicesIn(directory: string): number {
  try {
    return readdirSync(directory).filter((name) => /^nvidia\d+$/.test(name)).length;
  } catch {
    return 0;
  }
}

/** null: somebody on this machine has it. */
function claim(name: string): (() => void) | null {
  const server = createServer((socket) => socket.destroy());
  server.on('error', () => {});
  server.listen({ path: `\0linarite-gpu-${name}` });
  // Bound at once, or not at all.
  if (!server.listening) return null;
  server.unref();
  return () => void server.close();
}

/** Of local nodes, which have a directory each with their provider's record. */
export function nodesIn(directory: string | undefined): number {
  if (directory === undefined) return 1;
  try {
    return readdirSync(directory).filter((name) => existsSync(join(directory, name, 'node.json'))).length;
  } catch {
    return 1;
  }
}
