import { counted } from '../base/words.ts';
import type { WireJobState, WireTaskState } from './wireState.ts';
import type { FailureInfo, NodeState, NodeStatus, PoolStatus, ResizeError, TaskStatus } from './status.ts';

/**
 * What keeps a task from running, or what has become of it, with the numbers and names it is about. The filters of
 * placement (placement/filters) give the first ones, `explain.ts` the rest. Names of properties are those of the
 * answers over HTTP (docs/explain.md).
 */
export type Reason =
  | { readonly code: 'JobNotActive'; readonly jobId: string; readonly state: WireJobState }
  /** Its job got no auto pool, and is over. */
  | { readonly code: 'NotScheduled'; readonly jobId: string; readonly poolId: string; readonly error: FailureInfo }
  /**
   * `missing`: the first few ids and ranges that are not satisfied; `more`: there are others. `parents`: what has
   * become of these, where whoever asks has looked it up.
   */
  | { readonly code: 'DependenciesNotMet'; readonly missing: readonly string[]; readonly more: boolean; readonly parents?: readonly Parent[] }
  /** It was added so many days ago or more, as long as a task may live, and never runs. */
  | { readonly code: 'OverTime'; readonly days: number }
  /** `liveTasks`: running, or given to a node. */
  | { readonly code: 'MaxParallelTasks'; readonly jobId: string; readonly liveTasks: number; readonly maxParallelTasks: number }
  | { readonly code: 'PoolNotFound'; readonly poolId: string; readonly deleting: boolean }
  | { readonly code: 'TooManySlots'; readonly poolId: string; readonly requiredSlots: number; readonly taskSlotsPerNode: number }
  /** Multi-instance tasks run only where nodes have one slot each and inter-node communication is enabled. */
  | { readonly code: 'PoolNotForMultiInstance'; readonly poolId: string; readonly enableInterNodeCommunication: boolean; readonly taskSlotsPerNode: number }
  /** A multi-instance task: of the pool's nodes only `nodes` may run it, and `targetNodes` are asked for. */
  | { readonly code: 'TooFewNodesTogether'; readonly poolId: string; readonly instances: number; readonly nodes: number; readonly targetNodes: number; readonly formulaRunsEveryMs?: number }
  /** A multi-instance task: `freeNodes` are free. `kept`: those that become free are given to no task behind it. */
  | { readonly code: 'WaitingForNodesTogether'; readonly instances: number; readonly freeNodes: number; readonly kept: boolean }
  /** The node is kept free, or will be, for a multi-instance task of that job which goes before this one. */
  | { readonly code: 'KeptForTask'; readonly nodeId: string; readonly jobId: string; readonly instances: number }
  /** It knows no multi-instance tasks. */
  | { readonly code: 'AgentTooOld'; readonly nodeId: string; readonly version: string }
  | { readonly code: 'NodeNotReady'; readonly nodeId: string; readonly state: NodeState; readonly schedulingState: NodeStatus['scheduling']; readonly connected: boolean; readonly errors: readonly ResizeError[] }
  /** The provider takes it back. */
  | { readonly code: 'NodeBeingPreempted'; readonly nodeId: string }
  | { readonly code: 'StartTaskFailed'; readonly nodeId: string; readonly exitCode: number | null; readonly failure: FailureInfo | null }
  /** So that the job's tasks do not run there. `retryCount`: of the preparation. */
  | { readonly code: 'PreparationFailed'; readonly nodeId: string; readonly exitCode: number | null; readonly failure: FailureInfo | null; readonly retryCount: number }
  /** `runningSlots` of `taskSlotsPerNode` are taken; `offers` tasks more are about to start there. */
  | { readonly code: 'NoFreeSlots'; readonly nodeId: string; readonly requiredSlots: number; readonly runningSlots: number; readonly taskSlotsPerNode: number; readonly offers: number }
  /** The job manager of that job has the node for itself. */
  | { readonly code: 'HeldByJobManager'; readonly nodeId: string; readonly jobId: string }
  /** The job manager asks for a dedicated node. */
  | { readonly code: 'LowPriorityNode'; readonly nodeId: string }
  /**
   * Nobody has asked for nodes. `leavingNodes`: there are still some. `formulaRunsEveryMs`: of a pool whose formula may
   * ask for some by itself.
   */
  | { readonly code: 'NoNodes'; readonly poolId: string; readonly leavingNodes?: number; readonly formulaRunsEveryMs?: number }
  /**
   * `readyNodes` of `targetNodes` take tasks. `errors`: why it gets no more; `pending`: why some are not given yet, in
   * the provider's words; `room`: how many nodes there can be here in all, null: not known.
   */
  | {
      readonly code: 'WaitingForNodes';
      readonly poolId: string;
      readonly readyNodes: number;
      readonly targetNodes: number;
      readonly allocationState: PoolStatus['allocationState'];
      readonly errors: readonly ResizeError[];
      readonly pending: readonly string[];
      readonly room: number | null;
    }
  | { readonly code: 'MoreNodes'; readonly nodes: number }
  /** `tasksBefore`: of jobs that are served first and of its own, at most. */
  | { readonly code: 'WaitingItsTurn'; readonly tasksBefore: number }
  | { readonly code: 'WaitingOnNode'; readonly nodeId: string; readonly seconds: number; readonly tasksBefore: number }
  /** The task has its slots and waits for its job's preparation there. */
  | { readonly code: 'Preparing'; readonly nodeId: string; readonly jobId: string; readonly retryCount: number }
  | { readonly code: 'Running'; readonly nodeId: string; readonly attempt: number }
  | { readonly code: 'BeingEnded'; readonly nodeId: string; readonly attempt: number }
  /** The attempt is being ended to make room for a task of higher priority. */
  | { readonly code: 'MakingRoom'; readonly nodeId: string; readonly attempt: number }
  /** Its last attempt was ended to make room. */
  | { readonly code: 'MadeRoom'; readonly requeueCount: number }
  /** So many tasks of lower priority are being ended there, so that it can start. */
  | { readonly code: 'RoomIsMade'; readonly nodeId: string; readonly tasks: number }
  /** The provider takes the node back, in so many seconds. */
  | { readonly code: 'BeingPreempted'; readonly nodeId: string; readonly attempt: number; readonly seconds: number }
  /** Its node was taken back. */
  | { readonly code: 'NodePreempted'; readonly requeueCount: number }
  | { readonly code: 'NotTakenIn' }
  /** `ended`: how, where that is known. */
  | { readonly code: 'TaskCompleted'; readonly ended: Pick<TaskStatus, 'exitCode' | 'result' | 'failure'> | null }
  | { readonly code: 'JobNotOpen' }
  /** Of a pool: it has the nodes that are asked for. */
  | { readonly code: 'PoolAtTarget'; readonly poolId: string; readonly readyNodes: number }
  /** Of a pool: it has more than are asked for, and they leave when their tasks let them. */
  | { readonly code: 'NodesLeaving'; readonly poolId: string; readonly nodes: number; readonly targetNodes: number }
  /** Of a pool: the last run of its formula. */
  | { readonly code: 'FormulaFailed'; readonly poolId: string; readonly error: ResizeError }
  /** Of a node, as all that follow. */
  | { readonly code: 'NodeBusy'; readonly nodeId: string; readonly runningTasks: number; readonly runningSlots: number; readonly taskSlotsPerNode: number; readonly offers: number }
  | { readonly code: 'NothingWaits'; readonly poolId: string }
  /** All waiting tasks of the job wait for tasks that they depend on, or are over their time. */
  | { readonly code: 'TasksBlocked'; readonly jobId: string; readonly tasks: number }
  /** Nothing is in the way: the next tick gives it a task of that job. */
  | { readonly code: 'AboutToBePlaced'; readonly nodeId: string; readonly jobId: string }
  /** Given by the owner, which goes on without it. */
  | { readonly code: 'InQuarantine'; readonly subject: 'job' | 'task' };

