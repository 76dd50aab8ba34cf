import { beforeEach, describe, expect, test } from 'vitest';
import { createJobTasks, type JobTasks } from '../../src/agent/jobTasks.ts';
import type { Report } from '../../src/agent/reports.ts';
import type { AttemptOutcome } from '../../src/core/events.ts';
import { jobTaskName, type JobTaskKey } from '../../src/core/keys.ts';
import { exited } from '../core/harness.ts';
import { work } from './scriptedOwner.ts';

const WORK = work({ commandLine: 'x', slots: 0 });
function key(kind: JobTaskKey['kind'], attempt = 1, job = 1): JobTaskKey {
  return { job, kind, attempt };
}

describe("a job's own tasks on a node", () => {
  let tasks: JobTasks;
  let said: string[];
  let tries: string[];
  let ended: string[];
  let node: AbortController;
  let finish: (outcome: AttemptOutcome) => void;
  beforeEach(() => {
    [said, tries, ended] = [[], [], []];
    node = new AbortController();
    tasks = createJobTasks({
      start: (of, retry) => {
        tries.push(`${jobTaskName(of)} ${retry}`);
        const done = new Promise<AttemptOutcome>((resolve) => {
          finish = resolve;
        });
        return { done, end: () => finish({ kind: 'killed', exitCode: 137 }) };
      },
      report: (report: Report) => {
        if (report.kind !== 'jobTask') throw new Error(report.kind);
        const { status } = report;
        said.push(status === null ? 'never' : `${jobTaskName(report.key)} ${status.state} ${status.retryCount} ${status.result} ${status.failure?.code}`);
      },
      now: () => 5,
      signal: node.signal,
      pause: async () => {},
      onEnded: (of) => ended.push(jobTaskName(of)),
    });
  });
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const end = async (outcome: AttemptOutcome): Promise<void> => {
    finish(outcome);
    await settled();
  };
  const prepare = (attempt = 1, waitForSuccess = true, maxTaskRetryCount = 0) => tasks.prepare({ key: key('preparation', attempt), work: WORK, waitForSuccess, maxTaskRetryCount });

  test('the preparation runs once for all that need it, and those that come later know at once how it ended', async () => {
    const waits = [prepare(), prepare()];
    await end(exited(0));
    expect(await Promise.all(waits)).toEqual([true, true]);
    expect(prepare()).toBe(true);
    expect(tries).toEqual(['1.preparation.1 0']);
    expect(said).toEqual(['1.preparation.1 running 0 null undefined', '1.preparation.1 completed 0 success undefined']);
    expect(ended).toEqual(['1.preparation.1']);
  });

  test('it is retried as often as it says, each retry being told', async () => {
    const waits = prepare(1, true, 2);
    for (const exitCode of [3, 4, 5]) await end(exited(exitCode));
    expect(await waits).toBe(false);
    expect(prepare(1, true, 2)).toBe(false);
    expect(tries).toEqual([0, 1, 2].map((retry) => `1.preparation.1 ${retry}`));
    expect(said.slice(1)).toEqual(['1.preparation.1 running 1 null undefined', '1.preparation.1 running 2 null undefined', '1.preparation.1 completed 2 failure FailureExitCode']);
  });

  test('what fails before its process, or runs out of time, is not retried', async () => {
    const waits = prepare(1, true, 2);
    await end({ kind: 'timedOut', exitCode: 137 });
    expect(await waits).toBe(false);
    expect(said.at(-1)).toBe('1.preparation.1 completed 0 failure TaskEnded');
  });

  test('one that is not waited for lets tasks start while it runs and when it has failed', async () => {
    expect(prepare(1, false)).toBe(true);
    await end(exited(1));
    expect(prepare(1, false)).toBe(true);
  });

  test('under another number it runs anew', async () => {
    void prepare();
    await end(exited(1));
    const again = prepare(2);
    await end(exited(0));
    expect(await again).toBe(true);
    expect(tries).toEqual(['1.preparation.1 0', '1.preparation.2 0']);
  });

  test('a release that is asked for twice runs once; whoever asks again is told how it stands', async () => {
    tasks.release(key('release'), WORK);
    tasks.release(key('release'), WORK);
    await end(exited(7));
    tasks.release(key('release'), WORK);
    expect(tries).toEqual(['1.release.1 0']);
    expect(said).toEqual([
      ...Array.from({ length: 2 }, () => '1.release.1 running 0 null undefined'),
      ...Array.from({ length: 2 }, () => '1.release.1 completed 0 failure FailureExitCode'),
    ]);
  });

  test('one that is ended is killed, has failed, and is not retried', async () => {
    const waits = prepare(1, true, 5);
    tasks.end(key('preparation'));
    expect(await waits).toBe(false);
    tasks.end(key('preparation'));
    expect(said.slice(1)).toEqual(Array.from({ length: 2 }, () => '1.preparation.1 completed 0 failure TaskEnded'));
    expect(tries).toHaveLength(1);
  });

  test('one that is ended before it began never begins', () => {
    tasks.end(key('preparation'));
    expect(prepare()).toBe(false);
    expect([said, tries]).toEqual([['never'], []]);
  });

  test('what the end of the node kills is told by nobody: it is not how the task ended', async () => {
    void prepare();
    node.abort();
    await end({ kind: 'killed', exitCode: 137 });
    expect(said).toHaveLength(1);
    expect(ended).toEqual([]);
  });

  test('of a job that is gone nothing is remembered', async () => {
    void prepare();
    await end(exited(0));
    tasks.forgetJob(1);
    void prepare();
    expect(tries).toHaveLength(2);
  });
});
