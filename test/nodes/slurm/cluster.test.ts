import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EngineAway } from '../../../src/nodes/away.ts';
import type { ClosableProvider, NodeRequest, Observation } from '../../../src/nodes/provider.ts';
import { createSlurmCommands } from '../../../src/nodes/slurm/commands.ts';
import type { SlurmOptions } from '../../../src/nodes/slurm/options.ts';
import { createSlurmProvider } from '../../../src/nodes/slurm/provider.ts';
import { nodeRequest } from '../../support/providers.ts';
import { type SlurmCluster, slurmMissing, startSlurmCluster } from '../../support/slurmCluster.ts';

const IDLE_AGENT = ['/bin/sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] as const;
const WITHIN = { timeout: 60_000, interval: 200 };

const missing = slurmMissing();
let cluster: SlurmCluster;
let directory: string;
let provider: ClosableProvider;
let seen: Observation[];
let started: string[];

function open(change: Partial<SlurmOptions> = {}): ClosableProvider {
  const options: SlurmOptions = {
    name: 'slurm',
    service: { agentUrl: 'ws://127.0.0.1:1/', authority: '', cluster: 'aaaaaaaaaaaa', leaseMs: 60_000 },
    directory,
    agentProgram: IDLE_AGENT,
    partition: 'high',
    lowPriorityPartition: 'spot',
    slurmConf: cluster.environment.SLURM_CONF,
    ...change,
  };
  const opened = createSlurmProvider(options, createSlurmCommands({ slurmConf: cluster.environment.SLURM_CONF, onStart: (program) => started.push(program) }));
  opened.watch((observation) => seen.push(observation));
  return opened;
}

function kindsOf(node: number, life = 1): readonly string[] {
  return seen.filter((one) => one.node === node && one.life === life).map(({ observed }) => observed.kind);
}

function until(node: number, kind: string, life = 1): Promise<void> {
  return expect.poll(() => kindsOf(node, life), WITHIN).toContain(kind);
}

function small(node: number, more: Partial<NodeRequest> = {}): NodeRequest {
  return nodeRequest({ node, vmSize: 'standard_a1_v2', ...more });
}

function queued(): readonly string[] {
  return cluster.run('squeue', '-h', '-r', '-t', 'PD,R,CG', '-o', '%j').split('\n').filter((line) => line !== '');
}

describe.skipIf(missing !== null)(`Nodes on Slurm (needs ${missing ?? 'nothing more'})`, () => {
  beforeAll(async () => {
    cluster = await startSlurmCluster();
  });
  afterAll(() => cluster.close());
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-shared-'));
    chmodSync(directory, 0o711);
    [seen, started] = [[], []];
    provider = open();
  });
  afterEach(async () => {
    await Promise.all((await provider.list('all')).map(({ node, life }) => provider.release(node, life, 0)));
    await provider.close();
    // A job that was cancelled completes for a moment.
    await expect.poll(queued, { ...WITHIN, message: 'nothing is left' }).toEqual([]);
    rmSync(directory, { recursive: true, force: true });
  });

  test('a low-priority node that Slurm takes back for others gets notice and is preempted; the next life waits with a reason', async () => {
    await provider.acquire(small(1, { priority: 'low' }));
    await until(1, 'running');
    const [other = ''] = cluster.run('sbatch', '--parsable', '-p', 'high', '-N4', '--exclusive', '-o', '/dev/null', '--wrap', 'exec sleep 100').trim().split('\n');
    await until(1, 'preempted');
    expect(kindsOf(1).filter((kind) => kind !== 'pending')).toEqual(expect.arrayContaining(['running', 'preempted']));
    await provider.release(1, 1, 0);
    await provider.acquire(small(1, { priority: 'low', life: 2 }));
    await expect.poll(() => seen.findLast(({ life }) => life === 2)?.observed, WITHIN).toMatchObject({ kind: 'pending', reason: expect.stringMatching(/^Slurm has its job in the queue: (Resources|Priority), .*\.$/) });
    cluster.run('scancel', other);
    await until(1, 'running', 2);
  });

  test('a machine that is set down ends its node when the agent has left word of its end', async () => {
    await provider.acquire(small(1));
    await until(1, 'running');
    const [host = ''] = cluster.run('squeue', '-h', '-t', 'R', '-o', '%N').trim().split('\n');
    cluster.run('scontrol', 'update', `nodename=${host}`, 'state=down', 'reason=test');
    await until(1, 'ended');
    await provider.release(1, 1, 0);
    await provider.acquire(small(1, { life: 2 }));
    await until(1, 'running', 2);
  });

  test('a thousand nodes are asked for, and released, by a handful of processes', async () => {
    await provider.probe();
    started = [];
    const nodes = Array.from({ length: 1_000 }, (_, index) => index + 1);
    await Promise.all(nodes.map((node) => provider.acquire(small(node, { vmSize: 'standard_a4_v2' }))));
    expect(started.filter((program) => program === 'sbatch').length).toBeLessThanOrEqual(10);
    expect(queued()).toHaveLength(1_000);
    await expect.poll(() => new Set(seen.filter(({ observed }) => observed.kind === 'pending').map(({ node }) => node)).size, WITHIN).toBe(1_000);
    await Promise.all(nodes.map((node) => provider.release(node, 1, 0)));
    expect(started.filter((program) => program === 'scancel').length).toBeLessThanOrEqual(5);
    expect(started.length).toBeLessThan(60);
    expect(queued()).toEqual([]);
    expect(await provider.list('all')).toEqual([]);
  });

  test('what a service asked for that was killed before it heard the answer is found by the next one, and not asked for again', async () => {
    const asked = provider.acquire(small(1));
    await expect.poll(() => queued().length, { timeout: 30_000, interval: 20 }).toBe(1);
    await provider.close();
    await asked;
    provider = open();
    expect(await provider.list(1)).toMatchObject([{ node: 1, life: 1 }]);
    await provider.acquire(small(1));
    expect(queued()).toHaveLength(1);
    await provider.release(1, 1, 0);
    expect(queued()).toEqual([]);
  });

  test('jobs of others stay what they are: of people, of another service, of another provider', async () => {
    for (const name of ['train', 'linarite-bbbbbbbbbbbb-slurm-a1-n1-l1-d', 'linarite-aaaaaaaaaaaa-other-a1-n1-l1-d']) cluster.run('sbatch', '-p', 'high', '-J', name, '-n1', '--mem=100', '-o', '/dev/null', '--wrap', 'exec sleep 100');
    await provider.acquire(small(1));
    await until(1, 'running');
    expect((await provider.list('all')).map(({ node }) => node)).toEqual([1]);
    await provider.release(1, 1, 0);
    expect(queued()).toHaveLength(3);
    cluster.run('scancel', '-u', 'root');
    await expect.poll(queued, WITHIN).toEqual([]);
  });

  test('a node whose time limit is near takes no more tasks', async () => {
    await provider.close();
    provider = open({ timeLimitMinutes: 1, drainMs: 55_000 });
    await provider.acquire(small(1));
    await until(1, 'running');
    expect(cluster.run('squeue', '-h', '-o', '%l').trim()).toBe('1:00');
    await expect.poll(() => kindsOf(1), { timeout: 45_000, interval: 500 }).toContain('expiring');
    expect(seen.at(-1)?.observed).toEqual({ kind: 'expiring', reason: 'The time limit of its Slurm job is near.' });
  });

  test('a controller that is away ends no node; afterwards all is as it was', async () => {
    await provider.acquire(small(1));
    await until(1, 'running');
    await cluster.stopController();
    await expect(provider.list(1)).rejects.toThrow(EngineAway);
    await expect(provider.acquire(small(2))).rejects.toThrow(/slurm/i);
    expect(kindsOf(1)).not.toContain('ended');
    cluster.startController();
    await expect.poll(() => provider.list(1).catch(() => []), WITHIN).toMatchObject([{ node: 1, observed: { kind: 'running' } }]);
  });

  test('more nodes than the operator allows are refused', async () => {
    await provider.close();
    provider = open({ maxNodes: 1 });
    await provider.acquire(small(1));
    await expect(provider.acquire(small(2))).rejects.toThrow('All nodes that may be had from here are taken: 1.');
    expect((await provider.probe()).maxNodes).toBe(1);
  });

  test.runIf(process.getuid?.() === 0)('that users of tasks cannot pass to the shared directory is told before a node is asked for', async () => {
    const told = `Other users cannot enter ${directory}: tasks, which have users of their own, fail.`;
    chmodSync(directory, 0o700);
    expect((await provider.probe()).limits).toContain(told);
    chmodSync(directory, 0o711);
    expect((await provider.probe()).limits).not.toContain(told);
  });

  test('what Slurm refuses is said in its words', async () => {
    await expect(provider.acquire(small(1, { vmSize: 'standard_d16s_v3' }))).rejects.toThrow(/^sbatch: .*\.$/);
    await expect(provider.acquire(small(2, { containers: true }))).rejects.toThrow('No containers on nodes of Slurm');
    expect(readdirSync(directory)).toEqual(['aaaaaaaaaaaa-slurm']);
    const nothing = open({ name: 'two', partition: 'nowhere', lowPriorityPartition: 'high' });
    expect((await nothing.probe()).limits).toEqual(expect.arrayContaining([
      expect.stringMatching(/^Slurm gives no dedicated nodes: sbatch: invalid partition specified: nowhere/),
      'Slurm takes nothing back from partition high (PreemptMode=OFF): low-priority nodes there are as dedicated ones.',
    ]));
    await nothing.close();
  });
});
