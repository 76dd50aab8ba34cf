import { type Column, historyOf, ownVariable, SAMPLE_PERIOD_MS, type SampleHistory } from '../../autoscale/index.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import { SAMPLES_KEPT_MS } from '../tunables.ts';
import { BYTES_PER_GIB, BYTES_PER_MIB, cpuShare, meanOf, type PoolMeasure, withMeasure } from './measure.ts';

/** What the rules count of a pool, in the names of the formula language. */
const METRICS = [
  '$ActiveTasks',
  '$RunningTasks',
  '$PendingTasks',
  '$SucceededTasks',
  '$FailedTasks',
  '$SampleNodeCount',
  '$CurrentDedicatedNodes',
  '$CurrentLowPriorityNodes',
  '$PreemptedNodeCount',
  '$UsableNodeCount',
] as const;
type Metric = (typeof METRICS)[number];

/**
 * What its nodes measure (autoscale article of 2017-2021, "Variables"): levels are means over the nodes, the rest sums
 * since the sample before.
 */
const NODE_METRICS = [
  '$CPUPercent',
  '$WallClockSeconds',
  '$MemoryBytes',
  '$DiskBytes',
  '$DiskReadBytes',
  '$DiskWriteBytes',
  '$DiskReadOps',
  '$DiskWriteOps',
  '$NetworkInBytes',
  '$NetworkOutBytes',
] as const;
type NodeMetric = (typeof NODE_METRICS)[number];

/** What no node could measure is left out: it has no sample then. */
export type Sample = Readonly<Record<Metric, number> & Partial<Record<NodeMetric, number>>>;

/** Oldest first: one column for the instants, one for each metric, and those of what is not there each time. */
export interface Samples {
  readonly at: Instant[];
  readonly values: Readonly<Record<Metric, number[]>>;
  readonly ofNodes: Readonly<Record<NodeMetric, Column>>;
  /** What programs measured, by the name of the variable. Moments are their own; at most one lies in a half minute. */
  readonly own: Map<string, Column>;
}

/** A row for each instant, as the store has them. */
export type SampleRow = readonly [at: Instant, sample: Sample];

/** A number that a program measured. `name`: of the variable, without `$Own_`. */
export type OwnSample = readonly [name: string, at: Instant, value: number];

/** `rows`: in their order. */
export function samplesOf(rows: readonly SampleRow[], own: readonly OwnSample[] = []): Samples {
  const samples: Samples = {
    at: [],
    values: Object.fromEntries(METRICS.map((metric): [string, number[]] => [metric, []])) as Record<Metric, number[]>,
    ofNodes: Object.fromEntries(NODE_METRICS.map((metric): [string, Column] => [metric, { atMs: [], values: [] }])) as Record<NodeMetric, Column>,
    own: new Map(),
  };
  for (const [at, sample] of rows) append(samples, at, sample);
  for (const one of own) insertOwn(samples, one);
  return samples;
}

function append({ at, values, ofNodes }: Samples, instant: Instant, sample: Sample): void {
  at.push(instant);
  for (const metric of METRICS) values[metric].push(sample[metric]);
  for (const metric of NODE_METRICS) {
    const value = sample[metric];
    if (value === undefined) continue;
    ofNodes[metric].atMs.push(instant);
    ofNodes[metric].values.push(value);
  }
}

/** Keeps what there is of the pool, and what its nodes measured; what is older than a day is forgotten. */
export function takeSample(state: CoreState, pool: Pool, at: Instant): void {
  const { samples } = pool;
  const sample = { ...count(state, pool), ...(pool.measure === null ? null : nodeSample(pool.measure)) };
  pool.measure = null;
  forgetBefore(at - SAMPLES_KEPT_MS, samples.at, Object.values(samples.values));
  for (const { atMs, values } of Object.values(samples.ofNodes)) forgetBefore(at - SAMPLES_KEPT_MS, atMs, [values]);
  forgetOwn(samples, at);
  append(samples, at, sample);
  state.changes.sample(pool, [at, sample]);
}

function forgetBefore(instant: Instant, at: Instant[], columns: readonly number[][]): void {
  const first = at.findIndex((other) => other >= instant);
  for (const column of [at, ...columns]) column.splice(0, first === -1 ? column.length : first);
}

/** A program has measured. What is told of twice, as after a restart, is there once. */
export function ingestOwnSamples({ samples }: Pool, own: readonly OwnSample[], now: Instant): void {
  for (const one of own) insertOwn(samples, one);
  forgetOwn(samples, now);
}

