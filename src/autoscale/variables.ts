import { isOwnVariable } from './own.ts';
import type { PoolFacts } from './run.ts';
import { optionValue, timeInterval, type DeallocationOption, type TimeInterval } from './values.ts';

/** The names the service defines. One row a name; nothing else in this folder knows them. */
interface VariableRow {
  readonly name: string;
  /** Older names that still work. */
  readonly aliases: readonly string[];
  readonly meaning: string;
  readonly source: string;
}

export type ServiceVariable =
  /** Read and write: the outcome. Reading before assigning gives the pool's current target. */
  | (VariableRow & { readonly role: 'target'; readonly target: Target })
  /** Read and write: one of the deallocation options. */
  | (VariableRow & { readonly role: 'option' })
  /** Read only: a number the pool knows now; it may be sampled too. */
  | (VariableRow & { readonly role: 'pool'; readonly fact: keyof PoolFacts })
  /** Read only: sampled. Used as a number it is its latest sample. */
  | (VariableRow & { readonly role: 'metric'; readonly scale?: 'fraction'; /** Linarite's extension: a program measures it, and it may be below 0. */ readonly isOwn?: true });

export type Target = 'dedicated' | 'lowPriority';

const ARTICLE = 'autoscale article, "Variables"';
const OLDER = 'autoscale article of 2017-2021; dropped later';
const LINTERS = 'newer article, through third-party linters';

export const SERVICE_VARIABLES: readonly ServiceVariable[] = [
  { role: 'target', target: 'dedicated', name: '$TargetDedicatedNodes', aliases: ['$TargetDedicated'], meaning: 'dedicated nodes wanted', source: ARTICLE },
  { role: 'target', target: 'lowPriority', name: '$TargetLowPriorityNodes', aliases: ['$TargetLowPriority'], meaning: 'low-priority or Spot nodes wanted', source: ARTICLE },
  { role: 'option', name: '$NodeDeallocationOption', aliases: [], meaning: 'what happens to tasks on nodes that go', source: ARTICLE },

  { role: 'pool', fact: 'currentDedicatedNodes', name: '$CurrentDedicatedNodes', aliases: ['$CurrentDedicated'], meaning: 'dedicated nodes there now', source: `${ARTICLE}; the alias: Test-AzBatchAutoScale reference` },
  { role: 'pool', fact: 'currentLowPriorityNodes', name: '$CurrentLowPriorityNodes', aliases: ['$CurrentLowPriority'], meaning: 'low-priority nodes there now, preempted ones included', source: `${ARTICLE}; the alias: by analogy` },
  { role: 'pool', fact: 'preemptedNodes', name: '$PreemptedNodeCount', aliases: [], meaning: 'nodes in state preempted', source: ARTICLE },
  { role: 'pool', fact: 'usableNodes', name: '$UsableNodeCount', aliases: [], meaning: 'nodes that can run tasks', source: LINTERS },
  { role: 'pool', fact: 'taskSlotsPerNode', name: '$TaskSlotsPerNode', aliases: [], meaning: 'task slots of one node', source: 'autoscale article since 2021' },

  { role: 'metric', name: '$ActiveTasks', aliases: [], meaning: 'tasks ready to run; a multi-instance task counts its instances', source: ARTICLE },
  { role: 'metric', name: '$RunningTasks', aliases: [], meaning: 'tasks running', source: ARTICLE },
  { role: 'metric', name: '$PendingTasks', aliases: [], meaning: 'active and running tasks together', source: ARTICLE },
  { role: 'metric', name: '$SucceededTasks', aliases: [], meaning: 'tasks that ended well', source: ARTICLE },
  { role: 'metric', name: '$FailedTasks', aliases: [], meaning: 'tasks that failed', source: ARTICLE },
  { role: 'metric', scale: 'fraction', name: '$CPUPercent', aliases: [], meaning: 'CPU in use, a fraction 0..1 in spite of its name', source: `${ARTICLE}; its examples compare with 0.7 and 0.2` },
  { role: 'metric', name: '$SampleNodeCount', aliases: [], meaning: 'nodes that were sampled', source: OLDER },
  { role: 'metric', name: '$WallClockSeconds', aliases: [], meaning: 'seconds consumed', source: OLDER },
  { role: 'metric', name: '$MemoryBytes', aliases: [], meaning: 'memory in use, MB', source: OLDER },
  { role: 'metric', name: '$DiskBytes', aliases: [], meaning: 'local disk in use, GB', source: OLDER },
  { role: 'metric', name: '$DiskReadBytes', aliases: [], meaning: 'bytes read', source: OLDER },
  { role: 'metric', name: '$DiskWriteBytes', aliases: [], meaning: 'bytes written', source: OLDER },
  { role: 'metric', name: '$DiskReadOps', aliases: [], meaning: 'read operations', source: OLDER },
  { role: 'metric', name: '$DiskWriteOps', aliases: [], meaning: 'write operations', source: OLDER },
  { role: 'metric', name: '$NetworkInBytes', aliases: [], meaning: 'bytes received', source: OLDER },
  { role: 'metric', name: '$NetworkOutBytes', aliases: [], meaning: 'bytes sent', source: OLDER },
];

/** Constants of type timeinterval (autoscale article, "Types"). A year is 365 days (docs/autoscale.md, decisions). */
export const TIME_INTERVALS: ReadonlyMap<string, TimeInterval> = new Map(
  Object.entries({
    TimeInterval_Zero: 0,
    TimeInterval_100ns: 0.0001,
    TimeInterval_Microsecond: 0.001,
    TimeInterval_Millisecond: 1,
    TimeInterval_Second: 1000,
    TimeInterval_Minute: 60_000,
    TimeInterval_Hour: 3_600_000,
    TimeInterval_Day: 86_400_000,
    TimeInterval_Week: 604_800_000,
    TimeInterval_Year: 31_536_000_000,
  }).map(([name, ms]) => [name, timeInterval(ms)]),
);

/** Without an assignment the service deallocates so (autoscale article). */
export const DEFAULT_OPTION: DeallocationOption = 'requeue';
export const DEFAULT_OPTION_VALUE = optionValue(DEFAULT_OPTION);

const BY_NAME = new Map(SERVICE_VARIABLES.flatMap((variable) => [variable.name, ...variable.aliases].map((name) => [name, variable] as const)));

/** The service variable of that name or older name. Names are case-sensitive. */
export function serviceVariable(name: string): ServiceVariable | undefined {
  return BY_NAME.get(name) ?? (isOwnVariable(name) ? { role: 'metric', isOwn: true, name, aliases: [], meaning: 'what a program measures', source: 'Linarite' } : undefined);
}

/** Whether a variable is an object with methods: the read-only ones are (autoscale article, tip under "Variables"). */
export function isSampled(variable: ServiceVariable): boolean {
  return variable.role === 'pool' || variable.role === 'metric';
}

/** All names the service defines, older ones included. */
export const SERVICE_NAMES: readonly string[] = [...BY_NAME.keys(), ...TIME_INTERVALS.keys()];
