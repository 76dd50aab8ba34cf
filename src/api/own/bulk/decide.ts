import type { Instant } from '../../../core/keys.ts';
import type { BulkWork } from '../../../store/intents/bulkOperations.ts';
import type { NewTask, TaskChange, TaskWithStatus } from '../../../store/intents/tasks.ts';
import type { BulkReason } from '../../../wire/own/bulk.ts';
import { newTask } from '../../data/task/add.ts';
import { taskSpecText } from '../../data/task/text.ts';
import { storedConstraints, storedTask, taskRules, viewOfTask } from '../../data/task/view.ts';

/** What becomes of one task: it is left as it is, or changed, or it goes and comes anew under its id. */
export type BulkStep =
  | { readonly kind: 'skip'; readonly reason: BulkReason }
  | { readonly kind: 'change'; readonly change: TaskChange }
  | { readonly kind: 'anew'; readonly change: TaskChange; readonly task: NewTask };

/** By the rules of the data plane's operations on one task, in the state that the task is in. */
export function stepFor({ action, change, asOf }: BulkWork, task: TaskWithStatus, now: Instant): BulkStep {
  const { state, since } = viewOfTask(task);
  if (asOf !== undefined && since > asOf) return { kind: 'skip', reason: 'changedSince' };
  switch (action) {
    case 'delete':
      return { kind: 'change', change: { deletedAt: now } };
    case 'terminate':
      if (state === 'completed') return { kind: 'skip', reason: 'completed' };
      return { kind: 'change', change: { terminateAt: task.terminateAt ?? now } };
    case 'rerun':
      if (state !== 'completed') return { kind: 'skip', reason: state === 'active' ? 'waiting' : 'running' };
      if (task.result === 'success') return { kind: 'skip', reason: 'succeeded' };
      // The request to end it belongs to the life that has ended.
      return changed(task, change, now, { reactivateSequence: task.reactivateSequence + 1, terminateAt: null });
    case 'change':
      if (state === 'completed') return { kind: 'skip', reason: 'completed' };
      if (isNewProgram(change) && state !== 'active') return { kind: 'skip', reason: 'running' };
      return changed(task, change, now, {});
  }
}

/** What a task runs and how wide it is never changes: with another program it is another task under the same id. */
export function isNewProgram(change: BulkWork['change']): boolean {
  return change?.requiredSlots !== undefined || change?.commandLine !== undefined || change?.environmentSettings !== undefined;
}

function changed(task: TaskWithStatus, change: BulkWork['change'], now: Instant, also: TaskChange): BulkStep {
  const before = storedTask(task);
  if (change === undefined) return { kind: 'change', change: also };
  const { constraints, ...program } = change;
  const merged = storedConstraints({ ...before.constraints, ...constraints });
  if (isNewProgram(change)) return { kind: 'anew', change: { deletedAt: now }, task: newTask({ ...before, ...program, constraints: merged }, now) };
  const spec = { ...before, constraints: merged };
  return { kind: 'change', change: { ...also, spec: { text: taskSpecText(spec), rules: taskRules(spec) } } };
}
