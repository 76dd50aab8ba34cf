import { groupBy } from '../../../base/groups.ts';
import type { NodeStatus } from '../../../core/status.ts';
import type { DisableSchedulingOption, NodeDeallocationOption, NodeIntent, NodeRestart, NodeStart } from '../../../core/intent.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { nodeIntent } from '../../../store/nodeRequest.ts';
import { nodeScheduling, nodeState } from '../../../core/wireState.ts';
import { askNode, countNodes, listNodes, lockNode, type NodeCountRow, type NodeRow } from '../../../store/intents/nodes.ts';
import { nodeStatus } from '../../../store/status/nodeActivity.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { findSubtasks } from '../../../store/intents/subtasks.ts';
import { taskLabels } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError, type ErrorCode, type ErrorValue } from '../../../wire/errors.ts';
import { matches, type Filter } from '../../../wire/odata.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Node, NodeCounts } from '../../../wire/types.generated.ts';
import { acted, entity, type Answer } from '../../answer.ts';
import { param, wakeAndWait, type Call, type Handler, type Parts } from '../../call.ts';
import { storedPool } from '../pool/view.ts';
import { invalidForState } from '../job/guards.ts';
import { existingNode, existingPool } from './existing.ts';
import { uploadServiceLogs } from './serviceLogs.ts';
import { nodeContext, wireNode } from './view.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

async function wireNodes(call: Call, parts: Parts, pool: PoolWithStatus, rows: readonly NodeRow[]): Promise<readonly Node[]> {
  const nodes = rows.map(nodeStatus);
  const labels = await taskLabels(parts.database, nodes.flatMap(({ recentTasks }) => recentTasks));
  const instances = nodes.flatMap(({ recentTasks, recentInstances = [] }) => recentTasks.flatMap((line, index) => ({ ...line, instance: recentInstances[index]?.instance ?? 0 })));
  const subtasks = await findSubtasks(parts.database, instances.filter(({ instance }) => instance > 0));
  const context = nodeContext(call.baseUrl, pool, { labels, subtasks });
  return rows.map((row) => wireNode(row, context));
}

const get: Handler = async (call, parts) => {
  const { pool, row } = await existingNode(call, parts);
  const [node] = await wireNodes(call, parts, pool, [row]);
  if (node === undefined) throw new Error('no view of a node');
  return entity(applySelect(dataContract.writeBody('Node', call.version, node, `${call.baseUrl}/$metadata#nodes/@Element`), call.query.select), null);
};

/**
 * Only nodes of cloud services have such a file, and there are none of these here (API reference, "Get a remote desktop
 * file"; the status by a user's report, the code inferred).
 */
const getRemoteDesktop: Handler = async (call, parts) => {
  await existingNode(call, parts);
  throw new BatchError('OperationNotValidOnNode', [{ key: 'Reason', value: 'Only nodes of pools with a cloudServiceConfiguration have a Remote Desktop file; use remoteloginsettings.' }]);
};

/**
 * Asks something of the node that is called, whatever was asked of it before. `decide`: throws the 409 of its state.
 */
async function change(call: Call, parts: Parts, decide: (intent: NodeIntent, status: NodeStatus) => Partial<NodeIntent>): Promise<void> {
  const { account } = call.principal;
  const pool = await existingPool(call, parts);
  await transaction(parts.database, async (tx, last) => {
    const row = await lockNode(tx, account.number, pool.pool, param(call, 'nodeId'));
    if (row === null) throw new BatchError('NodeNotFound');
    const intent = nodeIntent(row);
    if (intent === null) throw new Error('the locked request is gone');
    await askNode(tx, { ...intent, ...decide(intent, nodeStatus(row)) });
    last(tellOwner(tx, account.number, { kind: 'node', node: row.n_node }));
  });
  await wakeAndWait(call, parts);
}

/** Scheduling may be disabled on a node in any state, but only once (API reference, states.md 3.2). */
function schedule(read: (call: Call) => Promise<DisableSchedulingOption | null>): Handler {
  return async (call, parts) => {
    const schedulingDisabled = await read(call);
    await change(call, parts, (intent, status) => {
      const target = schedulingDisabled === null ? 'enabled' : 'disabled';
      if (nodeScheduling(intent, status) === target) throw new BatchError('NodeAlreadyInTargetSchedulingState');
      return { schedulingDisabled };
    });
    return acted(call, 200);
  };
}

const disableScheduling = schedule(async (call) => {
  const body = await call.jsonIfAny();
  const asked = body === undefined ? undefined : dataContract.readBody('NodeDisableScheduling', call.version, body).nodeDisableSchedulingOption;
  return asked ?? 'requeue';
});

const enableScheduling = schedule(() => Promise.resolve(null));

