import type { UsageHour } from '../../../core/decisions.ts';
import { hourOf } from '../../../core/cost/meter.ts';
import { usageOfPools } from '../../../store/intents/usage.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import { matches } from '../../../wire/odata.ts';
import { findVmSize } from '../../../wire/sizes/find.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { PoolUsageMetrics } from '../../../wire/types.generated.ts';
import type { Handler } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

const HOUR_MS = 3_600_000;

/**
 * Pool_ListUsageMetrics: hours that are over and began between the times, by pool and size; without times those of the
 * last hour of which there is anything (recorded, of half hours). @throws BatchError InvalidQueryParameterValue.
 */
export const listUsageMetrics: Handler = async (call, parts) => {
  const { maxResults, filter, startTimeMs, endTimeMs } = call.query;
  if (startTimeMs !== undefined && endTimeMs !== undefined && endTimeMs < startTimeMs) throw invalidQuery('endtime', formatTimestamp(endTimeMs), 'The end must not be before the start.');
  const after = pageStart(call, 'poolusagemetrics', '');
  const usage = await usageOfPools(parts.database, call.principal.account.number, { since: startTimeMs ?? 0, now: call.now, poolId: null });
  const over = usage.filter(({ hour, nodeMs }) => nodeMs > 0 && hour < hourOf(call.now) && hour * HOUR_MS >= (startTimeMs ?? 0) && hour * HOUR_MS < (endTimeMs ?? Number.POSITIVE_INFINITY));
  const last = startTimeMs === undefined && endTimeMs === undefined ? over.at(-1)?.hour : undefined;
  const metrics = byPool(last === undefined ? over : over.filter(({ hour }) => hour === last));
  const wanted = metrics.filter(({ key, item }) => key > after && (filter === undefined || matches(filter, item)));
  const page = wanted.slice(0, maxResults);
  const token = wanted.length > page.length ? skipToken('poolusagemetrics', page.at(-1)?.key ?? '') : null;
  return listAnswer(call, 'poolusagemetrics', page.map(({ item }) => dataContract.writeBody('PoolUsageMetrics', call.version, item)), token);
};

/** Both kinds of nodes together, in the order of their keys. */
function byPool(usage: readonly UsageHour[]): readonly { readonly key: string; readonly item: PoolUsageMetrics }[] {
  const found = new Map<string, { readonly row: UsageHour; readonly nodeMs: number }>();
  for (const row of usage) {
    const key = `${String(row.hour).padStart(8, '0')} ${row.poolId.toLowerCase()} ${row.pool} ${row.size}`;
    found.set(key, { row, nodeMs: (found.get(key)?.nodeMs ?? 0) + row.nodeMs });
  }
  return [...found].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([key, { row: { hour, poolId, size }, nodeMs }]) => ({
    key,
    item: {
      poolId,
      startTime: formatTimestamp(hour * HOUR_MS),
      endTime: formatTimestamp((hour + 1) * HOUR_MS),
      vmSize: size,
      totalCoreHours: (nodeMs / HOUR_MS) * (findVmSize(size)?.cores ?? 1),
    },
  }));
}
