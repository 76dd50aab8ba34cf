import { join } from 'node:path';
import type { Cgroup } from '../cgroups.ts';
import { unmountBelow } from '../mounts.ts';
import { LABEL } from './createWords.ts';
import { callOrThrow, engineCall, forgetEngine, leftEngine, prepareEngine } from './engine.ts';
import { groupParent, removeGroups } from './groups.ts';
import { removeContainer } from './net.ts';

/** Beside a node's root, in its state directory. */
export function containersDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'containers');
}

/**
 * Removes what dead agents on this state directory have left of containers, before another begins there: their
 * processes are dead already. A store of the node's own stays, with its images.
 */
export async function removeLeftContainers(stateDirectory: string, machineRoot: string, cgroup: Cgroup): Promise<void> {
  const directory = containersDirectory(stateDirectory);
  const engine = leftEngine(directory);
  if (engine === null) return;
  await unmountBelow(directory);
  prepareEngine(engine, directory);
  await removeAll(stateDirectory, machineRoot);
  const parent = groupParent(cgroup);
  if (parent !== null) removeGroups(parent);
}

/** Removes the containers of a dead agent that a daemon has; those of podman die with their processes. */
export async function sweepContainers(stateDirectory: string, machineRoot: string): Promise<void> {
  if (leftEngine(containersDirectory(stateDirectory))?.kind === 'docker') await removeAll(stateDirectory, machineRoot);
}

/** Removes what an engine has made for a dead agent outside of the node's directories. `cgroup`: the node's. */
export function sweepEngine(stateDirectory: string, cgroup: Cgroup): void {
  const directory = containersDirectory(stateDirectory);
  if (leftEngine(directory) === null) return;
  forgetEngine(directory);
  const parent = groupParent(cgroup);
  if (parent !== null) removeGroups(parent);
}

async function removeAll(stateDirectory: string, machineRoot: string): Promise<void> {
  const directory = containersDirectory(stateDirectory);
  const engine = leftEngine(directory);
  if (engine === null) return;
  const call = engineCall(engine, directory);
  const listed = await callOrThrow(call, ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${LABEL}=${machineRoot}`]);
  for (const id of listed.split('\n').filter((line) => line !== '')) await removeContainer(call, id);
}
