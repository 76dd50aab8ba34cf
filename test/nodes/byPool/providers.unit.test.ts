import { expect, test } from 'vitest';
import type { NodeObservation } from '../../../src/core/events.ts';
import { EngineAway } from '../../../src/nodes/away.ts';
import { providersByPool } from '../../../src/nodes/byPool/providers.ts';
import type { ClosableProvider, Observation } from '../../../src/nodes/provider.ts';
import { idleProvider, nodeRequest } from '../../support/providers.ts';

/** An engine that does nothing by itself and says what a test says. */
function scripted({ leaseMs = null, maxNodes = null }: { readonly leaseMs?: number | null; readonly maxNodes?: number | null } = {}) {
  const asks: string[] = [];
  const watchers = new Set<(observation: Observation) => void>();
  const say = (node: number, life: number, observed: NodeObservation): void => {
    for (const watcher of watchers) watcher({ node, life, observed });
  };
  const script = { listed: [] as Observation[], away: false, fails: false, listFault: null as Error | null };
  const provider: ClosableProvider = {
    ...idleProvider,
    leaseOf: () => leaseMs,
    probe: () => Promise.resolve({ maxNodes, lowPriority: leaseMs !== null, limits: ['It is slow.'] }),
    acquire: ({ node, life }) => Promise.resolve(void asks.push(`acquire ${node}.${life}`)),
    release: async (node, life) => {
      asks.push(`release ${node}.${life}`);
      if (script.fails) throw new Error('it does not answer');
      say(node, life, { kind: 'ended', reason: 'released' });
    },
    halt: (node, life) => Promise.resolve(void asks.push(`halt ${node}.${life}`)),
    list: () => (script.listFault !== null ? Promise.reject(script.listFault) : script.away ? Promise.reject(new EngineAway('it does not answer.')) : Promise.resolve(script.listed)),
    watch: (callback) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    close: () => Promise.resolve(void asks.push('close')),
  };
  return { provider, asks, say, script };
}

function two() {
  const [here, there] = [scripted({ maxNodes: 4 }), scripted({ leaseMs: 300_000, maxNodes: 10 })];
  const chosen = { name: 'there' };
  const together = providersByPool(new Map([['here', here.provider], ['there', there.provider]]), () => chosen.name);
  const seen: string[] = [];
  together.watch(({ node, life, observed }) => seen.push(`${node}.${life} ${observed.kind}`));
  return { here, there, chosen, together, seen };
}

test('a node stays with the provider that it came from, whatever is chosen later', async () => {
  const { here, there, chosen, together } = two();
  await together.acquire(nodeRequest({ node: 7, life: 1 }));
  chosen.name = 'here';
  await together.acquire(nodeRequest({ node: 7, life: 2 }));
  await together.acquire(nodeRequest({ node: 8, life: 1 }));
  await together.halt(7, 1, 0);
  expect([there.asks, here.asks]).toEqual([['acquire 7.1', 'acquire 7.2', 'halt 7.1'], ['acquire 8.1']]);
  expect([together.leaseOf(7), together.leaseOf(8)]).toEqual([300_000, null]);
});

test('once it is released, its number is chosen for anew', async () => {
  const { here, chosen, together } = two();
  await together.acquire(nodeRequest({ node: 7, life: 1 }));
  await together.release(7, 1, 0);
  chosen.name = 'here';
  await together.acquire(nodeRequest({ node: 7, life: 2 }));
  expect(here.asks).toEqual(['acquire 7.2']);
});

test('after a restart nodes are found where they are', async () => {
  const { here, there, together } = two();
  here.script.listed = [{ node: 1, life: 3, observed: { kind: 'running' } }];
  there.script.listed = [{ node: 2, life: 1, observed: { kind: 'pending', reason: 'Priority.' } }];
  expect(await together.list(1)).toHaveLength(2);
  await together.release(1, 3, 0);
  await together.release(2, 1, 0);
  expect([here.asks, there.asks]).toEqual([['release 1.3'], ['release 2.1']]);
});

test('the late word of its end does not keep a released number where it was', async () => {
  const { here, there, chosen, together, seen } = two();
  await together.acquire(nodeRequest({ node: 7, life: 1 }));
  await together.release(7, 1, 0);
  there.say(7, 1, { kind: 'ended', reason: 'Slurm shows it no more' });
  chosen.name = 'here';
  await together.acquire(nodeRequest({ node: 7, life: 2 }));
  expect([here.asks, seen.at(-1)]).toEqual([['acquire 7.2'], '7.1 ended']);
});

test('a fault of ours is not taken for an engine that is away', async () => {
  const { there, together } = two();
  there.script.listFault = new TypeError('a fault of ours');
  await expect(together.list(1)).rejects.toThrow(TypeError);
});

test('one that nobody is known to have has ended only when every engine says so', async () => {
  const { here, there, together, seen } = two();
  there.script.fails = true;
  await expect(together.release(9, 1, 0)).rejects.toThrow('it does not answer');
  expect(here.asks).toEqual(['release 9.1']);
  expect(seen, 'the word of the other one proves nothing').toEqual([]);
  expect(together.leaseOf(9), 'it may be anybody’s').toBe(300_000);
  there.script.fails = false;
  await together.release(9, 1, 0);
  expect(seen).toEqual(['9.1 ended']);
});

test('an engine that does not answer hides nothing of the others', async () => {
  const { here, there, together } = two();
  here.script.listed = [{ node: 1, life: 1, observed: { kind: 'running' } }];
  there.script.away = true;
  const fault = await together.list('all').catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(EngineAway);
  expect(fault).toMatchObject({ message: 'there: it does not answer.', seen: here.script.listed });
});

test('what each cannot guarantee is said with its name, and rooms add up', async () => {
  const { together } = two();
  expect(await together.probe()).toEqual({ maxNodes: 14, lowPriority: true, limits: ['here: It is slow.', 'there: It is slow.'] });
});

test('a word on a later life is not undone by one on an earlier', async () => {
  const { here, there, together } = two();
  there.say(7, 2, { kind: 'running' });
  here.say(7, 1, { kind: 'ended', reason: 'gone' });
  await together.halt(7, 2, 0);
  expect([here.asks, there.asks]).toEqual([[], ['halt 7.2']]);
});

test('all are closed together', async () => {
  const { here, there, together } = two();
  await together.close();
  expect([here.asks, there.asks]).toEqual([['close'], ['close']]);
});
