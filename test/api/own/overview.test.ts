import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobExplanation } from '../../../src/core/port.ts';
import type { Reason } from '../../../src/core/reasons.ts';
import { statuses, type Statuses } from '../statuses.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';

const said: { job: JobExplanation | null; pool: readonly Reason[] } = { job: null, pool: [] };
let it: TestApi;
let set: Statuses;
beforeAll(async () => {
  it = await testApi({ explanations: { task: async () => [], job: async () => said.job, pool: async () => said.pool, node: async () => [] } });
  set = statuses(it.pool);
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_d2s_v3', targetDedicatedNodes: 3, virtualMachineConfiguration: UBUNTU_MACHINE } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'P' } } });
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: ['a', 'b', 'c', 'd'].map((id) => ({ id, commandLine: 'x' })) } });
});
afterAll(() => it.close());
const UBUNTU_MACHINE = { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId };

async function overview() {
  return (await it.ask({ url: '/linarite/overview' })).json;
}
async function attention(code: string) {
  return (await overview()).attention.find((one: { code: string }) => one.code === code);
}

describe('the overview', () => {
  test('counts, quotas, and what nodes cost now', async () => {
    await set.pool('P', {});
    await set.node('P', { id: 'tvmps_1_d' });
    await set.node('P', { id: 'tvmps_2_d' });
    await set.job('J', { ingested: 3, tasks: { active: 2, running: 1, succeeded: 0, failed: 0 } });
    const seen = await overview();
    expect(seen.counts).toEqual({ pools: 1, nodes: 2, targetNodes: 3, activeJobs: 1, running: 1, waiting: 3, failed24h: 0 });
    expect(seen.quotas).toEqual(expect.arrayContaining([{ name: 'pools', used: 1, limit: expect.any(Number) }]));
    expect(seen.cost).toMatchObject({ currency: 'USD', estimated: true });
    expect(seen.cost.perHour).toBeGreaterThan(0);
    expect(seen.attention).toEqual([]);
  });

  test('tasks that failed in the last day, and not those that failed before or run again', async () => {
    const failed = { state: 'completed', attempt: 1, exitCode: 1, result: 'failure' } as const;
    await set.task('J', 'a', { ...failed, endedAt: it.now.value - 3_600_000 });
    await set.task('J', 'b', { ...failed, endedAt: it.now.value - 90_000_000 });
    await set.task('J', 'c', { ...failed, endedAt: it.now.value - 1_000 });
    await set.task('J', 'c', { state: 'running', attempt: 2 });
    await set.job('J', { tasks: { active: 1, running: 1, succeeded: 0, failed: 2 } });
    expect((await overview()).counts.failed24h).toBe(1);
    expect(await attention('TasksFailed')).toMatchObject({ object: { kind: 'job', job: 'J' }, count: 1, sentence: '1 task of job J has failed in the last 24 hours.' });
  });

  test('a job whose tasks will not run, with its reason and what would mend it', async () => {
    said.job = { open: 2, looked: 2, reasons: [{ reason: { code: 'JobNotActive', jobId: 'J', state: 'disabled' }, tasks: 2, example: 1 }] };
    const fix = { label: 'Enable the job', method: 'POST', path: '/jobs/J/enable?api-version=2025-06-01', body: null };
    expect(await attention('JobCannotFinish')).toMatchObject({ count: 2, sentence: '2 tasks of job J will not run unless something changes. Job J is disabled.', fixes: [fix] });
    said.job = { open: 2, looked: 2, reasons: [{ reason: { code: 'WaitingItsTurn', tasksBefore: 3 }, tasks: 2, example: 1 }] };
    expect(await attention('JobCannotFinish')).toBeUndefined();
  });

  test('a pool that did not get its nodes, and can be asked for them again', async () => {
    const error = { code: 'AllocationFailed', message: 'No room.' };
    said.pool = [{ code: 'WaitingForNodes', poolId: 'P', readyNodes: 2, targetNodes: 3, allocationState: 'steady', errors: [error], pending: [], room: null }];
    await set.pool('P', { resizeErrors: [error] });
    const fix = { method: 'POST', path: '/pools/P/resize?api-version=2025-06-01', body: { targetDedicatedNodes: 3, targetLowPriorityNodes: 0 } };
    expect(await attention('PoolStuck')).toMatchObject({ object: { kind: 'pool', pool: 'P' }, sentence: expect.stringContaining('2 of 3 nodes ready; AllocationFailed: No room'), fixes: [fix] });
  });

  test('nodes that need somebody: one by name, several together', async () => {
    await set.node('P', { id: 'tvmps_3_d', state: 'unusable', since: 1 });
    await set.node('P', { id: 'tvmps_4_d', state: 'starttaskfailed', since: 1 });
    await set.node('P', { id: 'tvmps_5_d', state: 'starttaskfailed', since: 2 });
    expect(await attention('NodeUnusable')).toMatchObject({ object: { kind: 'node', pool: 'P', node: 'tvmps_3_d' }, count: 1, fixes: [{ path: '/pools/P/nodes/tvmps_3_d/reboot?api-version=2025-06-01' }, { body: { nodeList: ['tvmps_3_d'] } }] });
    expect(await attention('StartTaskFailed')).toMatchObject({ object: { kind: 'pool' }, count: 2, sentence: '2 nodes of pool P have failed the start task.', fixes: [{ body: { nodeList: ['tvmps_4_d', 'tvmps_5_d'] } }] });
  });

  test('a fix is a request that the service takes as it stands', async () => {
    said.job = { open: 2, looked: 2, reasons: [{ reason: { code: 'JobNotActive', jobId: 'J', state: 'disabled' }, tasks: 2, example: 1 }] };
    const fixes = (await overview()).attention.flatMap((one: { fixes: unknown[] }) => one.fixes) as { method: string; path: string; body: object | null }[];
    for (const { method, path, body } of fixes) {
      const { status, json } = await it.ask({ method, url: path, ...(body === null ? {} : { body }) });
      // The first one of a kind may be what the next one has to wait for.
      expect([200, 202, 409], JSON.stringify({ path, json })).toContain(status);
    }
  });
});
