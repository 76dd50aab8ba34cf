import { areFull } from '../../../store/intents/pageBytes.ts';
import { listSchedules, type ScheduleWithStatus } from '../../../store/intents/schedules.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { matches } from '../../../wire/odata.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Handler } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';
import { statsOfSchedules } from '../statistics.ts';
import { wireSchedule } from './view.ts';

const BATCH_SIZE = 1000;

/**
 * JobSchedule_List, in the order of ids. Filters run over what is answered, batch by batch until the page is full: of
 * items, or of bytes.
 */
export const listSchedulesHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const found: ScheduleWithStatus[] = [];
  let after: string = pageStart(call, 'jobschedules', '');
  let more = true;
  while (more && found.length <= maxResults && !areFull(found)) {
    call.signal.throwIfAborted();
    const batch = await listSchedules(parts.database, call.principal.account.number, after, filter === undefined ? maxResults + 1 : BATCH_SIZE);
    found.push(...(filter === undefined ? batch.schedules : batch.schedules.filter((row) => matches(filter, wireSchedule(row, call.baseUrl)))));
    after = batch.schedules.at(-1)?.id.toLowerCase() ?? after;
    more = batch.more;
  }
  const shown = found.slice(0, maxResults);
  const token = more || found.length > shown.length ? skipToken('jobschedules', shown.at(-1)?.id.toLowerCase() ?? '') : null;
  const stats = await statsOfSchedules(call, parts, shown);
  const items = shown.map((row) => applySelect(dataContract.writeBody('JobSchedule', call.version, { ...wireSchedule(row, call.baseUrl), ...stats.get(row.schedule) }), select));
  return listAnswer(call, 'jobschedules', items, token);
};
