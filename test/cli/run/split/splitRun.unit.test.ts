import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunResult } from '../../../../src/cli/run/ending.ts';
import type { Cargo, SplitTask } from '../../../../src/cli/run/split/cargo.ts';
import { carryOutSplit, type SplitRun } from '../../../../src/cli/run/split/splitRun.ts';
import { RunError } from '../../../../src/cli/run/failure.ts';
import { memoryStaging, SimulatedAccount, sideOf, VirtualTime } from './simulated.ts';

let staging: ReturnType<typeof memoryStaging>;
let time: VirtualTime;
beforeEach(() => {
  staging = memoryStaging();
  time = new VirtualTime();
});

/** What a run over accounts came to. */
interface Came {
  readonly result: RunResult;
  /** What tasks wrote, in their order. */
  readonly written: readonly string[];
  readonly notes: readonly string[];
}

/** Runs so many tasks; `at` is called at each look, with the results that are here. */
async function run(accounts: readonly SimulatedAccount[], tasks: number, { at = () => undefined, cargo = plainCargo, weights = [], interrupt }: { readonly at?: (results: number) => void; readonly cargo?: Cargo; readonly weights?: readonly number[]; readonly interrupt?: AbortController } = {}): Promise<Came> {
  const notes: string[] = [];
  let result: RunResult | undefined;
  let written: readonly string[] = [];
  const stop = interrupt ?? new AbortController();
  const split: SplitRun = {
    options: { places: [], lostAfterMs: 5_000, to: 'output', keepJob: false, keepPool: false, detach: false },
    sides: accounts.map(sideOf),
    shares: accounts.map(({ name }, index) => ({ name, weight: weights[index] ?? 1 })),
    tasks: Array.from({ length: tasks }, (_, index): SplitTask => ({ id: String(index + 1), item: { label: 'x' }, outputs: [], digest: `d${index}` })),
    cargo,
    jobId: 'j',
    around: {
      environment: {},
      readStdin: () => Promise.resolve(''),
      progress: { step: () => undefined, counts: ({ completed }) => at(completed), note: (line) => void notes.push(line), clear: () => undefined },
      interrupts: { signal: stop.signal, decision: () => (stop.signal.aborted ? 'end' : undefined), asking: () => false, jobExists: () => undefined, close: () => undefined },
      now: () => time.now,
    },
    startedAt: 0,
    again: new Set(),
  };
  const ended = await carryOutSplit(split, async (reported) => {
    written = await Promise.all(reported.tasks.map(async ({ id }) => {
      const file = reported.outcomes.length === 0 ? undefined : await reported.batch.taskFile('j', id, 'stdout.txt');
      return file === undefined ? '' : text(file);
    }));
    return reported;
  }, { wait: time.pause, staging });
  result = ended;
  return { result, written, notes: [...notes, ...(ended.notes ?? [])] };
}

const plainCargo: Cargo = {
  prepare: async ({ batch, made }) => {
    await batch.addJob({ id: 'j', poolInfo: { poolId: 'p' } });
    made.job = 'j';
    return [];
  },
  bodies: (_side, ids) => Promise.resolve(ids.map((id) => ({ id, commandLine: 'x' }))),
};

function twoAccounts(more: ConstructorParameters<typeof SimulatedAccount>[2] = {}): [SimulatedAccount, SimulatedAccount] {
  return [new SimulatedAccount('east', time, more), new SimulatedAccount('west', time, more)];
}

