import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

/** What becomes of running tasks as their nodes leave, restart or close, each option of each operation. */

interface SeenTask {
  readonly state: string;
  readonly executionInfo: { readonly requeueCount: number; readonly retryCount: number; readonly result?: string; readonly failureInfo?: { readonly code: string } };
  readonly nodeInfo?: { readonly nodeId: string };
}
interface SeenNode {
  readonly id: string;
  readonly state: string;
  readonly schedulingState: string;
  readonly lastBootTime?: string;
}
interface SeenPool {
  readonly allocationState: string;
  readonly currentDedicatedNodes: number;
  readonly resizeErrors?: readonly { readonly code: string }[];
}
/** A pool, the job of the same id on it, and the node on which the job's task `t` runs. */
interface Working {
  readonly pool: string;
  readonly node: SeenNode;
}

const WITHIN_MS = 120_000;
const LONGEST_MS = 300_000;

let instance: Instance;
let client: SmallClient;
/** A file here ends the task that waits for it. */
let kept: string;
beforeAll(async () => {
  kept = mkdtempSync(join(tmpdir(), 'linarite-kept-'));
  chmodSync(kept, 0o755);
  instance = await startLinarite(['--clock', 'virtual']);
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await instance.purge();
  rmSync(kept, { recursive: true, force: true });
});

async function pool(id: string): Promise<SeenPool> {
  return (await client.call('GET', `/pools/${id}`)) as SeenPool;
}
async function nodes(id: string): Promise<readonly SeenNode[]> {
  return ((await client.call('GET', `/pools/${id}/nodes`)) as { readonly value: readonly SeenNode[] }).value;
}
function post(path: string, body?: object): Promise<unknown> {
  return client.call('POST', path, body);
}
/** Lets time pass, whatever runs. */
async function advance(by: string): Promise<void> {
  await linarite(['clock', 'advance', by, '--with-running', '--data-dir', instance.dataDir]);
}

function poolWhere(id: string, what: string, holds: (seen: SeenPool) => boolean): Promise<SeenPool> {
  return until(`pool ${id} ${what}`, WITHIN_MS, async () => {
    const seen = await pool(id);
    return holds(seen) ? seen : undefined;
  });
}
function steady(id: string, size: number): Promise<SeenPool> {
  return poolWhere(id, `is steady with ${size}`, ({ allocationState, currentDedicatedNodes }) => allocationState === 'steady' && currentDedicatedNodes === size);
}
function nodeWhere(id: string, what: string, holds: (seen: SeenNode) => boolean): Promise<SeenNode> {
  return until(`a node of ${id} ${what}`, WITHIN_MS, async () => (await nodes(id)).find(holds));
}
function nodeIn(id: string, state: string): Promise<SeenNode> {
  return nodeWhere(id, `is ${state}`, (seen) => seen.state === state);
}
/** Up once more. */
function bootedAfter(id: string, { lastBootTime = '' }: SeenNode): Promise<SeenNode> {
  return nodeWhere(id, 'has booted anew', (seen) => ['idle', 'running'].includes(seen.state) && (seen.lastBootTime ?? '') > lastBootTime);
}
function taskWhere(job: string, id: string, what: string, holds: (seen: SeenTask) => boolean): Promise<SeenTask> {
  return until(`task ${id} of ${job} ${what}`, WITHIN_MS, async () => {
    const seen = (await client.call('GET', `/jobs/${job}/tasks/${id}`)) as SeenTask;
    return holds(seen) ? seen : undefined;
  });
}
function taskIn(job: string, id: string, state: string): Promise<SeenTask> {
  return taskWhere(job, id, `is ${state}`, (seen) => seen.state === state);
}

/** A task that runs until it is ended, or let go. */
function addTask(job: string, id: string, more: object = {}): Promise<unknown> {
  return post(`/jobs/${job}/tasks`, { id, commandLine: `/bin/sh -c 'while [ ! -e ${join(kept, job)} ]; do sleep 0.1; done'`, ...more });
}
function letGo(job: string): void {
  writeFileSync(join(kept, job), '');
}
async function working(id: string, task: object = {}): Promise<Working> {
  await post('/pools', { id, ...LINUX, targetDedicatedNodes: 1 });
  await post('/jobs', { id, poolInfo: { poolId: id } });
  await addTask(id, 't', task);
  await taskIn(id, 't', 'running');
  return { pool: id, node: await nodeIn(id, 'running') };
}
/** Makes room for the next ones. */
async function done({ pool: id }: Working): Promise<void> {
  await client.call('DELETE', `/jobs/${id}?force=true`);
  await client.call('DELETE', `/pools/${id}`);
}

