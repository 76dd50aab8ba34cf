import { expect, test } from 'vitest';
import { Owner } from '../../src/control/owner.ts';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { runLoop, type LoopTime, type OwnerLoop } from '../../src/control/loop.ts';
import { createCore } from '../../src/core/core.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { createWorld, EPOCH, type World } from '../../src/simulation/world.ts';
import type { PoolProvider } from '../../src/nodes/provider.ts';
import type { OwnerStore } from '../../src/store/ownerStore.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { jobIntent, taskIntent } from '../support/intents.ts';
import { idleProvider } from '../support/providers.ts';

const STORE_MS = 3;
const SECONDS = 60;

/** The production owner, turned by the production loop in virtual time, on a store that takes 3 ms a question. */
async function ownerInVirtualTime() {
  const world = createWorld(1);
  const { store, intents } = memoryStore({ clock: world.now });
  const slow = async <T>(ask: () => Promise<T>): Promise<T> => {
    await world.sleep(STORE_MS);
    return ask();
  };
  const ticks: number[] = [];
  const slowStore: OwnerStore = {
    ...store,
    readInbox: (account, limit, also) => slow(() => store.readInbox(account, limit, also)),
    readTasks: (job, after, limit) => slow(() => store.readTasks(job, after, limit)),
    commit: (tick) => {
      ticks.push(world.now());
      return slow(() => store.commit(tick));
    },
  };
  const refuse = (): never => {
    throw new Error('there are no nodes here');
  };
  const provider: PoolProvider = { ...idleProvider, acquire: refuse, release: refuse, halt: refuse };
  let loop: OwnerLoop | undefined;
  const owner = new Owner({
    account: { number: 1, name: 'a', url: 'http://a' },
    process: 'p',
    processUrl: 'http://p',
    agentUrl: 'ws://p',
    store: slowStore,
    provider,
    createCore,
    credentials: nodeCredentials(new Uint8Array(32)),
    tokens: taskTokens(new Uint8Array(32)),
    sign: { container: (name) => name, url: () => null, endpoint: (account) => account }, secrets: createSealing(new Uint8Array(32)),
    clock: world.now,
    monotonic: world.now,
    random: world.random,
    onWork: () => loop?.wake(),
    onFault: (fault) => expect.unreachable(fault.message),
    onDeposed: () => expect.unreachable('deposed'),
    log: { info: () => undefined, warn: (fields, message) => expect.unreachable(`${message} ${JSON.stringify(fields)}`), error: () => undefined },
  });
  await owner.start();
  loop = runLoop(owner, { time: timeOf(world), onError: (error) => expect.unreachable(String(error)) });
  return { world, intents, owner, ticks };
}

function timeOf(world: World): LoopTime {
  return {
    now: () => world.now(),
    after: (ms, happen) => {
      let called = true;
      world.after(ms, () => called && happen());
      return () => {
        called = false;
      };
    },
  };
}

test('while a task is added each millisecond for a minute, a wake-up is answered within 100 ms, and ticks that nobody waits for keep their pace', async () => {
  const { world, intents, owner, ticks } = await ownerInVirtualTime();
  const job = await intents.addJob(1, jobIntent());
  let added = 0;
  const add = (): void => {
    void intents.addTasks(job, [taskIntent(`t${(added += 1)}`)]).then(() => owner.sweep());
    if (added < SECONDS * 1_000) world.after(1, add);
  };
  add();
  const answers: number[] = [];
  const wake = (): void => {
    const askedAt = world.now();
    void owner.wake().then(() => answers.push(world.now() - askedAt));
    if (world.now() < EPOCH + SECONDS * 1_000) world.after(1_000, wake);
  };
  wake();
  await world.run(() => false, EPOCH + (SECONDS + 1) * 1_000);
  expect(answers).toHaveLength(SECONDS + 1);
  expect(Math.max(...answers)).toBeLessThan(100);
  // One tick each 16 ms, and one for each wake-up.
  expect(ticks.length).toBeLessThan((SECONDS * 1_000) / 16 + SECONDS + 20);
  expect(ticks.length).toBeGreaterThan((SECONDS * 1_000) / 16 / 2);
});

test('what was added is in the commit that begins at once where it is handed over; where it is not, it is asked for first', async () => {
  const { world, intents, owner, ticks } = await ownerInVirtualTime();
  const job = await intents.addJob(1, jobIntent());
  const rest = async (): Promise<void> => {
    world.after(500, () => undefined);
    await world.run(() => false, world.now() + 500);
  };
  owner.sweep();
  await rest();
  const askedAt: number[] = [];
  for (const isHanded of [true, false]) {
    const added = await intents.addTasks(job, [taskIntent(String(isHanded))]);
    askedAt.push(world.now());
    owner.sweep(isHanded ? added : undefined);
    expect([owner.isAsked(), owner.hasWork()]).toEqual([true, true]);
    await rest();
  }
  const took = ticks.filter((at) => at >= (askedAt[0] ?? 0)).map((at) => askedAt.map((asked) => at - asked).find((ms) => ms >= 0 && ms < 500));
  expect(took).toEqual([0, 2 * STORE_MS]);
});