type Refusals = Readonly<Partial<Record<NodeStatus['state'], ErrorCode | undefined>>>;

/**
 * The states that refuse a restart (states.md 3.2). A node that is unusable, or whose start task failed, is restarted
 * to mend it.
 */
const RESTART_REFUSALS: Refusals = {
  creating: 'NodeBeingCreated',
  starting: 'NodeBeingStarted',
  waitingforstarttask: 'NodeBeingStarted',
  rebooting: 'NodeBeingRebooted',
  reimaging: 'NodeBeingReimaged',
  unknown: 'OperationInvalidForCurrentState',
  leavingpool: 'OperationInvalidForCurrentState',
  preempted: 'OperationInvalidForCurrentState',
  deallocating: 'OperationInvalidForCurrentState',
  deallocated: 'OperationInvalidForCurrentState',
};

/** A deallocation mends nothing: nodes that work are deallocated (API reference, "Deallocate Node"). */
const DEALLOCATION_REFUSALS: Refusals = { ...RESTART_REFUSALS, unusable: 'NodeStateUnusable', starttaskfailed: 'OperationInvalidForCurrentState' };

/** Only a deallocated node is started (API reference, "Start Node"). */
const START_REFUSALS: Refusals = { ...DEALLOCATION_REFUSALS, idle: 'OperationInvalidForCurrentState', running: 'OperationInvalidForCurrentState', offline: 'OperationInvalidForCurrentState', deallocated: undefined };

async function askFor(call: Call, parts: Parts, restart: NodeRestart | NodeStart, refusals: Refusals): Promise<Answer> {
  await change(call, parts, (intent, status) => {
    const { state } = nodeState(intent, status);
    const code = refusals[state];
    if (code !== undefined) throw code === 'OperationInvalidForCurrentState' ? invalidForState(`The node is in state '${state}'.`) : new BatchError(code);
    return { restart, restartSequence: intent.restartSequence + 1 };
  });
  return acted(call, 202);
}

function restart(call: Call, parts: Parts, kind: 'reboot' | 'reimage', tasks: NodeDeallocationOption = 'requeue'): Promise<Answer> {
  return askFor(call, parts, { kind, tasks, at: call.now }, RESTART_REFUSALS);
}

const reboot: Handler = async (call, parts) => {
  const body = await call.jsonIfAny();
  return restart(call, parts, 'reboot', body === undefined ? undefined : dataContract.readBody('NodeReboot', call.version, body).nodeRebootOption);
};

/** The first version in which nodes of virtual machines can be reimaged; before, only those of cloud services could. */
const REIMAGE_SINCE = 20;

const reimage: Handler = async (call, parts) => {
  const body = await call.jsonIfAny();
  const option = body === undefined ? undefined : dataContract.readBody('NodeReimage', call.version, body).nodeReimageOption;
  const { pool } = await existingNode(call, parts);
  const isAllowed = call.version.revision >= REIMAGE_SINCE || storedPool(pool).cloudServiceConfiguration !== undefined;
  if (isAllowed) return restart(call, parts, 'reimage', option);
  // Recorded (2022-01-01.15.0).
  throw new BatchError('OperationNotValidOnNode', [{ key: 'Reason', value: 'Operation reimage can be invoked only on pools created with cloudServiceConfiguration' }]);
};

const deallocate: Handler = async (call, parts) => {
  const body = await call.jsonIfAny();
  const option = body === undefined ? undefined : dataContract.readBody('NodeDeallocate', call.version, body).nodeDeallocateOption;
  return askFor(call, parts, { kind: 'deallocate', tasks: option ?? 'requeue', at: call.now }, DEALLOCATION_REFUSALS);
};

const start: Handler = (call, parts) => askFor(call, parts, { kind: 'start', at: call.now }, START_REFUSALS);

const BATCH_SIZE = 1000;

/** In the order of ids; filters run over what is answered, batch by batch until the page is full. */
const list: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const pool = await existingPool(call, parts);
  const page: Node[] = [];
  let after = pageStart(call, 'nodes', '');
  for (let more = true; more && page.length <= maxResults; ) {
    call.signal.throwIfAborted();
    const rows = await listNodes(parts.database, call.principal.account.number, pool.pool, after, BATCH_SIZE);
    const nodes = await wireNodes(call, parts, pool, rows);
    page.push(...(filter === undefined ? nodes : nodes.filter((node) => matches(filter, node))));
    after = rows.at(-1)?.id.toLowerCase() ?? after;
    more = rows.length === BATCH_SIZE;
  }
  const shown = page.slice(0, maxResults);
  const token = page.length > shown.length ? skipToken('nodes', shown.at(-1)?.id.toLowerCase() ?? '') : null;
  return listAnswer(call, 'nodes', shown.map((node) => applySelect(dataContract.writeBody('Node', call.version, node), select)), token);
};

