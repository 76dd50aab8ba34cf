import { createCore, resumeCore } from '../../core/core.ts';
import type { Instant } from '../../core/keys.ts';
import type { RecordedRun, Simulated, SimulationAsk, SimulationLoad } from '../../ports.ts';
import type { SimulationOutcome } from '../../wire/own/simulation.ts';
import { assumptionsOf } from './assumed.ts';
import { calibrate } from './calibration.ts';
import type { Load } from './load.ts';
import { readLoadFile } from './loadFile.ts';
import type { Outcome } from './meter.ts';
import { LOCAL_TIMING, type Model } from './model.ts';
import { bootTimes, nodesAt, recordedJob } from './recordedJob.ts';
import { syntheticLoad } from './synthetic.ts';
import { whatIf, type WhatIf } from './whatIf.ts';

/** What can be no load; the message says why. */
export class NoLoad extends Error {}

/** A Monday, at midnight. */
const STARTS_AT = Date.UTC(2026, 10, 30);
const USUAL_BOOT_MS = 120_000;
const USUAL_START_TASK_MS = 30_000;

export interface Tried extends Simulated {
  /** Of each pool when each task first started, as `Outcome` has them. */
  readonly starts: readonly Outcome['starts'][];
}

/** Tries each pool of an ask on the same load. @throws LoadFileError, NoLoad */
export async function simulateAsked({ pools, load: asked, boot, startTask, preemptedPerHour, warm, startsAt, untilMs, seed }: SimulationAsk): Promise<Tried> {
  const known = await knownOf(asked, seed);
  const model: Model = {
    boot: boot ?? known.boot ?? { kind: 'constant', ms: USUAL_BOOT_MS },
    startTask: startTask ?? { kind: 'constant', ms: asked.kind === 'job' ? 0 : USUAL_START_TASK_MS },
    preemptedPerHour,
    timing: known.timing,
  };
  const begins = startsAt ?? known.beganAt;
  const outcomes: SimulationOutcome[] = [];
  const starts: Outcome['starts'][] = [];
  for (const pool of pools) {
    const { starts: started, ...outcome } = await whatIf({ ...pool, seed, createCore, load: known.load, model, startsAt: begins, untilMs, warm: warm === null ? known.warm : { dedicated: warm, lowPriority: warm } });
    outcomes.push(outcome);
    starts.push(started);
  }
  return { load: known.load.name, assumed: [...assumptionsOf(model, pools.some(({ pool }) => pool.startTask !== null)), ...known.leftOut], startsAt: begins, outcomes, starts };
}

/** A load, and what is known of the nodes that it had; null: nothing is. */
interface Known extends Pick<Model, 'timing'> {
  readonly load: Load;
  readonly boot: Model['boot'] | null;
  readonly warm: NonNullable<WhatIf['warm']>;
  readonly beganAt: Instant;
  /** What the simulation leaves out of it, a clause each. */
  readonly leftOut: readonly string[];
}

async function knownOf(asked: SimulationLoad, seed: number): Promise<Known> {
  const other = { boot: null, warm: { dedicated: 0, lowPriority: 0 }, timing: LOCAL_TIMING, beganAt: STARTS_AT, leftOut: [] };
  switch (asked.kind) {
    case 'made':
      return { ...other, load: syntheticLoad(asked.synthetic, seed) };
    case 'file':
      return { ...other, load: readLoadFile(asked.text, asked.name, asked.retries) };
    case 'job':
      return knownOfJob(asked.job);
  }
}

async function knownOfJob({ id, rules, tasks, nodes, journal }: RecordedRun): Promise<Known> {
  const recorded = recordedJob(id, rules, tasks);
  if (recorded === null) throw new NoLoad(`no task of job ${id} has ended: nothing is known of how long they take`);
  return {
    load: recorded.load,
    boot: bootTimes(nodes),
    warm: nodesAt(nodes, recorded.beganAt),
    beganAt: recorded.beganAt,
    timing: await calibrate(journal, { createCore, resumeCore }),
    leftOut: [
      ...(rules.preparation ? ['its preparation and release tasks take no time'] : []),
      ...(recorded.unended === 0 ? [] : [`${recorded.unended} tasks that have not ended take as long as the others in the median`]),
    ],
  };
}
