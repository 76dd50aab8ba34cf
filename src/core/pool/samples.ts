import { historyOf, type SampleHistory } from '../../autoscale/index.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import { SAMPLES_KEPT_MS } from '../tunables.ts';

/** What is measured of a pool, in the names of the formula language. All else has no samples. */
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
export type Sample = Readonly<Record<Metric, number>>;

/** One column for the instants and one for each metric, oldest first. */
export interface Samples {
  readonly at: Instant[];
  readonly values: Readonly<Record<Metric, number[]>>;
}

/** A row for each instant, as the store has them. */
export type SampleRow = readonly [at: Instant, sample: Sample];

/** `rows`: in their order. */
export function samplesOf(rows: readonly SampleRow[]): Samples {
  const samples: Samples = { at: [], values: Object.fromEntries(METRICS.map((metric): [string, number[]] => [metric, []])) as Record<Metric, number[]> };
  for (const [at, sample] of rows) append(samples, at, sample);
  return samples;
}

function append({ at, values }: Samples, instant: Instant, sample: Sample): void {
  at.push(instant);
  for (const metric of METRICS) values[metric].push(sample[metric]);
}

/** Measures the pool and keeps that; what is older than a day is forgotten. */
export function takeSample(state: CoreState, pool: Pool, at: Instant): void {
  const { samples } = pool;
  const sample = measure(state, pool);
  const old = samples.at.findIndex((other) => other >= at - SAMPLES_KEPT_MS);
  for (const column of [samples.at, ...Object.values(samples.values)]) column.splice(0, old === -1 ? column.length : old);
  append(samples, at, sample);
  state.changes.sample(pool, [at, sample]);
}

/** As an evaluation reads it; shares its memory with `samples`, so it is right until the next sample is taken. */
export function historyIn({ at, values }: Samples): SampleHistory {
  return historyOf(at, values);
}

/**
 * Tasks are those of the jobs that name the pool and are not over. Active ones are those that wait for nothing but
 * their turn; a multi-instance task counts as its instances.
 */
function measure({ jobs, table }: CoreState, pool: Pool): Sample {
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
