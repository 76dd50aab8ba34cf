import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { BatchAccount, Counts, NodeSeen, PoolSeen } from '../../../src/cli/run/account/batchAccount.ts';
import { listenForInterrupts, type Interrupts } from '../../../src/cli/run/watch/interrupt.ts';
import { outcomeOf, sayHow } from '../../../src/cli/run/watch/outcome.ts';
import { lastLines } from '../../../src/cli/lastLines.ts';
import { clock, showProgress } from '../../../src/cli/run/watch/progress.ts';
import { readText } from '../../../src/cli/run/run.ts';
import { waitingFor, watchTasks, type Watched } from '../../../src/cli/run/watch/watch.ts';

function counts(completed: number, running = 0, failed = 0): Counts {
  return { active: 0, running, completed, succeeded: completed - failed, failed };
}

function notAsked(): never {
  throw new Error('the test did not expect this to be asked');
}

/** An account that answers the questions of `watchTasks`, the last answer again and again. */
function account(seen: readonly Counts[], pool: PoolSeen | undefined = undefined, nodes: readonly NodeSeen[] = []): BatchAccount {
  const left = [...seen];
  return {
    probe: notAsked,
    images: notAsked,
    applications: notAsked,
    addPool: notAsked,
    tasks: notAsked,
    deletePool: notAsked,
    addJob: notAsked,
    job: async () => ({ state: 'active' }),
    endJobWithItsTasks: notAsked,
    terminateJob: notAsked,
    deleteJob: notAsked,
    addTasks: notAsked,
    setMetadata: notAsked,
    reactivateTask: notAsked,
    terminateTask: notAsked,
    deleteTask: notAsked,
    taskFileTail: notAsked,
    taskFile: notAsked,
    counts: async () => (left.length > 1 ? left.shift() : left[0]) ?? counts(0),
    pool: async () => pool,
    nodes: async () => [...nodes],
    nodeFileTail: async (_pool, _node, file) => Buffer.from(file.endsWith('stdout.txt') ? 'Reading package lists\n' : 'apt: no network\n'),
  };
}

/** Watches three tasks in time that passes with each pause. */
async function watch(batch: BatchAccount, signal = new AbortController().signal, waits: (text: string | undefined) => void = () => {}, more: Pick<Watched, 'nothingLeft' | 'others'> = {}): Promise<{ pauses: number[]; seen: number[]; notes: string[] }> {
  const notes: string[] = [];
  const pauses: number[] = [];
  const seen: number[] = [];
  let time = 0;
  await watchTasks({
    ...more,
    batch,
    jobId: 'j',
    poolId: 'p',
    total: 3,
    signal,
    now: () => time,
    pause: async (ms) => {
      pauses.push(ms);
      time += ms;
      if (pauses.length > 10_000) throw new Error('watched for ever');
    },
    seen: ({ completed }, waiting) => {
      seen.push(completed);
      waits(waiting);
    },
    note: (text) => void notes.push(text),
  });
  return { pauses, seen, notes };
}

