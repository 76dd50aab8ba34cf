import type { NodeStatus, TaskStatus } from '../core/status.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { Tables } from './memoryStore.ts';

/**
 * Low-priority nodes that are taken back: only such are; one that has a notice gets no new task; one that is gone has
 * nothing; a task that it takes along runs again, which counts as one requeue and as no retry. Held against the rows of
 * each tick, not by way of the rules.
 */
export function createTakenBackChecks({ tables, violated }: { readonly tables: () => Tables; readonly violated: (what: string) => void }) {
  let count = 0;

  const checkNode = (before: NodeStatus | undefined, { node, dedicated, state, notice, offers, runningTasks }: NodeStatus): void => {
    if (state === 'preempted' && before?.state !== 'preempted') count += 1;
    if (notice === undefined && state !== 'preempted') return;
    if (dedicated) violated(`node ${node} is dedicated, and is ${notice === undefined ? state : 'to be taken back'}`);
    if (state === 'preempted' && offers.length + runningTasks > 0) violated(`node ${node} was taken back, and has ${runningTasks} tasks and ${offers.length} offers`);
    if (notice === undefined) return;
    const known = new Set(before?.offers.map(({ job, task, attempt }) => `${job}.${task}.${attempt}`));
    for (const { job, task, attempt } of offers) {
      if (!known.has(`${job}.${task}.${attempt}`)) violated(`node ${node} is to be taken back, and gets task ${job}.${task}`);
    }
  };

  const checkTask = (before: TaskStatus | null, after: TaskStatus): void => {
    // Of one attempt: a tick may see another one begin and end.
    if (before === null || after.cause !== 'nodePreempted' || after.attempt !== before.attempt || before.cause === 'nodePreempted') return;
    const name = `task ${after.job}.${after.task}`;
    const had = before.state === 'running' ? 1 : 0;
    if (after.requeueCount < before.requeueCount + had || after.requeueCount > before.requeueCount + 1) violated(`${name} lost its node to others, and its requeues went from ${before.requeueCount} to ${after.requeueCount}`);
    // One that has failed before is retried with its start, if that is told of in the same tick.
    if (after.retryCount > before.retryCount + (before.exitCode === null ? 0 : 1)) violated(`${name} lost its node to others, which counts as a retry`);
  };

  return {
    onCommit: ({ decisions }: TickCommit): void => {
      for (const row of decisions.nodes) checkNode(tables().nodes.get(row.node)?.status, row);
      for (const row of decisions.tasks) checkTask(tables().jobs.get(row.job)?.tasks.get(row.task)?.status ?? null, row);
    },
    /** How often a node was taken back. */
    get count() {
      return count;
    },
  };
}
