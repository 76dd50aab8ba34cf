import type { Instant } from '../keys.ts';
import type { CoreState, Node, Task } from '../model.ts';
import type { RecentTask } from '../status.ts';
import { RECENT_TASKS } from '../tunables.ts';

/** What a node's row says of the tasks on it. */

/** A node that works reads `running` while any task has slots on it, else `idle`. */
export function settleActivity(state: CoreState, node: Node, now: Instant): void {
  state.changes.node(node);
  if (node.state !== 'idle' && node.state !== 'running') return;
  const activity = node.running.size > 0 ? 'running' : 'idle';
  if (activity === node.state) return;
  node.state = activity;
  node.since = Math.max(node.since, now);
}

/** Writes the task's line among the node's recent tasks, newest first; one that has gone back to the queue has none. */
export function noteRecentTask(state: CoreState, task: Task, node: Node): void {
  const lines = node.recentTasks;
  const known = lines.findIndex((line) => line.task === task.number && line.job === task.job.number);
  if (known !== -1) lines.splice(known, 1);
  const line = task.deleted ? null : lineOf(task);
  if (line !== null) lines.unshift(line);
  if (lines.length > RECENT_TASKS) lines.pop();
  state.changes.node(node);
}

function lineOf({ status }: Task): RecentTask | null {
  if (status.state !== 'running' && status.state !== 'completed') return null;
  if (status.startedAt === null) return null;
  const { job, task, state, startedAt, endedAt, exitCode, failure, result } = status;
  return { job, task, state, startedAt, endedAt, exitCode, failure, result };
}
