import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { beforeNodesOf } from '../../src/core/node/numbers.ts';
import type { Observation, PoolProvider, NodeRequest } from '../../src/nodes/provider.ts';
import { contentOf } from '../support/files.ts';
import { nodeRequest } from '../support/providers.ts';
import { type ScriptedOwner, startOwner, work } from '../agent/scriptedOwner.ts';

/** One service's view of a provider: `restart` gives what the next process of the service would make. */
export interface ProviderUnderTest {
  readonly provider: PoolProvider;
  /** Stops this one, leaving its nodes, and makes the next. */
  restart(): Promise<PoolProvider>;
  /** Ends the agent of the node without a word to it. */
  killAgent(node: number): Promise<void>;
  /** Processes that the node started and that still live. */
  survivors(node: number): readonly number[];
  close(): Promise<void>;
}

/** On a busy machine. */
const DEATH_WITHIN_MS = 20_000;

/** What the owner relies on, whatever the engine. `create` is told where agents dial in, as a service knows it. */
export function describeProvider(name: string, create: (agentUrl: string) => Promise<ProviderUnderTest>): void {
  describe(`nodes from the ${name} provider`, () => {
    let under: ProviderUnderTest;
    let owner: ScriptedOwner;
    let seen: Observation[];
    let request: NodeRequest;
    beforeEach(async () => {
      owner = await startOwner();
      under = await create(owner.agentUrl);
      seen = [];
      under.provider.watch((observation) => {
        seen.push(observation);
        owner.look();
      });
      request = nodeRequest({ node: 7, nodeId: 'tvmps_07_d', slots: 4, agentUrl: owner.agentUrl, credential: 'contract-secret' });
    });
    afterEach(async () => {
      await under.close();
      await owner.close();
    });

    const saw = (life: number, kind: Observation['observed']['kind']): boolean => seen.some((one) => one.node === 7 && one.life === life && one.observed.kind === kind);
    const hellos = () => owner.frames.filter(({ frame }) => frame.kind === 'hello');
    const ready = () => owner.until('the node is ready', () => owner.reports.some(({ kind }) => kind === 'ready'));
    const startStubbornTask = async (): Promise<void> => {
      const script = `setsid sleep 301 & env -i setsid sleep 302 & (trap "" TERM INT HUP; while :; do sleep 1; done) & echo up > $AZ_BATCH_NODE_SHARED_DIR/up; sleep 303`;
      const key = { job: 1, task: 1, attempt: 1, instance: 0 };
      owner.command({ kind: 'offer', key, work: work({ commandLine: `/bin/sh -c '${script}'` }) });
      await expect.poll(() => under.survivors(7).length, { timeout: 30_000 }).toBeGreaterThanOrEqual(6);
    };

    test('run, and their agents dial in with the credential that was given', async () => {
      await under.provider.acquire(request);
      await ready();
      await owner.until('the engine says that it runs', () => saw(1, 'running'));
      expect(hellos()[0]).toMatchObject({ credential: 'Bearer contract-secret', frame: { nodeId: 'tvmps_07_d', report: { life: 1 } } });
      expect(await under.provider.list(1)).toEqual([{ node: 7, life: 1, observed: { kind: 'running' } }]);
      expect(await under.provider.list(2), 'of another account').toEqual([]);
      expect(await under.provider.list('all')).toHaveLength(1);
    });

    test('are listed to their own account, also after a restart of the service', async () => {
      const node = beforeNodesOf(2) + 7;
      await under.provider.acquire({ ...request, account: 2, node, priority: 'low', image: null });
      expect([await under.provider.list(1), await under.provider.list(2)]).toMatchObject([[], [{ node, life: 1 }]]);
      const next = await under.restart();
      expect([await next.list(1), await next.list(2), await next.list('all')]).toMatchObject([[], [{ node, life: 1 }], [{ node, life: 1 }]]);
    });

    test('are not doubled when asked for twice', async () => {
      await under.provider.acquire(request);
      await ready();
      await under.provider.acquire(request);
      expect(await under.provider.list(1)).toHaveLength(1);
      await under.provider.release(7, 1, 5_000);
      expect(hellos()).toHaveLength(1);
    });

    test('end with everything they started when they are released, and are forgotten', async () => {
      await under.provider.acquire(request);
      await ready();
      await startStubbornTask();
      await under.provider.release(7, 1, 5_000);
      expect(under.survivors(7)).toEqual([]);
      expect(saw(1, 'ended')).toBe(true);
      expect(await under.provider.list(1)).toEqual([]);
    });

    test('whose agent is killed have ended only when nothing that they started lives', async () => {
      await under.provider.acquire(request);
      await ready();
      await startStubbornTask();
      const killedAt = performance.now();
      await under.killAgent(7);
      await owner.until('ended', () => saw(1, 'ended'));
      expect(under.survivors(7)).toEqual([]);
      expect(performance.now() - killedAt).toBeLessThan(DEATH_WITHIN_MS);
    });

    test('go on while the service is away and are found again', async () => {
      await under.provider.acquire(request);
      await ready();
      const next = await under.restart();
      next.watch((observation) => {
        seen.push(observation);
        owner.look();
      });
      expect(await next.list(1)).toEqual([{ node: 7, life: 1, observed: { kind: 'running' } }]);
      await under.killAgent(7);
      await owner.until('ended', () => saw(1, 'ended'));
    });

    test('that ended while the service was away are told so', async () => {
      await under.provider.acquire(request);
      await ready();
      await startStubbornTask();
      const restarted = under.restart();
      await under.killAgent(7);
      expect(await (await restarted).list(1)).toMatchObject([{ node: 7, life: 1, observed: { kind: 'ended' } }]);
      expect(under.survivors(7)).toEqual([]);
    });

    test('get a next life in place of the one before', async () => {
      await under.provider.acquire(request);
      await ready();
      await under.provider.acquire({ ...request, life: 2 });
      await owner.until('the second life says hello', () => hellos().some(({ frame }) => frame.kind === 'hello' && frame.report.life === 2));
      await owner.until('it is running', () => saw(2, 'running'));
      expect(await under.provider.list(1)).toEqual([{ node: 7, life: 2, observed: { kind: 'running' } }]);
      await under.provider.release(7, 1, 0);
      expect(await under.provider.list(1), 'a release of an earlier life changes nothing').toHaveLength(1);
    });

    test('that nobody knows are ended when released', async () => {
      await under.provider.release(7, 3, 1_000);
      expect(saw(3, 'ended')).toBe(true);
    });

    test('never carry the credential in a process argument', async () => {
      await under.provider.acquire(request);
      await ready();
      for (const pid of under.survivors(7)) expect(contentOf(`/proc/${pid}/cmdline`).toString()).not.toContain('contract-secret');
    });

    test('tell what they can and cannot do here', async () => {
      const capabilities = await under.provider.probe();
      expect(capabilities.limits.every((limit) => limit.endsWith('.'))).toBe(true);
    });
  });
}
