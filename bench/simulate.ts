import { createCore } from '../src/core/core.ts';
import { asTried } from '../src/api/own/simulations/tried.ts';
import { readCandidates } from '../src/cli/simulate/pools.ts';
import { readRecorded } from '../src/cli/simulate/recorded.ts';
import { simulateAsked } from '../src/simulation/whatIf/asked.ts';
import { recordedJob, type RecordedJob } from '../src/simulation/whatIf/recordedJob.ts';
import { LOCAL_TIMING } from '../src/simulation/whatIf/model.ts';
import { syntheticLoad } from '../src/simulation/whatIf/synthetic.ts';
import { whatIf } from '../src/simulation/whatIf/whatIf.ts';
import { poolIntent } from '../test/support/intents.ts';
import type { SmallClient } from '../test/support/smallClient.ts';
import type { Instance } from '../test/support/linarite.ts';
import { databaseSettings } from './support/databaseSettings.ts';
import { pollUntil, rounded, withPool } from './support/pool.ts';

const RUNS = 5;
const TASKS = 300;

/**
 * How fast a simulation is: a day of 100,000 tasks on up to 1,000 nodes that a formula decides on. And how faithful:
 * jobs of 300 tasks of 20 to 300 ms that have run on 2 nodes of 4 slots, and their simulations from what the service
 * has stored of them; the part of pairs of tasks that start in the same order, and the difference of the makespan, in
 * the median of five.
 */
export async function run(): Promise<Record<string, unknown>> {
  const daySeconds = await day();
  console.log(`a day of 100,000 tasks: ${daySeconds.toFixed(1)} s`);
  return withPool({ nodes: 2, slots: 4 }, async (client, instance) => {
    const found = [];
    for (let run = 1; run <= RUNS; run += 1) {
      const one = await compare(client, instance, `job-${run}`);
      console.log(`run ${run}: ${(100 * one.agreement).toFixed(1)} % of pairs in the same order; ${one.realMs} ms, simulated ${one.simulatedMs} ms (${(100 * one.error).toFixed(1)} %)`);
      found.push(one);
    }
    return {
      daySeconds: rounded(daySeconds, 1),
      orderAgreement: rounded(median(found.map(({ agreement }) => agreement)), 4),
      makespanError: rounded(median(found.map(({ error }) => error)), 4),
      ...(await databaseSettings(instance)),
    };
  });
}

const FORMULA = `
percent = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 5);
tasks = percent < 70 ? max(0, $PendingTasks.GetSample(1)) : avg($PendingTasks.GetSample(TimeInterval_Minute * 5));
$TargetLowPriorityNodes = min(1000, ceil(tasks / $TaskSlotsPerNode));
$NodeDeallocationOption = taskcompletion;
`;

async function day(): Promise<number> {
  const begun = performance.now();
  const load = syntheticLoad(
    { tasks: 100_000, duration: { kind: 'lognormal', medianMs: 420_000, sigma: 0.8 }, arrival: { kind: 'daily' }, slots: [{ value: 1, weight: 1 }], priority: [{ value: 0, weight: 1 }], failures: 0, retries: 0 },
    1,
  );
  const pool = poolIntent({ targetDedicated: 0, autoScale: { formula: FORMULA, intervalMs: 300_000, sequence: 0, at: 0 } });
  const model = { boot: { kind: 'lognormal', medianMs: 120_000, sigma: 0.3 }, startTask: { kind: 'constant', ms: 0 }, preemptedPerHour: 0.02, timing: LOCAL_TIMING } as const;
  const { tasks, lowPriority } = await whatIf({ seed: 1, createCore, pool, coresPerNode: 1, load, model, startsAt: Date.UTC(2026, 10, 30), untilMs: null });
  if (tasks.succeeded !== 100_000 || lowPriority.most < 990) throw new Error(`not the day that was meant: ${JSON.stringify([tasks, lowPriority])}`);
  return (performance.now() - begun) / 1000;
}

async function compare(client: SmallClient, { dataDir }: Instance, jobId: string) {
  await client.call('POST', '/jobs', { id: jobId, poolInfo: { poolId: 'bench' } });
  for (let first = 0; first < TASKS; first += 100) {
    const value = Array.from({ length: 100 }, (_, index) => ({ id: `t${first + index}`, commandLine: `/bin/sleep ${(0.02 + (0.28 * ((first + index) * 7_919 % 100)) / 100).toFixed(3)}` }));
    await client.call('POST', `/jobs/${jobId}/addtaskcollection`, { value });
  }
  await pollUntil(async () => ((await client.call('GET', `/jobs/${jobId}/taskcounts`)) as { taskCounts: { completed: number } }).taskCounts.completed === TASKS, 50);
  const { run, pool } = await readRecorded(jobId, dataDir);
  const [candidate] = readCandidates([], undefined, pool);
  const recorded = recordedJob(run.id, run.rules, run.tasks);
  if (candidate === undefined || recorded === null) throw new Error('the pool has gone, or no task has ended');
  const { outcomes: [outcome], starts: [starts] } = await simulateAsked({ pools: [asTried(candidate.pool)], load: { kind: 'job', job: run }, boot: null, startTask: null, preemptedPerHour: 0, warm: null, startsAt: null, untilMs: null, seed: 1 });
  const realMs = recorded.endedAt - recorded.beganAt;
  const simulatedMs = outcome?.makespanMs ?? 0;
  return { agreement: orderAgreement(recorded, starts ?? new Float64Array()), realMs, simulatedMs, error: Math.abs(simulatedMs - realMs) / realMs };
}

/** Of the pairs that really started at different instants; one that is simulated at the same instant counts half. */
function orderAgreement({ starts: real }: RecordedJob, simulated: Float64Array): number {
  let [pairs, agreeing] = [0, 0];
  for (const [a, startA] of real.entries()) {
    for (let b = a + 1; b < real.length; b += 1) {
      const really = Math.sign(startA - (real[b] ?? 0));
      if (really === 0) continue;
      const simulatedSign = Math.sign((simulated[a] ?? 0) - (simulated[b] ?? 0));
      pairs += 1;
      agreeing += simulatedSign === 0 ? 0.5 : Number(simulatedSign === really);
    }
  }
  return agreeing / pairs;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
