import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Instance, linarite, processesNaming, run, LAUNCHER, startLinarite, until } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const WITHIN_MS = 60_000;

interface ComputeNode {
  readonly id?: string | undefined;
  readonly state?: string | undefined;
  readonly affinityId?: string | undefined;
  readonly isDedicated?: boolean | undefined;
  readonly lastBootTime?: Date | undefined;
}

/** Takes long; told to end, it asks why, saves what it has, and lets go of its node. Begun again, it is done. */
const PROGRAM = String.raw`
ask() { "$NODE_PROGRAM" -e 'const [method, body] = process.argv.slice(1);
  fetch(process.env.LINARITE_SCHEDULED_EVENTS_URL + "?api-version=2020-07-01", { method, body, headers: { metadata: "true" } }).then((answer) => answer.text()).then(console.log)' "$@"; }
save() {
  ask GET > "$KEPT/events.json"
  echo saved > "$KEPT/checkpoint"
  ask POST "{\"StartRequests\": [{\"EventId\": \"$(sed -E 's/.*"EventId":"([^"]+)".*/\1/' "$KEPT/events.json")\"}]}"
  exit 3
}
[ -e "$KEPT/checkpoint" ] && exit 0
trap save TERM
echo begun > "$KEPT/begun"
while :; do sleep 0.05; done
`;

let instance: Instance;
let batch: BatchServiceClient;
let kept: string;
let capacity: string;
beforeAll(async () => {
  kept = mkdtempSync(join(tmpdir(), 'linarite-kept-'));
  chmodSync(kept, 0o777);
  writeFileSync(join(kept, 'program.sh'), PROGRAM, { mode: 0o755 });
  capacity = join(kept, 'capacity.csv');
  setCapacity(1);
  instance = await startLinarite(['--preemption-grace', '50s', '--low-priority-capacity', capacity]);
  const env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
});
afterAll(async () => {
  await instance.purge();
  rmSync(kept, { recursive: true, force: true });
});

function setCapacity(nodes: number): void {
  writeFileSync(capacity, `# for tests\noffset,nodes\n0s,${nodes}\n`);
}
function command(...args: readonly string[]): Promise<{ readonly stdout: string }> {
  return linarite([...args, '--data-dir', instance.dataDir]);
}
function lowPriorityNodes(pool: string): Promise<ComputeNode[]> {
  return batch.computeNode.list(pool).then((nodes) => nodes.filter(({ isDedicated }) => isDedicated === false));
}

