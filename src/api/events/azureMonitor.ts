import type { AccountNumber, Instant, JobNumber, TaskNumber } from '../../core/keys.ts';
import type { PoolTransition, TaskTransition, Transition } from '../../core/transitions/transition.ts';
import { poolsForEvents, tasksForEvents, type PoolForEvent, type TaskForEvent } from '../../store/intents/eventFacts.ts';
import type { Database } from '../../store/intents/statement.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { Told } from './cloudEvent.ts';

/**
 * Events as the diagnostic logs of an Azure Batch account have them in Azure Monitor, a JSON object a line (Microsoft's
 * "Batch Analytics" pages, each named as its event). What of a task or pool stands in no transition is read as it is
 * now; of one that is gone it is left out.
 */
export async function azureMonitorLines(database: Database, account: { readonly number: AccountNumber; readonly name: string }, told: readonly Told[]): Promise<string> {
  const tasks = new Map((await tasksForEvents(database, told.flatMap(({ transition }) => ('task' in transition ? [transition] : [])))).map((task) => [taskKey(task), task]));
  const pools = new Map((await poolsForEvents(database, told.flatMap(({ transition }) => (isPool(transition) ? [transition.pool] : [])))).map((pool) => [pool.pool, pool]));
  const lines = told.flatMap(({ transition }) => entriesOf(transition, { tasks, pools }).map(({ operationName, properties }) => JSON.stringify({ time: formatTimestamp(transition.at), resourceId: account.name, category: 'ServiceLog', operationName, level: 'Information', properties })));
  return lines.map((line) => `${line}\n`).join('');
}

interface Entry {
  readonly operationName: `${'Pool' | 'Task'}${string}Event`;
  readonly properties: Readonly<Record<string, unknown>>;
}

interface Facts {
  readonly tasks: ReadonlyMap<string, TaskForEvent>;
  readonly pools: ReadonlyMap<number, PoolForEvent>;
}

function isPool(transition: Transition): transition is PoolTransition {
  return transition.kind.startsWith('pool.');
}

function taskKey({ job, task }: { readonly job: JobNumber; readonly task: TaskNumber }): string {
  return `${job}.${task}`;
}

function entriesOf(transition: Transition, { tasks, pools }: Facts): readonly Entry[] {
  if ('task' in transition) return taskEntries(transition, tasks.get(taskKey(transition)));
  return isPool(transition) ? poolEntries(transition, pools.get(transition.pool)) : [];
}

function poolEntries(transition: PoolTransition, known: PoolForEvent | undefined): readonly Entry[] {
  const { kind, poolId: id, at, results, errors } = transition;
  switch (kind) {
    case 'pool.created': {
      const created: Entry = { operationName: 'PoolCreateEvent', properties: { id, ...createdOf(transition, known) } };
      const isSized = (transition.targetDedicatedNodes ?? 0) + (transition.targetLowPriorityNodes ?? 0) > 0;
      return isSized ? [created, { operationName: 'PoolResizeStartEvent', properties: sizesOf(transition, known) }] : [created];
    }
    case 'pool.resizing':
      return [{ operationName: 'PoolResizeStartEvent', properties: sizesOf(transition, known) }];
    case 'pool.resized': {
      const [first] = errors ?? [];
      const result = first === undefined ? { resultCode: 'Success', resultMessage: 'The operation succeeded' } : { resultCode: 'Failure', resultMessage: `${first.code}: ${first.message}` };
      return [{ operationName: 'PoolResizeCompleteEvent', properties: { ...sizesOf(transition, known), ...timeOf('startTime', transition.startedAt), endTime: formatTimestamp(at), ...result } }];
    }
    case 'pool.evaluated': {
      const [error] = errors ?? [];
      return [{ operationName: 'PoolAutoScaleEvent', properties: { id, timestamp: formatTimestamp(at), ...(known?.formula ? { formula: known.formula } : {}), results, ...(error === undefined ? {} : { error: { ...error, values: error.values ?? [] } }) } }];
    }
    case 'pool.deleting':
      return [{ operationName: 'PoolDeleteStartEvent', properties: { id } }];
    case 'pool.deleted':
      return [{ operationName: 'PoolDeleteCompleteEvent', properties: { id, ...timeOf('startTime', transition.startedAt), endTime: formatTimestamp(at) } }];
    case 'pool.stopping':
      return [];
  }
}