/**
 * No extension is ever installed: nodes are processes on given machines. A pool keeps those that it names, which stands
 * in `acceptedNotEnforced`.
 */
const listExtensions: Handler = async (call, parts) => {
  await existingNode(call, parts);
  pageStart(call, 'nodeextensions', '');
  return listAnswer(call, 'nodevmextensions', [], null);
};

/** The code is inferred: no document or recording names one. */
const getExtension: Handler = async (call, parts) => {
  const { pool } = await existingNode(call, parts);
  const name = param(call, 'extensionName');
  const isNamed = (storedPool(pool).virtualMachineConfiguration?.extensions ?? []).some((one) => one.name.toLowerCase() === name.toLowerCase());
  const reason: readonly ErrorValue[] = isNamed ? [{ key: 'Reason', value: 'The pool names this extension, and nothing can be installed on its nodes, which are processes on given machines.' }] : [];
  throw new BatchError('ResourceNotFound', reason);
};

/** The count that each state of a node goes into. */
const COUNT_NAMES = {
  creating: 'creating',
  starting: 'starting',
  waitingforstarttask: 'waitingForStartTask',
  starttaskfailed: 'startTaskFailed',
  idle: 'idle',
  running: 'running',
  unusable: 'unusable',
  unknown: 'unknown',
  offline: 'offline',
  leavingpool: 'leavingPool',
  preempted: 'preempted',
  rebooting: 'rebooting',
  reimaging: 'reimaging',
  deallocating: 'deallocating',
  deallocated: 'deallocated',
} as const satisfies Readonly<Record<NodeStatus['state'], keyof NodeCounts>>;

function nodeCounts(rows: readonly NodeCountRow[]): NodeCounts {
  const counts = {
    creating: 0,
    idle: 0,
    offline: 0,
    preempted: 0,
    rebooting: 0,
    reimaging: 0,
    running: 0,
    starting: 0,
    startTaskFailed: 0,
    leavingPool: 0,
    unknown: 0,
    unusable: 0,
    waitingForStartTask: 0,
    deallocated: 0,
    deallocating: 0,
    upgradingOS: 0,
    total: 0,
  };
  for (const { state, nodes } of rows) {
    if (state === null) continue;
    counts[COUNT_NAMES[state]] += nodes;
    counts.total += nodes;
  }
  return counts;
}

const listCounts: Handler = async (call, parts) => {
  const { maxResults, filter } = call.query;
  const after = pageStart(call, 'nodecounts', '');
  const only = filter === undefined ? null : onlyPool(filter);
  const rows = await countNodes(parts.database, call.principal.account.number, { after, limit: filter === undefined ? maxResults + 1 : null, only });
  const byPool = groupBy(rows, ({ poolKey }) => poolKey);
  const pools = [...byPool].map(([key, states]) => ({
    key,
    poolId: states[0]?.poolId ?? '',
    dedicated: nodeCounts(states.filter(({ dedicated }) => dedicated === true)),
    lowPriority: nodeCounts(states.filter(({ dedicated }) => dedicated === false)),
  }));
  const wanted = filter === undefined ? pools : pools.filter((pool) => matches(filter, pool));
  const shown = wanted.slice(0, maxResults);
  const token = wanted.length > shown.length ? skipToken('nodecounts', shown.at(-1)?.key ?? '') : null;
  return listAnswer(call, 'poolnodecounts', shown.map((pool) => dataContract.writeBody('PoolNodeCounts', call.version, pool)), token);
};

/** The one pool that `poolId eq '…'` asks for; null for every other filter. */
function onlyPool(filter: Filter): string | null {
  return filter.kind === 'compare' && filter.operator === 'eq' && filter.literal.kind === 'text' ? filter.literal.value : null;
}

/** Operations on nodes, by operation id. */
export const nodeHandlers = {
  ComputeNode_Get: get,
  ComputeNode_List: list,
  ComputeNode_DisableScheduling: disableScheduling,
  ComputeNode_EnableScheduling: enableScheduling,
  ComputeNode_Reboot: reboot,
  ComputeNode_Reimage: reimage,
  ComputeNode_Deallocate: deallocate,
  ComputeNode_Start: start,
  ComputeNode_UploadBatchServiceLogs: uploadServiceLogs,
  ComputeNodeExtension_List: listExtensions,
  ComputeNodeExtension_Get: getExtension,
  ComputeNode_GetRemoteDesktop: getRemoteDesktop,
  Account_ListPoolNodeCounts: listCounts,
} as const satisfies Partial<Record<OperationId, Handler>>;
