import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markedProcesses } from '../../src/agent/processes.ts';
import { createLocalProvider } from '../../src/nodes/local/provider.ts';
import { readRecords } from '../../src/nodes/local/record.ts';
import type { ClosableProvider, Observation } from '../../src/nodes/provider.ts';
import { endProcess } from '../../src/processes/end.ts';
import { agentCommand } from '../agent/testNode.ts';
import { nodeRequest } from '../support/providers.ts';
import { describeProvider } from './providerContract.ts';

function dataDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-nodes-'));
  chmodSync(directory, 0o711);
  return directory;
}

describeProvider(
  'local',
  async () => {
    const dataRoot = dataDirectory();
    let provider = createLocalProvider({ dataRoot, agentCommand });
    return {
      provider,
      restart: async () => {
        await provider.close();
        provider = createLocalProvider({ dataRoot, agentCommand });
        return provider;
      },
      killAgent: async (node) => {
        const agent = (await readRecords(dataRoot)).find((record) => record.node === node)?.agent;
        if (agent) await endProcess(agent, [{ signal: 'SIGKILL', waitMs: 30_000 }]);
      },
      survivors: (node) => markedProcesses([`LINARITE_NODE=${join(dataRoot, String(node), 'root')}`]),
      close: async () => {
        for (const { node, life } of await readRecords(dataRoot)) await provider.release(node, life, 2_000);
        await provider.close();
        rmSync(dataRoot, { recursive: true, force: true });
      },
    };
  },
);

test('an agent that cannot be started is a failed node', async () => {
  const dataRoot = dataDirectory();
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/no/such/program'] });
  const seen: Observation[] = [];
  provider.watch((observation) => seen.push(observation));
  await provider.acquire(nodeRequest());
  expect(seen).toMatchObject([{ node: 1, observed: { kind: 'failed', reason: expect.stringContaining('/no/such/program') } }]);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});

function request(node: number, life = 1) {
  return nodeRequest({ node, life });
}

test("without networks of their own nodes are said to reach the metadata of the machine's cloud", async () => {
  const provider = createLocalProvider({ dataRoot: dataDirectory(), agentCommand: ['/bin/sleep', '100'] });
  expect((await provider.probe()).limits).toContainEqual(expect.stringMatching(/169\.254\.169\.254.*--node-isolation network/));
  await provider.close();
});

test('a node for containers is refused with the reason where nothing runs them, others are not; what is installed later is found', async () => {
  const [dataRoot, programs] = [dataDirectory(), dataDirectory()];
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sleep', '100'], enginePath: [programs] });
  const seen: Observation[] = [];
  provider.watch((observation) => seen.push(observation));
  expect(await provider.containers?.()).toEqual({ engine: null, limits: ['No containers: neither podman nor docker nor an OCI runtime (runc or crun) is installed. Pools with a container configuration get no nodes.'] });
  await Promise.all([provider.acquire({ ...request(1), containers: true }), provider.acquire(request(2))]);
  expect(seen.find(({ node, observed }) => node === 1 && observed.kind === 'failed')?.observed).toEqual({ kind: 'failed', reason: 'No containers: neither podman nor docker nor an OCI runtime (runc or crun) is installed. Pools with a container configuration get no nodes.' });
  expect(seen.some(({ node, observed }) => node === 2 && observed.kind === 'running')).toBe(true);
  // That a program is there says little: it is tried.
  writeFileSync(join(programs, 'docker'), '#!/bin/sh\necho "the daemon does not run" >&2; exit 1\n', { mode: 0o755 });
  await provider.acquire({ ...request(3), containers: true });
  expect(seen.find(({ node, observed }) => node === 3 && observed.kind === 'failed')?.observed).toEqual({ kind: 'failed', reason: 'No containers: docker: the daemon does not run. Pools with a container configuration get no nodes.' });
  await provider.release(2, 1, 100);
  await provider.close();
  for (const directory of [dataRoot, programs]) rmSync(directory, { recursive: true });
});