describe('watching tasks', () => {
  test('ends when all are completed, looks less often with time', async () => {
    const { pauses, seen } = await watch(account([counts(0, 1), counts(1, 1), counts(2, 1), counts(3)]));
    expect(seen).toEqual([0, 1, 2, 3]);
    expect(pauses[0]).toBe(150);
    expect(pauses[2]).toBeGreaterThan(150);
  });

  test('ends when it is told to', async () => {
    const stop = new AbortController();
    stop.abort();
    expect((await watch(account([counts(0)]), stop.signal)).seen).toEqual([]);
  });

  test('of which some were run again does not trust counts that lag behind', async () => {
    let asked = 0;
    const { seen } = await watch(account([counts(3)]), undefined, undefined, { nothingLeft: async () => ++asked === 4 });
    expect(seen).toHaveLength(4);
  });

  test('ends when the rest waits for ever, and does not ask while something runs', async () => {
    const stuck: Counts = { active: 1, running: 0, completed: 2, succeeded: 1, failed: 1 };
    let asked = 0;
    const nothingLeft = async (): Promise<boolean> => ++asked > 0;
    expect((await watch(account([counts(0, 2), counts(1, 1, 1), stuck]), undefined, undefined, { nothingLeft })).seen).toEqual([0, 1, 2]);
    expect(asked).toBe(1);
  });

  test('of a job that has others ends when its own are over', async () => {
    let asked = 0;
    const { pauses } = await watch(account([counts(1, 2)]), undefined, undefined, { nothingLeft: async () => ++asked === 3, others: true });
    // Asked at once, and then every three seconds or so.
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(6000);
  });

  test('waits while the pool is still being resized', async () => {
    const waiting = Array.from({ length: 40 }, () => counts(0));
    await expect(watch(account([...waiting, counts(3)], { allocationState: 'resizing' }))).resolves.toBeDefined();
  });

  test('gives up with the reason when a pool gets no nodes', async () => {
    const pool: PoolSeen = { allocationState: 'steady', resizeErrors: [{ code: 'AllocationFailed', message: 'No nodes.\nTime:…', values: [{ name: 'Reason', value: 'a Windows image' }] }] };
    await expect(watch(account([counts(0)], pool))).rejects.toThrow('the pool p has no nodes: AllocationFailed: No nodes. (Reason a Windows image)');
  });

  test('waits for a pool that scales itself from zero', async () => {
    const waiting = Array.from({ length: 40 }, () => counts(0));
    await expect(watch(account([...waiting, counts(3)], { allocationState: 'steady', enableAutoScale: true }))).resolves.toBeDefined();
  });

  test('gives up when the pool is gone', async () => {
    await expect(watch(account([counts(0)]))).rejects.toThrow('the pool p is gone');
  });

  test('shows what the start task wrote when it failed on every node', async () => {
    const nodes: NodeSeen[] = [{ id: 'n', state: 'starttaskfailed', startTaskInfo: { state: 'completed', startTime: new Date(0), retryCount: 0, exitCode: 100 } }];
    await expect(watch(account([counts(0)], { allocationState: 'steady' }, nodes))).rejects.toThrow(/start task failed on every node of the pool p \(exit code 100\)\nstdout of the start task on n:\n {2}\| Reading package lists\nstderr of the start task on n:\n {2}\| apt: no network/);
  });

  test('goes on while one node is left', async () => {
    const waiting = Array.from({ length: 40 }, () => counts(0));
    const nodes: NodeSeen[] = [{ id: 'a', state: 'unusable' }, { id: 'b', state: 'idle' }];
    await expect(watch(account([...waiting, counts(3)], { allocationState: 'steady' }, nodes))).resolves.toBeDefined();
  });
});

describe('while nothing runs, it is told what is waited for', () => {
  const node = (state: NodeSeen['state']): NodeSeen => ({ id: 'n', ...(state === undefined ? {} : { state }) });

  test.each<[string, PoolSeen, NodeSeen[], string]>([
    ['nodes', { targetDedicatedNodes: 300 }, [node('idle'), node('starting'), node('starting')], 'nodes: 3 of 300, 1 ready, 2 starting'],
    ['the start task', { targetDedicatedNodes: 1 }, [node('waitingforstarttask')], 'nodes: 1 of 1, 1 running the start task'],
    ['quota', { targetLowPriorityNodes: 9, resizeErrors: [{ code: 'AccountLowPriorityCoreQuotaReached', message: 'No cores.' }] }, [], 'nodes: 0 of 9; AccountLowPriorityCoreQuotaReached: No cores.'],
    ['nodes that are lost', { targetDedicatedNodes: 2 }, [node('starttaskfailed'), node('unknown')], 'nodes: 2 of 2, 1 whose start task failed, 1 not answering'],
  ])('%s', (_what, pool, nodes, text) => {
    expect(waitingFor(pool, nodes)).toBe(text);
  });

  test('with each look at the pool', async () => {
    const told: (string | undefined)[] = [];
    const pool: PoolSeen = { allocationState: 'resizing', targetDedicatedNodes: 5 };
    await watch(account([...Array.from({ length: 30 }, () => counts(0)), counts(3)], pool, [node('starting')]), undefined, (waiting) => told.push(waiting));
    expect(told).toContain('nodes: 1 of 5, 1 starting');
  });

  test('and a line says it again only after a while', () => {
    let text = '';
    let time = 0;
    const progress = showProgress({ write: (more) => (text += more) }, () => time);
    for (; time <= 61_000; time += 1_000) progress.counts(counts(0), 1, 'nodes: 3 of 300');
    expect(text).toBe('0 of 1 tasks completed; waiting, nodes: 3 of 300\n'.repeat(3));
  });
});

