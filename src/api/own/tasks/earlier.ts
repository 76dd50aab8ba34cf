import type { JobNumber } from '../../../core/keys.ts';
import type { TaskTransition } from '../../../core/transitions/transition.ts';
import type { TaskWithStatus } from '../../../store/intents/tasks.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { readBackwards } from '../../../store/transitions.ts';
import type { Attempt, TaskEvent } from '../../../wire/own/history.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { OwnCall } from '../call.ts';

/** How long transitions of the account are looked through: those of other tasks stand between. */
const BUDGET_MS = 500;

export interface Transitions {
  /** Oldest first. */
  readonly told: readonly TaskTransition[];
  /** Its first is the one that made the task. */
  readonly isAll: boolean;
}

/** What a task has told, as far back as is kept and can be looked through. */
export async function transitionsOf(job: JobNumber, { task, createdAt }: Pick<TaskWithStatus, 'task' | 'createdAt'>, { account, now, signal }: Pick<OwnCall, 'account' | 'now' | 'signal'>, database: Database): Promise<Transitions> {
  const until = performance.now() + BUDGET_MS;
  const found: TaskTransition[] = [];
  const answer = (isAll: boolean): Transitions => ({ told: found.toReversed(), isAll });
  // What makes a task is told a tick after its row was written; clocks of processes differ.
  for await (const rows of readBackwards(database, account, { from: createdAt - CLOCKS_MS, to: now + CLOCKS_MS })) {
    for (const { transitions } of rows) {
      for (const one of transitions.toReversed()) {
        if (!('task' in one) || one.task !== task || one.job !== job) continue;
        found.push(one);
        if (one.kind === 'task.created') return answer(true);
      }
      if (performance.now() > until) return answer(false);
    }
    signal.throwIfAborted();
  }
  return answer(false);
}

const CLOCKS_MS = 60_000;

/** The attempts that transitions tell of, by their numbers. One that waited for its preparation alone has no start. */
export function attemptsOf(told: readonly TaskTransition[]): ReadonlyMap<number, Attempt> {
  const attempts = new Map<number, Attempt>();
  for (const one of told) {
    const { attempt } = one;
    if (attempt === undefined) continue;
    const known = attempts.get(attempt);
    // Before its first step an attempt is none: what is told of a task then is of the one before.
    if (known === undefined && one.state !== 'preparing' && one.state !== 'running') continue;
    attempts.set(attempt, { ...(known ?? { attempt }), ...place(one), ...begin(one), ...end(one) });
  }
  return attempts;
}

function place({ state, nodeId, poolId }: TaskTransition): Pick<Attempt, 'node' | 'pool'> {
  if (state !== 'preparing' && state !== 'running') return {};
  return { ...(nodeId === undefined ? {} : { node: nodeId }), ...(poolId === undefined ? {} : { pool: poolId }) };
}

function begin({ state, at, startedAt = at }: TaskTransition): Pick<Attempt, 'startedAt'> {
  return state === 'running' ? { startedAt: formatTimestamp(startedAt) } : {};
}

/** An attempt that is given up, by whatever cause, ends as its task waits again. */
function end({ kind, at, endedAt = at, cause, exitCode, result, failure }: TaskTransition): Partial<Attempt> {
  if (kind !== 'task.requeued' && kind !== 'task.succeeded' && kind !== 'task.failed') return {};
  return {
    endedAt: formatTimestamp(endedAt),
    ...(cause === undefined ? {} : { cause }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(result === undefined ? {} : { result }),
    ...(failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }),
  };
}

/** One for each that a task may be in; the last thing that a task tells is that it is gone, which nobody asks about. */
export function eventOf({ at, state, cause = 'added', attempt = 0, nodeId }: TaskTransition): readonly TaskEvent[] {
  return state === 'deleted' ? [] : [{ time: formatTimestamp(at), state, cause, attempt, ...(nodeId === undefined ? {} : { node: nodeId }) }];
}
