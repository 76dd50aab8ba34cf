import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Instance, startLinarite, until } from '../support/linarite.ts';
import { agentLog } from '../support/nodeLogs.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

const WITHIN_MS = 60_000;

let instance: Instance;
let client: SmallClient;
beforeEach(async () => {
  instance = await startLinarite([]);
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterEach(async () => {
  client.close();
  await instance.purge();
});

interface Seen {
  readonly id: string;
  readonly state: string;
  readonly lastBootTime?: string;
}

/** The pool's one node, once it is idle after a boot later than `before`. */
function idle(before = ''): Promise<Seen> {
  return until('the node is idle', WITHIN_MS, async () => {
    const { value } = (await client.call('GET', '/pools/p/nodes')) as { readonly value: readonly Seen[] };
    return value.find(({ state, lastBootTime = '' }) => state === 'idle' && lastBootTime > before);
  });
}

/** What the start task has written: a line for each time it has run with what it had written before. */
async function startsOf({ id }: Seen): Promise<number> {
  const text = await client.text('GET', `/pools/p/nodes/${id}/files/shared/starts`);
  return text.trim().split('\n').length;
}

describe('a node', () => {
  test('that is rebooted runs the start task that its pool has by then and keeps its files; one that is reimaged, or deallocated and started, has them no more', async () => {
    const startTask = { commandLine: `/bin/sh -c 'echo started >> $AZ_BATCH_NODE_SHARED_DIR/starts'`, waitForSuccess: true };
    await client.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 1, startTask });
    const first = await idle();
    expect(await startsOf(first)).toBe(1);

    await client.call('POST', `/pools/p/nodes/${first.id}/reboot`);
    const rebooted = await idle(first.lastBootTime);
    expect(rebooted.id).toBe(first.id);
    expect(await startsOf(rebooted)).toBe(2);

    await client.call('POST', `/pools/p/nodes/${first.id}/reimage`);
    const reimaged = await idle(rebooted.lastBootTime);
    expect(reimaged.id).toBe(first.id);
    expect(await startsOf(reimaged)).toBe(1);

    await client.call('POST', `/pools/p/nodes/${first.id}/deallocate`, { nodeDeallocateOption: 'taskcompletion' });
    await until('the node is deallocated', WITHIN_MS, async () => {
      const { state } = (await client.call('GET', `/pools/p/nodes/${first.id}`)) as Seen;
      return state === 'deallocated' ? state : undefined;
    });
    await expect(startsOf(first)).rejects.toThrow('409 ');
    await expect(client.call('POST', `/pools/p/nodes/${first.id}/reboot`)).rejects.toThrow('OperationInvalidForCurrentState');
    expect(await client.call('GET', '/pools/p')).toMatchObject({ allocationState: 'steady', currentDedicatedNodes: 1 });
    await client.call('POST', `/pools/p/nodes/${first.id}/start`);
    const started = await idle(reimaged.lastBootTime);
    expect(started.id).toBe(first.id);
    expect(await startsOf(started)).toBe(1);

    // A start task that is changed runs when the node begins its next life.
    await client.call('PATCH', '/pools/p', { startTask: { commandLine: `/bin/sh -c 'echo in vain; exit 7'`, waitForSuccess: true } });
    expect(await idle()).toMatchObject({ id: first.id, lastBootTime: started.lastBootTime });
    await client.call('POST', `/pools/p/nodes/${first.id}/reboot`);
    const failed = await until('its start task has failed', WITHIN_MS, async () => {
      const seen = (await client.call('GET', `/pools/p/nodes/${first.id}`)) as Seen;
      return seen.state === 'starttaskfailed' ? seen : undefined;
    });
    expect(failed).toMatchObject({ startTaskInfo: { state: 'completed', exitCode: 7, result: 'failure', retryCount: 0, failureInfo: { category: 'UserError', code: 'FailureExitCode' } } });
    expect(failed.lastBootTime ?? '').not.toBe(started.lastBootTime);
    expect(await client.text('GET', `/pools/p/nodes/${first.id}/files/startup/stdout.txt`)).toBe('in vain\n');
    const upload = async (to: object) => (await client.call('POST', `/pools/p/nodes/${first.id}/uploadbatchservicelogs`, to)) as { readonly virtualDirectoryName: string };
    expect(await agentLog(await instance.env(), upload)).toContain('the start task has ended with exit code 7');
    await expect(client.call('POST', `/pools/p/nodes/${first.id}/deallocate`)).rejects.toThrow('OperationInvalidForCurrentState');
    await client.call('PATCH', '/pools/p', { startTask });
    await client.call('POST', `/pools/p/nodes/${first.id}/reboot`);
    expect(await startsOf(await idle(failed.lastBootTime))).toBe(2);
  }, 240_000);
});
