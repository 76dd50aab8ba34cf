import { accountSince, lifetimeNodes, lifetimeTasks } from '../../../store/intents/lifetime.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { formatDuration } from '../../../wire/durations.ts';
import { BatchError } from '../../../wire/errors.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { findVmSize } from '../../../wire/sizes/find.ts';
import { entity } from '../../answer.ts';
import type { Call, Handler } from '../../call.ts';

/** The last version that has them; later ones get the recorded refusal (EX 2). */
const LAST_REVISION = 16;

function refuseRetired({ version }: Call): void {
  if (version.revision > LAST_REVISION) throw new BatchError('LifetimeStatsAPIRetired');
}

/** What is not measured (time and input of processors, bytes and operations of disks) reads 0. */
export const jobStatistics: Handler = async (call, parts) => {
  refuseRetired(call);
  const { since, succeeded, failed, retries, wallClockMs, waitMs } = await lifetimeTasks(parts.database, call.principal.account.number, call.now);
  const statistics = {
    url: `${call.baseUrl}/lifetimejobstats`,
    startTime: formatTimestamp(since),
    lastUpdateTime: formatTimestamp(call.now),
    userCPUTime: formatDuration(0),
    kernelCPUTime: formatDuration(0),
    wallClockTime: formatDuration(wallClockMs),
    readIOps: '0',
    writeIOps: '0',
    readIOGiB: 0,
    writeIOGiB: 0,
    numTaskRetries: String(retries),
    numSucceededTasks: String(succeeded),
    numFailedTasks: String(failed),
    waitTime: formatDuration(waitMs),
  };
  return entity(dataContract.writeBody('JobStatistics', call.version, statistics, `${call.baseUrl}/$metadata#jobstats/@Element`), null);
};

/** As of jobs: times of cores are counted, use of nodes is not measured. */
export const poolStatistics: Handler = async (call, parts) => {
  refuseRetired(call);
  const account = call.principal.account.number;
  const since = await accountSince(parts.database, account);
  const nodes = await lifetimeNodes(parts.database, account, call.now);
  const coreMs = nodes.reduce((sum, { vmSize, dedicatedMs }) => sum + dedicatedMs * (findVmSize(vmSize)?.cores ?? 1), 0);
  const range = { startTime: formatTimestamp(since), lastUpdateTime: formatTimestamp(call.now) };
  const statistics = {
    url: `${call.baseUrl}/lifetimepoolstats`,
    usageStats: { ...range, dedicatedCoreTime: formatDuration(coreMs) },
    resourceStats: { ...range, ...NOT_MEASURED },
  };
  // Recorded: without times of its own.
  return entity(dataContract.writeBody('PoolStatistics', call.version, statistics as never, `${call.baseUrl}/$metadata#poolstats/@Element`), null);
};

const NOT_MEASURED = {
  avgCPUPercentage: 0,
  avgMemoryGiB: 0,
  peakMemoryGiB: 0,
  avgDiskGiB: 0,
  peakDiskGiB: 0,
  diskReadIOps: '0',
  diskWriteIOps: '0',
  diskReadGiB: 0,
  diskWriteGiB: 0,
  networkReadGiB: 0,
  networkWriteGiB: 0,
} as const;