/** Of a half minute the newest sample stands: windows are compared with one sample each 30 s. */
function insertOwn({ own }: Samples, [name, at, value]: OwnSample): void {
  const variable = ownVariable(name);
  const { atMs, values } = own.get(variable) ?? { atMs: [], values: [] };
  own.set(variable, { atMs, values });
  const place = atMs.findLastIndex((other) => other <= at) + 1;
  const isInHalfMinute = (index: number): boolean => halfMinuteOf(atMs[index] ?? Number.NaN) === halfMinuteOf(at);
  if (isInHalfMinute(place)) return;
  const [from, replaced] = isInHalfMinute(place - 1) ? [place - 1, 1] : [place, 0];
  atMs.splice(from, replaced, at);
  values.splice(from, replaced, value);
}

/** The number of the half minute since 1970. */
export function halfMinuteOf(at: Instant): number {
  return Math.floor(at / SAMPLE_PERIOD_MS);
}

function forgetOwn({ own }: Samples, now: Instant): void {
  for (const [variable, { atMs, values }] of own) {
    forgetBefore(now - SAMPLES_KEPT_MS, atMs, [values]);
    if (atMs.length === 0) own.delete(variable);
  }
}

/** Nodes have measured. Without a formula there are no samples, and nothing to keep for the next one. */
export function ingestMeasure(state: CoreState, pool: Pool, more: PoolMeasure): void {
  if (pool.intent.autoScale) pool.measure = withMeasure(pool.measure, more);
  pool.status = { ...pool.status, resources: withMeasure(pool.status.resources ?? null, more) };
  state.changes.pool(pool);
}

/** As an evaluation reads it; shares its memory with `samples`, so it is right until the next sample is taken. */
export function historyIn({ at, values, ofNodes, own }: Samples): SampleHistory {
  return historyOf(at, values, { ...ofNodes, ...Object.fromEntries(own) });
}

function nodeSample(measure: PoolMeasure): Partial<Record<NodeMetric, number>> {
  const { nodeMs, io, network } = measure;
  const [share, memory, disk] = [cpuShare(measure), meanOf(measure.memory), meanOf(measure.disk)];
  return {
    $WallClockSeconds: nodeMs / 1000,
    ...(share === null ? null : { $CPUPercent: share }),
    ...(memory === null ? null : { $MemoryBytes: memory / BYTES_PER_MIB }),
    ...(disk === null ? null : { $DiskBytes: disk / BYTES_PER_GIB }),
    ...(io === undefined ? null : { $DiskReadBytes: io.readBytes, $DiskWriteBytes: io.writeBytes, $DiskReadOps: io.readOps, $DiskWriteOps: io.writeOps }),
    ...(network === undefined ? null : { $NetworkInBytes: network.inBytes, $NetworkOutBytes: network.outBytes }),
  };
}

/**
 * Tasks are those of the jobs that name the pool and are not over. Active ones are those that wait for nothing but
 * their turn; a multi-instance task counts as its instances.
 */
function count({ jobs, table }: CoreState, pool: Pool): Record<Metric, number> {
  let [active, running, succeeded, failed] = [0, 0, 0, 0];
  for (const job of jobs.values()) {
    if (job.poolQueue !== pool.queue || job.status.state === 'completed') continue;
    succeeded += job.tasks.succeeded;
    failed += job.tasks.failed;
    if (job.status.state === 'active') active += job.queue.ready(table);
  }
  for (const node of pool.nodes) {
    running += node.running.size;
    active += node.offers.size;
  }
  const { currentDedicated, currentLowPriority } = pool.status;
  return {
    $ActiveTasks: active,
    $RunningTasks: running,
    $PendingTasks: active + running,
    $SucceededTasks: succeeded,
    $FailedTasks: failed,
    $SampleNodeCount: currentDedicated + currentLowPriority,
    $CurrentDedicatedNodes: currentDedicated,
    $CurrentLowPriorityNodes: currentLowPriority,
    $PreemptedNodeCount: countIn(pool, ['preempted']),
    $UsableNodeCount: usableNodes(pool),
  };
}

export function preemptedNodes(pool: Pool): number {
  return countIn(pool, ['preempted']);
}

/** Those that tasks run on, or could. */
export function usableNodes(pool: Pool): number {
  return countIn(pool, USABLE_STATES);
}

export const USABLE_STATES: readonly string[] = ['idle', 'running'];

function countIn(pool: Pool, states: readonly string[]): number {
  let count = 0;
  for (const { state } of pool.nodes) if (states.includes(state)) count += 1;
  return count;
}
