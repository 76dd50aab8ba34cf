import type { Snapshot, TaskIntake } from '../core/events.ts';
import { DEFAULT_RETENTION_MS } from '../store/rules.ts';

/** Open tasks of a job as a snapshot holds them (`PlainTasks`). */
export function asLoaded(job: number, open: readonly TaskIntake[], usesTaskDependencies: boolean): Snapshot['tasks'][number] {
  const isOfColumns = (task: TaskIntake): boolean => !usesTaskDependencies && isPlain(task);
  const plain = open.filter(isOfColumns).map(({ intent }) => intent);
  return {
    job,
    tasks: open.filter((task) => !isOfColumns(task)),
    plain: {
      numbers: plain.map(({ task }) => task),
      createdAt: plain.map(({ createdAt }) => createdAt),
      slots: plain.map(({ requiredSlots }) => requiredSlots),
      retentionMs: DEFAULT_RETENTION_MS,
    },
  };
}

function isPlain({ intent, status }: TaskIntake): boolean {
  if (intent.instances !== undefined) return false;
  const { maxTaskRetryCount, affinity, dependsOn, exitConditions, retentionMs, terminateAt, deletedAt } = intent;
  return [status, maxTaskRetryCount, affinity, dependsOn, exitConditions, terminateAt, deletedAt].every((value) => value === null) && retentionMs === DEFAULT_RETENTION_MS;
}