/** A task that another depends on, and that does not satisfy it (yet). */
export interface Parent {
  readonly id: string;
  readonly state: WireTaskState | 'missing';
  readonly exitCode: number | null;
}

/** How a formula fails that has too few samples. There are more when it runs again. */
const NOT_MEASURED_YET = 'InsufficientSampleData';

/** Whether it stays until somebody changes something: tasks that end and nodes that come up do not take it away. */
export function needsAction(reason: Reason): boolean {
  switch (reason.code) {
    case 'OverTime':
    case 'NotScheduled':
    case 'PoolNotFound':
    case 'TooManySlots':
    case 'PoolNotForMultiInstance':
    case 'AgentTooOld':
    case 'StartTaskFailed':
    case 'PreparationFailed':
    case 'LowPriorityNode':
    case 'InQuarantine':
      return true;
    case 'NoNodes':
      return reason.formulaRunsEveryMs === undefined;
    case 'TooFewNodesTogether':
      return reason.targetNodes < reason.instances && reason.formulaRunsEveryMs === undefined;
    case 'FormulaFailed':
      return reason.error.code !== NOT_MEASURED_YET;
    case 'DependenciesNotMet':
      return reason.parents?.some(({ state }) => state === 'completed' || state === 'missing') === true;
    case 'JobNotActive':
      return reason.state === 'disabling' || reason.state === 'disabled';
    case 'NodeNotReady':
      if (reason.state === 'leavingpool' || reason.state === 'preempted') return false;
      return reason.schedulingState === 'disabled' || reason.state === 'unusable' || reason.state === 'deallocating' || reason.state === 'deallocated';
    case 'WaitingForNodes':
      return reason.allocationState === 'steady' && reason.errors.length > 0;
    case 'MaxParallelTasks':
    case 'NoFreeSlots':
    case 'HeldByJobManager':
    case 'WaitingForNodesTogether':
    case 'KeptForTask':
    case 'MoreNodes':
    case 'WaitingItsTurn':
    case 'WaitingOnNode':
    case 'Preparing':
    case 'Running':
    case 'BeingEnded':
    case 'MakingRoom':
    case 'MadeRoom':
    case 'RoomIsMade':
    case 'NodeBeingPreempted':
    case 'BeingPreempted':
    case 'NodePreempted':
    case 'NotTakenIn':
    case 'TaskCompleted':
    case 'JobNotOpen':
    case 'PoolAtTarget':
    case 'NodesLeaving':
    case 'NodeBusy':
    case 'NothingWaits':
    case 'TasksBlocked':
    case 'AboutToBePlaced':
      return false;
  }
}

