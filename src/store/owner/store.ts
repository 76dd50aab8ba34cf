import type { Pool } from 'pg';
import type { OwnerStore } from '../ownerStore.ts';
import { claim, heartbeat, resign } from './claim.ts';
import { commit } from './commit.ts';
import { readInbox } from './inbox.ts';
import { load } from './load.ts';
import { readJobSpecs, readPoolSpecs } from './specs.ts';
import { readTasks } from './tasks.ts';

/** The owner's side of PostgreSQL. `pool`: from `connect(…, 'owner')`, of a migrated database; stays the caller's to end. */
export const postgresOwnerStore = (pool: Pool): OwnerStore => ({
  claim: (account, process, url) => claim(pool, account, process, url),
  heartbeat: (process) => heartbeat(pool, process),
  resign: (process) => resign(pool, process),
  load: (account) => load(pool, account),
  readInbox: (account, limit) => readInbox(pool, account, limit),
  readTasks: (job, after, limit) => readTasks(pool, job, after, limit),
  commit: (tick) => commit(pool, tick),
  readJobSpecs: (jobs) => readJobSpecs(pool, jobs),
  readPoolSpecs: (pools) => readPoolSpecs(pool, pools),
});