test('low-priority nodes are as many as there is capacity for, also those that the service before has left; dedicated ones do not count', async () => {
  const dataRoot = dataDirectory();
  const withCapacity = (most: number): ClosableProvider =>
    // None of them says that it has booted.
    createLocalProvider({ dataRoot, agentCommand: ['/bin/sleep', '100'], bootsAtOnce: 4, lowPriority: { capacity: { unit: 'cores', steps: [{ atMs: 0, most }], periodMs: null }, graceMs: 500, seed: 1 } });
  const low = (node: number) => ({ ...request(node), priority: 'low', vmSize: 'standard_d2_v3' }) as const;
  const first = withCapacity(4);
  const seen: Observation[] = [];
  first.watch((observation) => seen.push(observation));
  for (const asked of [low(1), low(2), request(3), low(4)]) await first.acquire(asked);
  expect(seen.filter(({ observed }) => observed.kind === 'running').map(({ node }) => node)).toEqual([1, 2, 3]);
  expect(seen.find(({ node }) => node === 4)?.observed).toEqual({ kind: 'failed', reason: 'There is capacity for 4 low-priority cores now, of which 4 are taken.' });
  await first.close();
  const second = withCapacity(2);
  const told: Observation[] = [];
  second.watch((observation) => told.push(observation));
  expect((await second.list('all')).map(({ node }) => node).toSorted()).toEqual([1, 2, 3]);
  // On a slow machine the end that follows it may have been told by now.
  const notices = told.filter(({ observed }) => observed.kind !== 'preempted');
  expect(notices).toEqual([{ node: expect.any(Number), life: 1, observed: { kind: 'preempting', graceMs: 500, reason: 'There is capacity for 2 low-priority cores now.' } }]);
  const noticed = notices[0]?.node ?? 0;
  expect([1, 2]).toContain(noticed);
  // Nobody releases it by then. Whoever asks later, another service as well, hears why it ended.
  await expect.poll(() => told.at(-1), { timeout: 30_000, interval: 50 }).toMatchObject({ node: noticed, life: 1, observed: { kind: 'preempted' } });
  await second.close();
  const third = withCapacity(2);
  expect((await third.list('all')).filter(({ observed }) => observed.kind === 'preempted').map(({ node }) => node)).toEqual([noticed]);
  for (const node of [1, 2, 3]) await third.release(node, 1, 100);
  await third.close();
  rmSync(dataRoot, { recursive: true });
});