describe('a run over two accounts', () => {
  test('has each task done once, half of them by each, and leaves nothing', async () => {
    const [east, west] = twoAccounts();
    const { result, written, notes } = await run([east, west], 8);
    expect([result.failure, result.outcomes.length]).toEqual([undefined, 8]);
    expect(written).toEqual(['1 of east\n', '2 of west\n', '3 of east\n', '4 of west\n', '5 of east\n', '6 of west\n', '7 of east\n', '8 of west\n']);
    expect([east.begun.length, west.begun.length, east.jobState, west.jobState]).toEqual([4, 4, undefined, undefined]);
    expect(notes).toEqual(['results: 4 from east, 4 from west']);
  });

  test('goes on in the other when one is gone, and no result is there twice', async () => {
    const [east, west] = twoAccounts();
    const { result, written, notes } = await run([east, west], 12, { at: (results) => { if (results >= 2) east.isDestroyed = true; } });
    expect([result.failure, written.length, new Set(written.map((line) => line.split(' ')[0])).size]).toEqual([undefined, 12, 12]);
    expect(notes.join('\n')).toMatch(/east does not answer any more: \d+ of 12 tasks have no result here yet/);
    expect(notes.join('\n')).toMatch(/\d tasks are sent again, to west/);
    expect(notes.join('\n')).toContain('left in east (http://east): job j; it does not answer: to be deleted when it does');
    expect(west.jobState).toBeUndefined();
  });

  test('takes each result once when the one that was gone comes back, and ends what it has left there', async () => {
    const [east, west] = twoAccounts({ slots: 1, workMs: 20_000 });
    const { result, written, notes } = await run([east, west], 6, { at: () => { east.isUp = time.now < 1_000 || time.now > 12_000; } });
    expect([result.failure, written.length]).toEqual([undefined, 6]);
    expect(written.map((line) => line.split(' ')[0])).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(notes).toContain('east answers again');
    // What it had begun it has gone on with; copies in the other one were ended.
    expect([east.begun[0], west.begun.slice(0, 3), [...west.tasks.values()].some(({ terminated }) => terminated)]).toEqual(['1', ['2', '4', '6'], true]);
    expect([east.jobState, west.jobState]).toEqual([undefined, undefined]);
  });

  test('ends when both are gone for an hour, keeps the results that are here, and says how it goes on', async () => {
    const [east, west] = twoAccounts();
    const { result } = await run([east, west], 12, { at: (results) => { if (results >= 2) east.isUp = west.isUp = false; } });
    expect([result.failure, result.message]).toEqual(['service', expect.stringMatching(/^none of east, west can be given tasks: \d+ of 12 tasks have no result here$/)]);
    expect(time.now).toBeGreaterThan(3_600_000);
    expect(result.notes?.join()).toMatch(/\d of 12 results are here, in .*, and count when the run goes on with --resume/);
    for (const account of [east, west]) account.isUp = true;
    const again = await run([new SimulatedAccount('south', time), west], 12);
    expect([again.result.failure, again.written.filter((line) => line.endsWith('of east\n')).length]).toEqual([undefined, expect.any(Number)]);
    expect(again.written.map((line) => line.split(' ')[0])).toEqual(Array.from({ length: 12 }, (_, index) => String(index + 1)));
  });

  test('fetches at the next look what broke off', async () => {
    const [east, west] = twoAccounts({ slots: 2, workMs: 500 });
    east.breaks = 2;
    const { result } = await run([east, west], 4, { at: () => { if (time.now > 25_000) throw new Error(`only at ${time.now}`); } });
    expect([result.failure, east.breaks, east.begun.length]).toEqual([undefined, 0, 2]);
  });

  test('does not take a failure for the result of a task that another one still has', async () => {
    const [east, west] = twoAccounts({ slots: 1, workMs: 8_000 });
    east.failsAfterOutage = true;
    const { result } = await run([east, west], 2, { at: () => { east.isUp = time.now < 1_000 || time.now > 7_500; } });
    expect([result.failure, result.outcomes.map(({ succeeded }) => succeeded), west.begun]).toEqual([undefined, [true, true], ['2', '1']]);
  });

  test('begins with the one that answers', async () => {
    const [east, west] = twoAccounts();
    east.isUp = false;
    const { result, written } = await run([east, west], 4);
    expect([result.failure, written.every((line) => line.endsWith('of west\n')), east.begun]).toEqual([undefined, true, []]);
  });

  test('leaves one that gets no nodes, and says why; when neither does it ends', async () => {
    const [east, west] = twoAccounts();
    east.hasNodes = false;
    const { result, notes } = await run([east, west], 6);
    expect([result.failure, west.begun.length, east.begun.length]).toEqual([undefined, 6, 0]);
    expect(notes).toContain('east runs nothing: the pool p has no nodes; what waits there goes to the others');
    staging = memoryStaging();
    const [north, south] = [new SimulatedAccount('north', time), new SimulatedAccount('south', time)];
    north.hasNodes = south.hasNodes = false;
    const none = await run([north, south], 2);
    expect([none.result.failure, none.result.message]).toEqual(['noNodes', 'north: the pool p has no nodes; south: the pool p has no nodes']);
  });

  test('leaves one whose job of that id is another, and one whose job somebody ends', async () => {
    const [east, west] = twoAccounts();
    const taken: Cargo = { ...plainCargo, prepare: (side) => (side.name === 'east' ? Promise.reject(new RunError('service', 'east has a job j of its own')) : plainCargo.prepare(side)) };
    expect((await run([east, west], 4, { cargo: taken })).notes).toContain('east runs nothing: east has a job j of its own; what waits there goes to the others');
    staging = memoryStaging();
    const [north, south] = [new SimulatedAccount('north', time, { workMs: 60_000 }), new SimulatedAccount('south', time)];
    north.hasNodes = false;
    const { result, notes } = await run([north, south], 4, { at: () => { if (north.jobState === 'active') north.jobState = 'completed'; } });
    expect([result.failure, notes.join('\n')]).toEqual([undefined, expect.stringContaining('north runs nothing: the job j is completed there')]);
  });

  test('gives the larger pool more, and goes by its own clock: those of the accounts may be days apart', async () => {
    const [east, west] = [new SimulatedAccount('east', time, { slots: 6, clockOffsetMs: 86_400_000 }), new SimulatedAccount('west', time, { slots: 2, clockOffsetMs: -86_400_000 })];
    const { result } = await run([east, west], 16, { weights: [6, 2] });
    expect([result.failure, east.begun.length, west.begun.length, result.outcomes.every(({ runMs }) => runMs >= 0)]).toEqual([undefined, 12, 4, true]);
  });

  test('that is ended leaves nothing running and keeps what is here', async () => {
    const [east, west] = twoAccounts();
    const interrupt = new AbortController();
    const { result } = await run([east, west], 8, { interrupt, at: (results) => (results >= 2 ? interrupt.abort() : undefined) });
    expect(result.failure).toBe('ended');
    expect(staging.kept.size).toBeGreaterThanOrEqual(2);
  });
});
