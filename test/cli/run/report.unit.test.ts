import { describe, expect, test } from 'vitest';
import type { BatchAccount } from '../../../src/cli/run/account/batchAccount.ts';
import { jsonOf, linesOf, listen, type Told } from '../../../src/cli/run/watch/report.ts';
import type { RunResult } from '../../../src/cli/run/ending.ts';

function notAsked(): never {
  throw new Error('the test did not expect this to be asked');
}

/** A run of so many tasks without outputs that all succeeded, each of which wrote `stdout`. */
function succeededRun(count: number, stdout: string): RunResult {
  const batch: BatchAccount = {
    probe: notAsked,
    images: notAsked,
    applications: notAsked,
    addPool: notAsked,
    pool: notAsked,
    nodes: notAsked,
    deletePool: notAsked,
    addJob: notAsked,
    job: notAsked,
    endJobWithItsTasks: notAsked,
    terminateJob: notAsked,
    deleteJob: notAsked,
    addTasks: notAsked,
    setMetadata: notAsked,
    reactivateTask: notAsked,
    terminateTask: notAsked,
    deleteTask: notAsked,
    tasks: notAsked,
    counts: notAsked,
    nodeFileTail: notAsked,
    taskFileTail: notAsked,
    taskFile: async () => (async function* () {
      yield Buffer.from(stdout);
    })(),
  };
  const ids = Array.from({ length: count }, (_, index) => `task-${String(index + 1).padStart(3, '0')}`);
  return {
    failure: undefined,
    jobId: 'job',
    poolId: 'pool',
    tasks: ids.map((id) => ({ id, item: { label: id, values: new Map() }, commandLine: '/bin/true', outputs: [], environment: [] })),
    outcomes: ids.map((id) => ({ id, succeeded: true, retries: 0, started: true, runMs: 10 })),
    downloads: [],
    unfetched: [],
    open: true,
    decision: undefined,
    connection: { batch: { account: 'a', key: 'k', endpoint: 'http://127.0.0.1' }, storage: undefined, local: undefined },
    made: { stage: 'over', containers: new Set(), pool: undefined, job: undefined },
    elapsedMs: 1000,
    batch,
  };
}

describe('the report of a run that was ended', () => {
  test.each([
    ['while its tasks ran', { stage: 'submitted', job: 'job' }, 'the job job was ended'],
    ['before it had a job', { stage: 'preparing', job: undefined }, 'ended before there was a job'],
    ['while its outputs came', { stage: 'over', job: 'job' }, 'the download was broken off; the job job is over'],
  ] as const)('%s', async (_when, { stage, job }, says) => {
    const run = succeededRun(1, '');
    const ended: RunResult = { ...run, failure: 'ended', outcomes: [], made: { ...run.made, stage, job } };
    expect(linesOf(ended, await listen(ended, 'output'), 'output')[0]).toContain(says);
  });
});

const nothingTold: Told = { stderr: new Map(), saved: undefined, unsaved: undefined };

describe('a report', () => {
  test('says of results that are not here how to fetch them', () => {
    const run: RunResult = { ...succeededRun(2, ''), failure: 'files', unfetched: ['no file matched *.mkv in 1 of the tasks that succeeded (task-001)'], made: { stage: 'over', containers: new Set(), pool: 'pool', job: 'job' } };
    const text = linesOf(run, nothingTold, 'output').join('\n');
    expect(text).toContain('no file matched *.mkv in 1 of the tasks that succeeded (task-001)\njob and pool stay, so that nothing is lost; to fetch what is there: linarite run --fetch job');
    expect(text).toContain('exitCode:executionInfo.exitCode');
    expect(jsonOf(run, nothingTold, 'output')).toMatchObject({ exitCode: 5, unfetched: [expect.stringContaining('*.mkv')], kept: { job: 'job', pool: 'pool' } });
  });

  test('says of a job that goes on how to come back to it', () => {
    const run: RunResult = { ...succeededRun(2, ''), failure: 'leftRunning', outcomes: [] };
    expect(linesOf(run, nothingTold, 'output')).toContain('come back to it: linarite run --attach job');
  });

  test.each([
    ['that never ran', { started: false, reason: 'its job ended before it did' }, '  (it never ran)'],
    ['whose node is gone', { started: true }, '  (its node no longer has its stderr)'],
    ['that was meant for a shell', { started: false, reason: 'CommandProgramNotFound: No. (Message No such file or directory: echo hello | wc -c)' }, '  (the whole line was looked for as one program: with --shell a shell reads it)'],
  ])('says of a failed task %s why there is no stderr', (_which, how, line) => {
    const run = succeededRun(1, '');
    expect(linesOf({ ...run, failure: 'taskFailed', outcomes: [{ id: 'task-001', succeeded: false, retries: 0, runMs: 0, ...how }] }, nothingTold, 'output')).toContain(line);
  });
});
