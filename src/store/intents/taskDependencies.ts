import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskRules } from '../rules.ts';
import { rows, statement, type Database } from './statement.ts';

export interface TaskDependencies {
  readonly task: TaskNumber;
  readonly idKey: string;
  /** null: it waits for nothing. */
  readonly dependsOn: NonNullable<TaskRules['dependsOn']> | null;
}

const ofWindow = statement<{ task: TaskNumber; idKey: string; dependsOn: string | null }>(
  'task.dependencies',
  `select task, id_key as "idKey", rules -> 'dependsOn' as "dependsOn" from task where job = $1 and task > $2 and task <= $3 and deleted_at is null order by task`,
);

/** What tasks numbered above `after` up to `through` wait for, as it was asked. */
export async function taskDependencies(database: Database, job: JobNumber, after: TaskNumber, through: TaskNumber): Promise<readonly TaskDependencies[]> {
  const found = await rows(database, ofWindow, [job, after, through]);
  return found.map(({ dependsOn, ...task }) => ({ ...task, dependsOn: dependsOn === null ? null : (JSON.parse(dependsOn) as TaskDependencies['dependsOn']) }));
}