async function isRequeued(job: string): Promise<void> {
  const { executionInfo } = await taskWhere(job, 't', 'was requeued', (seen) => seen.executionInfo.requeueCount > 0);
  expect(executionInfo).toMatchObject({ requeueCount: 1, retryCount: 0 });
}
async function isTerminated(job: string): Promise<void> {
  expect((await taskIn(job, 't', 'completed')).executionInfo).toMatchObject({ requeueCount: 0, retryCount: 0, result: 'failure', failureInfo: { code: 'TaskEnded' } });
}
async function isUndisturbed(job: string): Promise<void> {
  expect((await taskIn(job, 't', 'completed')).executionInfo).toMatchObject({ requeueCount: 0, retryCount: 0, result: 'success' });
}

type Act = (working: Working, nodeDeallocationOption?: string) => Promise<unknown>;
const RESIZE: Act = ({ pool: id }, nodeDeallocationOption) => post(`/pools/${id}/resize`, { targetDedicatedNodes: 0, nodeDeallocationOption, resizeTimeout: 'PT3H' });
const REMOVE: Act = ({ pool: id, node }, nodeDeallocationOption) => post(`/pools/${id}/removenodes`, { nodeList: [node.id], nodeDeallocationOption, resizeTimeout: 'PT3H' });

describe.concurrent.each([['resize', RESIZE], ['removenodes', REMOVE]])('%s, of a node on which a task runs', (name, act) => {
  test.each([['requeue', 'requeue'], ['nothing', undefined]])('with %s: the task runs again on another node, and no retry counts', async (how, option) => {
    const at = await working(`${name}-${how}`);
    await act(at, option);
    await isRequeued(at.pool);
    await steady(at.pool, 0);
    await post(`/pools/${at.pool}/resize`, { targetDedicatedNodes: 1 });
    const { nodeInfo } = await taskIn(at.pool, 't', 'running');
    expect(nodeInfo?.nodeId).not.toBe(at.node.id);
    await done(at);
  }, LONGEST_MS);

  test('with terminate: the task is completed as one that was ended', async () => {
    const at = await working(`${name}-terminate`);
    await act(at, 'terminate');
    await isTerminated(at.pool);
    await steady(at.pool, 0);
    await done(at);
  }, LONGEST_MS);

  test('with taskcompletion: the node goes when the task is over, and gets no other', async () => {
    const at = await working(`${name}-taskcompletion`);
    await act(at, 'taskcompletion');
    await nodeIn(at.pool, 'leavingpool');
    await addTask(at.pool, 'other');
    expect((await pool(at.pool)).allocationState).toBe('resizing');
    letGo(at.pool);
    await isUndisturbed(at.pool);
    await steady(at.pool, 0);
    expect(await taskIn(at.pool, 'other', 'active')).toMatchObject({ executionInfo: { requeueCount: 0 } });
    await done(at);
  }, LONGEST_MS);
});

