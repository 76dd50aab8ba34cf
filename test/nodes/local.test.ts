import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { markedProcesses } from '../../src/agent/processes.ts';
import { createLocalProvider } from '../../src/nodes/local/provider.ts';
import { readRecords } from '../../src/nodes/local/record.ts';
import type { Observation } from '../../src/nodes/provider.ts';
import { endProcess } from '../../src/processes/end.ts';
import { agentCommand } from '../agent/testNode.ts';
import { describeProvider } from './providerContract.ts';

const dataDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-nodes-'));
  chmodSync(directory, 0o711);
  return directory;
};

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
        const agent = readRecords(dataRoot).find((record) => record.node === node)?.agent;
        if (agent) await endProcess(agent, [{ signal: 'SIGKILL', waitMs: 5_000 }]);
      },
      survivors: (node) => markedProcesses([`LINARITE_NODE=${join(dataRoot, String(node), 'root')}`]),
      close: async () => {
        for (const { node, life } of readRecords(dataRoot)) await provider.release(node, life, 2_000);
        await provider.close();
        rmSync(dataRoot, { recursive: true, force: true });
      },
    };
  },
  { deathMs: 2_000 },
);

test('an agent that cannot be started is a failed node', async () => {
  const dataRoot = dataDirectory();
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/no/such/program'] });
  const seen: Observation[] = [];
  provider.watch((observation) => seen.push(observation));
  await provider.acquire({ node: 1, nodeId: 'n1', life: 1, pool: 1, dedicated: true, slots: 1, agentUrl: 'ws://127.0.0.1:1/', credential: 'x' });
  expect(seen).toMatchObject([{ node: 1, observed: { kind: 'failed', reason: expect.stringContaining('/no/such/program') } }]);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});

const request = (node: number, life = 1) => ({ node, nodeId: `n${node}`, life, pool: 1, dedicated: true, slots: 1, agentUrl: 'ws://127.0.0.1:1/', credential: 'x' });

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

  test('that are asked for at once wait for their turn; one that is released meanwhile never starts, its next life does', async () => {
    const dataRoot = dataDirectory();
    const turns: (() => void)[] = [];
    const provider = createLocalProvider({ dataRoot, agentCommand: idleAgent, mayBoot: () => new Promise((resolve) => turns.push(resolve)) });
    const seen: Observation[] = [];
    provider.watch((observation) => seen.push(observation));
    const first = provider.acquire(request(1));
    await provider.release(1, 1, 100);
    const second = provider.acquire(request(1, 2));
    for (const turn of turns) turn();
    await Promise.all([first, second]);
    expect(seen.map(({ life, observed }) => [life, observed.kind])).toEqual([[1, 'ended'], [2, 'running']]);
    await provider.release(1, 2, 100);
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
  expect(getPriority(readRecords(dataRoot)[0]?.agent?.pid)).toBe(Math.min(19, getPriority() + 5));
  await provider.release(1, 1, 100);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});

test('the record of a node is readable by its owner alone', async () => {
  const dataRoot = dataDirectory();
  const provider = createLocalProvider({ dataRoot, agentCommand: ['/bin/sleep', '100'] });
  await provider.acquire({ node: 1, nodeId: 'n1', life: 1, pool: 1, dedicated: true, slots: 1, agentUrl: 'ws://127.0.0.1:1/', credential: 'kept-secret' });
  const config = join(dataRoot, '1/state/config.json');
  expect(readFileSync(config, 'utf8')).toContain('kept-secret');
  expect(statSync(config).mode & 0o777).toBe(0o600);
  await provider.release(1, 1, 100);
  await provider.close();
  rmSync(dataRoot, { recursive: true });
});
