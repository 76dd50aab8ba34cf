import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

/** What of tasks and nodes these tests look at. */
interface SeenTask {
  readonly state: string;
  readonly executionInfo: { readonly startTime?: string; readonly endTime?: string };
  readonly nodeInfo?: { readonly nodeId: string };
}
interface SeenNode {
  readonly id: string;
  readonly state: string;
  readonly isDedicated: boolean;
  readonly runningTasksCount: number;
  readonly runningTaskSlotsCount: number;
}

const LONGEST_MS = 60_000;
/** It runs until it is ended. */
const LASTING = 'sleep 600';

let instance: Instance;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

/** A pool of one node with four slots, of the kind that is asked for. */
async function addPool(id: string, kind: 'targetDedicatedNodes' | 'targetLowPriorityNodes'): Promise<void> {
  await client.call('POST', '/pools', { id, ...LINUX, [kind]: 1, taskSlotsPerNode: 4 });
  await until(`pool ${id} has its node`, LONGEST_MS, async () => (await nodes(id)).find(({ state }) => state === 'idle'));
}

async function nodes(pool: string): Promise<readonly SeenNode[]> {
  return ((await client.call('GET', `/pools/${pool}/nodes`)) as { readonly value: readonly SeenNode[] }).value;
}

async function addJob(id: string, pool: string, manager?: object): Promise<void> {
  await client.call('POST', '/jobs', { id, poolInfo: { poolId: pool }, ...(manager === undefined ? {} : { jobManagerTask: { id: 'manager', commandLine: LASTING, ...manager } }) });
}

function addTask(job: string, id: string, more: object): Promise<unknown> {
  return client.call('POST', `/jobs/${job}/tasks`, { id, commandLine: LASTING, ...more });
}

function taskIn(job: string, id: string, state: string): Promise<SeenTask> {
  return until(`task ${id} of ${job} is ${state}`, LONGEST_MS, async () => {
    const seen = (await client.call('GET', `/jobs/${job}/tasks/${id}`)) as SeenTask;
    return seen.state === state ? seen : undefined;
  });
}

/** Once that is a reason why the task does not run. */
function explained(job: string, id: string, code: string): Promise<unknown> {
  return until(`task ${id} of ${job} waits for ${code}`, LONGEST_MS, async () => {
    const { reasons } = (await client.call('GET', `/linarite/jobs/${job}/tasks/${id}/explain`)) as { readonly reasons: readonly { readonly code: string }[] };
    return reasons.find((reason) => reason.code === code);
  });
}

test('a job manager that needs three of four slots leaves one', async () => {
  await addPool('wide', 'targetDedicatedNodes');
  await addJob('wide', 'wide', { requiredSlots: 3, runExclusive: false, killJobOnCompletion: false });
  await taskIn('wide', 'manager', 'running');
  await addTask('wide', 'one', { requiredSlots: 1 });
  await taskIn('wide', 'one', 'running');
  await addTask('wide', 'two', { requiredSlots: 2 });
  expect(await nodes('wide')).toMatchObject([{ runningTasksCount: 2, runningTaskSlotsCount: 4 }]);
  await client.call('POST', '/jobs/wide/tasks/manager/terminate');
  await taskIn('wide', 'two', 'running');
  await client.call('DELETE', '/jobs/wide?force=true');
});

test('a job manager that is to be alone has its node for itself, whatever its slots', async () => {
  await addPool('alone', 'targetDedicatedNodes');
  await addJob('alone', 'alone', { runExclusive: true, killJobOnCompletion: false });
  await taskIn('alone', 'manager', 'running');
  await addJob('beside', 'alone');
  await addTask('alone', 'own', { commandLine: 'true' });
  await addTask('beside', 'other', { commandLine: 'true' });
  await explained('alone', 'own', 'HeldByJobManager');
  await explained('beside', 'other', 'HeldByJobManager');
  expect(await nodes('alone')).toMatchObject([{ runningTasksCount: 1, runningTaskSlotsCount: 4 }]);
  await client.call('POST', '/jobs/alone/tasks/manager/terminate');
  const [manager, own, other] = await Promise.all([taskIn('alone', 'manager', 'completed'), taskIn('alone', 'own', 'completed'), taskIn('beside', 'other', 'completed')]);
  for (const later of [own, other]) expect(Date.parse(later.executionInfo.startTime ?? '')).toBeGreaterThanOrEqual(Date.parse(manager.executionInfo.endTime ?? ''));
  for (const id of ['alone', 'beside']) await client.call('DELETE', `/jobs/${id}?force=true`);
});

test('a job manager that does not allow low-priority nodes waits for a dedicated one; tasks of other jobs do not', async () => {
  await addPool('low', 'targetLowPriorityNodes');
  await addJob('low', 'low', { allowLowPriorityNode: false, runExclusive: false, killJobOnCompletion: true });
  await explained('low', 'manager', 'LowPriorityNode');
  await addJob('other', 'low');
  await addTask('other', 'task', {});
  const task = await taskIn('other', 'task', 'running');
  await client.call('POST', '/pools/low/resize', { targetDedicatedNodes: 1, targetLowPriorityNodes: 1 });
  const manager = await taskIn('low', 'manager', 'running');
  const on = async ({ nodeInfo }: SeenTask): Promise<boolean | undefined> => (await nodes('low')).find(({ id }) => id === nodeInfo?.nodeId)?.isDedicated;
  expect(await Promise.all([task, manager].map(on))).toEqual([false, true]);
  for (const id of ['low', 'other']) await client.call('DELETE', `/jobs/${id}?force=true`);
});
