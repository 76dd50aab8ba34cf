import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/control/journal.ts';
import type { Workload } from '../../../src/simulation/clients.ts';
import { MANY_FAULTS, NO_FAULTS, type Faults } from '../../../src/simulation/faults.ts';
import { count, livedWell, seeds, SMALL } from '../lives.ts';
import { type Asked, questioned } from './trueReasons.ts';

const LIVELY: Workload = { ...SMALL, tasks: 150, forMs: 30_000, longer: 4, actionEveryMs: 300, nodeOperations: 0.3, startTasks: 0.6, dependencies: 0.5 };
const UNLUCKY: Faults = { ...NO_FAULTS, startTaskFails: 0.3, every: { ...NO_FAULTS.every, nodeDies: 10_000, preemption: 10_000 } };

const LIVES: readonly (readonly [string, Workload, Faults])[] = [
  ['clients act and nodes fail', LIVELY, UNLUCKY],
  ['nodes are prepared', { ...LIVELY, preparations: 0.7, nodeOperations: 0.1 }, UNLUCKY],
  ['tasks need several nodes', { ...LIVELY, gangs: 0.3 }, UNLUCKY],
  ['everything goes wrong', LIVELY, MANY_FAULTS],
];

/** One seed in `./check`; with LINARITE_CHECK_ALL ten. */
const CASES = seeds(count > 10 ? 10 : 1).flatMap((seed) => LIVES.map(([name, workload, faults]) => ({ name, workload, faults, seed })));

it.each(CASES)('what explain says of a waiting task is true, and the task starts when that is removed: $name (seed $seed)', async ({ workload, faults, seed }) => {
  const asked: Asked = { codes: new Map(), passed: 0, mended: 0, faults: [] };
  await livedWell({ seed, workload, faults, createCore: questioned({ every: 120, asked, random: seededRandom(seed) }) });
  expect(asked.faults).toEqual([]);
  expect(asked.passed + asked.mended).toBeGreaterThan(1);
});
