import { describe, expect, test } from 'vitest';
import type { BatchAccount } from '../../../src/cli/run/batchAccount.ts';
import { jsonOf, linesOf, listen } from '../../../src/cli/run/report.ts';
import type { RunResult } from '../../../src/cli/run/workflow.ts';

const notAsked = (): never => {
  throw new Error('the test did not expect this to be asked');
};

/** A run of so many tasks without outputs that all succeeded, each of which wrote `stdout`. */
const succeededRun = (count: number, stdout: string): RunResult => {
  const batch: BatchAccount = {
    probe: notAsked,
    images: notAsked,
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
    tasks: notAsked,
    counts: notAsked,
    nodeFileTail: notAsked,
    taskFileTail: async (_job, _task, _file, bytes) => Buffer.from(stdout).subarray(-bytes),
  };
  const ids = Array.from({ length: count }, (_, index) => `task-${String(index + 1).padStart(3, '0')}`);
  return {
    failure: undefined,
    jobId: 'job',
    poolId: 'pool',
    tasks: ids.map((id) => ({ id, item: { label: id, values: new Map() }, commandLine: '/bin/true', outputs: [], environment: [] })),
    outcomes: ids.map((id) => ({ id, succeeded: true, retries: 0, runMs: 10 })),
    downloads: [],
    decision: undefined,
    connection: { batch: { account: 'a', key: 'k', endpoint: 'http://127.0.0.1' }, storage: undefined, local: undefined },
    made: { stage: 'over', containers: new Set(), pool: undefined, job: undefined },
    elapsedMs: 1000,
    batch,
  };
};

describe('the report of a run that was ended', () => {
  test.each([
    ['while its tasks ran', { stage: 'submitted', job: 'job' }, 'the job job was ended'],
    ['before it had a job', { stage: 'preparing', job: undefined }, 'ended before there was a job'],
    ['while its outputs came', { stage: 'over', job: 'job' }, 'the download was broken off; the job job is over'],
  ] as const)('%s', async (_when, { stage, job }, says) => {
    const run = succeededRun(1, '');
    const told = await listen({ ...run, failure: 'ended', outcomes: [], made: { ...run.made, stage, job } }, 'output');
    expect(linesOf(told, 'output')[0]).toBe(says);
  });
});

describe('what a report leaves out', () => {
  test('is counted: stdout of more than a hundred tasks', async () => {
    const told = await listen(succeededRun(103, 'hello\n'), 'output');
    const lines = linesOf(told, 'output');
    expect(lines.filter((line) => line === 'hello')).toHaveLength(100);
    expect(lines[100]).toBe('… and 3 more tasks whose stdout is not printed');
    expect(jsonOf(told, 'output')).toMatchObject({ stdoutLeftOut: 3 });
  });

  test('is told of each stdout longer than 16 kB', async () => {
    const told = await listen(succeededRun(1, `${'x'.repeat(16_384)}y`), 'output');
    expect(linesOf(told, 'output').slice(0, 2)).toEqual(['(cut: the last 16 kB of the stdout of task-001)', `${'x'.repeat(16_383)}y`]);
    expect(jsonOf(told, 'output')).toMatchObject({ stdoutCut: ['task-001'] });
  });

  test('is nothing when all of it fits', async () => {
    const told = await listen(succeededRun(100, 'x'.repeat(16_384)), 'output');
    expect(linesOf(told, 'output').join('\n')).not.toMatch(/cut|more/);
    expect(Object.keys(jsonOf(told, 'output'))).not.toContain('stdoutCut');
  });
});