/** Those first that do not pass by themselves; otherwise in their order. */
export function byUrgency(reasons: readonly Reason[]): Reason[] {
  return [...reasons.filter(needsAction), ...reasons.filter((reason) => !needsAction(reason))];
}

/** The reason in one sentence for the user, or a few. */
export function sentenceOf(reason: Reason): string {
  switch (reason.code) {
    case 'JobNotActive':
      return `Job ${reason.jobId} is ${reason.state}.`;
    case 'NotScheduled':
      return withFullStop(`Job ${reason.jobId} got no pool${failed(null, reason.error)}`);
    case 'DependenciesNotMet':
      return dependenciesNotMet(reason);
    case 'OverTime':
      return `The task was added more than ${reason.days} days ago, as long as a task may live. It will never run.`;
    case 'MaxParallelTasks':
      return `Job ${reason.jobId} has ${counted(reason.liveTasks, 'task')} running or about to start; its maxParallelTasks is ${reason.maxParallelTasks}.`;
    case 'PoolNotFound':
      return reason.deleting ? `Pool ${reason.poolId} is being deleted.` : `There is no pool ${reason.poolId}.`;
    case 'TooManySlots':
      return `The task needs ${counted(reason.requiredSlots, 'slot')} on one node; nodes of pool ${reason.poolId} have ${reason.taskSlotsPerNode}. It will never run there.`;
    case 'PoolNotForMultiInstance':
      return poolNotForMultiInstance(reason);
    case 'TooFewNodesTogether':
      return `The task needs ${reason.instances} nodes at once; pool ${reason.poolId} has ${reason.nodes} that may run it, and ${reason.targetNodes} are asked for${byFormula(reason)}.`;
    case 'WaitingForNodesTogether':
      return `The task needs ${reason.instances} nodes at once; ${reason.freeNodes === 1 ? '1 is' : `${reason.freeNodes} are`} free${reason.kept ? `, and whichever become free are kept for it until there are ${reason.instances}` : ''}.`;
    case 'KeptForTask':
      return `Node ${reason.nodeId} is kept for a task of job ${reason.jobId} that needs ${reason.instances} nodes at once.`;
    case 'AgentTooOld':
      return `The agent of node ${reason.nodeId} is of version ${reason.version}, which knows no multi-instance tasks: the node has to start again.`;
    case 'NodeNotReady':
      return nodeNotReady(reason);
    case 'StartTaskFailed':
      return startTaskFailed(reason);
    case 'PreparationFailed':
      return preparationFailed(reason);
    case 'NoFreeSlots':
      return `The task needs ${counted(reason.requiredSlots, 'slot')}; on node ${reason.nodeId} ${reason.runningSlots} of ${reason.taskSlotsPerNode} are taken${reason.offers === 0 ? '' : `, and ${counted(reason.offers, 'task')} more ${reason.offers === 1 ? 'waits' : 'wait'} there for slots`}.`;
    case 'HeldByJobManager':
      return `The job manager of job ${reason.jobId} has node ${reason.nodeId} for itself.`;
    case 'LowPriorityNode':
      return `Node ${reason.nodeId} is a low-priority node, which the job manager does not allow (allowLowPriorityNode).`;
    case 'NoNodes':
      return `Pool ${reason.poolId} has ${reason.leavingNodes === undefined ? 'no nodes' : `only nodes that leave (${reason.leavingNodes})`}, and none are asked for${byFormula(reason)}.`;
    case 'WaitingForNodes':
      return waitingForNodes(reason);
    case 'MoreNodes':
      return `Likewise on ${counted(reason.nodes, 'more node')}.`;
    case 'WaitingItsTurn':
      return `Nothing is in the way of the task: it is given to a node ${reason.tasksBefore === 0 ? 'next' : `after ${counted(reason.tasksBefore, 'other task')} at most`}.`;
    case 'WaitingOnNode':
      return `The task was given to node ${reason.nodeId} ${reason.seconds} s ago and starts there when slots are free${reason.tasksBefore === 0 ? '' : `, after ${counted(reason.tasksBefore, 'other')}`}.`;
    case 'Preparing':
      return `The task waits on node ${reason.nodeId} for the job preparation task of job ${reason.jobId}${reason.retryCount === 0 ? '' : `, retry ${reason.retryCount}`}.`;
    case 'Running':
      return `Attempt ${reason.attempt} is running on node ${reason.nodeId}.`;
    case 'BeingEnded':
      return `Attempt ${reason.attempt} is being ended on node ${reason.nodeId}.`;
    case 'MakingRoom':
      return `Attempt ${reason.attempt} is being ended on node ${reason.nodeId} to make room for tasks of a higher priority; the task then runs again.`;
    case 'MadeRoom':
      return `The task made room for tasks of a higher priority and runs again when there are slots; it has been requeued ${counted(reason.requeueCount, 'time')}.`;
    case 'RoomIsMade':
      return `On node ${reason.nodeId} ${counted(reason.tasks, 'task')} of lower priority ${reason.tasks === 1 ? 'is' : 'are'} being ended so that the task can start there.`;
    case 'NodeBeingPreempted':
      return `Node ${reason.nodeId} is being taken back by its provider: no new task comes there.`;
    case 'BeingPreempted':
      return `Attempt ${reason.attempt} is being ended on node ${reason.nodeId}, which its provider takes back in ${reason.seconds} s; the task then runs again elsewhere.`;
    case 'NodePreempted':
      return `The node that the task ran on was taken back by its provider, and the task runs again; it has been requeued ${counted(reason.requeueCount, 'time')}.`;
    case 'NotTakenIn':
      return 'The task has just been added and is about to be taken in.';
    case 'TaskCompleted':
      return taskCompleted(reason);
    case 'JobNotOpen':
      return 'The job is completed or does not exist.';
    case 'PoolAtTarget':
      return reason.readyNodes === 1 ? `Pool ${reason.poolId} has the one node that is asked for, and it takes tasks.` : `Pool ${reason.poolId} has all ${reason.readyNodes} nodes that are asked for, and they take tasks.`;
    case 'NodesLeaving':
      return `Pool ${reason.poolId} has ${counted(reason.nodes, 'node')}, and ${reason.targetNodes} ${reason.targetNodes === 1 ? 'is' : 'are'} asked for: ${reason.targetNodes === 0 ? 'they leave' : 'the others leave'} when their tasks let them.`;
    case 'FormulaFailed':
      return withFullStop(`The formula of pool ${reason.poolId} has failed, and its size stays as it is: ${asText(reason.error)}`);
    case 'NodeBusy':
      return `Node ${reason.nodeId} runs ${counted(reason.runningTasks, 'task')} in ${reason.runningSlots} of ${reason.taskSlotsPerNode} slots${reason.offers === 0 ? '' : `; ${counted(reason.offers, 'task')} ${reason.offers === 1 ? 'waits' : 'wait'} there for slots`}.`;
    case 'NothingWaits':
      return `No task waits for pool ${reason.poolId}.`;
    case 'TasksBlocked':
      return reason.tasks === 1
        ? `The task of job ${reason.jobId} that waits depends on others that have not satisfied it, or is over its time.`
        : `The ${reason.tasks} tasks of job ${reason.jobId} that wait depend on others that have not satisfied them, or are over their time.`;
    case 'AboutToBePlaced':
      return `Node ${reason.nodeId} is about to be given a task of job ${reason.jobId}.`;
    case 'InQuarantine':
      return `The service failed on the ${reason.subject} and goes on without it: see linarite status.`;
  }
}

