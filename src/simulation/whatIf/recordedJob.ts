import type { JobRules } from '../../store/rules.ts';
import { type NodeHistory, rulesOfTask, type TaskHistory } from '../../store/intents/jobHistory.ts';
import type { Instant } from '../../core/keys.ts';
import type { Distribution } from '../../wire/simulation/distribution.ts';
import type { Load, LoadTask } from './load.ts';

/** A job as it was: its load, and the nodes that it found. */
export interface RecordedJob {
  readonly load: Load;
  /** When its first task came. */
  readonly beganAt: Instant;
  /** When its last task ended, as far as they have. */
  readonly endedAt: Instant;
  /** When each task started last, in the order of the load; NaN: it has not. */
  readonly starts: readonly number[];
  /** Tasks that have not ended: they take as long as others do in the median. */
  readonly unended: number;
}

/** null: no task of it has ended, so nothing is known of how long they take. */
export function recordedJob(id: string, rules: JobRules, history: readonly TaskHistory[]): RecordedJob | null {
  const durations = history.flatMap((task) => durationOf(task) ?? []).sort((a, b) => a - b);
  const medianMs = durations[durations.length >> 1];
  if (medianMs === undefined) return null;
  const inOrder = [...history].sort((a, b) => a.createdAt - b.createdAt || a.task - b.task);
  const beganAt = inOrder[0]?.createdAt ?? 0;
  const tasks = inOrder.map((task) => asLoad(task, beganAt, medianMs));
  const { priority, maxTaskRetryCount, maxParallelTasks, allowTaskPreemption = false, usesTaskDependencies } = rules;
  return {
    load: { name: `job ${id}`, jobs: [{ id, priority, maxTaskRetryCount, maxParallelTasks, allowTaskPreemption, usesTaskDependencies, tasks }] },
    beganAt,
    endedAt: inOrder.reduce((last, { endedAt }) => Math.max(last, endedAt ?? 0), beganAt),
    starts: inOrder.map(({ startedAt }) => startedAt ?? Number.NaN),
    unended: history.length - durations.length,
  };
}

function durationOf({ state, startedAt, endedAt }: TaskHistory): number | null {
  return state === 'completed' && startedAt !== null && endedAt !== null ? Math.max(0, endedAt - startedAt) : null;
}

function asLoad(task: TaskHistory, beganAt: Instant, medianMs: number): LoadTask {
  const { instances, dependsOn, exitConditions, maxTaskRetryCount } = rulesOfTask(task) ?? {};
  const exit = task.result === 'failure' ? task.exitCode || 1 : 0;
  return {
    id: task.id,
    arrivalMs: task.createdAt - beganAt,
    durationMs: durationOf(task) ?? medianMs,
    slots: task.requiredSlots,
    // What runs before the last one were is not kept, but that they failed.
    exits: [...Array.from({ length: task.retryCount ?? 0 }, () => exit || 1), exit],
    ...(instances === undefined ? null : { instances }),
    ...(dependsOn === undefined ? null : { dependsOn }),
    ...(exitConditions === undefined ? null : { exitConditions }),
    ...(maxTaskRetryCount === undefined ? null : { maxTaskRetryCount }),
  };
}

/** How long nodes took to come up; null: none is known to have. */
export function bootTimes(nodes: readonly NodeHistory[]): Distribution | null {
  const ms = nodes.flatMap(({ allocatedAt, bootedAt }) => (bootedAt === null ? [] : [Math.max(0, bootedAt - allocatedAt)])).sort((a, b) => a - b);
  return ms.length === 0 ? null : { kind: 'recorded', ms };
}

/** Nodes that were there at an instant. */
export function nodesAt(nodes: readonly NodeHistory[], at: Instant): { readonly dedicated: number; readonly lowPriority: number } {
  const there = nodes.filter(({ bootedAt, goneAt }) => bootedAt !== null && bootedAt <= at && (goneAt === null || goneAt > at));
  const dedicated = there.filter((node) => node.dedicated).length;
  return { dedicated, lowPriority: there.length - dedicated };
}
