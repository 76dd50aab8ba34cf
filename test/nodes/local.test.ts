import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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

test.skipIf(process.geteuid?.() !== 0)('a data directory that other users cannot reach is told in words (needs root)', async () => {
  const parent = dataDirectory();
  const dataRoot = join(parent, 'closed', 'nodes');
  mkdirSync(join(parent, 'closed'), { mode: 0o700 });
  const provider = createLocalProvider({ dataRoot, agentCommand });
  expect((await provider.probe()).limits.join(' ')).toContain(join(parent, 'closed'));
  await provider.close();
  rmSync(parent, { recursive: true });
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
