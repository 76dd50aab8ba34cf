import { listPools } from '../../../store/intents/pools.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { matches } from '../../../wire/odata.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Handler } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';
import { statsOfPools } from '../statistics.ts';
import { wirePool } from './view.ts';

/** Pool_List, in the order of ids. An account has few pools, so filters run over what is answered. */
export const listPoolsHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const after = pageStart(call, 'pools', '');
  const rows = await listPools(parts.database, call.principal.account.number, after);
  const stats = await statsOfPools(call, parts, rows);
  const pools = rows.map((row) => ({ key: row.id.toLowerCase(), pool: { ...wirePool(row, call.baseUrl), ...stats.get(row.pool) } }));
  const wanted = filter === undefined ? pools : pools.filter(({ pool }) => matches(filter, pool));
  const page = wanted.slice(0, maxResults);
  const token = wanted.length > page.length ? skipToken('pools', page.at(-1)?.key ?? '') : null;
  const items = page.map(({ pool }) => applySelect(dataContract.writeBody('Pool', call.version, pool), select));
  return listAnswer(call, 'pools', items, token);
};