describe.concurrent('a pool', () => {
  test('that shrinks lets the idle node go, whatever the option', async () => {
    const at = await working('idle-first');
    await post('/pools/idle-first/resize', { targetDedicatedNodes: 2 });
    await steady('idle-first', 2);
    await nodeIn('idle-first', 'idle');
    await post('/pools/idle-first/resize', { targetDedicatedNodes: 1, nodeDeallocationOption: 'terminate' });
    await steady('idle-first', 1);
    expect(await nodes('idle-first')).toMatchObject([{ id: at.node.id, state: 'running' }]);
    expect(await taskIn('idle-first', 't', 'running')).toMatchObject({ nodeInfo: { nodeId: at.node.id }, executionInfo: { requeueCount: 0 } });
    await done(at);
  }, LONGEST_MS);

  test('whose resize is stopped keeps the node that waited for its task, and says so', async () => {
    const at = await working('stopped');
    await RESIZE(at, 'taskcompletion');
    await nodeIn('stopped', 'leavingpool');
    await post('/pools/stopped/stopresize');
    expect((await steady('stopped', 1)).resizeErrors).toMatchObject([{ code: 'ResizeStopped' }]);
    await nodeIn('stopped', 'running');
    await addTask('stopped', 'other');
    letGo('stopped');
    await isUndisturbed('stopped');
    await taskIn('stopped', 'other', 'completed');
    await done(at);
  }, LONGEST_MS);

  test('that is deleted requeues the task, which runs on the next pool of its id', async () => {
    const at = await working('deleted');
    await client.call('DELETE', '/pools/deleted');
    await isRequeued('deleted');
    await until('the pool is gone', WITHIN_MS, () => pool('deleted').then(() => undefined, (error: Error) => (error.message.includes('PoolNotFound') ? true : undefined)));
    expect((await taskIn('deleted', 't', 'active')).nodeInfo).toBeUndefined();
    await post('/pools', { id: 'deleted', ...LINUX, targetDedicatedNodes: 1 });
    expect((await taskIn('deleted', 't', 'running')).nodeInfo?.nodeId).not.toBe(at.node.id);
    await done(at);
  }, LONGEST_MS);
});

describe.concurrent('a node that is closed to tasks while one runs', () => {
  const close = ({ pool: id, node }: Working, nodeDisableSchedulingOption?: string): Promise<unknown> => post(`/pools/${id}/nodes/${node.id}/disablescheduling`, { nodeDisableSchedulingOption });
  const open = ({ pool: id, node }: Working): Promise<unknown> => post(`/pools/${id}/nodes/${node.id}/enablescheduling`);

  test.each([['requeue', 'requeue'], ['nothing', undefined]])('with %s: the task waits, and runs there when the node is open again', async (how, option) => {
    const at = await working(`closed-${how}`);
    await close(at, option);
    await isRequeued(at.pool);
    expect(await nodeIn(at.pool, 'offline')).toMatchObject({ schedulingState: 'disabled' });
    expect((await taskIn(at.pool, 't', 'active')).nodeInfo).toBeUndefined();
    await open(at);
    expect(await taskIn(at.pool, 't', 'running')).toMatchObject({ nodeInfo: { nodeId: at.node.id }, executionInfo: { requeueCount: 1, retryCount: 0 } });
    await done(at);
  }, LONGEST_MS);

  test('with terminate: the task is completed as one that was ended', async () => {
    const at = await working('closed-terminate');
    await close(at, 'terminate');
    await isTerminated(at.pool);
    await nodeIn(at.pool, 'offline');
    await done(at);
  }, LONGEST_MS);

  test('with taskcompletion: the task goes on to its end, and no other begins', async () => {
    const at = await working('closed-taskcompletion');
    await close(at, 'taskcompletion');
    await addTask(at.pool, 'other');
    // The answer waits a second for the owner at most.
    await nodeWhere(at.pool, 'runs its task and is closed', (seen) => seen.state === 'running' && seen.schedulingState === 'disabled');
    letGo(at.pool);
    await isUndisturbed(at.pool);
    await nodeIn(at.pool, 'offline');
    await taskIn(at.pool, 'other', 'active');
    await open(at);
    await taskIn(at.pool, 'other', 'completed');
    await done(at);
  }, LONGEST_MS);
});

/** How the option is called in each of them, what the node reads meanwhile, and what it comes to. */
const RESTARTS = [
  ['reboot', 'nodeRebootOption', 'rebooting'],
  ['reimage', 'nodeReimageOption', 'reimaging'],
  ['deallocate', 'nodeDeallocateOption', 'deallocating'],
] as const;

