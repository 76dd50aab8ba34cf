import type { FailureInfo } from '../../../core/status.ts';
import { taskNodeNames } from '../../../store/intents/nodes.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { findTask, lastAttempt, type LastAttempt, type TaskWithStatus } from '../../../store/intents/tasks.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Attempt, TaskEvent, TaskHistory } from '../../../wire/own/history.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import { viewOfTask } from '../../data/task/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';
import { attemptsOf, eventOf, transitionsOf, type Transitions } from './earlier.ts';

export const taskHistoryOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/tasks/{taskId}/history', right: 'read', of: 'jobs', run: taskHistory }];

/** @throws BatchError JobNotFound, TaskNotFound. */
async function taskHistory(call: OwnCall, { database }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const task = await findTask(database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  const last = await lastAttempt(database, job.job, task.task);
  const names = await taskNodeNames(database, task.node === null ? [] : [task.node]);
  const node = task.node === null ? undefined : names.get(task.node);
  const known = historyOf(task, last, node);
  if (known.complete) return json(200, { rev, ...known } satisfies TaskHistory);
  return json(200, { rev, ...withEarlier(known, await transitionsOf(job.job, task, call, database)) } satisfies TaskHistory);
}

interface NodeNamed {
  readonly id: string;
  readonly poolId: string | null;
}

/** Of the last attempt the row knows most; of those before it, and of what came between, what was told then. */
function withEarlier({ attempts: [last], events }: Omit<TaskHistory, 'rev'>, { told, isAll }: Transitions): Omit<TaskHistory, 'rev'> {
  const earlier = attemptsOf(told);
  const attempts = [...earlier.values()].map((one) => (one.attempt === last?.attempt ? { ...one, ...last } : one));
  if (last !== undefined && !earlier.has(last.attempt)) attempts.push(last);
  const between = told.flatMap(eventOf);
  const [first, newest] = [between[0]?.time, between.at(-1)?.time];
  const around = first === undefined || newest === undefined ? events : events.filter(({ time }) => (!isAll && time < first) || time > newest);
  return { attempts: attempts.toSorted((one, other) => one.attempt - other.attempt), events: [...around, ...between].toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time)), complete: isAll };
}

/** What the task's own row tells: all of the last attempt, of those before it when they were. */
function historyOf(task: TaskWithStatus, { attempt, cause }: LastAttempt, node: NodeNamed | undefined): Omit<TaskHistory, 'rev'> {
  const attempts: Attempt[] = attempt === 0 || task.startedAt === null ? [] : [lastOf(task, attempt, node)];
  const known = attempts.length === 0 ? 0 : 1;
  return { attempts, events: eventsOf(task, { attempt, cause }, node), complete: attempt <= known };
}

function lastOf(task: TaskWithStatus, attempt: number, node: NodeNamed | undefined): Attempt {
  const failure = task.failure === null ? null : (JSON.parse(task.failure) as FailureInfo);
  return {
    attempt,
    ...(node === undefined ? {} : { node: node.id, ...(node.poolId === null ? {} : { pool: node.poolId }) }),
    ...(task.startedAt === null ? {} : { startedAt: formatTimestamp(task.startedAt) }),
    ...(task.endedAt === null ? {} : { endedAt: formatTimestamp(task.endedAt) }),
    ...(task.exitCode === null ? {} : { exitCode: task.exitCode }),
    ...(task.result === null ? {} : { result: task.result }),
    ...(failure === null ? {} : { failure: { code: failure.code, message: failure.message } }),
  };
}

interface At {
  readonly at: number;
  readonly event: Omit<TaskEvent, 'time'>;
}

function eventsOf(task: TaskWithStatus, { attempt, cause }: LastAttempt, node: NodeNamed | undefined): readonly TaskEvent[] {
  const { state, since, previousState, previousSince } = viewOfTask(task);
  const there = node === undefined ? {} : { node: node.id };
  const found: At[] = [{ at: task.createdAt, event: { state: 'active', cause: 'added', attempt: 0 } }];
  const note = (at: number | null, event: At['event']): void => {
    if (at !== null) found.push({ at, event });
  };
  note(task.lastRetryAt, { state: 'active', cause: 'retry', attempt: Math.max(0, attempt - 1) });
  note(task.lastRequeueAt, { state: 'active', cause: 'requeued', attempt: Math.max(0, attempt - 1) });
  if (previousState !== null && previousState !== 'active') note(previousSince, { state: previousState, cause: previousState === 'completed' ? 'exited' : 'started', attempt, ...there });
  if (task.startedAt !== null && previousState !== 'running') note(task.startedAt, { state: 'running', cause: 'started', attempt, ...there });
  if (since > task.createdAt || state !== 'active') note(since, { state, cause, attempt, ...(state === 'active' ? {} : there) });
  const inOrder = found.toSorted((one, other) => one.at - other.at);
  const apart = inOrder.filter(({ at, event }, place) => !inOrder.slice(0, place).some((before) => before.at === at && before.event.state === event.state));
  return apart.map(({ at, event }) => ({ time: formatTimestamp(at), ...event }));
}
