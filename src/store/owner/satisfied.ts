import type { Pool, PoolClient } from 'pg';
import type { JobNumber } from '../../core/keys.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { tasksAndStatus, windows } from './windows.ts';

const { state, dependency } = TASK_STATUS.columns;
const SATISFIES = `s.state = ${state.choices.completed} and s.dependency = ${dependency.choices.satisfy}`;
const LAST_TASK = 'select next_task - 1 as last from job where job = $1';

const BY_TASKS = `select json_agg(t.id_key) as ids from ${tasksAndStatus('$1', '$2', '$3')} and ${SATISFIES}`;
/** By tasks whose rows do not say so any more. */
const BEFORE = 'select json_agg(id_key) as ids from satisfied_id where job = $1';

const IDS_A_STATEMENT = 10_000;
/** Both by their keys. */
const AMONG = `select json_agg(distinct id_key) as ids from (
    select t.id_key from task t join task_status s on s.job = t.job and s.task = t.task
      where t.job = $1 and t.id_key = any($2::text[]) and ${SATISFIES}
    union all select id_key from satisfied_id where job = $1 and id_key = any($2::text[])
  ) satisfied`;

interface IdsRow {
  readonly ids: readonly string[] | null;
}

/** `OwnerStore.readSatisfied`. `database`: within a load, its transaction. */
export async function readSatisfied(database: Pool | PoolClient, job: JobNumber, among: readonly string[] | null): Promise<readonly string[]> {
  const found = new Set<string>();
  const add = ({ rows }: { readonly rows: readonly IdsRow[] }): void => {
    for (const id of rows[0]?.ids ?? []) found.add(id);
  };
  if (among !== null) {
    for (let first = 0; first < among.length; first += IDS_A_STATEMENT) {
      add(await database.query<IdsRow>({ name: 'satisfied-among', text: AMONG, values: [job, among.slice(first, first + IDS_A_STATEMENT)] }));
    }
    return [...found];
  }
  const { rows } = await database.query<{ last: number }>({ name: 'last-task', text: LAST_TASK, values: [job] });
  add(await database.query<IdsRow>({ name: 'satisfied-before', text: BEFORE, values: [job] }));
  for (const window of windows(0, rows[0]?.last ?? 0)) add(await database.query<IdsRow>({ name: 'satisfied', text: BY_TASKS, values: [job, ...window] }));
  return [...found];
}
