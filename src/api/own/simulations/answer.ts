import { timeText } from '../../../base/times.ts';
import { compile, firstReadsOfOwn } from '../../../core/pool/formula.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import type { SimulatedPool, SimulatedProblem, SimulationOutcome } from '../../../wire/own/simulation.ts';
import { costOf, type GivenPrices, HOUR_MS } from './cost.ts';

/** A pool to be tried. */
export interface Candidate {
  /** What it is called in tables and charts. */
  readonly name: string;
  readonly form: SimulatedPool['form'];
  readonly pool: PoolWithDefaults;
}

/** What came of a load on a pool, with what it costs and means. */
export function simulatedPool({ name, form, pool }: Candidate, outcome: SimulationOutcome, region: string | undefined, given: GivenPrices): SimulatedPool {
  const { dedicated, lowPriority, slots, idleNodeMs, series, ...rest } = outcome;
  const inHours = ({ nodeMs, ...more }: typeof dedicated): SimulatedPool['dedicated'] => ({ nodeHours: nodeMs / HOUR_MS, ...more });
  return {
    name,
    form,
    vmSize: pool.vmSize,
    taskSlotsPerNode: pool.taskSlotsPerNode,
    ...rest,
    slots,
    idleNodeMs,
    dedicated: inHours(dedicated),
    lowPriority: inHours(lowPriority),
    utilisation: part(slots.busyMs, slots.thereMs),
    lostShare: part(slots.lostMs, slots.busyMs),
    idleShare: part(idleNodeMs, dedicated.nodeMs + lowPriority.nodeMs),
    cost: costOf(outcome, pool.vmSize, region, given),
    notes: notesOf(pool, outcome),
    series,
  };
}

function part(of: number, all: number): number | null {
  return all === 0 ? null : of / all;
}

/** What a user should know besides. */
function notesOf(pool: PoolWithDefaults, { tasks, formula, resizeErrors }: SimulationOutcome): readonly string[] {
  const told = (what: string, { message, times, firstMs }: SimulatedProblem): string => `${what}${times === 1 ? '' : ` (${times} times)`} after ${timeText(firstMs)}: ${message.replaceAll(/\s+/g, ' ')}`;
  return [
    ...(tasks.neverStarted > 0 ? [`${tasks.neverStarted.toLocaleString('en')} tasks never started: the pool has no node with slots for them, or the time was over`] : []),
    ...(pool.enableAutoScale ? ownVariablesOf(pool.autoScaleFormula) : []).map((name) => `the formula reads ${name}: what programs post is not simulated, and it has no samples`),
    ...(formula?.problems ?? []).map((problem) => told('the formula failed', problem)),
    ...resizeErrors.map((problem) => told('a resize fell short', problem)),
  ];
}

function ownVariablesOf(formula: string | undefined): readonly string[] {
  const compiled = formula === undefined ? null : compile(formula);
  return compiled?.ok === true ? [...firstReadsOfOwn(compiled.program.statements).keys()] : [];
}
