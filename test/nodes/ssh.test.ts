import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { markedProcesses } from '../../src/agent/processes.ts';
import { readRecords } from '../../src/nodes/local/record.ts';
import { EngineAway } from '../../src/nodes/away.ts';
import type { ClosableProvider, Observation } from '../../src/nodes/provider.ts';
import { parseHost } from '../../src/nodes/ssh/hosts.ts';
import { createSshProvider, type SshProviderOptions } from '../../src/nodes/ssh/provider.ts';
import { endProcess } from '../../src/processes/end.ts';
import { isRunning, type ProcessIdentity } from '../../src/processes/identity.ts';
import { type ScriptedOwner, startOwner } from '../agent/scriptedOwner.ts';
import { nodeRequest } from '../support/providers.ts';
import { hasSshd, type SshHosts, startSshHosts } from '../support/sshd.ts';
import { describeProvider } from './providerContract.ts';

const CLUSTER = 'c0ffee000000';

describe.skipIf(!hasSshd())('over real sshd', () => {
  let hosts: SshHosts;
  beforeAll(async () => {
    hosts = await startSshHosts(['127.0.0.2', '127.0.0.3']);
  });
  afterAll(() => hosts.close());

  const madeFor = (directory: string, change: Partial<SshProviderOptions> = {}): ClosableProvider =>
    createSshProvider({
      hosts: { kind: 'named', hosts: hosts.addresses.map(parseHost) },
      port: hosts.port,
      keyFile: hosts.keyFile,
      knownHostsFile: hosts.knownHostsFile,
      nodesPerHost: 2,
      directory,
      directoryUser: hosts.user,
      node: process.execPath,
      sshProgram: 'ssh',
      id: directory,
      cluster: CLUSTER,
      authority: 'not asked for within one machine',
      leaseMs: 60_000,
      lookEveryMs: 300,
      say: () => undefined,
      ...change,
    });

  describeProvider(
    'ssh',
    async () => {
      const directory = hostDirectory();
      let provider = madeFor(directory);
      const nodesDirectories = (): readonly string[] => readdirSync(directory).map((name) => join(directory, name, 'nodes'));
      return {
        provider,
        restart: async () => {
          await provider.close();
          provider = madeFor(directory);
          return provider;
        },
        killAgent: async (node) => {
          for (const nodes of nodesDirectories()) {
            const agent = (await readRecords(nodes)).find((record) => record.node === node)?.agent;
            if (agent) await endProcess(agent, [{ signal: 'SIGKILL', waitMs: 30_000 }]);
          }
        },
        survivors: (node) => markedProcesses(nodesDirectories().map((nodes) => `LINARITE_NODE=${join(nodes, String(node), 'root')}`)),
        close: async () => {
          for (const nodes of nodesDirectories()) for (const { node, life } of await readRecords(nodes)) await provider.release(node, life, 2_000);
          await provider.close();
          rmSync(directory, { recursive: true, force: true });
        },
      };
    },
  );

  describe('hosts', () => {
    let directory: string;
    let owner: ScriptedOwner;
    const providers: ClosableProvider[] = [];
    const seen: Observation[] = [];
    let hosts: SshHosts;
    beforeEach(async () => {
      hosts = await startSshHosts(['127.0.0.2', '127.0.0.3']);
      directory = hostDirectory();
      owner = await startOwner();
      seen.length = 0;
    });
    afterEach(async () => {
      for (const provider of providers) {
        const there = await provider.list('all').catch((error: unknown) => (error instanceof EngineAway ? error.seen : []));
        for (const { node, life } of there) await provider.release(node, life, 0).catch(() => undefined);
        await provider.close();
      }
      providers.length = 0;
      await owner.close();
      await hosts.close();
      rmSync(directory, { recursive: true, force: true });
    });
    const made = (change: Partial<SshProviderOptions> = {}): ClosableProvider => {
      const provider = madeFor(directory, { port: hosts.port, keyFile: hosts.keyFile, knownHostsFile: hosts.knownHostsFile, ...change });
      providers.push(provider);
      provider.watch((observation) => {
        seen.push(observation);
        owner.look();
      });
      return provider;
    };
    const asked = (node: number, life = 1) => nodeRequest({ node, life, nodeId: `n${node}`, agentUrl: owner.agentUrl });
    const lastOf = (node: number) => seen.findLast((one) => one.node === node);
    /** Agents of nodes that hosts have records of. */
    const agents = async (): Promise<readonly ProcessIdentity[]> => {
      const below = await Promise.all(readdirSync(directory).map((name) => readRecords(join(directory, name, 'nodes'))));
      return below.flat().flatMap(({ agent }) => (agent !== null && isRunning(agent) ? [agent] : []));
    };

    test('that are full leave a node pending with the reason, and it starts where another goes', async () => {
      const provider = made({ nodesPerHost: 1, hosts: { kind: 'command', words: ['/bin/sh', '-c', 'printf "127.0.0.2 # the first\\n127.0.0.3\\n"'] } });
      await Promise.all([7, 8, 9].map((node) => provider.acquire(asked(node))));
      const waiting = seen.filter(({ observed }) => observed.kind === 'pending');
      expect(waiting).toEqual([{ node: expect.any(Number), life: 1, observed: { kind: 'pending', reason: 'The 2 hosts that can be reached have as many nodes as fit: 2.' } }]);
      expect((await provider.list(1)).filter(({ observed }) => observed.kind === 'pending')).toEqual(waiting);
      const ran = [7, 8, 9].filter((node) => node !== waiting[0]?.node);
      await provider.release(ran[0] ?? 0, 1, 1_000);
      await owner.until('it runs', () => lastOf(waiting[0]?.node ?? 0)?.observed.kind === 'running');
    });

    test('that vanish keep their nodes for the lease; the next life begins elsewhere, and what a host still has ends when it is back', async () => {
      const provider = made({ leaseMs: 8_000 });
      await provider.acquire(asked(7));
      await owner.until('it runs', () => owner.reports.some(({ kind }) => kind === 'ready'));
      const first = (await readRecords(join(directory, `${CLUSTER}-127.0.0.2`, 'nodes'))).length === 1 ? '127.0.0.2' : '127.0.0.3';
      const [agent] = await agents();
      if (agent === undefined) throw new Error('the node has no agent');
      await hosts.vanish(first);
      await expect(provider.list(1)).rejects.toMatchObject({ message: expect.stringContaining(`${first} cannot be reached`), seen: [{ node: 7, life: 1, observed: { kind: 'running' } }] });
      await expect(provider.release(7, 1, 0), 'nobody has proved it').rejects.toThrow(`${first} cannot be reached`);
      await provider.acquire(asked(7, 2));
      expect(lastOf(7)).toEqual({ node: 7, life: 2, observed: { kind: 'running' } });
      await provider.release(7, 1, 0);
      expect(isRunning(agent)).toBe(true);
      await hosts.comeBack(first);
      await expect.poll(() => [isRunning(agent), existsSync(join(directory, `${CLUSTER}-${first}`))], { timeout: 30_000 }).toEqual([false, false]);
      expect(await provider.list(1)).toEqual([{ node: 7, life: 2, observed: { kind: 'running' } }]);
    });

    test('that show another key than they had are refused by name, unknown ones as well, and nothing is sent there', async () => {
      await hosts.changeKey('127.0.0.3');
      const provider = made({ nodesPerHost: 1 });
      await provider.acquire(asked(7));
      await provider.acquire(asked(8));
      expect(lastOf(8)?.observed).toEqual({ kind: 'pending', reason: `The host that can be reached has as many nodes as fit: 1. 127.0.0.3 shows another host key than ${hosts.knownHostsFile} has for it: it is refused.` });
      await provider.release(7, 1, 0);
      const unknown = made({ knownHostsFile: '/dev/null', id: 'unknown' });
      expect((await unknown.probe()).limits).toContain('127.0.0.2 is refused: /dev/null has no host key of it.');
      await provider.release(8, 1, 0).catch(() => undefined);
      expect(readdirSync(directory)).toEqual([]);
    });

    test('that lack what agents need say so by name', async () => {
      const provider = made({ node: '/opt/no/node' });
      expect((await provider.probe()).limits).toContain('127.0.0.2: Node.js 20.19 or newer is needed, and there is no program /opt/no/node.');
      await provider.acquire(asked(7));
      expect(lastOf(7)?.observed).toEqual({ kind: 'pending', reason: expect.stringContaining('there is no program /opt/no/node') });
      await provider.release(7, 1, 0);
      const closed = made({ keyFile: '/dev/null', id: 'closed' });
      expect((await closed.probe()).limits).toContain('127.0.0.2 does not let the key /dev/null in.');
    });

    test('of two services never touch the other’s, and nothing of one is left after its last node', async () => {
      const [one, other] = [made(), made({ cluster: 'c0ffee000001', id: 'other' })];
      await Promise.all([one.acquire(asked(7)), other.acquire({ ...asked(7), life: 3 })]);
      await owner.until('both run', () => seen.filter(({ observed }) => observed.kind === 'running').length === 2);
      expect([await one.list('all'), await other.list('all')]).toMatchObject([[{ life: 1 }], [{ life: 3 }]]);
      await one.release(7, 1, 1_000);
      expect(readdirSync(directory).filter((name) => name.startsWith(CLUSTER))).toEqual([]);
      expect(await other.list('all')).toMatchObject([{ life: 3, observed: { kind: 'running' } }]);
      await other.release(7, 3, 1_000);
      expect(readdirSync(directory)).toEqual([]);
    });

    test('have nothing that a service killed between its request and their answer would not find again', async () => {
      const killed = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), join(import.meta.dirname, 'sshKilled.ts'), JSON.stringify({ directory, port: hosts.port, keyFile: hosts.keyFile, knownHostsFile: hosts.knownHostsFile, user: hosts.user, cluster: CLUSTER, request: asked(7) })], { stdio: ['ignore', 'pipe', 'inherit'] });
      // It has asked, and does not live to hear the answer.
      await once(killed.stdout, 'data');
      await expect.poll(() => readdirSync(directory, { recursive: true }).some((name) => String(name).endsWith('config.json')), { timeout: 30_000, interval: 5 }).toBe(true);
      killed.kill('SIGKILL');
      const provider = made();
      await expect.poll(async () => provider.list(1), { timeout: 30_000 }).toEqual([{ node: 7, life: 1, observed: { kind: expect.stringMatching(/running|ended/) } }]);
      await provider.release(7, 1, 0);
      expect(readdirSync(directory)).toEqual([]);
      expect(markedProcesses([`LINARITE_NODE=${join(directory, `${CLUSTER}-127.0.0.2`, 'nodes/7/root')}`])).toEqual([]);
    });
  });
});

function hostDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-hosts-'));
  chmodSync(directory, 0o711);
  return directory;
}
