import { describe, expect, test } from 'vitest';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { beat } from '../../src/control/heartbeat.ts';
import { runLoop, type LoopTime, type OwnerLoop } from '../../src/control/loop.ts';
import { Owner } from '../../src/control/owner.ts';
import { Owners } from '../../src/control/owners.ts';
import { createCore } from '../../src/core/core.ts';
import type { AccountNumber } from '../../src/core/keys.ts';
import { accountOf } from '../../src/core/node/numbers.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { createWorld } from '../../src/simulation/world.ts';
import { AccountOwned } from '../../src/store/ownerStore.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { jobIntent, poolIntent, taskIntent } from '../support/intents.ts';
import { engine } from '../support/providers.ts';

/** The owners of accounts 1 and 2 in one process, in virtual time. */
async function process() {
  const world = createWorld(1);
  const { store, intents } = memoryStore({ clock: world.now });
  const { provider, machines, released } = engine();
  const beats: string[] = [];
  const counted = { ...store, heartbeat: (process: string) => (beats.push(process), store.heartbeat(process)) };
  const faults: Error[] = [];
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const owners = new Owners({ onFault: (fault) => void faults.push(fault), onDeposed: () => expect.unreachable('deposed'), log });
  const broken = new Set<AccountNumber>();
  const time: LoopTime = {
    now: world.now,
    after: (ms, happen) => {
      let called = true;
      world.after(ms, () => called && happen());
      return () => {
        called = false;
      };
    },
  };
  const ownerOf = (account: AccountNumber, onWork: () => void): Owner =>
    new Owner({
      account: { number: account, name: `a${account}`, url: 'http://a' },
      process: 'p',
      processUrl: 'http://p',
      agentUrl: 'ws://p',
      store: counted,
      provider,
      createCore: (snapshot, now) => {
        const core = createCore(snapshot, now);
        return {
          ...core,
          isOpen: (job, task) => core.isOpen(job, task),
          apply: (event, at) => core.apply(event, at),
          decide: (at, random) => {
            if (broken.has(account)) throw new Error(`the rules of account ${account} fail`);
            return core.decide(at, random);
          },
        };
      },
      credentials: nodeCredentials(new Uint8Array(32)),
    tokens: taskTokens(new Uint8Array(32)),
      sign: { container: (name) => name, url: () => null, endpoint: (account) => account }, secrets: createSealing(new Uint8Array(32)),
      clock: world.now,
      monotonic: world.now,
      random: world.random,
      onWork,
      onFault: (fault) => owners.fault(account, fault),
      onDeposed: () => owners.deposed(account),
      log,
    });
  const loops = new Map<AccountNumber, OwnerLoop>();
  const own = async (account: AccountNumber): Promise<Owner> => {
    const owner = ownerOf(account, () => loops.get(account)?.wake());
    owners.add(account, owner);
    await owner.start();
    loops.set(account, runLoop(owner, { time, onError: () => undefined }));
    return owner;
  };
  const [first, second] = [await own(1), await own(2)];
  const pass = (ms: number) => world.run(() => false, world.now() + ms);
  return { first, second, owners, ownerOf, intents, store: counted, machines, released, beats, faults, broken, pass };
}

function channel() {
  const closed: string[] = [];
  return { closed, send: () => undefined, close: (reason: string) => void closed.push(reason) };
}

describe('two accounts in one process', () => {
  test('what is asked of one is asked of its owner', async () => {
    const { owners, intents, pass } = await process();
    const job = await intents.addJob(2, jobIntent());
    await intents.addTasks(job, [taskIntent('t')]);
    const woken = owners.wake(2);
    await pass(1_000);
    await woken;
    expect(await owners.explanations.job(2, job)).toMatchObject({ open: 1 });
    expect(await owners.explanations.job(1, job)).toBeNull();
    await expect(owners.wake(3)).rejects.toThrow('account 3 is not owned here');
    expect(await owners.explanations.job(3, job)).toBeUndefined();
  });

  test('nodes are of one of them: its credential and its agent lead there, and the other, loading, lets them be', async () => {
    const { first, owners, ownerOf, intents, machines, released, pass } = await process();
    for (const account of [1, 2]) await intents.addPool(account, poolIntent());
    await pass(5_000);
    expect([...machines.keys()].map(accountOf).toSorted()).toEqual([1, 2]);
    for (const { node, life, credential } of machines.values()) {
      expect(owners.authenticate(credential)).toEqual({ account: accountOf(node), node, life });
      expect(first.authenticate(credential) !== null).toBe(accountOf(node) === 1);
      const agent = channel();
      owners.connect(node, life, agent);
      expect(agent.closed).toEqual([]);
    }
    const stranger = channel();
    owners.connect(2 ** 33 + 1, 1, stranger);
    expect(stranger.closed).toEqual(['the account of this node is not owned here']);
    await ownerOf(1, () => undefined).start();
    await pass(5_000);
    expect(released).toEqual([]);
    expect(machines.size).toBe(2);
  });

  test('there is one heartbeat, from which each learns whether it still has its account', async () => {
    const { first, second, owners, store, beats } = await process();
    const options = { owners: () => owners.living(), store, process: 'p' };
    await beat(options);
    expect([beats, first.phase, second.phase]).toEqual([['p'], 'ready', 'ready']);
    await store.resign(2, 'p');
    await beat(options);
    expect([first.phase, second.phase, owners.of(2)]).toEqual(['ready', 'ended', undefined]);
  });

  test('a fault of the rules of one ends it alone and frees its account; that of the last ends the process', async () => {
    const { first, second, owners, store, broken, faults, intents, pass } = await process();
    broken.add(2);
    await intents.addJob(2, jobIntent());
    await pass(60_000);
    expect([first.phase, second.phase, owners.of(2), faults]).toEqual(['ready', 'ended', undefined, []]);
    await beat({ owners: () => owners.living(), store, process: 'p' });
    expect(await store.claim(2, 'q', 'http://q')).toMatchObject({ epoch: expect.any(Number) });
    await expect(store.claim(1, 'q', 'http://q')).rejects.toThrow(AccountOwned);
    broken.add(1);
    await intents.addJob(1, jobIntent());
    await pass(60_000);
    expect([first.phase, faults.length]).toEqual(['ended', 1]);
    expect(faults[0]?.message).toContain('The rules failed');
  });
});
