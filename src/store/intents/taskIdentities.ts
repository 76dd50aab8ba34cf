import { idKey, type TaskKey } from '../../core/keys.ts';
import type { TaskStatus } from '../../core/status.ts';
import type { UserAssignedIdentity } from '../../wire/types.generated.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { valueSql } from '../status/description.ts';
import { row, rows, statement, type Database } from './statement.ts';

interface KnownIdentity {
  readonly resourceId: string;
  readonly principalId: string;
  readonly clientId: string;
}

interface Found {
  readonly state: TaskStatus['state'] | null;
  readonly attempt: number;
  /** JSON; null: its pool has none. */
  readonly identities: string | null;
}

const find = statement<Found>(
  'task.find-identities',
  `select ${valueSql('s', TASK_STATUS.columns.state)} as state, s.attempt, p.spec -> 'identity' -> 'userAssignedIdentities' as identities
    from job j join task t using (job) join task_status s using (job, task) join node n on n.node = s.node join pool p on p.pool = n.pool
    where j.account = $1 and j.job = $2 and t.task = $3 and t.deleted_at is null`,
);
const existing = statement<KnownIdentity>(
  'task.existing-identities',
  `select id as "resourceId", spec ->> 'principalId' as "principalId", spec ->> 'clientId' as "clientId" from resource
    where type = 'microsoft.managedidentity/userassignedidentities' and id_key = any($1::text[])`,
);

/**
 * The managed identities of the pool that a task runs on, those that are there; null: the task has ended, or begun a
 * later try.
 */
export async function identitiesOfTask(database: Database, { account, job, task, attempt }: TaskKey): Promise<readonly KnownIdentity[] | null> {
  const found = await row(database, find, [account, job, task]);
  if (found === null || found.state === 'completed' || found.attempt > attempt) return null;
  const assigned = found.identities === null ? [] : (JSON.parse(found.identities) as readonly UserAssignedIdentity[]);
  return rows(database, existing, [assigned.map(({ resourceId }) => idKey(resourceId))]);
}
