import { MANAGER_TASK } from '../core/intent.ts';
import { attemptName, type JobNumber, type NodeNumber } from '../core/keys.ts';
import type { JobStatus, NodeStatus, TaskStatus } from '../core/status.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { JobRecord, Tables, TaskRecord } from './memoryStore.ts';

type EndCommand = Extract<TickCommit['decisions']['commands'][number], { readonly kind: 'end' }>;

/** A task that was requeued before runs at least so long before it has to make room. */
const SAFE_MS = 10_000;

/**
 * Tasks that make room for others: only where their jobs let them, only for what has a higher priority and waits on
 * that node, none that could have been spared, none that runs only since, and each is counted as requeued and as no
 * retry. Held against the rows and the commands of each tick, not by way of the rules.
 */
export function createPreemptionChecks({ tables, violated }: { readonly tables: () => Tables; readonly violated: (what: string) => void }) {
  /** Attempts that the present owner has told to end. */
  const told = new Set<string>();
  /** What each job's priority has been: an owner may not have heard of the last change. */
  const priorities = new Map<JobNumber, { lowest: number; highest: number }>();
  let epoch = 0;
  let count = 0;

  const jobOf = (job: JobNumber): JobRecord | undefined => tables().jobs.get(job);
  const nodeAfter = (node: NodeNumber, { decisions }: TickCommit): NodeStatus | undefined => decisions.nodes.find((row) => row.node === node) ?? tables().nodes.get(node)?.status;
  const taskAfter = (job: JobNumber, task: number, { decisions }: TickCommit): TaskStatus | null =>
    decisions.tasks.find((row) => row.job === job && row.task === task) ?? jobOf(job)?.tasks.get(task)?.status ?? null;
  const slotsOf = (job: JobNumber, task: number, node: NodeStatus): number => {
    const record = jobOf(job);
    const own = record?.tasks.get(task)?.intent.requiredSlots ?? 0;
    return task === MANAGER_TASK && record?.intent.manager?.runExclusive === true ? Math.max(own, node.slots) : own;
  };

  /** Those that the task has been on: a task on several nodes ends on all of them. */
  const nodesAfter = ({ key: { job, task }, node }: EndCommand, tick: TickCommit): NodeStatus[] => {
    const known = jobOf(job)?.tasks.get(task);
    const primary = taskAfter(job, task, tick)?.node ?? node;
    return [...new Set([node, primary, ...[...(known?.subtasks?.values() ?? [])].map((row) => row.node)])].flatMap((number) => nodeAfter(number, tick) ?? []);
  };

  /** Its job goes on, and its nodes stay and take tasks: nothing else asks for its end. */
  const isForOthers = (command: EndCommand, tick: TickCommit): boolean => {
    const { key, node } = command;
    const before = jobOf(key.job)?.status;
    const after: JobStatus | null | undefined = tick.decisions.jobs.find((row) => row.job === key.job) ?? before;
    const status = nodeAfter(node, tick);
    const isResized = tick.decisions.pools.some(({ pool }) => pool === status?.pool);
    return before?.state === 'active' && after?.state === 'active' && after.since === before.since && status !== undefined && !isResized && nodesAfter(command, tick).every(({ state, scheduling, restart }) => state !== 'leavingpool' && scheduling === 'enabled' && restart === undefined);
  };

  /** Nodes are kept, and so room is made, for a task that needs several and waits in its queue. */
  const waitsForSeveral = (above: number, tick: TickCommit): boolean =>
    [...tables().jobs.values()].some(({ intent: { job }, tasks }) => {
      const waits = ({ intent: { task, instances } }: TaskRecord): boolean => instances !== undefined && (taskAfter(job, task, tick)?.state ?? 'active') === 'active';
      return (priorities.get(job)?.highest ?? 0) > above && [...tasks.values()].some(waits);
    });

  /** What has to end of a task on several nodes ends on all of them: it is enough that one of them is needed. */
  const violatedUnless = (ended: ReadonlyMap<NodeNumber, readonly EndCommand[]>, complaints: readonly { readonly key: EndCommand['key']; readonly what: string }[]): void => {
    const ofTask = ({ job, task }: EndCommand['key']) => ({ key }: { readonly key: EndCommand['key'] }): boolean => key.job === job && key.task === task;
    for (const { key, what } of complaints) {
      if ([...ended.values()].flat().filter(ofTask(key)).length === complaints.filter(ofTask(key)).length) violated(what);
    }
  };

  const checkNode = (node: NodeStatus, ended: readonly EndCommand[], tick: TickCommit, violated: (key: EndCommand['key'], what: string) => void): void => {
    const runs = ({ job, task, attempt, instance }: EndCommand['key']): boolean => {
      const subtask = tick.decisions.subtasks?.find((row) => row.job === job && row.task === task && row.instance === instance) ?? jobOf(job)?.tasks.get(task)?.subtasks?.get(instance);
      const status = instance === 0 ? taskAfter(job, task, tick) : subtask;
      return status?.attempt === attempt && status.node === node.node && (status.state === 'running' || status.state === 'preparing');
    };
    const ending = [...told].map(keyOf).filter(runs);
    const room = node.slots - node.runningSlots + ending.reduce((sum, { job, task }) => sum + slotsOf(job, task, node), 0);
    for (const { key } of ended) {
      const lowest = priorities.get(key.job)?.lowest ?? 0;
      const above = node.offers.findLastIndex(({ job }) => (priorities.get(job)?.highest ?? 0) > lowest);
      // All that waits before the last of them starts before it.
      const wanted = node.offers.slice(0, above + 1).reduce((sum, { job, task }) => sum + slotsOf(job, task, node), 0);
      const without = room - (runs(key) ? slotsOf(key.job, key.task, node) : 0);
      if (waitsForSeveral(lowest, tick)) continue;
      if (above === -1) violated(key, `attempt ${attemptName(key)} makes room on node ${node.node}, where nothing of a higher priority waits`);
      else if (without >= wanted) violated(key, `attempt ${attemptName(key)} makes room on node ${node.node}, which without it has ${without} slots for the ${wanted} that are waited for`);
    }
  };

  const onCommit = (tick: TickCommit): void => {
    for (const { intent: { job, priority } } of tables().jobs.values()) {
      const known = priorities.get(job) ?? { lowest: priority, highest: priority };
      priorities.set(job, { lowest: Math.min(known.lowest, priority), highest: Math.max(known.highest, priority) });
    }
    if (tick.epoch !== epoch) told.clear();
    epoch = tick.epoch;
    for (const status of tick.decisions.tasks) {
      const before = jobOf(status.job)?.tasks.get(status.task)?.status;
      // Of one attempt: a tick may requeue one and see the next fail.
      if (before === null || before === undefined || status.attempt !== before.attempt || status.requeueCount <= before.requeueCount) continue;
      // One that has failed before is retried with this start, if it is told of in the same tick.
      const retried = before.exitCode === null ? 0 : 1;
      if (status.retryCount > before.retryCount + retried) violated(`task ${status.job}.${status.task} was requeued, which counts as a retry`);
    }
    const ended = new Map<NodeNumber, EndCommand[]>();
    for (const command of tick.decisions.commands) {
      if (command.kind !== 'end' || told.has(attemptName(command.key))) continue;
      told.add(attemptName(command.key));
      if (command.reason === 'requeue' && isForOthers(command, tick)) violated(`attempt ${attemptName(command.key)} is to be requeued, which nobody asked for`);
      if (command.reason !== 'outranked') continue;
      const { key, node } = command;
      count += 1;
      if (jobOf(key.job)?.intent.allowTaskPreemption !== true) violated(`attempt ${attemptName(key)} makes room, which its job does not allow`);
      const status = taskAfter(key.job, key.task, tick);
      const ranMs = status?.startedAt === null || status === null ? null : tick.now - status.startedAt;
      if (ranMs !== null && status !== null && status.requeueCount > 0 && ranMs < SAFE_MS) violated(`task ${key.job}.${key.task}, requeued ${status.requeueCount} times, makes room after ${ranMs} ms`);
      ended.set(node, [...(ended.get(node) ?? []), command]);
    }
    const complaints: { readonly key: EndCommand['key']; readonly what: string }[] = [];
    for (const [node, commands] of ended) {
      const status = nodeAfter(node, tick);
      if (status !== undefined) checkNode(status, commands, tick, (key, what) => complaints.push({ key, what }));
    }
    violatedUnless(ended, complaints);
  };

  return {
    onCommit,
    /** Attempts that were ended to make room. */
    get count() {
      return count;
    },
  };
}

function keyOf(name: string): EndCommand['key'] {
  const [job = 0, task = 0, attempt = 0, instance = 0] = name.split('.').map(Number);
  return { job, task, attempt, instance };
}
