import { jobSums, poolResources, scheduleSums, type TaskSums } from '../../store/intents/statistics.ts';
import { usageOfPools } from '../../store/intents/usage.ts';
import type { Instant } from '../../core/keys.ts';
import { BYTES_PER_GIB, cpuShare, meanOf, type PoolMeasure } from '../../core/pool/measure.ts';
import { formatDuration } from '../../wire/durations.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import type { JobStatistics, PoolStatistics, TaskStatistics } from '../../wire/types.generated.ts';
import { NO_USAGE, type TaskUsage } from '../../core/task/usage.ts';
import type { TaskWithStatus } from '../../store/intents/tasks.ts';
import type { Call, Parts } from '../call.ts';

/**
 * `stats` of pools, jobs, tasks and schedules: what `$expand=stats` adds to an answer. It is counted as it is asked
 * for, so it is never behind. What nodes use they say twice a minute, what a try at a task has used when it ends. What
 * is not measured (what a machine does not tell) reads 0.
 */

/** Recorded: with `$select`, only if that names it. */
export function isWithStats({ query: { expandStats, select } }: Pick<Call, 'query'>): boolean {
  return expandStats && (select === undefined || select.some(([first]) => first === 'stats'));
}

const US_PER_MS = 1_000;

/** By the tries that are over. */
function usageOf([userUs, kernelUs, readOps, writeOps, readBytes, writeBytes]: TaskUsage): Pick<TaskStatistics, 'userCPUTime' | 'kernelCPUTime' | 'readIOps' | 'writeIOps' | 'readIOGiB' | 'writeIOGiB'> {
  return {
    userCPUTime: formatDuration(Math.round(userUs / US_PER_MS)),
    kernelCPUTime: formatDuration(Math.round(kernelUs / US_PER_MS)),
    readIOps: String(readOps),
    writeIOps: String(writeOps),
    readIOGiB: readBytes / BYTES_PER_GIB,
    writeIOGiB: writeBytes / BYTES_PER_GIB,
  };
}

interface Of {
  readonly url: string;
  readonly since: Instant;
}

/** As statistics of jobs have them, those of a lifetime too. */
export function jobStatisticsOf({ succeeded, failed, retries, wallClockMs, waitMs, used }: TaskSums, { url, since }: Of, now: Instant): JobStatistics {
  return {
    url,
    startTime: formatTimestamp(since),
    lastUpdateTime: formatTimestamp(now),
    ...usageOf(used),
    wallClockTime: formatDuration(wallClockMs),
    numTaskRetries: String(retries),
    numSucceededTasks: String(succeeded),
    numFailedTasks: String(failed),
    waitTime: formatDuration(waitMs),
  };
}

/** `dedicatedCoreMs`: the time of dedicated nodes by their cores. `measure`: null, nothing was measured. */
export function poolStatisticsOf(dedicatedCoreMs: number, measure: PoolMeasure | null, { url, since }: Of, now: Instant): Omit<PoolStatistics, 'startTime' | 'lastUpdateTime'> {
  const range = { startTime: formatTimestamp(since), lastUpdateTime: formatTimestamp(now) };
  return { url, usageStats: { ...range, dedicatedCoreTime: formatDuration(dedicatedCoreMs) }, resourceStats: { ...range, ...resourcesOf(measure ?? { nodeMs: 0 }) } };
}

function resourcesOf(measure: PoolMeasure): Omit<NonNullable<PoolStatistics['resourceStats']>, 'startTime' | 'lastUpdateTime'> {
  const { memory, disk, io, network } = measure;
  const gib = (bytes: number | null | undefined): number => (bytes ?? 0) / BYTES_PER_GIB;
  return {
    avgCPUPercentage: 100 * (cpuShare(measure) ?? 0),
    avgMemoryGiB: gib(meanOf(memory)),
    peakMemoryGiB: gib(memory?.peakBytes),
    avgDiskGiB: gib(meanOf(disk)),
    peakDiskGiB: gib(disk?.peakBytes),
    diskReadIOps: String(io?.readOps ?? 0),
    diskWriteIOps: String(io?.writeOps ?? 0),
    diskReadGiB: gib(io?.readBytes),
    diskWriteGiB: gib(io?.writeBytes),
    networkReadGiB: gib(network?.inBytes),
    networkWriteGiB: gib(network?.outBytes),
  };
}

