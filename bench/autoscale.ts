/**
 * How fast formulas are: the published pool definition's formula (F21 of test/autoscale/formulas.json) over a day of
 * samples of each metric it reads, evaluated at every moment of that day in turn, on one core.
 */
import { appendSample, compile, emptyHistory, evaluate, SAMPLE_PERIOD_MS, type PoolFacts, type Program, type SampleHistory } from '../src/autoscale/index.ts';
import { publishedFormula } from '../test/autoscale/formulas.ts';

const DAY_OF_SAMPLES = 2880;
const START_MS = Date.UTC(2026, 10, 20);
const ROUNDS = 5;
const ROUND_MS = 1000;
const POOL: PoolFacts = {
  targetDedicatedNodes: 0,
  targetLowPriorityNodes: 1,
  currentDedicatedNodes: 0,
  currentLowPriorityNodes: 1,
  preemptedNodes: 0,
  usableNodes: 1,
  taskSlotsPerNode: 1,
};

export async function run(): Promise<Record<string, unknown>> {
  const text = publishedFormula('F21');
  const compileMicros = microsPerCompilation(text);
  console.log(`compile: ${compileMicros.toFixed(1)} microseconds for ${text.length} characters`);

  const program = compiled(text);
  const samples = dayOfSamples();
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const rate = evaluationsPerSecond(program, samples);
    if (round > 0) rates.push(rate); // the first round warms up
    console.log(`${round > 0 ? `round ${round}` : 'warm-up'}: ${Math.round(rate).toLocaleString('en')} evaluations/s over ${DAY_OF_SAMPLES} samples a metric`);
  }
  const median = rates.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  return { evaluationsPerSecond: Math.round(median), compileMicros: Number(compileMicros.toFixed(1)), samplesPerMetric: DAY_OF_SAMPLES };
}

function evaluationsPerSecond(program: Program, samples: SampleHistory): number {
  const started = performance.now();
  let evaluations = 0;
  let nodes = 0;
  while (performance.now() - started < ROUND_MS) {
    for (let index = 1; index <= DAY_OF_SAMPLES; index++) {
      const result = evaluate(program, samples, START_MS + index * SAMPLE_PERIOD_MS, () => 0.5, POOL);
      if (!result.ok) throw new Error('the formula failed');
      nodes += result.targetLowPriorityNodes;
    }
    evaluations += DAY_OF_SAMPLES;
  }
  // Tasks come and go in the samples, so both outcomes must occur.
  if (nodes === 0 || nodes === evaluations) throw new Error(`always the same target: ${nodes} of ${evaluations}`);
  return evaluations / ((performance.now() - started) / 1000);
}

function microsPerCompilation(text: string): number {
  const compilations = 3000;
  for (let index = 0; index < 500; index++) compiled(text);
  const started = performance.now();
  for (let index = 0; index < compilations; index++) compiled(text);
  return ((performance.now() - started) * 1000) / compilations;
}

function compiled(text: string): Program {
  const result = compile(text);
  if (!result.ok) throw new Error('the formula does not compile');
  return result.program;
}

/** Load that comes and goes in waves of two hours, with a night. */
function dayOfSamples(): SampleHistory {
  let samples = emptyHistory(DAY_OF_SAMPLES);
  for (let index = 1; index <= DAY_OF_SAMPLES; index++) {
    const wave = Math.round(10 * Math.sin((index * 2 * Math.PI) / 240));
    const active = index < 720 ? 0 : Math.max(0, wave);
    const running = index < 720 ? 0 : Math.max(0, wave - 2);
    samples = appendSample(samples, START_MS + index * SAMPLE_PERIOD_MS, { $ActiveTasks: active, $RunningTasks: running, $PendingTasks: active + running });
  }
  return samples;
}