function createdOf({ resizeTimeoutMs, targetDedicatedNodes, targetLowPriorityNodes, taskSlotsPerNode, autoScale }: PoolTransition, known: PoolForEvent | undefined): Entry['properties'] {
  const spec = known?.spec ?? {};
  const { displayName, vmSize, virtualMachineConfiguration: machine, networkConfiguration: network, taskSchedulingPolicy: policy, enableInterNodeCommunication } = spec;
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(vmSize === undefined ? {} : { vmSize }),
    imageType: 'VirtualMachineConfiguration',
    ...(network?.subnetId === undefined ? {} : { networkConfiguration: { subnetId: network.subnetId } }),
    ...(machine === undefined ? {} : { virtualMachineConfiguration: { imageReference: machine.imageReference, nodeAgentId: machine.nodeAgentSKUId } }),
    ...(resizeTimeoutMs === undefined ? {} : { resizeTimeout: String(resizeTimeoutMs) }),
    targetDedicatedNodes: targetDedicatedNodes ?? 0,
    targetLowPriorityNodes: targetLowPriorityNodes ?? 0,
    taskSlotsPerNode,
    ...(policy?.nodeFillType === undefined ? {} : { vmFillType: policy.nodeFillType }),
    enableAutoScale: autoScale === true,
    enableInterNodeCommunication: enableInterNodeCommunication === true,
    isAutoPool: known?.isAuto === true,
  };
}

function sizesOf(transition: PoolTransition, known: PoolForEvent | undefined): Entry['properties'] {
  const { poolId: id, targetDedicatedNodes = 0, targetLowPriorityNodes = 0, currentDedicatedNodes = 0, currentLowPriorityNodes = 0 } = transition;
  const isSmaller = targetDedicatedNodes < currentDedicatedNodes || targetLowPriorityNodes < currentLowPriorityNodes;
  return {
    id,
    nodeDeallocationOption: isSmaller ? transition.nodeDeallocationOption : 'Invalid',
    currentDedicatedNodes,
    targetDedicatedNodes,
    currentLowPriorityNodes,
    targetLowPriorityNodes,
    enableAutoScale: transition.autoScale === true || Boolean(known?.formula),
    isAutoPool: known?.isAuto === true,
  };
}

function taskEntries(transition: TaskTransition, known: TaskForEvent | undefined): readonly Entry[] {
  const { kind, cause, from } = transition;
  const properties = { ...taskOf(transition, known) };
  const { retryCount = 0, requeueCount = 0 } = transition;
  switch (kind) {
    case 'task.running':
      return [{ operationName: 'TaskStartEvent', properties: { ...properties, executionInfo: { retryCount } } }];
    case 'task.succeeded':
    case 'task.failed': {
      const executionInfo = { ...timeOf('startTime', transition.startedAt), ...timeOf('endTime', transition.endedAt), ...(transition.exitCode === undefined ? {} : { exitCode: transition.exitCode }), retryCount, requeueCount };
      const completed: Entry = { operationName: 'TaskCompleteEvent', properties: { ...properties, executionInfo } };
      return kind === 'task.failed' ? [completed, { operationName: 'TaskFailEvent', properties: completed.properties }] : [completed];
    }
    case 'task.requeued':
      if (from !== 'preparing' || cause !== 'revoked') return [];
      return [{ operationName: 'TaskScheduleFailEvent', properties: { ...properties, schedulingError: PREPARATION_FAILED } }];
    case 'task.created':
    case 'task.preparing':
    case 'task.reactivated':
    case 'task.deleted':
      return [];
  }
}

/** As Microsoft's page on the event has it. */
const PREPARATION_FAILED = { category: 'UserError', code: 'JobPreparationTaskFailed', message: 'Task cannot run because the job preparation task failed on node' };

/** `systemTaskVersion`: the attempts before this one. */
function taskOf({ jobId, taskId, attempt = 1, poolId, nodeId }: TaskTransition, known: TaskForEvent | undefined): Entry['properties'] {
  return {
    jobId,
    id: taskId,
    taskType: known?.isManager === true ? 'JobManager' : 'User',
    systemTaskVersion: attempt - 1,
    ...(known === undefined ? {} : { requiredSlots: known.requiredSlots }),
    nodeInfo: { poolId: poolId ?? '', nodeId: nodeId ?? '' },
    ...(known === undefined ? {} : { multiInstanceSettings: { numberOfInstances: known.instances ?? 1 }, constraints: { maxTaskRetryCount: known.maxTaskRetryCount ?? 0 } }),
  };
}

function timeOf(name: string, at: Instant | undefined): Readonly<Record<string, string>> {
  return at === undefined ? {} : { [name]: formatTimestamp(at) };
}
