import { listJobs, type JobWithStatus } from '../../../store/intents/jobs.ts';
import { areFull } from '../../../store/intents/pageBytes.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { matches } from '../../../wire/odata.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Handler } from '../../call.ts';
import { wireJob } from './view.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

const BATCH_SIZE = 1000;

/**
 * Job_List, in the order of ids. Filters run over what is answered, batch by batch until the page is full: of items, or
 * of bytes.
 */
export const listJobsHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const found: JobWithStatus[] = [];
  let after: string = pageStart(call, 'jobs', '');
  let more = true;
  while (more && found.length <= maxResults && !areFull(found)) {
    call.signal.throwIfAborted();
    const batch = await listJobs(parts.database, call.principal.account.number, after, filter === undefined ? maxResults + 1 : BATCH_SIZE);
    found.push(...(filter === undefined ? batch.jobs : batch.jobs.filter((row) => matches(filter, wireJob(row, call.baseUrl)))));
    after = batch.jobs.at(-1)?.id.toLowerCase() ?? after;
    more = batch.more;
  }
  const shown = found.slice(0, maxResults);
  const token = more || found.length > shown.length ? skipToken('jobs', shown.at(-1)?.id.toLowerCase() ?? '') : null;
  const items = shown.map((row) => applySelect(dataContract.writeBody('Job', call.version, wireJob(row, call.baseUrl)), select));
  return listAnswer(call, 'jobs', items, token);
};