describe.concurrent.each(RESTARTS)('%s, of a node on which a task runs', (call, property, meanwhile) => {
  const ask = ({ pool: id, node }: Working, option?: string): Promise<unknown> => post(`/pools/${id}/nodes/${node.id}/${call}`, { [property]: option });
  /** Done, and up again. */
  const over = async ({ pool: id, node }: Working): Promise<void> => {
    if (call === 'deallocate') {
      await nodeIn(id, 'deallocated');
      await post(`/pools/${id}/nodes/${node.id}/start`);
    }
    expect((await bootedAfter(id, node)).id).toBe(node.id);
  };

  test.each([['requeue', 'requeue'], ['nothing', undefined]])('with %s: the task runs again, and no retry counts', async (how, option) => {
    const at = await working(`${call}-${how}`);
    await ask(at, option);
    await isRequeued(at.pool);
    await over(at);
    expect(await taskIn(at.pool, 't', 'running')).toMatchObject({ nodeInfo: { nodeId: at.node.id }, executionInfo: { requeueCount: 1, retryCount: 0 } });
    await done(at);
  }, LONGEST_MS);

  test('with terminate: the task is completed as one that was ended', async () => {
    const at = await working(`${call}-terminate`);
    await ask(at, 'terminate');
    await isTerminated(at.pool);
    await over(at);
    await done(at);
  }, LONGEST_MS);

  test('with taskcompletion: the task goes on to its end, and the next one waits for the node', async () => {
    const at = await working(`${call}-taskcompletion`);
    await ask(at, 'taskcompletion');
    await addTask(at.pool, 'other');
    expect((await nodeIn(at.pool, meanwhile)).lastBootTime).toBe(at.node.lastBootTime);
    letGo(at.pool);
    await isUndisturbed(at.pool);
    await over(at);
    await taskIn(at.pool, 'other', 'completed');
    await done(at);
  }, LONGEST_MS);
});

// Each of them lets time pass, for all.
describe('with time that passes', () => {
  const HOUR = { constraints: { retentionTime: 'PT1H' } };
  const stdout = ({ pool: id }: Working): Promise<string> => client.text('GET', `/jobs/${id}/tasks/t/files/stdout.txt`);

  test.each([['resize', RESIZE], ['removenodes', REMOVE]])('%s with retaineddata: the node goes when the data of its task need not be kept any more', async (name, act) => {
    const at = await working(`${name}-retaineddata`, HOUR);
    await act(at, 'retaineddata');
    await nodeIn(at.pool, 'leavingpool');
    letGo(at.pool);
    await isUndisturbed(at.pool);
    await advance('50m');
    expect(await pool(at.pool)).toMatchObject({ allocationState: 'resizing', currentDedicatedNodes: 1 });
    expect(await stdout(at)).toBe('');
    await advance('11m');
    await steady(at.pool, 0);
    await done(at);
  }, LONGEST_MS);

  test.each(RESTARTS)('%s with retaineddata: the node waits for the data of its task', async (call, property, meanwhile) => {
    const at = await working(`${call}-retaineddata`, HOUR);
    await post(`/pools/${at.pool}/nodes/${at.node.id}/${call}`, { [property]: 'retaineddata' });
    await nodeIn(at.pool, meanwhile);
    letGo(at.pool);
    await isUndisturbed(at.pool);
    await advance('50m');
    expect(await nodes(at.pool)).toMatchObject([{ state: meanwhile, lastBootTime: at.node.lastBootTime }]);
    await advance('11m');
    if (call === 'deallocate') await nodeIn(at.pool, 'deallocated');
    else await bootedAfter(at.pool, at.node);
    await done(at);
  }, LONGEST_MS);

  test('a resize that takes longer than its timeout leaves the node in the pool, with its task, and says so; the next one begins without that error', async () => {
    const at = await working('late');
    await post('/pools/late/resize', { targetDedicatedNodes: 0, nodeDeallocationOption: 'taskcompletion', resizeTimeout: 'PT5M' });
    await nodeIn('late', 'leavingpool');
    await advance('4m');
    expect((await pool('late')).allocationState).toBe('resizing');
    await advance('2m');
    expect(await steady('late', 1)).toMatchObject({ targetDedicatedNodes: 0, resizeErrors: [{ code: 'AllocationTimedout' }] });
    await nodeIn('late', 'running');
    expect(await taskIn('late', 't', 'running')).toMatchObject({ nodeInfo: { nodeId: at.node.id }, executionInfo: { requeueCount: 0 } });
    await post('/pools/late/resize', { targetDedicatedNodes: 0, nodeDeallocationOption: 'requeue' });
    await isRequeued('late');
    expect(await steady('late', 0)).not.toHaveProperty('resizeErrors');
    await done(at);
  }, LONGEST_MS);
});
