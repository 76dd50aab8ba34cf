import type { Flag } from './body.ts';
import { at, NOUNS, text, type Item, type NounName } from './nouns.ts';

/** Flags of an action by their names, as commander has them. */
export type Values = Readonly<Record<string, unknown>>;

/** Something done to resources that are there, one request each. Verbs are those of az, where it has them. */
export interface Action {
  readonly noun: NounName;
  /** Two words: the first is a group of commands. */
  readonly verb: string;
  /** What was said in its place elsewhere. */
  readonly alias?: string;
  readonly description: string;
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the resource; empty: the resource itself. */
  readonly suffix: string | ((values: Values) => string);
  /** Properties of the body; none and no `--json-file`: no body. */
  readonly flags?: readonly Flag[];
  /** Whether `--json-file` may give the body. */
  readonly takesFile?: boolean;
  /** Flags that go into the query: `--force`. */
  readonly force?: string;
  /** Whether what more than ids name is asked about first. */
  readonly isDestructive?: boolean;
  /** Whether it is over; `undefined`: the resource is gone. */
  readonly isOver?: (item: Item | undefined) => boolean;
}

function isGone(item: Item | undefined): boolean {
  return item === undefined;
}
function isIn(...states: readonly string[]): (item: Item | undefined) => boolean {
  return (item) => item === undefined || states.includes(text(item, 'state'));
}

/** `property`: `nodeRebootOption`, which is `--node-reboot-option`. */
function nodeOption(property: string): Flag {
  const long = property.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return { flags: `--${long} <requeue|terminate|taskcompletion>`, description: 'what becomes of tasks that run there (default: requeue)', property, kind: 'text' };
}
const DISABLE_TASKS: Flag = { flags: '--disable-tasks <requeue|terminate|wait>', description: 'what becomes of tasks that run (default: requeue)', property: 'disableTasks', kind: 'text', standard: 'requeue' };
const REASON: Flag = { flags: '--terminate-reason <text>', description: 'kept with the job', property: 'terminateReason', kind: 'text' };
const METADATA: Flag = { flags: '--metadata <name=value...>', description: 'of your own', property: 'metadata', kind: 'pairs' };

const RESIZE_FLAGS: readonly Flag[] = [
  { flags: '--target-dedicated-nodes <count>', description: 'nodes of one’s own', property: 'targetDedicatedNodes', kind: 'number' },
  { flags: '--target-low-priority-nodes <count>', description: 'cheaper nodes that may be taken back', property: 'targetLowPriorityNodes', kind: 'number' },
  { flags: '--resize-timeout <duration>', description: 'like PT15M', property: 'resizeTimeout', kind: 'text' },
  nodeOption('nodeDeallocationOption'),
];

const TASK_CONSTRAINTS: readonly Flag[] = [
  { flags: '--max-task-retry-count <count>', description: 'retries; -1: without end', property: 'constraints.maxTaskRetryCount', kind: 'number' },
  { flags: '--max-wall-clock-time <duration>', description: 'like PT1H', property: 'constraints.maxWallClockTime', kind: 'text' },
  { flags: '--retention-time <duration>', description: 'how long its directory stays, like P7D', property: 'constraints.retentionTime', kind: 'text' },
];

function endings(noun: NounName, isOver: (item: Item | undefined) => boolean): readonly Action[] {
  const force = noun === 'job' || noun === 'schedule' ? { force: 'even where the rules would wait for tasks on nodes that do not answer' } : {};
  return [
    { noun, verb: 'delete', description: `delete ${NOUNS[noun].plural}`, method: 'DELETE', suffix: '', isDestructive: true, isOver: isGone, ...force },
    { noun, verb: 'stop', alias: 'terminate', description: `end ${NOUNS[noun].plural}`, method: 'POST', suffix: '/terminate', isDestructive: true, isOver, ...force, ...(noun === 'job' ? { flags: [REASON] } : {}) },
  ];
}

function changes(noun: NounName, flags: readonly Flag[]): readonly Action[] {
  return [
    { noun, verb: 'set', description: 'change what is given, and leave the rest', method: 'PATCH', suffix: '', flags, takesFile: true },
    { noun, verb: 'reset', description: 'replace what can be changed: what is not given is as if never set', method: noun === 'pool' ? 'POST' : 'PUT', suffix: noun === 'pool' ? '/updateproperties' : '', flags, takesFile: true },
  ];
}

const PRIORITY: Flag = { flags: '--priority <number>', description: 'from -1000 to 1000, the higher first', property: 'priority', kind: 'number' };

