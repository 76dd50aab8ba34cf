import { listJobs } from '../store/intents/jobs.ts';
import { matches } from '../wire/odata.ts';
import { applySelect } from '../wire/query.ts';
import type { Job } from '../wire/types.generated.ts';
import { writeBody } from '../wire/write.ts';
import type { Handler } from './call.ts';
import { wireJob } from './jobView.ts';
import { listAnswer, pageStart, skipToken } from './paging.ts';

const batchSize = 1000;

/** Job_List, in the order of ids. Filters run over what is answered, batch by batch until the page is full. */
export const listJobsHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const page: Job[] = [];
  let after: string = pageStart(call, 'jobs', '');
  for (let more = true; more && page.length <= maxResults; ) {
    call.signal.throwIfAborted();
    const limit = filter === undefined ? maxResults + 1 : batchSize;
    const rows = await listJobs(parts.database, call.account.number, after, limit);
    for (const row of rows) {
      const job = wireJob(row, call.baseUrl);
      if (filter === undefined || matches(filter, job)) page.push(job);
    }
    after = rows.at(-1)?.id.toLowerCase() ?? after;
    more = rows.length === limit && filter !== undefined;
  }
  const shown = page.slice(0, maxResults);
  const token = page.length > shown.length ? skipToken('jobs', shown.at(-1)?.id.toLowerCase() ?? '') : null;
  const items = shown.map((job) => applySelect(writeBody('Job', call.version, job), select));
  return listAnswer(call, 'jobs', items, token);
};
