/** Our own operation that tries pools on a load (docs/simulate.md). */
import type { RecordedRun, SimulationLoad } from '../../../ports.ts';
import { findJob } from '../../../store/intents/jobs.ts';
import { BatchError, invalidProperty } from '../../../wire/errors.ts';
import type { Simulation } from '../../../wire/own/simulation.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { authorize } from '../../principal.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { json } from '../json.ts';
import { simulatedPool, type Candidate } from './answer.ts';
import { candidatesOf } from './candidates.ts';
import { readRun } from './recorded.ts';
import { MOST_TASKS, readSimulationRequest, type SimulationRequest } from './request.ts';
import { asTried } from './tried.ts';

/** One at a time, each a minute at most, and three wait. */
const TIMEOUT_MS = 300_000;

export const simulationOperations: readonly OwnOperation[] = [{ method: 'POST', path: '/linarite/simulations', right: 'read', of: 'pools', body: true, timeoutMs: TIMEOUT_MS, run: simulate }];

/**
 * Nothing changes. @throws BatchError InvalidPropertyValue, PoolNotFound, JobNotFound, SimulationTooLarge, ServerBusy.
 */
async function simulate(call: OwnCall, parts: Parts): Promise<Answer> {
  const request = readSimulationRequest(await call.json());
  const { pools, load, region, prices, ...model } = request;
  const { load: asked, ofJob } = load.kind === 'job' ? await readJob(load.job, call, parts) : { load, ofJob: null };
  const candidates = pools === null ? [ofJob ?? jobWithoutPool()] : await candidatesOf(pools, parts.database, call.account);
  const end = await parts.simulations.run({ ...model, load: asked, pools: candidates.map(({ pool }) => asTried(pool)) }, call.signal);
  switch (end.kind) {
    case 'simulated': {
      const { load: name, assumed, startsAt, outcomes } = end.simulated;
      return json(200, { load: name, seed: model.seed, assumed, startsAt: formatTimestamp(startsAt), pools: candidates.map((candidate, index) => simulatedPool(candidate, outcomeAt(outcomes, index), region, prices)) } satisfies Simulation);
    }
    case 'refused':
      throw invalidProperty(load.kind === 'file' ? 'load.csv' : 'load.job', textOf(load), end.reason);
    case 'tooLarge':
      throw new BatchError('SimulationTooLarge', [{ key: 'Reason', value: end.reason }]);
    case 'busy':
      throw new BatchError('ServerBusy', [{ key: 'Reason', value: 'Other simulations run and wait: try again when they have ended.' }]);
  }
}

/** Whoever may read pools need not be one who may read jobs. */
async function readJob(id: string, { account, principal }: OwnCall, { database }: Parts): Promise<{ readonly load: SimulationLoad; readonly ofJob: Candidate | null }> {
  authorize(principal, { right: 'read', of: 'jobs', params: { jobId: id } });
  const job = await findJob(database, account, id);
  if (job === null) throw new BatchError('JobNotFound');
  const read = await readRun(database, account, job, MOST_TASKS);
  if (read === null) throw new BatchError('SimulationTooLarge', [{ key: 'Reason', value: `The job has more than ${MOST_TASKS} tasks.` }]);
  const run: RecordedRun = read.run;
  return { load: { kind: 'job', job: run }, ofJob: read.pool === null ? null : { name: read.pool.id, form: 'job', pool: read.pool } };
}

function jobWithoutPool(): never {
  throw invalidProperty('pools', undefined, 'The pool of the job has gone: give one to try it on.');
}

function textOf(load: SimulationRequest['load']): string {
  return load.kind === 'job' ? load.job : load.kind === 'file' ? load.text : '';
}

function outcomeAt<Outcome>(outcomes: readonly Outcome[], index: number): Outcome {
  const outcome = outcomes[index];
  if (outcome === undefined) throw new Error(`a simulation has no outcome of pool ${index}`);
  return outcome;
}
