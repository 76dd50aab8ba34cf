import { works } from '../../core/activity.ts';
import type { NodeStatus, ResizeError, TaskStatus } from '../../core/status.ts';
import type { TaskNames } from '../../core/transitions/tasks.ts';
import { type Failure, given, type JobTransition, type NodeTransition, type PoolTransition, type ScheduleTransition, type TaskTransition, type Transition } from '../../core/transitions/transition.ts';
import type { StoryLine } from './line.ts';

/** What the log says of a transition; null: nothing, since another line says it. Tasks are told of on `debug`. */
export function lineOf(transition: Transition): StoryLine | null {
  if ('task' in transition) return taskLine(transition);
  if ('node' in transition) return nodeLine(transition);
  if ('pool' in transition) return poolLine(transition);
  return 'job' in transition ? jobLine(transition) : scheduleLine(transition);
}

/** The agent has not been heard for `silentMs`, whatever its node is doing. */
export function nodeSilent(poolId: string | null, { id, node, life, state }: NodeStatus, silentMs: number): StoryLine {
  return { level: 'warn', message: 'the agent of a node has been silent for long', fields: { poolId, nodeId: id, node, life, state, silentMs: Math.round(silentMs) } };
}

/** Clients see no change in it. */
export function taskOffered({ jobId, taskId, nodeId }: TaskNames, { job, task, attempt }: TaskStatus): StoryLine {
  return { level: 'debug', message: 'task offered', fields: { ...given('jobId', jobId), ...given('taskId', taskId), ...given('nodeId', nodeId), job, task, attempt } };
}

function poolLine(transition: PoolTransition): StoryLine | null {
  const { kind, poolId, pool, targetDedicatedNodes, targetLowPriorityNodes, errors } = transition;
  const fields = { poolId, pool };
  const targets = { ...fields, targetDedicatedNodes, targetLowPriorityNodes };
  switch (kind) {
    case 'pool.created':
      return { level: 'info', message: 'pool made', fields: { ...targets, taskSlotsPerNode: transition.taskSlotsPerNode } };
    case 'pool.resizing':
      return { level: 'info', message: 'pool resizing', fields: targets };
    case 'pool.resized': {
      const reached = { ...fields, dedicatedNodes: transition.currentDedicatedNodes, lowPriorityNodes: transition.currentLowPriorityNodes };
      if (errors === undefined) return { level: 'info', message: 'pool steady', fields: reached };
      return { level: 'warn', message: 'pool steady, without all nodes that were asked for', fields: { ...reached, errors: errors.map(textOf) } };
    }
    // They come with each run of a formula, and with each stop beside its end.
    case 'pool.stopping':
    case 'pool.evaluated':
      return null;
    case 'pool.deleting':
      return { level: 'info', message: 'pool deleting', fields };
    case 'pool.deleted':
      return { level: 'info', message: 'pool deleted', fields };
  }
}

function nodeLine(transition: NodeTransition): StoryLine | null {
  const { kind, poolId, nodeId, node, life, from, runningTasks, errors = [], exitCode, failure, retryCount } = transition;
  const fields = { poolId, nodeId, node, life };
  const told = (level: StoryLine['level'], message: string, more: object = {}): StoryLine => ({ level, message, fields: { ...fields, ...more } });
  switch (kind) {
    case 'node.creating':
      if (transition.cause === 'shutdown') return told('info', 'node ended with the service');
      return told('info', 'node creating', given('dedicated', transition.dedicated));
    case 'node.starting':
      return told('info', 'node starting', { ...given('ipAddress', transition.ipAddress), ...given('agentVersion', transition.agentVersion) });
    case 'node.idle':
    case 'node.running':
    case 'node.offline':
      // That a working node has something to do, or nothing, is not told.
      if (from !== null && works(from)) return null;
      return from === 'unknown' ? told('info', 'node heard again') : told('info', 'node ready', given('afterMs', transition.afterMs));
    case 'node.unusable':
      return told('warn', 'node unusable', { errors: errors.map(textOf) });
    case 'node.leavingpool':
      return told('info', 'node leaving', { runningTasks });
    case 'node.preempted':
      return told('warn', 'node preempted');
    case 'node.rebooting':
    case 'node.reimaging':
    case 'node.deallocating':
    case 'node.deallocated':
      return told('info', kind.replace('.', ' '));
    // The lines on the start task, and on the agent's silence, say it.
    case 'node.waitingforstarttask':
    case 'node.starttaskfailed':
    case 'node.unknown':
      return null;
    case 'node.lost':
      return told('warn', 'node lost', { reason: transition.reason });
    case 'node.gone':
      return told('info', 'node gone', { tasksRun: transition.tasksRun, tasksSucceeded: transition.tasksSucceeded });
    case 'node.schedulingdisabled':
      return told('info', 'node scheduling disabled', { runningTasks });
    case 'node.schedulingenabled':
      return told('info', 'node scheduling enabled', { runningTasks });
    case 'node.notice':
      return told('warn', 'node notice', { errors: errors.map(textOf) });
    case 'node.preempting':
      return told('warn', 'node is to be preempted', { graceMs: transition.graceMs, runningTasks });
    case 'node.letgo':
      return told('info', 'node let go of');
    case 'starttask.running':
      return told('info', 'start task running', given('retryCount', retryCount));
    case 'starttask.retried':
      return told('warn', 'start task failed, it runs again', { ...given('exitCode', exitCode), ...given('retryCount', retryCount) });
    case 'starttask.succeeded':
      return told('info', 'start task succeeded', given('retryCount', retryCount));
    case 'starttask.failed':
      return told('warn', 'start task failed', { ...given('exitCode', exitCode), ...failed(failure), ...given('retryCount', retryCount) });
  }
}

