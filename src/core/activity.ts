import type { Instant } from './keys.ts';
import type { CoreState, Live, Node } from './model.ts';
import type { NodeActivity, NodeState, NodeStatus, RecentInstance } from './status.ts';
import { RECENT_TASKS } from './tunables.ts';

/** What a node's rows say of the tasks on it. */

export function activityOf({ node, state, since, runningTasks, runningSlots, totalTasksRun, totalTasksSucceeded, retainUntil, recentTasks, recentInstances, offers }: NodeStatus): NodeActivity {
  return { node, state, since, runningTasks, runningSlots, totalTasksRun, totalTasksSucceeded, retainUntil, recentTasks, ...(recentInstances === undefined ? null : { recentInstances }), offers };
}

/** The states of a node that works. */
type WorkingState = 'idle' | 'running' | 'offline';

/** `running` while any task has slots on it, else `idle`, or `offline` where none may come (API reference). */
export function workingState({ running, scheduling }: Pick<Node, 'running' | 'scheduling'>): WorkingState {
  if (running.size > 0) return 'running';
  return scheduling === 'enabled' ? 'idle' : 'offline';
}

export function works(state: NodeState): state is WorkingState {
  return state === 'idle' || state === 'running' || state === 'offline';
}

export function settleActivity(state: CoreState, node: Node, now: Instant): void {
  state.changes.nodeActivity(node);
  if (!works(node.state)) return;
  const activity = workingState(node);
  if (activity === node.state) return;
  node.state = activity;
  node.since = Math.max(node.since, now);
}

/** Writes the task's line among the node's recent tasks, newest first; one that has gone back to the queue has none. */
export function noteRecentTask(state: CoreState, live: Live): void {
  const { node, task, instance } = live;
  const lines = node.recentTasks;
  const known = lines.findIndex((line) => line.task === task.number && line.job === task.job.number);
  if (known !== -1) lines.splice(known, 1);
  if (hasLine(live)) lines.unshift({ job: task.job.number, task: task.number, instance });
  if (lines.length > RECENT_TASKS) lines.pop();
  state.changes.nodeActivity(node);
}

function hasLine({ subtask, task: { deleted, status } }: Live): boolean {
  const { state, startedAt } = subtask ?? status;
  return !deleted && (state === 'running' || state === 'completed') && startedAt !== null;
}

/** Empty where no line is of an instance beside a primary. */
export function recentInstances({ recentTasks }: Pick<Node, 'recentTasks'>): readonly RecentInstance[] {
  return recentTasks.some(({ instance }) => instance > 0) ? recentTasks.map(({ instance }) => ({ instance })) : [];
}