type Of<Code extends Reason['code']> = Extract<Reason, { readonly code: Code }>;

function dependenciesNotMet({ missing, more, parents = [] }: Extract<Reason, { code: 'DependenciesNotMet' }>): string {
  const what = `The task depends on tasks that have not satisfied it, or do not exist: ${missing.join(', ')}${more ? ' and others' : ''}.`;
  return [what, ...parents.map(parentNotMet)].join(' ');
}

function parentNotMet({ id, state, exitCode }: Parent): string {
  if (state === 'missing') return `There is no task ${id}.`;
  if (state !== 'completed') return `Task ${id} is ${state}.`;
  return `Task ${id} has ended${exitCode === null ? '' : ` with exit code ${exitCode}`}, which blocks it until ${id} is made active again and ends well.`;
}

function poolNotForMultiInstance({ poolId, enableInterNodeCommunication, taskSlotsPerNode }: Of<'PoolNotForMultiInstance'>): string {
  const communication = enableInterNodeCommunication ? [] : ['enableInterNodeCommunication is false'];
  const slots = taskSlotsPerNode === 1 ? [] : [`taskSlotsPerNode is ${taskSlotsPerNode}, not 1`];
  return `A multi-instance task never runs in pool ${poolId}: ${[...communication, ...slots].join(', and ')}.`;
}