function jobLine({ kind, jobId, job, poolId, reason, tasks }: JobTransition): StoryLine {
  const fields = { jobId, job, ...given('reason', reason) };
  switch (kind) {
    case 'job.created':
    case 'job.active':
      return { level: 'info', message: 'job active', fields: { ...fields, ...given('poolId', poolId) } };
    case 'job.terminating':
      return { level: 'info', message: 'job terminating', fields: { ...fields, running: tasks?.running } };
    case 'job.completed':
      return { level: 'info', message: 'job completed', fields: { ...fields, succeeded: tasks?.succeeded, failed: tasks?.failed, active: tasks?.active } };
    case 'job.disabling':
    case 'job.disabled':
    case 'job.enabling':
    case 'job.deleting':
    case 'job.deleted':
      return { level: 'info', message: kind.replace('.', ' '), fields };
  }
}

function scheduleLine({ kind, scheduleId, schedule, runs }: ScheduleTransition): StoryLine {
  const state = kind === 'schedule.created' ? 'active' : kind.slice('schedule.'.length);
  return { level: 'info', message: `job schedule ${state}`, fields: { jobScheduleId: scheduleId, schedule, ...given('jobs', runs) } };
}

function taskLine(transition: TaskTransition): StoryLine | null {
  const { kind, jobId, taskId, nodeId, job, task, attempt, exitCode, cause, startedAt, endedAt } = transition;
  const fields = { ...given('jobId', jobId), ...given('taskId', taskId), ...given('nodeId', nodeId), job, task, ...given('attempt', attempt) };
  switch (kind) {
    // The journal has each; a line for each of a million would say no more.
    case 'task.created':
      return null;
    case 'task.preparing':
      return { level: 'debug', message: 'task preparing', fields };
    case 'task.running':
      return { level: 'debug', message: 'task started', fields };
    case 'task.succeeded':
    case 'task.failed': {
      const ran = startedAt === undefined || endedAt === undefined ? {} : { ranMs: endedAt - startedAt };
      return { level: 'debug', message: 'task completed', fields: { ...fields, result: transition.result, ...given('exitCode', exitCode), ...failed(transition.failure), ...ran, cause } };
    }
    case 'task.requeued':
    case 'task.reactivated':
      return { level: 'debug', message: 'task queued again', fields: { ...fields, ...given('exitCode', exitCode), cause } };
    case 'task.deleted':
      return { level: 'debug', message: 'task deleted', fields };
  }
}

function failed(failure: Failure | undefined): { readonly failure?: string } {
  return failure === undefined ? {} : { failure: `${failure.code}: ${failure.message}` };
}

/** `AllocationTimedout: Desired number of …`, with its values: why nodes could not be had stands there. */
function textOf({ code, message, values = [] }: ResizeError): string {
  return [`${code}: ${message}`, ...values.map(({ name, value }) => `${name}: ${value}`)].join('; ');
}
