import { listJobs, type JobWithStatus } from '../../../store/intents/jobs.ts';
import { areFull } from '../../../store/intents/pageBytes.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { matches } from '../../../wire/odata.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Call, Handler, Parts } from '../../call.ts';
import { wireJob } from './view.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';
import { statsOfJobs } from '../statistics.ts';

const BATCH_SIZE = 1000;

/** Jobs above a key, in the order of their ids; `more`: there may be others after them. */
type ReadJobs = (after: string, limit: number) => ReturnType<typeof listJobs>;

/**
 * A list of jobs in the order of ids. Filters run over what is answered, batch by batch until the page is full: of
 * items, or of bytes.
 */
export function listJobsBy(reader: (call: Call, parts: Parts) => Promise<ReadJobs>): Handler {
  return async (call, parts) => {
    const { maxResults, filter, select } = call.query;
    const read = await reader(call, parts);
    const found: JobWithStatus[] = [];
    let after: string = pageStart(call, 'jobs', '');
    let more = true;
    while (more && found.length <= maxResults && !areFull(found)) {
      call.signal.throwIfAborted();
      const batch = await read(after, filter === undefined ? maxResults + 1 : BATCH_SIZE);
      found.push(...(filter === undefined ? batch.jobs : batch.jobs.filter((row) => matches(filter, wireJob(row, call.baseUrl)))));
      after = batch.jobs.at(-1)?.id.toLowerCase() ?? after;
      more = batch.more;
    }
    const shown = found.slice(0, maxResults);
    const token = more || found.length > shown.length ? skipToken('jobs', shown.at(-1)?.id.toLowerCase() ?? '') : null;
    const stats = await statsOfJobs(call, parts, shown);
    const items = shown.map((row) => applySelect(dataContract.writeBody('Job', call.version, { ...wireJob(row, call.baseUrl), ...stats.get(row.job) }), select));
    return listAnswer(call, 'jobs', items, token);
  };
}

/** Job_List. */
export const listJobsHandler = listJobsBy((call, parts) =>
  Promise.resolve((after, limit) => listJobs(parts.database, call.principal.account.number, after, limit)));