export const ACTIONS: readonly Action[] = [
  { noun: 'pool', verb: 'delete', description: 'delete pools with their nodes', method: 'DELETE', suffix: '', isDestructive: true, isOver: isGone },
  {
    noun: 'pool',
    verb: 'resize',
    description: 'change how many nodes pools have',
    method: 'POST',
    suffix: ({ abort }) => (abort === true ? '/stopresize' : '/resize'),
    flags: RESIZE_FLAGS,
    isOver: (pool) => pool === undefined || text(pool, 'allocationState') === 'steady',
  },
  { noun: 'pool', verb: 'autoscale enable', description: 'have a formula decide how many nodes there are', method: 'POST', suffix: '/enableautoscale', flags: [{ flags: '--auto-scale-formula <text>', description: 'the formula', property: 'autoScaleFormula', kind: 'text' }, { flags: '--auto-scale-evaluation-interval <duration>', description: 'like PT5M', property: 'autoScaleEvaluationInterval', kind: 'text' }] },
  { noun: 'pool', verb: 'autoscale disable', description: 'stay at the size of now', method: 'POST', suffix: '/disableautoscale' },
  ...changes('pool', [METADATA]),
  { noun: 'node', verb: 'reboot', description: 'restart nodes', method: 'POST', suffix: '/reboot', flags: [nodeOption('nodeRebootOption')], isOver: isIn('idle', 'running', 'unusable', 'starttaskfailed') },
  { noun: 'node', verb: 'reimage', description: 'make nodes as they were when new', method: 'POST', suffix: '/reimage', flags: [nodeOption('nodeReimageOption')], isDestructive: true, isOver: isIn('idle', 'running', 'unusable', 'starttaskfailed') },
  { noun: 'node', verb: 'deallocate', description: 'end nodes, and keep what lies on them', method: 'POST', suffix: '/deallocate', flags: [nodeOption('nodeDeallocateOption')], isDestructive: true, isOver: isIn('deallocated') },
  { noun: 'node', verb: 'start', description: 'start deallocated nodes', method: 'POST', suffix: '/start', isOver: isIn('idle', 'running', 'unusable', 'starttaskfailed') },
  { noun: 'node', verb: 'scheduling disable', description: 'give nodes no new tasks', method: 'POST', suffix: '/disablescheduling', flags: [nodeOption('nodeDisableSchedulingOption')], isOver: isIn('offline') },
  { noun: 'node', verb: 'scheduling enable', description: 'give nodes tasks again', method: 'POST', suffix: '/enablescheduling', isOver: (node) => node === undefined || text(node, 'schedulingState') === 'enabled' },
  ...endings('job', isIn('completed')),
  { noun: 'job', verb: 'disable', description: 'start no tasks of jobs', method: 'POST', suffix: '/disable', flags: [DISABLE_TASKS], isOver: isIn('disabled', 'completed') },
  { noun: 'job', verb: 'enable', description: 'start tasks of jobs again', method: 'POST', suffix: '/enable', isOver: isIn('active', 'completed') },
  ...changes('job', [PRIORITY, METADATA, { flags: '--on-all-tasks-complete <noaction|terminatejob>', description: 'what follows the last task', property: 'onAllTasksComplete', kind: 'text' }]),
  ...endings('task', isIn('completed')),
  { noun: 'task', verb: 'reactivate', description: 'run failed tasks again, under their ids', method: 'POST', suffix: '/reactivate', isOver: isIn('completed') },
  { noun: 'task', verb: 'reset', description: 'replace constraints: those that are not given are as if never set', method: 'PUT', suffix: '', flags: TASK_CONSTRAINTS, takesFile: true },
  ...endings('schedule', isIn('completed')),
  { noun: 'schedule', verb: 'disable', description: 'make no new jobs', method: 'POST', suffix: '/disable', isOver: isIn('disabled', 'completed') },
  { noun: 'schedule', verb: 'enable', description: 'make jobs again', method: 'POST', suffix: '/enable', isOver: isIn('active', 'completed') },
  ...changes('schedule', [METADATA]),
];

