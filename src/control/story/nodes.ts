import { works } from '../../core/node/activity.ts';
import type { NodeStatus } from '../../core/status.ts';
import { exitOf, failureOf, type StoryLine, textOf } from './line.ts';

/**
 * What a committed row tells of a node. `before`: the row that was there; undefined: none yet. That a working node has
 * something to do, or nothing, is not told.
 */
export function nodeLines(poolId: string, before: NodeStatus | undefined, now: NodeStatus): readonly StoryLine[] {
  if (before !== undefined && isToldAlready(before, now)) return NOTHING;
  const fields = fieldsOf(poolId, now);
  if (now.goneAt !== null) return [{ level: 'info', message: 'node gone', fields: { ...fields, tasksRun: now.totalTasksRun, tasksSucceeded: now.totalTasksSucceeded } }];
  if (before === undefined) return [{ level: 'info', message: 'node creating', fields: { ...fields, dedicated: now.dedicated } }];
  return [...lostLines(fields, before, now), ...startTaskLines(fields, before, now), ...stateLines(fields, before, now), ...schedulingLines(fields, before, now), ...noticeLines(fields, before, now), ...takenBackLines(fields, before, now)];
}

const NOTHING: readonly StoryLine[] = [];

/** Most rows: a node that works begins or ends a task. */
function isToldAlready(before: NodeStatus, now: NodeStatus): boolean {
  const isSame = before.state === now.state || (works(before.state) && works(now.state));
  return isSame && before.scheduling === now.scheduling && now.goneAt === null && before.life === now.life && before.startTask === now.startTask && before.errors === now.errors && isSameNotice(before, now);
}

/** Rows of the same notice may be read anew. */
function isSameNotice({ notice: before }: NodeStatus, { notice: now }: NodeStatus): boolean {
  return before?.notBefore === now?.notBefore;
}

/** The agent has not been heard for `silentMs`, whatever its node is doing. */
export function nodeSilent(poolId: string, status: NodeStatus, silentMs: number): StoryLine {
  return {
    level: 'warn',
    message: 'the agent of a node has been silent for long',
    fields: { ...fieldsOf(poolId, status), state: status.state, silentMs: Math.round(silentMs) },
  };
}

type NodeFields = Readonly<Record<'poolId' | 'nodeId', string> & Record<'node' | 'life', number>>;

function fieldsOf(poolId: string, { id, node, life }: NodeStatus): NodeFields {
  return { poolId, nodeId: id, node, life };
}

/** A life of the node is over, or the next one begins. */
function lostLines(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine[] {
  const lines: StoryLine[] = [];
  const lost = now.errors === before.errors ? undefined : now.errors.find(({ code }) => code === 'NodeLost');
  if (lost !== undefined) lines.push({ level: 'warn', message: 'node lost', fields: { ...fields, life: before.life, reason: lost.message } });
  else if (now.state === 'creating' && before.state !== 'creating') lines.push({ level: 'info', message: 'node ended with the service', fields });
  if (now.life > Math.max(before.life, 1)) lines.push({ level: 'info', message: 'node creating', fields });
  return lines;
}

function schedulingLines(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine[] {
  if (before.scheduling === now.scheduling) return [];
  return [{ level: 'info', message: `node scheduling ${now.scheduling}`, fields: { ...fields, runningTasks: now.runningTasks } }];
}

/** The provider takes it back, or a program there has let go of it. */
function takenBackLines(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine[] {
  if (isSameNotice(before, now) || now.notice === undefined) return [];
  if (before.notice !== undefined) return [{ level: 'info', message: 'node let go of', fields }];
  return [{ level: 'warn', message: 'node is to be preempted', fields: { ...fields, graceMs: now.notice.graceMs, runningTasks: now.runningTasks } }];
}

/** What a working node says of itself. */
function noticeLines(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine[] {
  if (now.errors === before.errors || now.errors.length === 0 || !works(now.state)) return [];
  return [{ level: 'warn', message: 'node notice', fields: { ...fields, errors: now.errors.map(textOf) } }];
}

function startTaskLines(fields: NodeFields, { startTask: before }: NodeStatus, { startTask: now }: NodeStatus): StoryLine[] {
  if (now === null) return [];
  const { exitCode, failure, retryCount } = now;
  const tries = retryCount === 0 ? {} : { retryCount };
  if (now.state === 'running') {
    if (before?.state !== 'running') return [{ level: 'info', message: 'start task running', fields: { ...fields, ...tries } }];
    return retryCount === before.retryCount ? [] : [{ level: 'warn', message: 'start task failed, it runs again', fields: { ...fields, ...exitOf(exitCode), ...tries } }];
  }
  if (before?.state === 'completed') return [];
  if (now.result === 'success') return [{ level: 'info', message: 'start task succeeded', fields: { ...fields, ...tries } }];
  return [{ level: 'warn', message: 'start task failed', fields: { ...fields, ...exitOf(exitCode), ...failureOf(failure), ...tries } }];
}

function stateLines(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine[] {
  if (before.state === now.state) return [];
  switch (now.state) {
    // The lines on a lost life and on the start task say it.
    case 'creating':
    case 'waitingforstarttask':
    case 'starttaskfailed':
      return [];
    case 'idle':
    case 'running':
    case 'offline':
      return works(before.state) ? [] : [ready(fields, before, now)];
    case 'starting':
      return [{ level: 'info', message: 'node starting', fields: now.agent === null ? fields : { ...fields, ipAddress: now.agent.ipAddress, agentVersion: now.agent.version } }];
    case 'unusable':
      return [{ level: 'warn', message: 'node unusable', fields: { ...fields, errors: now.errors.map(textOf) } }];
    case 'leavingpool':
      return [{ level: 'info', message: 'node leaving', fields: { ...fields, runningTasks: now.runningTasks } }];
    case 'preempted':
      return [{ level: 'warn', message: 'node preempted', fields }];
    // Its agent's silence is told, which also comes where the state stays what it is.
    case 'unknown':
      return [];
    case 'rebooting':
    case 'reimaging':
    case 'deallocating':
    case 'deallocated':
      return [{ level: 'info', message: `node ${now.state}`, fields }];
  }
}

function ready(fields: NodeFields, before: NodeStatus, now: NodeStatus): StoryLine {
  if (before.state === 'unknown') return { level: 'info', message: 'node heard again', fields };
  const isFirst = now.life === 1 && before.state !== 'leavingpool';
  return { level: 'info', message: 'node ready', fields: isFirst ? { ...fields, afterMs: now.since - now.allocatedAt } : fields };
}
