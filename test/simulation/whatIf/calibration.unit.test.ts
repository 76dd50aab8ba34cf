import { expect, it } from 'vitest';
import { CORE_VERSION, encodeBeginning, encodeInputs } from '../../../src/control/journal.ts';
import { createCore, resumeCore } from '../../../src/core/core.ts';
import type { CoreEvent, Snapshot } from '../../../src/core/events.ts';
import { calibrate } from '../../../src/simulation/whatIf/calibration.ts';
import { LOCAL_TIMING } from '../../../src/simulation/whatIf/model.ts';
import type { JournalRow } from '../../../src/store/journal.ts';
import { jobIntent, poolIntent, taskIntent } from '../../support/intents.ts';

const RULES = { createCore, resumeCore };
const NODE = 1;

/** What a journal holds of a service that has given a node two tasks: what it has heard, and when. */
function journal(): readonly { readonly at: number; readonly events: readonly CoreEvent[] }[] {
  const key = (task: number) => ({ job: 1, task, attempt: 1, instance: 0 });
  const agent = (report: Extract<CoreEvent, { kind: 'agent' }>['report']): CoreEvent => ({ kind: 'agent', node: NODE, report });
  const task = (number: number, createdAt: number) => ({ intent: { ...taskIntent(`t${number}`, { createdAt }), task: number }, status: null });
  return [
    { at: 1_000, events: [{ kind: 'pool', intent: { ...poolIntent({ taskSlotsPerNode: 1 }), pool: 1 } }, { kind: 'job', intent: { ...jobIntent(), job: 1, nextTask: 1, reactivations: 0 }, status: null }] },
    { at: 2_000, events: [agent({ kind: 'hello', life: 1, version: '1', ipAddress: '10.0.0.1', held: [], startTask: null, ready: true })] },
    { at: 3_000, events: [{ kind: 'tasks', job: 1, through: 2, tasks: [task(1, 2_980), task(2, 2_990)] }] },
    // The first is offered at 3,000 and starts at once; the second waits for its slot.
    { at: 3_500, events: [agent({ kind: 'ended', end: { key: key(1), startedAt: 3_012, endedAt: 3_497, outcome: { kind: 'exited', exitCode: 0 } } })] },
    { at: 4_030, events: [agent({ kind: 'ended', end: { key: key(2), startedAt: 3_497, endedAt: 4_000, outcome: { kind: 'exited', exitCode: 0 } } })] },
  ];
}

async function* rows(snapshot: Snapshot, change: Partial<JournalRow> = {}): AsyncGenerator<JournalRow> {
  for (const [index, { at, events }] of journal().entries()) {
    yield { tick: index + 1, at, coreVersion: CORE_VERSION, seed: 1, inputs: encodeInputs(events), beginning: index === 0 ? encodeBeginning({ now: 0, snapshot }) : null, ...change };
  }
}

const EMPTY: Snapshot = { pools: [], nodes: [], nextNode: NODE, jobs: [], jobNodes: [], tasks: [], satisfied: [] };

it('A journal tells how long words were under way, and offers that waited for no slot', async () => {
  expect(await calibrate(rows(EMPTY), RULES)).toEqual({ intake: { kind: 'recorded', ms: [10] }, dispatch: { kind: 'recorded', ms: [12] }, report: { kind: 'constant', ms: 3 } });
});

it('A journal that does not replay leaves what its decisions would have told as usual', async () => {
  const timing = await calibrate(rows(EMPTY, { coreVersion: 'of another release' }), RULES);
  expect(timing.dispatch).toEqual(LOCAL_TIMING.dispatch);
  async function* none(): AsyncGenerator<JournalRow> {}
  expect(await calibrate(none(), RULES)).toEqual(LOCAL_TIMING);
});
