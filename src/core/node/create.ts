import type { Instant } from '../keys.ts';
import type { CoreState, Node, Pool } from '../model.ts';
import type { Random } from '../port.ts';
import type { NodeStatus } from '../status.ts';

/** Nodes that a pool asks for, and those that a row tells of. */

export function createNode(state: CoreState, pool: Pool, dedicated: boolean, now: Instant, random: Random): void {
  const id = `tvmps_${hex(random)}_${dedicated ? 'd' : 'p'}`;
  const number = state.nextNode;
  state.nextNode += 1;
  const node = addNode(state, pool, {
    node: number,
    pool: pool.number,
    id,
    dedicated,
    state: 'creating',
    since: now,
    scheduling: 'enabled',
    life: 0,
    allocatedAt: now,
    bootedAt: null,
    slots: pool.intent.taskSlotsPerNode,
    runningTasks: 0,
    runningSlots: 0,
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
    recentTasks: [],
    offers: [],
    startTask: null,
    errors: [],
    retainUntil: 0,
    agent: null,
    goneAt: null,
  });
  node.acquireAt = now;
  state.changes.node(node);
  state.review.nodes.add(node);
}

/** 64 hexadecimal digits. */
function hex(random: Random): string {
  let digits = '';
  for (let part = 0; part < 8; part++) digits += Math.floor(random() * 0x1_0000_0000).toString(16).padStart(8, '0');
  return digits;
}

/** A node in memory from its row. Nobody is connected yet. */
export function addNode(state: CoreState, pool: Pool, status: NodeStatus): Node {
  const { node: number, id, dedicated, slots, allocatedAt } = status;
  const { state: nodeState, since, scheduling, life, bootedAt, totalTasksRun, totalTasksSucceeded, startTask, errors, retainUntil, agent, goneAt } = status;
  const node: Node = {
    number,
    id,
    pool,
    dedicated,
    slots,
    allocatedAt,
    intent: null,
    state: nodeState,
    since,
    scheduling,
    restartSequence: status.restartSequence ?? 0,
    restart: status.restart ?? null,
    isRestarting: false,
    isDeallocated: nodeState === 'deallocated',
    notice: status.notice ?? null,
    seeks: 0,
    life,
    bootedAt,
    totalTasksRun,
    totalTasksSucceeded,
    recentTasks: status.recentTasks.map((line, index) => ({ ...line, instance: status.recentInstances?.[index]?.instance ?? 0 })),
    startTask,
    errors,
    retainUntil,
    agent,
    goneAt,
    obtained: nodeState !== 'creating' || agent !== null,
    pending: null,
    connected: false,
    ready: false,
    firstWordBy: null,
    silence: null,
    acquireAt: null,
    losses: 0,
    released: false,
    offers: new Set(),
    running: new Set(),
    heldBy: null,
    runningSlots: 0,
    taskMs: null,
    free: slots,
    place: -1,
    jobs: new Map(),
    dirty: false,
  };
  state.nodes.set(number, node);
  state.nodesById.set(id.toLowerCase(), node);
  pool.nodes.add(node);
  return node;
}