describe('watching goes on', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const busy = Object.assign(new Error('busy'), { code: 'ServerBusy', statusCode: 503, body: { code: 'ServerBusy', message: { value: 'The server is busy.\nTime:…' } } });
  /** An account whose counts are these in turn; an error is thrown. */
  const stumbling = (answers: readonly (Counts | Error)[]): BatchAccount => {
    const left = [...answers];
    return {
      ...account([]),
      counts: async () => {
        const answer = left.length > 1 ? left.shift() : left[0];
        if (answer === undefined || answer instanceof Error) throw answer;
        return answer;
      },
    };
  };

  test('while the service cannot be reached or is busy, and says so once', async () => {
    const { seen, notes } = await watch(stumbling([counts(0, 1), ...Array.from({ length: 60 }, () => refused), busy, counts(3)]));
    expect(seen).toEqual([0, 3]);
    expect(notes).toEqual(['cannot reach the service: connect ECONNREFUSED 127.0.0.1:1; if it is a service of this machine, start it: linarite up --detach; the tasks go on meanwhile, asking again', 'the service answers again']);
  });

  test('for an hour at most', async () => {
    await expect(watch(stumbling([refused]))).rejects.toThrow('ECONNREFUSED');
  });

  test('not when the service refuses', async () => {
    await expect(watch(stumbling([Object.assign(new Error('no'), { code: 'JobNotFound', statusCode: 404 })]))).rejects.toThrow('no');
  });

  test('not when somebody else has ended the job: what waits in it never runs', async () => {
    const ended: BatchAccount = { ...account([counts(1)], { allocationState: 'steady' }, [{ id: 'a', state: 'idle' }]), job: async () => ({ state: 'completed' }) };
    expect((await watch(ended)).seen.at(-1)).toBe(1);
    expect(sayHow(outcomeOf({ id: 'b', state: 'active' }))).toBe('its job ended before it did');
  });
});

describe('Ctrl-C', () => {
  /** A terminal whose user types; `press` is Ctrl-C. */
  const terminal = (): { interrupts: Interrupts; press: () => void; type: (text: string) => void; shown: () => string; stopped: () => boolean; gaveUp: () => number } => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let listener = notAsked as () => void;
    let stopped = false;
    let shown = '';
    let gaveUp = 0;
    output.on('data', (text: Buffer) => (shown += text.toString()));
    const interrupts = listenForInterrupts({
      listen: (interrupted) => {
        listener = interrupted;
        return () => {
          stopped = true;
        };
      },
      terminal: { input, output },
      clear: () => {},
      giveUp: () => (gaveUp += 1),
    });
    return { interrupts, press: () => listener(), type: (text) => void input.write(text), shown: () => shown, stopped: () => stopped, gaveUp: () => gaveUp };
  };
  const decided = (interrupts: Interrupts): Promise<void> =>
    new Promise((resolve) => {
      if (interrupts.signal.aborted) resolve();
      interrupts.signal.addEventListener('abort', () => resolve());
    });

  test('asks, and leaves the job running if so answered', async () => {
    const { interrupts, press, type, shown } = terminal();
    interrupts.jobExists();
    press();
    expect(shown()).toContain('Leave the job running');
    expect(interrupts.decision()).toBeUndefined();
    type('what?\nl\n');
    await decided(interrupts);
    expect(interrupts.decision()).toBe('leave');
  });

  test('ends the job at once when pressed again', () => {
    const { interrupts, press, gaveUp } = terminal();
    interrupts.jobExists();
    press();
    expect(interrupts.asking()).toBe(true);
    press();
    expect(interrupts.asking()).toBe(false);
    expect(interrupts.decision()).toBe('end');
    expect(gaveUp()).toBe(0);
  });

  test('gives up when pressed once more: ending may take a service that does not answer', () => {
    const { interrupts, press, gaveUp } = terminal();
    press();
    expect(interrupts.decision()).toBe('end');
    press();
    expect(gaveUp()).toBe(1);
  });

  test('may be answered by going on, and asks anew the next time', async () => {
    const { interrupts, press, type, shown } = terminal();
    interrupts.jobExists();
    press();
    type('w\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(interrupts.signal.aborted).toBe(false);
    press();
    expect(shown().match(/Leave the job running/g)).toHaveLength(2);
    type('e\n');
    await decided(interrupts);
    expect(interrupts.decision()).toBe('end');
  });

  test('does not wait for the end of standard input', async () => {
    const { interrupts, press } = terminal();
    const stdin = new PassThrough();
    stdin.write('first\n');
    const items = readText(stdin, interrupts.signal);
    press();
    await expect(items).rejects.toThrow('ended before anything was started');
    expect(stdin.destroyed).toBe(true);
  });

  test('ends without a question before there is a job', () => {
    const { interrupts, press, shown, stopped } = terminal();
    press();
    expect(interrupts.decision()).toBe('end');
    expect(shown()).toBe('');
    interrupts.close();
    expect(stopped()).toBe(true);
  });
});

