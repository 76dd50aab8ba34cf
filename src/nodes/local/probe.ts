import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Cgroup, openCgroup, removeCgroup } from '../../agent/cgroups.ts';
import type { NodeLimits } from '../../agent/options.ts';
import { processBounds } from '../../agent/processBounds.ts';
import { PERL } from '../../agent/script.ts';
import type { Capabilities } from '../provider.ts';
import { thisMachine } from './sizeLimits.ts';

/** Tries what local nodes rely on and names what is missing here. */
export async function probeLocal(dataRoot: string, limitsBySize: boolean): Promise<Omit<Capabilities, 'maxNodes' | 'isolation'>> {
  const limits: string[] = [];
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) {
    limits.push('Not root: tasks run as the user of the service, can read each other’s files and the credential of their node; elevation and user accounts of pools have no effect.');
  }
  const closed = isRoot ? closedDirectory(dataRoot) : null;
  if (closed !== null) limits.push(`Other users may not pass through ${closed}: tasks that do not run as root cannot start below it.`);
  if (!existsSync('/proc/self/environ')) limits.push('No /proc: processes that leave their process group can outlive their task.');
  if (!existsSync(PERL)) limits.push(`No ${PERL}: variables of tasks whose names a shell refuses can be read by other users while the task starts.`);
  const cgroup = openCgroup(`linarite-probe-${process.pid}`, processBounds().allNodes, limitsBySize ? TRIED : {});
  if (cgroup.net === null) limits.push('No writable cgroup v2: processes that clear their environment and outlive their parents can outlive their task.');
  if (cgroup.counter === null) limits.push(`No control group counts processes here: ${isRoot ? BOUND_BY_USER : 'those of tasks have only the bound of the service’s user'}.`);
  removeCgroup(cgroup);
  limits.push(...sizeSentences(dataRoot, limitsBySize ? cgroup : null));
  return { lowPriority: true, limits };
}

const TRIED: NodeLimits = { cores: 1, memoryBytes: 1024 ** 3 };

/** What VM sizes do not bound here. `cgroup` null: they are not to. */
function sizeSentences(dataRoot: string, cgroup: Cgroup | null): readonly string[] {
  if (cgroup === null) return ['VM sizes bound neither CPU nor memory of nodes, as it was asked for.'];
  const { cores, memoryBytes, keepsFilesInMemory } = thisMachine(dataRoot);
  const [noCpu, noMemory] = [cgroup.cpu === null, cgroup.memory === null || keepsFilesInMemory];
  const unbounded = [...(noCpu ? ['CPU'] : []), ...(noMemory ? ['memory'] : [])].join(' and ');
  const why = cgroup.memory !== null && keepsFilesInMemory ? 'their files lie in memory' : 'there is no control group that could';
  const share = `Nodes share the ${cores} cores and ${(memoryBytes / 1024 ** 3).toFixed(1)} GiB of this machine: one of a VM size with more has no more`;
  return [unbounded === '' ? `${share}.` : `${share}. VM sizes do not bound ${unbounded} of nodes: ${why}.`];
}

const BOUND_BY_USER = 'tasks that run as the same user share one bound of processes, and admin tasks have none';

/** The first directory on the way to `path` that other users cannot pass through. */
function closedDirectory(path: string): string | null {
  for (let directory = path; ; directory = dirname(directory)) {
    if (((statSync(directory, { throwIfNoEntry: false })?.mode ?? 0o711) & 0o001) === 0) return directory;
    if (directory === dirname(directory)) return null;
  }
}
