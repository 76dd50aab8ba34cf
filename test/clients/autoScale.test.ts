import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

/** Formulas on pools whose nodes really come and go. */

interface Run {
  readonly timestamp: string;
  readonly results: string;
  readonly error?: { readonly code: string };
}
interface SeenPool {
  readonly allocationState: string;
  readonly enableAutoScale: boolean;
  readonly targetDedicatedNodes: number;
  readonly currentDedicatedNodes: number;
  readonly autoScaleRun?: Run;
  readonly resizeErrors?: readonly object[];
}
interface SeenTask {
  readonly state: string;
  readonly executionInfo: { readonly requeueCount: number; readonly retryCount: number; readonly result?: string; readonly failureInfo?: { readonly code: string } };
}

const WITHIN_MS = 120_000;
const LONGEST_MS = 300_000;

let instance: Instance;
let client: SmallClient;
let kept: string;
beforeAll(async () => {
  kept = mkdtempSync(join(tmpdir(), 'linarite-kept-'));
  chmodSync(kept, 0o755);
  instance = await startLinarite(['--clock', 'virtual', '--autoscale-min-interval', '1s']);
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await instance.purge();
  rmSync(kept, { recursive: true, force: true });
});

function post(path: string, body?: object): Promise<unknown> {
  return client.call('POST', path, body);
}
async function pool(id: string): Promise<SeenPool> {
  return (await client.call('GET', `/pools/${id}`)) as SeenPool;
}
function poolWhere(id: string, what: string, holds: (seen: SeenPool) => boolean): Promise<SeenPool> {
  return until(`pool ${id} ${what}`, WITHIN_MS, async () => {
    const seen = await pool(id);
    return holds(seen) ? seen : undefined;
  });
}
function steady(id: string, size: number): Promise<SeenPool> {
  return poolWhere(id, `is steady with ${size}`, (seen) => seen.allocationState === 'steady' && seen.targetDedicatedNodes === size && seen.currentDedicatedNodes === size);
}
function taskIn(job: string, state: string): Promise<SeenTask> {
  return until(`the task of ${job} is ${state}`, WITHIN_MS, async () => {
    const seen = (await client.call('GET', `/jobs/${job}/tasks/t`)) as SeenTask;
    return seen.state === state ? seen : undefined;
  });
}
/** What a formula reads as $Own_wanted. */
function want(id: string, wanted: number): Promise<unknown> {
  return post(`/linarite/pools/${id}/samples`, { samples: [{ name: 'wanted', value: wanted }] });
}
function evaluateNow(id: string): Promise<unknown> {
  return post(`/linarite/pools/${id}/evaluate`, { apply: true });
}

test('a pool is scaled by a formula from its enabling on, a formula is tried on it, and disabled it stays as it is', async () => {
  await post('/pools', { id: 'enabled', ...LINUX, targetDedicatedNodes: 1 });
  await steady('enabled', 1);
  await expect(post('/pools/enabled/evaluateautoscale', { autoScaleFormula: '$TargetDedicatedNodes = 2;' })).rejects.toThrow(' 409 ');
  await post('/pools/enabled/enableautoscale', { autoScaleFormula: '$TargetDedicatedNodes = 2;', autoScaleEvaluationInterval: 'PT1H' });
  const scaled = await steady('enabled', 2);
  expect(scaled).toMatchObject({ enableAutoScale: true, autoScaleEvaluationInterval: 'PT1H', autoScaleRun: { results: '$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue' } });
  await expect(post('/pools/enabled/resize', { targetDedicatedNodes: 1 })).rejects.toThrow('OperationNotValidOnPool');

  const tried = (await post('/pools/enabled/evaluateautoscale', { autoScaleFormula: 'more = 5; $TargetDedicatedNodes = 2 + more; $NodeDeallocationOption = taskcompletion;' })) as Run;
  expect(tried.results).toBe('$TargetDedicatedNodes=7;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;more=5');
  const failed = (await post('/pools/enabled/evaluateautoscale', { autoScaleFormula: 'nothing = $something_useless;' })) as Run;
  expect(failed).toMatchObject({ error: { code: 'AutoScalingFormulaEvaluationError' }, results: expect.stringContaining('$TargetDedicatedNodes=2;') });
  expect(await pool('enabled')).toMatchObject({ allocationState: 'steady', targetDedicatedNodes: 2, autoScaleRun: scaled.autoScaleRun });

  await post('/pools/enabled/disableautoscale');
  expect(await steady('enabled', 2)).toMatchObject({ enableAutoScale: false });
  await post('/pools/enabled/resize', { targetDedicatedNodes: 0 });
  await steady('enabled', 0);
  await client.call('DELETE', '/pools/enabled');
}, LONGEST_MS);