describe.runIf(process.platform === 'linux')('low-priority nodes beside dedicated ones', () => {
  test('are as many as there is capacity for; a drill takes one back, whose task saves its work and ends elsewhere; capacity that rises is used', async () => {
    await batch.pool.add({ id: 'mixed', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, targetLowPriorityNodes: 2 });
    const pool = await until('the pool has what there is', WITHIN_MS, async () => {
      const seen = await batch.pool.get('mixed');
      return seen.allocationState === 'steady' && seen.currentLowPriorityNodes === 1 ? seen : undefined;
    });
    expect(pool).toMatchObject({ currentDedicatedNodes: 1, targetLowPriorityNodes: 2, resizeErrors: [{ code: 'AllocationFailed', values: [{ value: expect.stringContaining('There is capacity for 1 low-priority nodes now') }] }] });

    const spot = await until('the low-priority node is idle', WITHIN_MS, async () => (await lowPriorityNodes('mixed')).find(({ state }) => state === 'idle'));
    expect(spot.id).toMatch(/_p$/);
    const number = nodeNumber(spot.id ?? '');
    await batch.job.add({ id: 'work', poolInfo: { poolId: 'mixed' } });
    const environmentSettings = [{ name: 'KEPT', value: kept }, { name: 'NODE_PROGRAM', value: process.execPath }];
    await batch.task.add('work', { id: 't', commandLine: `/bin/sh ${kept}/program.sh`, environmentSettings, affinityInfo: { affinityId: spot.affinityId ?? '' } });
    await until('the task has begun there', WITHIN_MS, async () => (existsSync(join(kept, 'begun')) ? true : undefined));
    expect(await until('its start is told', WITHIN_MS, async () => (await batch.task.get('work', 't')).nodeInfo?.nodeId)).toBe(spot.id);

    const refused = await run(LAUNCHER, ['drill', 'preempt', '--rate', '10%', '--data-dir', instance.dataDir]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('InvalidPropertyValue')]);
    const made = await command('drill', 'preempt', '--pool', 'mixed', '--rate', '100%/s', '--seed', '7');
    expect(made.stdout).toMatch(/^drill \d+ is active: 100%\/s of the low-priority nodes of pool mixed, seed 7, grace PT50S, from /);
    expect((await command('status')).stdout).toContain(made.stdout.trim());

    const done = await until('the task is done', WITHIN_MS, async () => {
      const seen = await batch.task.get('work', 't');
      return seen.state === 'completed' ? seen : undefined;
    });
    await command('drill', 'stop');
    expect((await command('drill', 'list')).stdout).toMatch(/^drill \d+ is stopped/);
    expect(done.executionInfo).toMatchObject({ exitCode: 0, result: 'success', retryCount: 0, requeueCount: 1 });
    expect(done.nodeInfo?.nodeId).toMatch(/_d$/);
    expect(JSON.parse(readFileSync(join(kept, 'events.json'), 'utf8'))).toMatchObject({ DocumentIncarnation: 2, Events: [{ EventType: 'Preempt', EventStatus: 'Scheduled', Resources: [spot.id] }] });
    const metrics = await (await fetch(`http://127.0.0.1:${instance.port}/metrics`)).text();
    expect(metrics).toMatch(/^linarite_preemptions [1-9]\d*$/m);
    expect(metrics).toMatch(/^linarite_nodes\{state="\w+",kind="dedicated"\} 1$/m);

    // Meanwhile the other one may have had what was free.
    setCapacity(2);
    await command('restart');
    const whole = await until('both are there', WITHIN_MS, async () => {
      const seen = await batch.pool.get('mixed');
      return seen.currentLowPriorityNodes === 2 && seen.resizeErrors === undefined ? seen : undefined;
    });
    expect(whole.allocationState).toBe('steady');

    // It comes back with its id, and with nothing of what was there.
    const back = await until('the node is back', WITHIN_MS, async () => (await lowPriorityNodes('mixed')).find(({ id, state }) => id === spot.id && state === 'idle'));
    expect(back.lastBootTime?.getTime()).toBeGreaterThan(spot.lastBootTime?.getTime() ?? Infinity);
    expect(existsSync(join(instance.dataDir, 'nodes', String(number), 'root/workitems/work'))).toBe(false);

    setCapacity(0);
    await command('restart');
    await until('a node has a notice', WITHIN_MS, async () => (readFileSync(join(instance.dataDir, 'logs/service.log'), 'utf8').split('node is to be preempted').length > 3 ? true : undefined));
    const counts = (await batch.account.listPoolNodeCounts()).find(({ poolId }) => poolId === 'mixed');
    expect(counts?.lowPriority?.total).toBe(2);
    await batch.pool.deleteMethod('mixed');
    await until('the pool is gone', WITHIN_MS, async () => batch.pool.exists('mixed').then(({ body }) => (body ? undefined : true)));
    await until('nothing of its nodes is left', WITHIN_MS, async () => (processesNaming(join(instance.dataDir, 'nodes')).length === 0 ? true : undefined));
  }, 240_000);
});

/** Directories of nodes have the numbers that their account gives them. */
function nodeNumber(id: string): number {
  const line = readFileSync(join(instance.dataDir, 'logs/service.log'), 'utf8').split('\n').find((text) => text.includes(id));
  return (JSON.parse(line ?? '{}') as { node: number }).node;
}