/** How resources of a kind are made: properties of the body by the flags that az has for them. */
export const CREATION: Readonly<Record<Exclude<NounName, 'node'>, readonly Flag[]>> = {
  pool: [
    { flags: '--id <id>', description: 'of the pool', property: 'id', kind: 'text' },
    { flags: '--vm-size <size>', description: 'like Standard_D2s_v3', property: 'vmSize', kind: 'text' },
    { flags: '--image <publisher:offer:sku[:version]>', description: 'like canonical:0001-com-ubuntu-server-jammy:22_04-lts', property: 'virtualMachineConfiguration.imageReference', kind: 'image' },
    { flags: '--node-agent-sku-id <id>', description: 'like "batch.node.ubuntu 22.04"', property: 'virtualMachineConfiguration.nodeAgentSKUId', kind: 'text' },
    ...RESIZE_FLAGS.slice(0, 3),
    { flags: '--task-slots-per-node <count>', description: 'tasks at a time on each node', property: 'taskSlotsPerNode', kind: 'number' },
    { flags: '--auto-scale-formula <text>', description: 'what decides how many nodes there are', property: 'autoScaleFormula', kind: 'text', alsoSets: 'enableAutoScale' },
    { flags: '--auto-scale-evaluation-interval <duration>', description: 'like PT5M', property: 'autoScaleEvaluationInterval', kind: 'text' },
    { flags: '--start-task-command-line <command>', description: 'prepares each node', property: 'startTask.commandLine', kind: 'text' },
    { flags: '--start-task-wait-for-success', description: 'tasks wait for it', property: 'startTask.waitForSuccess', kind: 'flag' },
    { flags: '--enable-inter-node-communication', description: 'nodes may talk to each other', property: 'enableInterNodeCommunication', kind: 'flag' },
    { flags: '--application-package-references <app#version...>', description: 'what each node unpacks', property: 'applicationPackageReferences', kind: 'applications' },
    METADATA,
  ],
  job: [
    { flags: '--id <id>', description: 'of the job', property: 'id', kind: 'text' },
    { flags: '--pool-id <id>', description: 'where its tasks run', property: 'poolInfo.poolId', kind: 'text' },
    PRIORITY,
    { flags: '--uses-task-dependencies', description: 'its tasks may depend on each other', property: 'usesTaskDependencies', kind: 'flag' },
    { flags: '--allow-task-preemption', description: 'its tasks make room for higher priorities', property: 'allowTaskPreemption', kind: 'flag' },
    { flags: '--max-parallel-tasks <count>', description: 'tasks at a time', property: 'maxParallelTasks', kind: 'number' },
    { flags: '--job-max-wall-clock-time <duration>', description: 'like PT8H', property: 'constraints.maxWallClockTime', kind: 'text' },
    { flags: '--job-max-task-retry-count <count>', description: 'retries of each task', property: 'constraints.maxTaskRetryCount', kind: 'number' },
    METADATA,
  ],
  task: [
    { flags: '--id <id>', description: 'of the task', property: 'id', kind: 'text' },
    { flags: '--command-line <command>', description: 'what runs', property: 'commandLine', kind: 'text' },
    { flags: '--resource-files <file=url...>', description: 'what is fetched first', property: 'resourceFiles', kind: 'files' },
    { flags: '--environment-settings <name=value...>', description: 'of its environment', property: 'environmentSettings', kind: 'pairs' },
    { flags: '--application-package-references <app#version...>', description: 'what its node unpacks', property: 'applicationPackageReferences', kind: 'applications' },
    { flags: '--required-slots <count>', description: 'of a node', property: 'requiredSlots', kind: 'number' },
    ...TASK_CONSTRAINTS,
  ],
  schedule: [
    { flags: '--id <id>', description: 'of the schedule', property: 'id', kind: 'text' },
    { flags: '--recurrence-interval <duration>', description: 'like P1D', property: 'schedule.recurrenceInterval', kind: 'text' },
    { flags: '--do-not-run-until <time>', description: 'like 2026-12-24T18:00:00Z', property: 'schedule.doNotRunUntil', kind: 'text' },
    { flags: '--do-not-run-after <time>', description: 'likewise', property: 'schedule.doNotRunAfter', kind: 'text' },
    { flags: '--start-window <duration>', description: 'like PT1H', property: 'schedule.startWindow', kind: 'text' },
    { flags: '--pool-id <id>', description: 'where its jobs run', property: 'jobSpecification.poolInfo.poolId', kind: 'text' },
    { flags: '--job-manager-task-command-line <command>', description: 'what each of its jobs begins with', property: 'jobSpecification.jobManagerTask.commandLine', kind: 'text' },
    METADATA,
  ],
};

/** What a resource is waited for that nothing was done to. */
export const ENDINGS: Readonly<Record<NounName, (item: Item | undefined) => boolean>> = {
  pool: (pool) => pool === undefined || (text(pool, 'allocationState') === 'steady' && text(pool, 'state') === 'active'),
  node: isIn('idle', 'running', 'unusable', 'starttaskfailed', 'offline', 'deallocated', 'preempted'),
  job: isIn('completed'),
  task: isIn('completed'),
  schedule: isIn('completed'),
};

/** Why one that is over is no success; null: it is one. Of jobs their tasks have a say as well. */
export function troubleOf(noun: NounName, item: Item): string | null {
  if (!NOUNS[noun].isFailed(item)) return null;
  switch (noun) {
    case 'task': {
      const failure = text(item, 'executionInfo.failureInfo.code');
      const exitCode = text(item, 'executionInfo.exitCode');
      return [...(exitCode === '' ? [] : [`exit code ${exitCode}`]), ...(failure === '' ? [] : [failure])].join(', ');
    }
    case 'pool': {
      const [error] = (at(item, 'resizeErrors') as readonly Item[] | undefined) ?? [];
      return error === undefined ? text(item, 'autoScaleRun.error.code') : `${text(error, 'code')}: ${text(error, 'message')}`;
    }
    case 'node':
      return text(item, 'startTaskInfo.failureInfo.message') || text(item, 'state');
    case 'job':
      return text(item, 'executionInfo.schedulingError.message') || text(item, 'executionInfo.terminateReason');
    case 'schedule':
      return null;
  }
}
