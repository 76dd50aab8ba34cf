import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { canReachBelow } from '../../processes/account.ts';
import type { Capabilities, NodeRequest } from '../provider.ts';
import type { SlurmCommands } from './commands.ts';
import type { SlurmOptions } from './options.ts';
import { resourceWords } from './submission.ts';

/** What is fixed of a cluster, asked once. */
interface ClusterFacts {
  /** The largest index of an array. */
  readonly mostIndex: number;
  /** From SIGTERM to SIGKILL. */
  readonly killWaitMs: number;
}

export interface SlurmProbe {
  facts(): Promise<ClusterFacts>;
  run(): Promise<Capabilities>;
}

/** Slurm's own defaults. */
const DEFAULT_FACTS: ClusterFacts = { mostIndex: 1_000, killWaitMs: 30_000 };
/** The least that a node may be: whether Slurm would give one. */
const SMALLEST_SIZE = 'standard_a1_v2';

const OWN_USER = 'Tasks run as the user that the agents run as: no users of their own, and no admin tasks.';
const LOCAL_FILES = "Nodes' directories are on the disks of their machines: a node that is started again, which may be on another machine, has none of its files.";

export function createSlurmProbe(options: SlurmOptions, commands: SlurmCommands): SlurmProbe {
  let config: Promise<ReadonlyMap<string, string>> | null = null;
  const ask = (): Promise<ReadonlyMap<string, string>> => {
    config ??= commands.ask('scontrol', ['show', 'config']).then(readConfig);
    config.catch(() => {
      config = null;
    });
    return config;
  };
  return {
    facts: () => ask().then(factsOf, () => DEFAULT_FACTS),
    run: async () => {
      const each = await Promise.all([reached(ask), shared(options), offers(options, 'dedicated', commands), offers(options, 'low', commands)]);
      return { maxNodes: options.maxNodes ?? null, lowPriority: options.lowPriorityPartition !== undefined, limits: [...each.flat(), ...usersOfTasks(options), ...(options.localDirectory === undefined ? [] : [LOCAL_FILES])] };
    },
  };
}

/** Agents run as the user of this service: only those of root can give their tasks users of their own. */
function usersOfTasks({ directory, localDirectory }: SlurmOptions): readonly string[] {
  if (process.geteuid?.() !== 0) return [OWN_USER];
  return localDirectory === undefined && !canReachBelow(directory) ? [`Other users cannot enter ${directory}: tasks, which have users of their own, fail.`] : [];
}

/** `scontrol show config`: `Name = value`, one a line. */
function readConfig(text: string): ReadonlyMap<string, string> {
  return new Map(text.split('\n').flatMap((line) => {
    const at = line.indexOf('=');
    return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
  }));
}

function factsOf(config: ReadonlyMap<string, string>): ClusterFacts {
  const size = Number(config.get('MaxArraySize'));
  const killWait = Number(/^\d+/.exec(config.get('KillWait') ?? '')?.[0]);
  return {
    mostIndex: Number.isInteger(size) && size > 0 ? size - 1 : DEFAULT_FACTS.mostIndex,
    killWaitMs: Number.isInteger(killWait) ? killWait * 1000 : DEFAULT_FACTS.killWaitMs,
  };
}

async function reached(ask: () => Promise<ReadonlyMap<string, string>>): Promise<readonly string[]> {
  try {
    const tracking = (await ask()).get('ProctrackType') ?? '';
    return tracking === 'proctrack/cgroup' ? [] : [`Slurm does not hold what leaves its parent process (${tracking}): what a killed agent leaves behind may go on.`];
  } catch (error) {
    return [`Slurm cannot be asked: ${messageOf(error)}`];
  }
}

/** Whether this machine can write there; that the cluster sees it shows when its first node starts. */
async function shared({ directory }: SlurmOptions): Promise<readonly string[]> {
  const file = join(directory, `.linarite-${randomUUID()}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    await writeFile(file, '');
    await rm(file);
    return [];
  } catch (error) {
    return [`Nothing can be written to ${directory}: ${messageOf(error)}.`];
  }
}

async function offers(options: SlurmOptions, priority: NodeRequest['priority'], commands: SlurmCommands): Promise<readonly string[]> {
  const partition = priority === 'low' ? options.lowPriorityPartition : options.partition;
  if (priority === 'low' && partition === undefined) return ['No low-priority nodes: the configuration names no partition for them.'];
  try {
    const [refused, preempted] = await Promise.all([tryNode(options, priority, commands), priority === 'low' && partition !== undefined ? preemption(partition, commands) : []]);
    return [...refused, ...preempted];
  } catch (error) {
    return [`Slurm was not asked for ${priority === 'low' ? 'low-priority' : 'dedicated'} nodes: ${messageOf(error)}`];
  }
}

async function tryNode(options: SlurmOptions, priority: NodeRequest['priority'], commands: SlurmCommands): Promise<readonly string[]> {
  try {
    await commands.trySubmit(resourceWords({ poolId: '', vmSize: SMALLEST_SIZE, priority }, options));
    return [];
  } catch (error) {
    return [`Slurm gives no ${priority === 'low' ? 'low-priority' : 'dedicated'} nodes: ${messageOf(error)}`];
  }
}

async function preemption(partition: string, commands: SlurmCommands): Promise<readonly string[]> {
  const mode = /\bPreemptMode=(\S+)/.exec(await commands.ask('scontrol', ['--oneliner', 'show', 'partition', partition]))?.[1];
  return mode === 'OFF' ? [`Slurm takes nothing back from partition ${partition} (PreemptMode=OFF): low-priority nodes there are as dedicated ones.`] : [];
}