function nodeNotReady({ nodeId, state, schedulingState, connected, errors }: Of<'NodeNotReady'>): string {
  const isHere = state === 'idle' || state === 'running' || state === 'offline' || state === 'unknown';
  if (schedulingState === 'disabled' && isHere) return `Scheduling is disabled on node ${nodeId}.`;
  const cut = connected || !isHere ? '' : ', and its agent is not connected';
  const disabled = schedulingState === 'disabled' && state !== 'leavingpool' && state !== 'preempted' ? ', and scheduling is disabled on it' : '';
  return [`Node ${nodeId} ${NODE_IS[state]}${cut}${disabled}.`, ...errors.map((error) => withFullStop(asText(error)))].join(' ');
}

const NODE_IS: Readonly<Record<NodeState, string>> = {
  creating: 'is being created',
  starting: 'is starting',
  waitingforstarttask: 'runs its start task',
  starttaskfailed: 'has failed in its start task',
  idle: 'is idle',
  running: 'is running',
  unusable: 'is unusable',
  unknown: 'is unknown',
  offline: 'is offline',
  leavingpool: 'is leaving its pool',
  preempted: 'was taken back by its provider',
  rebooting: 'is rebooting',
  reimaging: 'is being reimaged',
  deallocating: 'is being deallocated',
  deallocated: 'is deallocated until it is started',
};

