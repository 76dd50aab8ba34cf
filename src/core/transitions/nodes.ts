import type { Instant } from '../keys.ts';
import { works } from '../activity.ts';
import type { NodeState, NodeStatus } from '../status.ts';
import { failureOf, given, type NodeTransition } from './transition.ts';

/** What a row tells of a node. `before`: the row that was there; undefined: none yet. `now`: when it was written. */
export function nodeTransitions(poolId: string | null, before: NodeStatus | undefined, row: NodeStatus, now: Instant): readonly NodeTransition[] {
  if (before !== undefined && isToldAlready(before, row)) return NOTHING;
  const of = factsOf(poolId, before?.state ?? null, row);
  const { since, dedicated, totalTasksRun: tasksRun, totalTasksSucceeded: tasksSucceeded } = row;
  if (row.goneAt !== null) return [{ ...of, kind: 'node.gone', at: row.goneAt, tasksRun, tasksSucceeded }];
  if (before === undefined) return [{ ...of, kind: `node.${row.state}`, at: since, dedicated }];
  return [...lifeOf(of, before, row, now), ...startTaskOf(of, before, row, now), ...stateOf(of, before, row), ...schedulingOf(of, before, row, now), ...noticesOf(of, before, row, now)];
}

const NOTHING: readonly NodeTransition[] = [];

/** Most rows: a node that works begins or ends a task. */
function isToldAlready(before: NodeStatus, row: NodeStatus): boolean {
  return before.state === row.state && before.scheduling === row.scheduling && row.goneAt === null && before.life === row.life && before.startTask === row.startTask && before.errors === row.errors && isSameNotice(before, row);
}

/** Rows of the same notice may be read anew. */
function isSameNotice({ notice: before }: NodeStatus, { notice: now }: NodeStatus): boolean {
  return before?.notBefore === now?.notBefore;
}

type Facts = Pick<NodeTransition, 'node' | 'nodeId' | 'pool' | 'poolId' | 'life' | 'from' | 'state'>;

function factsOf(poolId: string | null, from: NodeState | null, { node, id, pool, life, state }: NodeStatus): Facts {
  return { node, nodeId: id, pool, poolId, life, from, state };
}

/** A life of the node is over, or the next one begins. */
function lifeOf(of: Facts, before: NodeStatus, row: NodeStatus, now: Instant): NodeTransition[] {
  const lost = row.errors === before.errors ? undefined : row.errors.find(({ code }) => code === 'NodeLost');
  const isNext = row.life > Math.max(before.life, 1);
  const isBegun = row.state === 'creating' && before.state !== 'creating';
  const found: NodeTransition[] = [];
  if (lost !== undefined) found.push({ ...of, kind: 'node.lost', at: now, life: before.life, state: before.state, reason: lost.message });
  if (!isBegun && !(isNext && row.state === 'creating')) return found;
  const cause = lost !== undefined ? ({ cause: 'nodeLost' } as const) : isNext ? {} : ({ cause: 'shutdown' } as const);
  return [...found, { ...of, kind: 'node.creating', at: isBegun ? row.since : now, ...cause }];
}

function startTaskOf(of: Facts, { startTask: before, state }: NodeStatus, { startTask: row }: NodeStatus, now: Instant): NodeTransition[] {
  if (row === null || row === before) return [];
  const { exitCode, failure, retryCount, startedAt, endedAt } = row;
  const told = { ...of, state, ...(retryCount === 0 ? {} : { retryCount }) };
  if (row.state === 'running') {
    if (before?.state !== 'running') return [{ ...told, kind: 'starttask.running', at: startedAt }];
    return retryCount === before.retryCount ? [] : [{ ...told, kind: 'starttask.retried', at: row.lastRetryAt ?? now, ...given('exitCode', exitCode) }];
  }
  if (before?.state === 'completed') return [];
  if (row.result === 'success') return [{ ...told, kind: 'starttask.succeeded', at: endedAt ?? now }];
  return [{ ...told, kind: 'starttask.failed', at: endedAt ?? now, ...given('exitCode', exitCode), ...failureOf(failure) }];
}

function stateOf(of: Facts, before: NodeStatus, row: NodeStatus): NodeTransition[] {
  const { state, since: at, errors, runningTasks } = row;
  if (before.state === state || state === 'creating') return [];
  const told = { ...of, kind: `node.${state}`, at } as const;
  if (state === 'unusable') return [{ ...told, errors }];
  if (state === 'leavingpool') return [{ ...told, runningTasks }];
  if (state === 'starting') return [{ ...told, ...given('ipAddress', row.agent?.ipAddress), ...given('agentVersion', row.agent?.version) }];
  const isFirst = works(state) && !works(before.state) && row.life === 1 && before.state !== 'leavingpool' && before.state !== 'unknown';
  return [{ ...told, ...(isFirst ? { afterMs: at - row.allocatedAt } : {}) }];
}

function schedulingOf(of: Facts, before: NodeStatus, { scheduling, runningTasks, state }: NodeStatus, at: Instant): NodeTransition[] {
  return before.scheduling === scheduling ? [] : [{ ...of, kind: `node.scheduling${scheduling}`, at, from: state, runningTasks }];
}

/** What a working node says of itself, and what its provider says of it. */
function noticesOf(of: Facts, before: NodeStatus, row: NodeStatus, at: Instant): NodeTransition[] {
  const { errors, notice, runningTasks, state } = row;
  const told = { ...of, at, from: state };
  const found: NodeTransition[] = [];
  if (errors !== before.errors && errors.length > 0 && works(state)) found.push({ ...told, kind: 'node.notice', errors });
  if (isSameNotice(before, row) || notice === undefined) return found;
  if (before.notice !== undefined) return [...found, { ...told, kind: 'node.letgo' }];
  return [...found, { ...told, kind: 'node.preempting', graceMs: notice.graceMs, runningTasks }];
}