describe('progress', () => {
  const screen = (isTTY: boolean): { isTTY: boolean; columns: number; text: string; write(text: string): void } => ({
    isTTY,
    columns: 60,
    text: '',
    write(text) {
      this.text += text;
    },
  });

  test('is plain lines where nobody watches, not more than one in two seconds but the last', () => {
    const out = screen(false);
    let time = 0;
    const progress = showProgress(out, () => time);
    progress.step('uploading 3 files');
    for (const completed of [0, 1, 2, 3]) {
      progress.counts(counts(completed, 3 - completed, completed > 0 ? 1 : 0), 3);
      time += 500;
    }
    expect(out.text).toBe('uploading 3 files\n0 of 3 tasks completed, 3 running\n3 of 3 tasks completed, 1 failed\n');
  });

  test('is one line that changes on a terminal and never wraps', () => {
    const out = screen(true);
    const progress = showProgress(out, () => 0);
    progress.counts(counts(1, 1, 1), 4);
    expect(out.text).toBe('\r\u001B[2K███████▒▒▒▒▒▒▒·············· 1/4  1 running  1 failed  0:00'.slice(0, 5 + 59));
    expect(out.text).not.toContain('\n');
  });

  test('tells time as clocks do', () => {
    expect([7_000, 760_000, 10_812_000].map(clock)).toEqual(['0:07', '12:40', '3:00:12']);
  });
});

describe('the outcome of a task', () => {
  test('is success or failure as the service says', () => {
    expect(outcomeOf({ id: 'a', executionInfo: { retryCount: 0, requeueCount: 0, exitCode: 0, result: 'success' } })).toMatchObject({ succeeded: true, exitCode: 0 });
    const failed = outcomeOf({
      id: 'b',
      executionInfo: { retryCount: 2, requeueCount: 0, exitCode: 1, result: 'failure', failureInfo: { category: 'usererror', code: 'FailureExitCode', message: 'The task exited with an exit code representing a failure' } },
    });
    expect(sayHow(failed)).toBe('exit code 1, after 2 retries');
  });

  test('tells a reason that is not just an exit code', () => {
    const failed = outcomeOf({
      id: 'c',
      executionInfo: { retryCount: 0, requeueCount: 0, result: 'failure', failureInfo: { category: 'usererror', code: 'CommandProgramNotFound', message: 'Not found.\nmore', details: [{ name: 'Path', value: 'ffmpg' }] } },
    });
    expect(sayHow(failed)).toBe('CommandProgramNotFound: Not found. (Path ffmpg)');
  });

  test('its stderr is shown by its last lines', () => {
    expect(lastLines('a\nb\nc\n', 2)).toEqual(['… 1 lines before', 'b', 'c']);
    expect(lastLines('a\nb\n', 2)).toEqual(['a', 'b']);
  });
});
