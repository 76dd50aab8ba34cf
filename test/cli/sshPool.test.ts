import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort, processesNaming, startLinarite, until, type Instance } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';
import { hasSshd, type SshHosts, startSshHosts } from '../support/sshd.ts';
import { openWay, type Way } from '../support/way.ts';

const TASKS = 30;
/** The shortest that there may be. */
const LEASE_SECONDS = 20;

describe.skipIf(!hasSshd())('a pool on two hosts that are reached by ssh', () => {
  let hosts: SshHosts;
  let service: Instance;
  let client: SmallClient;
  let file: string;
  let way: Way;
  const directory = mkdtempSync(join(tmpdir(), 'linarite-pool-hosts-'));
  beforeAll(async () => {
    chmodSync(directory, 0o711);
    hosts = await startSshHosts(['127.0.0.2', '127.0.0.3']);
    file = join(mkdtempSync(join(tmpdir(), 'linarite-providers-')), 'providers.yaml');
    const port = await freePort();
    way = await openWay(port);
    const lines = [`service: https://127.0.0.1:${way.port}`, 'default: lab', 'providers:', '  - name: lab', '    kind: ssh', `    hosts: [${hosts.addresses.join(', ')}]`, `    port: ${hosts.port}`, `    keyFile: ${hosts.keyFile}`, `    knownHostsFile: ${hosts.knownHostsFile}`, `    directory: ${directory}`, `    node: ${process.execPath}`, `    leaseSeconds: ${LEASE_SECONDS}`];
    writeFileSync(file, `${lines.join('\n')}\n`);
    service = await startLinarite(['--providers', file, '--port', String(port)]);
    const env = await service.env();
    client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
  }, 240_000);
  afterAll(async () => {
    client.close();
    await service.purge();
    way.close();
    await hosts.close();
    rmSync(directory, { recursive: true, force: true });
    rmSync(dirname(file), { recursive: true, force: true });
  }, 120_000);

  test(`runs a job of ${TASKS} tasks on both of them, whose files are read back over TLS; with the pool all of it is gone`, { timeout: 400_000 }, async () => {
    await client.call('POST', '/pools', { id: 'lab', ...LINUX, targetDedicatedNodes: 2, taskSlotsPerNode: 2 });
    const nodes = await until('both nodes are idle', 180_000, async () => {
      const { value } = (await client.call('GET', '/pools/lab/nodes')) as { value: { id: string; state: string }[] };
      return value.length === 2 && value.every(({ state }) => state === 'idle') ? value.map(({ id }) => id) : undefined;
    }, 500);
    expect(readdirSync(directory).map((name) => name.split('-').at(-1)).sort()).toEqual(['127.0.0.2', '127.0.0.3']);
    await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'lab' } });
    const value = Array.from({ length: TASKS }, (_, task) => ({ id: `t${task}`, commandLine: `/bin/sh -c 'echo result of ${task} on $AZ_BATCH_NODE_ID; seq 20000'` }));
    await client.call('POST', '/jobs/job/addtaskcollection', { value });
    await until('all have succeeded', 180_000, async () => {
      const { taskCounts } = (await client.call('GET', '/jobs/job/taskcounts')) as { taskCounts: { succeeded: number; failed: number } };
      return taskCounts.succeeded === TASKS ? true : undefined;
    }, 500);
    const texts = await Promise.all(value.map(({ id }) => client.text('GET', `/jobs/job/tasks/${id}/files/stdout.txt`)));
    const numbers = `${Array.from({ length: 20_000 }, (_, at) => at + 1).join('\n')}\n`;
    const ran = texts.map((text, task) => new RegExp(`^result of ${task} on (\\S+)\n`).exec(text)?.[1]);
    expect(texts.every((text) => text.endsWith(numbers))).toBe(true);
    expect([...new Set(ran)].sort()).toEqual([...nodes].sort());
    await client.call('DELETE', '/pools/lab');
    await until('nothing of it is left on the hosts', 120_000, async () => (readdirSync(directory).length === 0 && processesNaming(directory).length === 0 ? true : undefined), 500);
  });

  test('loses no task and counts no result twice, whatever becomes of the way between agents and service', { timeout: 500_000 }, async () => {
    const ran = join(dirname(file), 'ran');
    await client.call('POST', '/pools', { id: 'far', ...LINUX, targetDedicatedNodes: 2, taskSlotsPerNode: 2 });
    await client.call('POST', '/jobs', { id: 'far', poolInfo: { poolId: 'far' } });
    await client.call('POST', '/jobs/far/addtaskcollection', { value: Array.from({ length: TASKS }, (_, task) => ({ id: `t${task}`, commandLine: `/bin/sh -c 'echo ${task} >> ${ran}; sleep 3'`, userIdentity: { autoUser: { scope: 'pool', elevationLevel: 'admin' } } })) });
    const succeeded = async (): Promise<number> => ((await client.call('GET', '/jobs/far/taskcounts')) as { taskCounts: { succeeded: number } }).taskCounts.succeeded;
    const atLeast = (count: number): Promise<true> => until(`${count} have succeeded`, 180_000, async () => ((await succeeded()) >= count ? true : undefined), 250);
    const broken = async (directions: 'both' | 'to' | 'from', seconds: number): Promise<void> => {
      way.cut(directions);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
      way.cut('none');
    };
    await atLeast(2);
    await broken('both', 5);
    await atLeast(5);
    await broken('to', 5);
    await atLeast(8);
    await broken('from', 5);
    way.worsen(200, 20);
    await atLeast(12);
    const repeatedBefore = timesOf(ran).filter((times) => times > 1).length;
    expect(repeatedBefore, 'shorter than the lease no task begins twice').toBe(0);
    way.worsen(0, 0);
    await broken('both', LEASE_SECONDS * 2);
    await atLeast(TASKS);
    expect(await succeeded()).toBe(TASKS);
    const { value } = (await client.call('GET', '/jobs/far/tasks')) as { value: { state: string; executionInfo: { retryCount: number; exitCode: number } }[] };
    expect(value.every(({ state, executionInfo }) => state === 'completed' && executionInfo.exitCode === 0 && executionInfo.retryCount === 0)).toBe(true);
    await client.call('DELETE', '/pools/far');
    await until('nothing of it is left on the hosts', 120_000, async () => (readdirSync(directory).length === 0 && processesNaming(directory).length === 0 ? true : undefined), 500);
  });
});

/** How often each task began. */
function timesOf(file: string): readonly number[] {
  const times = new Map<string, number>();
  for (const task of readFileSync(file, 'utf8').trim().split('\n')) times.set(task, (times.get(task) ?? 0) + 1);
  return [...times.values()];
}