test('with --autoscale-min-interval a formula runs each second: nodes follow what is measured, and a run that fails changes nothing', async () => {
  const autoScaleFormula = 'wanted = max($Own_wanted.GetSample(1)); $TargetDedicatedNodes = wanted > 5 ? max($Own_never.GetSample(1)) : wanted;';
  await expect(post('/pools', { id: 'quick', ...LINUX, enableAutoScale: true, autoScaleFormula, autoScaleEvaluationInterval: 'PT0.5S' })).rejects.toThrow('The value must be from PT1S to P7D.');
  await post('/pools', { id: 'quick', ...LINUX, enableAutoScale: true, autoScaleFormula, autoScaleEvaluationInterval: 'PT1S' });
  // Nothing was ever measured: a window without samples.
  await poolWhere('quick', 'says that its formula failed', ({ autoScaleRun }) => autoScaleRun?.error !== undefined);
  await want('quick', 2);
  expect((await steady('quick', 2)).autoScaleRun).not.toHaveProperty('error');
  await want('quick', 6);
  const { autoScaleRun } = await poolWhere('quick', 'says that its formula failed again', (seen) => seen.autoScaleRun?.error !== undefined);
  await poolWhere('quick', 'has run its formula once more', (seen) => (seen.autoScaleRun?.timestamp ?? '') > (autoScaleRun?.timestamp ?? ''));
  await steady('quick', 2);
  await want('quick', 0);
  await steady('quick', 0);
  await client.call('DELETE', '/pools/quick');
}, LONGEST_MS);

describe('a formula that takes the node of a running task', () => {
  const working = async (option: string): Promise<string> => {
    const id = `scaled-${option}`;
    const autoScaleFormula = `wanted = max($Own_wanted.GetSample(1)); $TargetDedicatedNodes = wanted; $NodeDeallocationOption = ${option};`;
    await post('/pools', { id, ...LINUX, enableAutoScale: true, autoScaleFormula, autoScaleEvaluationInterval: 'PT168H' });
    await want(id, 1);
    await evaluateNow(id);
    await post('/jobs', { id, poolInfo: { poolId: id } });
    const commandLine = `/bin/sh -c 'while [ ! -e ${join(kept, id)} ]; do sleep 0.1; done'`;
    await post(`/jobs/${id}/tasks`, { id: 't', commandLine, constraints: { retentionTime: 'PT1H' } });
    await taskIn(id, 'running');
    await want(id, 0);
    await evaluateNow(id);
    return id;
  };
  const left = async (id: string): Promise<void> => {
    await steady(id, 0);
    await client.call('DELETE', `/jobs/${id}?force=true`);
    await client.call('DELETE', `/pools/${id}`);
  };

  test('has it wait again with requeue', async () => {
    const id = await working('requeue');
    await steady(id, 0);
    expect((await taskIn(id, 'active')).executionInfo).toMatchObject({ requeueCount: 1, retryCount: 0 });
    await left(id);
  }, LONGEST_MS);

  test('ends it for good with terminate', async () => {
    const id = await working('terminate');
    expect((await taskIn(id, 'completed')).executionInfo).toMatchObject({ requeueCount: 0, result: 'failure', failureInfo: { code: 'TaskEnded' } });
    await left(id);
  }, LONGEST_MS);

  test('waits for its end with taskcompletion', async () => {
    const id = await working('taskcompletion');
    await poolWhere(id, 'is resizing to none', (seen) => seen.allocationState === 'resizing' && seen.targetDedicatedNodes === 0);
    expect((await taskIn(id, 'running')).executionInfo.requeueCount).toBe(0);
    writeFileSync(join(kept, id), '');
    expect((await taskIn(id, 'completed')).executionInfo).toMatchObject({ requeueCount: 0, result: 'success' });
    await left(id);
  }, LONGEST_MS);

  test('waits until its data need not be kept with retaineddata, or until its resize has taken too long', async () => {
    const id = await working('retaineddata');
    writeFileSync(join(kept, id), '');
    expect((await taskIn(id, 'completed')).executionInfo).toMatchObject({ requeueCount: 0, result: 'success' });
    expect(await pool(id)).toMatchObject({ allocationState: 'resizing', currentDedicatedNodes: 1 });
    await linarite(['clock', 'advance', '16m', '--data-dir', instance.dataDir]);
    expect(await pool(id)).toMatchObject({ allocationState: 'steady', currentDedicatedNodes: 1, resizeErrors: [{ code: 'AllocationTimedout' }] });
    // A run of the formula begins anew what the last resize did not reach.
    await linarite(['clock', 'advance', '45m', '--data-dir', instance.dataDir]);
    await evaluateNow(id);
    expect(await steady(id, 0)).not.toHaveProperty('resizeErrors');
    await left(id);
  }, LONGEST_MS);
});
