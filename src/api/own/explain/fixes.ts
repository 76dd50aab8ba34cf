import { counted } from '../../../base/words.ts';
import type { Reason } from '../../../core/reasons.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import type { Fix } from '../../../wire/own/common.ts';
import { NEWEST_API_VERSION } from '../../../wire/versions.ts';
import { storedPool } from '../../data/pool/view.ts';

/** What of a pool the fixes name. */
type ExplainedPool = Pick<PoolWithStatus, 'id' | 'spec' | 'targetDedicated' | 'targetLowPriority'>;

/** What a reason was given of. */
export interface FixContext {
  /** null: there is none. */
  readonly pool: ExplainedPool | null;
  readonly jobId?: string;
  /** Left out: of all tasks of the job that have it. */
  readonly taskId?: string;
}

/** What would take a reason away, the likeliest first; none: only other tasks, nodes or people can. */
export function fixesOf(reason: Reason, { pool, jobId, taskId }: FixContext): readonly Fix[] {
  switch (reason.code) {
    case 'JobNotActive':
      return reason.state === 'disabled' || reason.state === 'disabling' ? [dataFix('Enable the job', `/jobs/${pathName(reason.jobId)}/enable`)] : [];
    case 'DependenciesNotMet':
      if (jobId === undefined) return [];
      return (reason.parents ?? []).filter(({ state }) => state === 'completed').map(({ id }) => dataFix(`Run ${id} again`, `/jobs/${pathName(jobId)}/tasks/${pathName(id)}/reactivate`));
    case 'MaxParallelTasks':
      return [{ label: 'Lift the bound of parallel tasks', method: 'PATCH', path: dataPath(`/jobs/${pathName(reason.jobId)}`), body: { maxParallelTasks: -1 } }];
    case 'NoNodes':
      return isFixed(pool) ? [dataFix('Ask for one node', `/pools/${pathName(pool.id)}/resize`, { targetDedicatedNodes: 1 })] : [];
    case 'WaitingForNodes':
      if (!isFixed(pool) || reason.allocationState !== 'steady') return [];
      return [dataFix('Ask for the nodes again', `/pools/${pathName(pool.id)}/resize`, { targetDedicatedNodes: pool.targetDedicated, targetLowPriorityNodes: pool.targetLowPriority })];
    case 'TooFewNodesTogether': {
      if (!isFixed(pool) || reason.targetNodes >= reason.instances) return [];
      const nodes = { targetDedicatedNodes: Math.max(0, reason.instances - pool.targetLowPriority), targetLowPriorityNodes: pool.targetLowPriority };
      return [dataFix(`Ask for ${reason.instances} nodes`, `/pools/${pathName(pool.id)}/resize`, nodes)];
    }
    case 'NodeNotReady':
      if (pool === null) return [];
      if (reason.state === 'leavingpool' || reason.state === 'preempted') return [];
      if (reason.state === 'deallocated') return [dataFix('Start the node', `/pools/${pathName(pool.id)}/nodes/${pathName(reason.nodeId)}/start`)];
      if (reason.schedulingState === 'disabled') return [dataFix('Let the node take tasks', `/pools/${pathName(pool.id)}/nodes/${pathName(reason.nodeId)}/enablescheduling`)];
      return reason.state === 'unusable' ? againOn(pool, reason.nodeId) : [];
    case 'StartTaskFailed':
      return pool === null ? [] : againOn(pool, reason.nodeId, 'Run the start task again: reboot the node');
    case 'AgentTooOld':
    case 'PreparationFailed':
      return pool === null ? [] : againOn(pool, reason.nodeId);
    case 'TooManySlots': {
      if (jobId === undefined) return [];
      const which = taskId === undefined ? { filter: `state eq 'active' and requiredSlots gt ${reason.taskSlotsPerNode}` } : { ids: [taskId] };
      return [{ label: `Need ${counted(reason.taskSlotsPerNode, 'slot')} instead`, method: 'POST', path: `/linarite/jobs/${pathName(jobId)}/bulk`, body: { action: 'change', ...which, change: { requiredSlots: reason.taskSlotsPerNode } } }];
    }
    case 'FormulaFailed':
      return pool === null ? [] : [{ label: 'Run the formula again', method: 'POST', path: `/linarite/pools/${pathName(pool.id)}/evaluate`, body: { apply: true } }];
    case 'NotScheduled':
    case 'OverTime':
    case 'PoolNotFound':
    case 'PoolNotForMultiInstance':
    case 'WaitingForNodesTogether':
    case 'KeptForTask':
    case 'NodeBeingPreempted':
    case 'NoFreeSlots':
    case 'HeldByJobManager':
    case 'LowPriorityNode':
    case 'MoreNodes':
    case 'WaitingItsTurn':
    case 'WaitingOnNode':
    case 'Preparing':
    case 'Running':
    case 'BeingEnded':
    case 'MakingRoom':
    case 'MadeRoom':
    case 'RoomIsMade':
    case 'BeingPreempted':
    case 'NodePreempted':
    case 'NotTakenIn':
    case 'TaskCompleted':
    case 'JobNotOpen':
    case 'InQuarantine':
    case 'PoolAtTarget':
    case 'NodesLeaving':
    case 'NodeBusy':
    case 'NothingWaits':
    case 'TasksBlocked':
    case 'AboutToBePlaced':
      return [];
  }
}

/** No formula decides on its size, so that it can be asked for one. */
function isFixed(pool: ExplainedPool | null): pool is ExplainedPool {
  return pool !== null && !storedPool(pool).enableAutoScale;
}

function againOn({ id }: ExplainedPool, nodeId: string, label = 'Reboot the node'): readonly Fix[] {
  return [
    dataFix(label, `/pools/${pathName(id)}/nodes/${pathName(nodeId)}/reboot`, { nodeRebootOption: 'requeue' }),
    dataFix('Remove the node', `/pools/${pathName(id)}/removenodes`, { nodeList: [nodeId], nodeDeallocationOption: 'requeue' }),
  ];
}

/** A POST of the data plane. */
export function dataFix(label: string, path: string, body: object | null = null): Fix {
  return { label, method: 'POST', path: dataPath(path), body };
}

/** Of the data plane, which takes no request without a version. */
function dataPath(path: string): string {
  return `${path}?api-version=${NEWEST_API_VERSION.text}`;
}

/** An id as a part of a path. */
export function pathName(id: string): string {
  return encodeURIComponent(id);
}
