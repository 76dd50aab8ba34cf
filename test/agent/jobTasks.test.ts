import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PreparationWork } from '../../src/agent/frames.ts';
import type { AttemptKey, JobTaskKey } from '../../src/core/keys.ts';
import { endOf, work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

describe("a job's preparation and release on a real node", () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  const file = (path: string): string => readFileSync(join(node.root, 'workitems/job1/job-1', path), 'utf8');
  const taskKey = (task: number): AttemptKey => ({ job: 1, task, attempt: 1, instance: 0 });
  const key = (kind: JobTaskKey['kind'], job = 1): JobTaskKey => ({ job, kind, attempt: 1 });
  const preparation = (commandLine: string, job = 1, more: Partial<PreparationWork> = {}): PreparationWork => ({
    key: key('preparation', job),
    work: work({ job: `job${job}`, task: 'prep', slots: 0, commandLine, user: { kind: 'auto', scope: 'pool', elevation: 'admin' } }),
    waitForSuccess: true,
    maxTaskRetryCount: 0,
    ...more,
  });
  const completed = (of: JobTaskKey) =>
    node.owner.until(`the ${of.kind} ends`, () =>
      node.owner.reports.flatMap((report) => (report.kind === 'jobTask' && report.key.job === of.job && report.key.kind === of.kind && report.status?.state === 'completed' ? [report.status] : []))[0],
    );

  test('the preparation runs first, once, in a directory that the tasks can read, and they are told where', async () => {
    const prepared = preparation(`/bin/sh -c 'echo made > made; env'`);
    const own = { slots: 1, preparationDirectory: prepared.work.directory, commandLine: `/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/made; echo $AZ_BATCH_JOB_PREP_DIR'` };
    for (const task of [1, 2]) node.owner.command({ kind: 'offer', key: taskKey(task), work: work({ task: `t${task}`, ...own }), preparation: prepared });
    for (const task of [1, 2]) expect((await node.owner.until('end', () => endOf(node.owner, taskKey(task)))).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const directory = join(node.root, prepared.work.directory);
    expect([file('t1/stdout.txt'), file('t2/stdout.txt')]).toEqual(Array.from({ length: 2 }, () => `made\n${directory}\n`));
    expect(await completed(prepared.key)).toMatchObject({ result: 'success', exitCode: 0 });
    // That of its beginning is left out where its end is there as soon.
    expect(node.owner.reports.filter(({ kind }) => kind === 'jobTask').length).toBeLessThanOrEqual(2);
    expect(file('prep/stdout.txt')).toContain('AZ_BATCH_TASK_ID=prep\n');
    expect(file('prep/stdout.txt')).not.toContain('AZ_BATCH_JOB_PREP_DIR');
    expect(lstatSync(directory).mode & 0o777).toBe(0o755);
  });

  test('what it leaves running goes on, and the release can stop it; nothing of the job stays when it is gone', async () => {
    const left = `sleep 600 & echo $! > $AZ_BATCH_NODE_SHARED_DIR/service`;
    const prepared = preparation(`/bin/sh -c '${left}'`, 2);
    node.owner.command({ kind: 'offer', key: { ...taskKey(3), job: 2 }, work: work({ job: 'job2', task: 't', commandLine: `/bin/sh -c 'kill -0 $(cat $AZ_BATCH_NODE_SHARED_DIR/service)'`, user: prepared.work.user }), preparation: prepared });
    expect((await node.owner.until('end', () => endOf(node.owner, { ...taskKey(3), job: 2 }))).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    node.owner.command({ kind: 'releaseJob', key: key('release', 2), work: work({ job: 'job2', task: 'release', slots: 0, commandLine: `/bin/sh -c 'kill $(cat $AZ_BATCH_NODE_SHARED_DIR/service)'`, user: prepared.work.user }) });
    expect(await completed(key('release', 2))).toMatchObject({ result: 'success', exitCode: 0 });
    expect(existsSync(join(node.root, 'workitems/job2/job-1/release/stdout.txt'))).toBe(true);
    node.owner.command({ kind: 'discardJob', job: 2 });
    node.owner.command({ kind: 'releaseJob', key: key('release', 3), work: work({ job: 'job3', task: 'release', slots: 0, commandLine: 'true' }) });
    await completed(key('release', 3));
    expect(existsSync(join(node.root, 'workitems/job2'))).toBe(false);
  });

  test('one that runs is ended with all its processes', async () => {
    node.owner.command({ kind: 'offer', key: { ...taskKey(4), job: 4 }, work: work({ job: 'job4', task: 't', commandLine: 'true' }), preparation: preparation('sleep 600', 4) });
    await node.owner.until('it runs', () => node.owner.reports.some((report) => report.kind === 'jobTask' && report.key.job === 4));
    node.owner.command({ kind: 'endJobTask', key: key('preparation', 4) });
    expect(await completed(key('preparation', 4))).toMatchObject({ result: 'failure', failure: { code: 'TaskEnded' } });
    await node.owner.until('its task is given back', () => node.owner.reports.some((report) => report.kind === 'revoked' && report.key.job === 4));
  });

  test('a release that takes too long is ended', async () => {
    node.owner.command({ kind: 'releaseJob', key: key('release', 5), work: work({ job: 'job5', task: 'release', slots: 0, commandLine: 'sleep 600', wallClockMs: 50 }) });
    expect(await completed(key('release', 5))).toMatchObject({ result: 'failure', failure: { code: 'TaskEnded' } });
  });
});