function startTaskFailed({ nodeId, exitCode, failure }: Of<'StartTaskFailed'>): string {
  return withFullStop(`The start task has failed on node ${nodeId}${failed(exitCode, failure)}`);
}

function preparationFailed({ nodeId, exitCode, failure, retryCount }: Of<'PreparationFailed'>): string {
  const retries = retryCount === 0 ? '' : `, after ${retryCount} ${retryCount === 1 ? 'retry' : 'retries'}`;
  return `${withFullStop(`The job preparation task has failed on node ${nodeId}${retries}${failed(exitCode, failure)}`)} No task of the job runs there.`;
}

function taskCompleted({ ended }: Of<'TaskCompleted'>): string {
  if (ended === null) return 'The task is completed or deleted.';
  const { exitCode, result, failure } = ended;
  if (failure !== null) return withFullStop(`The task has failed${failed(exitCode, failure)}`);
  return `The task has ended${withExitCode(exitCode)}${result === null ? '' : `: ${result}`}.`;
}

/** ` with exit code 3: FailureExitCode, The task …` */
function failed(exitCode: number | null, failure: FailureInfo | null): string {
  if (failure === null) return withExitCode(exitCode);
  const details = (failure.details ?? []).map(({ name, value }) => `${name}: ${value}`).join('; ');
  return `${withExitCode(exitCode)}: ${failure.code}, ${details === '' ? failure.message : unended(failure.message)}${details === '' ? '' : ` (${details})`}`;
}

function withExitCode(exitCode: number | null): string {
  return exitCode === null ? '' : ` with exit code ${exitCode}`;
}

/** `ApplicationPackageError: There is no package; ApplicationId tool` */
function asText({ code, message, values = [] }: ResizeError): string {
  const more = values.map(({ name, value }) => `; ${name} ${value}`).join('');
  return `${code}: ${more === '' ? message : unended(message)}${more}`;
}

/** What others have written may end with a full stop, or not. */
function withFullStop(text: string): string {
  return `${unended(text)}.`;
}

function unended(text: string): string {
  return text.replace(/\.$/, '');
}

function waitingForNodes({ poolId, readyNodes, targetNodes, allocationState, errors, pending, room }: Of<'WaitingForNodes'>): string {
  const doing = allocationState === 'steady' ? '' : `; it is ${allocationState === 'resizing' ? 'being resized' : 'stopping its resize'}`;
  const why = errors.map(({ code, message, values = [] }) => `; ${code}: ${[unended(message), ...values.map(({ value }) => unended(value))].join(': ')}`).join('');
  const wait = pending.map((reason) => `; nodes that are asked for wait: ${unended(reason)}`).join('');
  const bound = room !== null && room < targetNodes ? `; there is room for ${counted(room, 'node')} here` : '';
  return withFullStop(`Pool ${poolId} has ${readyNodes} of ${targetNodes} nodes ready${doing}${bound}${wait}${why}`);
}

/** `; its formula decides, and runs every 15 minutes`: of a pool that has one. */
function byFormula({ formulaRunsEveryMs: everyMs }: { readonly formulaRunsEveryMs?: number }): string {
  return everyMs === undefined ? '' : `; its formula decides, and runs every ${counted(Math.round(everyMs / 60_000), 'minute')}`;
}