interface Row {
  readonly id: string;
  readonly createdAt: Instant;
}

const NOTHING: TaskSums = { succeeded: 0, failed: 0, retries: 0, wallClockMs: 0, waitMs: 0, used: NO_USAGE };

/** By the number of the job; empty where the request does not ask for it. */
export async function statsOfJobs(call: Call, parts: Parts, jobs: readonly (Row & { readonly job: number })[]): Promise<ReadonlyMap<number, { readonly stats: JobStatistics }>> {
  if (!isWithStats(call) || jobs.length === 0) return new Map();
  const sums = await jobSums(parts.database, jobs.map(({ job }) => job), call.now);
  return new Map(jobs.map(({ job, id, createdAt }) => [job, { stats: jobStatisticsOf(sums.get(job) ?? NOTHING, { url: `${call.baseUrl}/jobs/${id}/jobstats`, since: createdAt }, call.now) }]));
}

/** Of all jobs of each schedule that are there. */
export async function statsOfSchedules(call: Call, parts: Parts, schedules: readonly (Row & { readonly schedule: number })[]): Promise<ReadonlyMap<number, { readonly stats: JobStatistics }>> {
  if (!isWithStats(call) || schedules.length === 0) return new Map();
  const sums = await scheduleSums(parts.database, schedules.map(({ schedule }) => schedule), call.now);
  return new Map(schedules.map(({ schedule, id, createdAt }) => [schedule, { stats: jobStatisticsOf(sums.get(schedule) ?? NOTHING, { url: `${call.baseUrl}/jobschedules/${id}/jobschedulestats`, since: createdAt }, call.now) }]));
}

export async function statsOfPools(call: Call, parts: Parts, pools: readonly (Row & { readonly pool: number })[]): Promise<ReadonlyMap<number, { readonly stats: PoolStatistics }>> {
  if (!isWithStats(call) || pools.length === 0) return new Map();
  const since = Math.min(...pools.map(({ createdAt }) => createdAt));
  const [only] = pools;
  const usage = await usageOfPools(parts.database, call.principal.account.number, { since, now: call.now, poolId: pools.length === 1 && only !== undefined ? only.id : null });
  const resources = await poolResources(parts.database, pools.map(({ pool }) => pool));
  const coreMs = new Map<number, number>();
  for (const { pool, size, lowPriority, nodeMs } of usage) if (!lowPriority) coreMs.set(pool, (coreMs.get(pool) ?? 0) + nodeMs * (findVmSize(size)?.cores ?? 1));
  return new Map(
    pools.map(({ pool, id, createdAt }) => {
      const range = { startTime: formatTimestamp(createdAt), lastUpdateTime: formatTimestamp(call.now) };
      return [pool, { stats: { ...range, ...poolStatisticsOf(coreMs.get(pool) ?? 0, resources.get(pool) ?? null, { url: `${call.baseUrl}/pools/${id}/poolstats`, since: createdAt }, call.now) } }];
    }),
  );
}

/** What of a task's row its statistics are made of. */
type Ran = Pick<TaskWithStatus, 'createdAt' | 'startedAt' | 'endedAt' | 'earlierMs' | 'used'>;

/** Of all its tries, until now if one runs. */
export function statsOfTask(call: Call, { createdAt, startedAt, endedAt, earlierMs, used }: Ran, url: string): { readonly stats: TaskStatistics } | null {
  if (!isWithStats(call)) return null;
  return {
    stats: {
      url: `${url}/taskstats`,
      startTime: formatTimestamp(createdAt),
      lastUpdateTime: formatTimestamp(call.now),
      ...usageOf(used === null ? NO_USAGE : (JSON.parse(used) as TaskUsage)),
      wallClockTime: formatDuration((earlierMs ?? 0) + (startedAt === null ? 0 : Math.max(0, (endedAt ?? call.now) - startedAt))),
      waitTime: formatDuration(Math.max(0, (startedAt ?? call.now) - createdAt)),
    },
  };
}