describe('more nodes than the machine carries', () => {
  const idleAgent = ['/bin/sleep', '100'] as const;

  test('are failed nodes; one that goes makes room', async () => {
    const dataRoot = dataDirectory();
    const provider = createLocalProvider({ dataRoot, agentCommand: idleAgent, maxNodes: 1 });
    const seen: Observation[] = [];
    provider.watch((observation) => seen.push(observation));
    await Promise.all([provider.acquire(request(1)), provider.acquire(request(2))]);
    expect(seen.find(({ node }) => node === 2)?.observed).toEqual({ kind: 'failed', reason: 'All nodes that this machine has memory for are taken: 1.' });
    await provider.release(1, 1, 100);
    await provider.acquire(request(3));
    expect(seen.filter(({ observed }) => observed.kind === 'running').map(({ node }) => node)).toEqual([1, 3]);
    expect((await provider.probe()).maxNodes).toBe(1);
    await provider.release(3, 1, 100);
    await provider.close();
    rmSync(dataRoot, { recursive: true });
  });

  const observer = (provider: ClosableProvider) => {
    const seen: Observation[] = [];
    let look = (): void => {};
    provider.watch((observation) => {
      seen.push(observation);
      look();
    });
    const of = (node: number): string[] => seen.filter((one) => one.node === node).map(({ life, observed }) => `${life} ${observed.kind}`);
    const until = (done: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        look = () => done() && resolve();
        look();
      });
    return { of, until };
  };

  test('wait for their turn; one that is released meanwhile never starts, its next life does', async () => {
    const dataRoot = dataDirectory();
    // This agent never says that it has booted.
    const provider = createLocalProvider({ dataRoot, agentCommand: idleAgent, bootsAtOnce: 1 });
    const { of, until } = observer(provider);
    await provider.acquire(request(1));
    const waiting = [provider.acquire(request(2)), provider.acquire(request(3))];
    await provider.release(2, 1, 100);
    expect([of(1), of(2), of(3)]).toEqual([['1 running'], ['1 pending', '1 ended'], ['1 pending']]);
    const waits = { kind: 'pending', reason: 'Nodes boot on this machine 1 at a time: it waits for its turn.' };
    expect(await provider.list(1)).toEqual([
      { node: 1, life: 1, observed: { kind: 'running' } },
      { node: 3, life: 1, observed: waits },
    ]);
    expect(await provider.list(2), 'of another account').toEqual([]);
    waiting.push(provider.acquire(request(2, 2)));
    await provider.release(1, 1, 100);
    await until(() => of(3).length > 1);
    expect([of(2), of(3)]).toEqual([
      ['1 pending', '1 ended', '2 pending'],
      ['1 pending', '1 running'],
    ]);
    await provider.release(3, 1, 100);
    await until(() => of(2).length > 3);
    expect(of(2)).toEqual(['1 pending', '1 ended', '2 pending', '2 running']);
    await Promise.all(waiting);
    await provider.release(2, 2, 100);
    await provider.close();
    rmSync(dataRoot, { recursive: true });
  });

  test.each(['release', 'halt'] as const)('a life that is asked to end (%s) while the one before it ends never starts', async (end) => {
    const dataRoot = dataDirectory();
    const provider = createLocalProvider({ dataRoot, agentCommand: idleAgent });
    const { of } = observer(provider);
    await provider.acquire(request(1));
    const next = provider.acquire(request(1, 2));
    await Promise.all([next, provider[end](1, 2, 100)]);
    expect(of(1)).toEqual(['1 running', '1 ended', '2 ended']);
    expect((await provider.list(1)).filter(({ life }) => life === 2)).toEqual([]);
    await provider.release(1, 2, 100);
    await provider.close();
    rmSync(dataRoot, { recursive: true });
  });

  test('boot as many at a time as may, each until it says that it has', async () => {
    const dataRoot = dataDirectory();
    // Boots when the file is there.
    const boots = (node: number): string => join(dataRoot, `boots-${node}`);
    const script = `node=$(basename $(dirname $(dirname $LINARITE_AGENT_CONFIG))); until [ -e ${dataRoot}/boots-$node ]; do sleep 0.02; done; exec 3>&-; exec sleep 100`;
    const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sh', '-c', script], bootsAtOnce: 2 });
    const { of, until } = observer(provider);
    const asked = [1, 2, 3, 4].map((node) => provider.acquire(request(node)));
    await until(() => of(2).length > 0);
    expect([of(3), of(4)]).toEqual([['1 pending'], ['1 pending']]);
    writeFileSync(boots(2), '');
    await until(() => of(3).length > 1);
    expect([of(3), of(4)]).toEqual([['1 pending', '1 running'], ['1 pending']]);
    writeFileSync(boots(1), '');
    await Promise.all(asked);
    for (const node of [1, 2, 3, 4]) await provider.release(node, 1, 100);
    await provider.close();
    rmSync(dataRoot, { recursive: true });
  });

  test('that ends while it boots lets the next one start', async () => {
    const dataRoot = dataDirectory();
    const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sh', '-c', 'exit 3'], bootsAtOnce: 1 });
    const { of, until } = observer(provider);
    await Promise.all([1, 2, 3].map((node) => provider.acquire(request(node))));
    await until(() => [1, 2, 3].every((node) => /ended|failed/.test(of(node).at(-1) ?? '')));
    for (const node of [1, 2, 3]) await provider.release(node, 1, 100);
    await provider.close();
    rmSync(dataRoot, { recursive: true });
  });
});

test.skipIf(process.geteuid?.() !== 0)('a data directory that other users cannot reach is told in words (needs root)', async () => {
  const parent = dataDirectory();
  const dataRoot = join(parent, 'closed', 'nodes');
  mkdirSync(join(parent, 'closed'), { mode: 0o700 });
  const provider = createLocalProvider({ dataRoot, agentCommand });
  expect((await provider.probe()).limits.join(' ')).toContain(join(parent, 'closed'));
  await provider.close();
  rmSync(parent, { recursive: true });
});

test('an agent yields to the service where both want the processor', async () => {
  const dataRoot = dataDirectory();
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sleep', '100'] });
  await provider.acquire(request(1));
  expect(getPriority((await readRecords(dataRoot))[0]?.agent?.pid)).toBe(Math.min(19, getPriority() + 5));
  await provider.release(1, 1, 100);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});

test('the record of a node is readable by its owner alone', async () => {
  const dataRoot = dataDirectory();
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sleep', '100'] });
  await provider.acquire(nodeRequest({ credential: 'kept-secret' }));
  const config = join(dataRoot, '1/state/config.json');
  expect(readFileSync(config, 'utf8')).toContain('kept-secret');
  expect(statSync(config).mode & 0o777).toBe(0o600);
  await provider.release(1, 1, 100);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});
