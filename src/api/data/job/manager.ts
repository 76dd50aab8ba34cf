import type { ScheduledJobWithDefaults } from '../../../wire/defaults.ts';
import type { TaskAdd } from '../../../wire/types.generated.ts';

/** The job manager as the task that it is in its job (task semantics 6.14); null: the job has none. */
export function managerTask({ jobManagerTask }: ScheduledJobWithDefaults): TaskAdd | null {
  if (jobManagerTask === undefined) return null;
  const { runExclusive: _r, allowLowPriorityNode: _a, killJobOnCompletion: _k, ...task } = jobManagerTask;
  return task;
}
