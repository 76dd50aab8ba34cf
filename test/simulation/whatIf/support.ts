import { createCore } from '../../../src/core/core.ts';
import type { PoolIntent } from '../../../src/core/intent.ts';
import { type Load, type LoadTask, PLAIN_JOB } from '../../../src/simulation/whatIf/load.ts';
import type { Outcome } from '../../../src/simulation/whatIf/meter.ts';
import type { Model } from '../../../src/simulation/whatIf/model.ts';
import { whatIf, type WhatIf } from '../../../src/simulation/whatIf/whatIf.ts';
import { poolIntent } from '../../support/intents.ts';

export const MONDAY = Date.UTC(2026, 10, 30);

function constant(ms: number) {
  return { kind: 'constant', ms } as const;
}

/** A service that takes no time. */
export const AT_ONCE: Model = { boot: constant(60_000), startTask: constant(0), preemptedPerHour: 0, timing: { intake: constant(0), dispatch: constant(0), report: constant(0) } };

export function tasks(...each: readonly (Partial<LoadTask> & { readonly durationMs: number })[]): Load {
  return { name: 'load', jobs: [{ ...PLAIN_JOB, id: 'job', tasks: each.map((task, index) => ({ id: String(index + 1), arrivalMs: 0, slots: 1, exits: [], ...task })) }] };
}

export function simulated(load: Load, pool: Partial<PoolIntent>, rest: Partial<Omit<WhatIf, 'load' | 'pool'>> = {}): Promise<Outcome> {
  return whatIf({ seed: 1, createCore, pool: poolIntent(pool), coresPerNode: 4, load, model: AT_ONCE, startsAt: MONDAY, untilMs: null, ...rest });
}
