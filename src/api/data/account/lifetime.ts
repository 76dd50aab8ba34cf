import { accountSince, lifetimeNodes, lifetimeResources, lifetimeTasks } from '../../../store/intents/lifetime.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError } from '../../../wire/errors.ts';
import { findVmSize } from '../../../wire/sizes/find.ts';
import { entity } from '../../answer.ts';
import type { Call, Handler } from '../../call.ts';
import { jobStatisticsOf, poolStatisticsOf } from '../statistics.ts';

/** The last version that has them; later ones get the recorded refusal (EX 2). */
const LAST_REVISION = 16;

function refuseRetired({ version }: Call): void {
  if (version.revision > LAST_REVISION) throw new BatchError('LifetimeStatsAPIRetired');
}

export const jobStatistics: Handler = async (call, parts) => {
  refuseRetired(call);
  const sums = await lifetimeTasks(parts.database, call.principal.account.number, call.now);
  const statistics = jobStatisticsOf(sums, { url: `${call.baseUrl}/lifetimejobstats`, since: sums.since }, call.now);
  return entity(dataContract.writeBody('JobStatistics', call.version, statistics, `${call.baseUrl}/$metadata#jobstats/@Element`), null);
};

export const poolStatistics: Handler = async (call, parts) => {
  refuseRetired(call);
  const account = call.principal.account.number;
  const since = await accountSince(parts.database, account);
  const nodes = await lifetimeNodes(parts.database, account, call.now);
  const coreMs = nodes.reduce((sum, { vmSize, dedicatedMs }) => sum + dedicatedMs * (findVmSize(vmSize)?.cores ?? 1), 0);
  // Recorded: without times of its own.
  const statistics = poolStatisticsOf(coreMs, await lifetimeResources(parts.database, account), { url: `${call.baseUrl}/lifetimepoolstats`, since }, call.now);
  return entity(dataContract.writeBody('PoolStatistics', call.version, statistics as never, `${call.baseUrl}/$metadata#poolstats/@Element`), null);
};
