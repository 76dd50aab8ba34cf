import type { NodeNumber } from '../../core/keys.ts';
import type { NodeActivity, NodeState, NodeStatus } from '../../core/status.ts';
import { asRead, choice, column, type Description, type OwnerRow, valueSql } from './description.ts';

const STATES = {
  creating: 1,
  starting: 2,
  waitingforstarttask: 3,
  starttaskfailed: 4,
  idle: 5,
  running: 6,
  unusable: 7,
  unknown: 8,
  offline: 9,
  leavingpool: 10,
  preempted: 11,
  rebooting: 12,
  reimaging: 13,
  deallocating: 14,
  deallocated: 15,
} as const satisfies Readonly<Record<NodeState, number>>;

/** What of a node changes with each task. The rest of its status is JSON, in `node.status`. */
export const NODE_ACTIVITY = {
  table: 'node_activity',
  key: ['node'],
  present: 'state',
  columns: {
    node: column('node', 'bigint'),
    state: choice('state', STATES),
    since: column('since', 'bigint'),
    runningTasks: column('running_tasks', 'int'),
    runningSlots: column('running_slots', 'int'),
    totalTasksRun: column('total_run', 'bigint'),
    totalTasksSucceeded: column('total_succeeded', 'bigint'),
    retainUntil: column('retain_until', 'bigint'),
    recentTasks: column('recent', 'tasks'),
    recentInstances: column('recent_instances', 'instances'),
    offers: column('offers', 'attempts'),
  },
} as const satisfies Description<NodeActivity>;

const ACTIVITY = asRead<NodeActivity>(NODE_ACTIVITY, 'a');

/** Of `node n join node_activity a`. */
export const NODE_STATUS_COLUMNS = `n.status as n_status, n.node as n_node, ${ACTIVITY.columns}`;

export interface NodeStatusRow extends OwnerRow<'a', NodeActivity, typeof NODE_ACTIVITY> {
  readonly n_node: NodeNumber;
  /** JSON, as text where the API reads it. */
  readonly n_status: string | Omit<NodeStatus, keyof NodeActivity>;
}

export function nodeStatus(row: NodeStatusRow): NodeStatus {
  const activity = ACTIVITY.read({ node: row.n_node }, row);
  if (activity === null) throw new Error(`node ${row.n_node} has no activity`);
  const rest = typeof row.n_status === 'string' ? (JSON.parse(row.n_status) as Omit<NodeStatus, keyof NodeActivity>) : row.n_status;
  return { ...rest, ...activity };
}

/** The state, from `node_activity` as `alias`. */
export function nodeStateSql(alias: string): string {
  return valueSql(alias, NODE_ACTIVITY.columns.state);
}

/** What stands in `node.status`. */
export function restOf(status: NodeStatus): Omit<NodeStatus, keyof NodeActivity> {
  const { node: _node, state: _state, since: _since, runningTasks: _tasks, runningSlots: _slots, totalTasksRun: _run, totalTasksSucceeded: _ok, retainUntil: _until, recentTasks: _recent, recentInstances: _instances, offers: _offers, ...rest } = status;
  return rest;
}
