import type { Pool } from 'pg';
import { isNoRoom } from '../../processes/noRoom.ts';
import { NoRoom, type OwnerStore } from '../ownerStore.ts';
import { readActivePackages } from '../packages.ts';
import { claim, heartbeat, resign } from './claim.ts';
import { committer } from './commit.ts';
import { readInbox } from './inbox.ts';
import { load } from './load.ts';
import { readQuarantine } from './quarantine.ts';
import { readSatisfied } from './satisfied.ts';
import { readJobSpecs, readKnownJobs, readPoolSpecs } from './specs.ts';
import { tasksReader } from './tasks.ts';

/**
 * The owner's side of PostgreSQL. `pool`: from `connect(…, 'owner')`, of a migrated database; stays the caller's to
 * end.
 */
export function postgresOwnerStore(pool: Pool): OwnerStore {
  const readTasks = tasksReader(pool);
  const commit = committer(pool);
  return {
    claim: (account, process, url) => claim(pool, account, process, url).catch(namingNoRoom),
    heartbeat: (process) => heartbeat(pool, process).catch(namingNoRoom),
    resign: (account, process) => resign(pool, account, process).catch(namingNoRoom),
    load: (account) => load(pool, account).catch(namingNoRoom),
    readInbox: (account, limit, also = []) => readInbox(pool, account, limit, also).catch(namingNoRoom),
    readTasks: (job, after, limit) => readTasks(job, after, limit).catch(namingNoRoom),
    readSatisfied: (job, among) => readSatisfied(pool, job, among).catch(namingNoRoom),
    commit: (tick) => commit(tick).catch(namingNoRoom),
    readJobSpecs: (jobs) => readJobSpecs(pool, jobs).catch(namingNoRoom),
    readKnownJobs: (jobs) => readKnownJobs(pool, jobs).catch(namingNoRoom),
    readPoolSpecs: (pools) => readPoolSpecs(pool, pools).catch(namingNoRoom),
    readPackages: (account, applications) => readActivePackages(pool, account, applications).catch(namingNoRoom),
    readQuarantine: (account) => readQuarantine(pool, account).catch(namingNoRoom),
  };
}

function namingNoRoom(error: unknown): never {
  throw error instanceof Error && isNoRoom(error) ? new NoRoom(error.message) : error;
}
