import { expect, test } from 'vitest';
import { Intake } from '../../src/control/intake.ts';
import { Specs } from '../../src/control/specs.ts';
import { Sweeps } from '../../src/control/sweeps.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import type { OwnerStore } from '../../src/store/ownerStore.ts';
import type { Decisions } from '../../src/core/decisions.ts';
import type { DependencyIds } from '../../src/core/intent.ts';
import { jobIntent, poolIntent, taskIntent } from '../support/intents.ts';
import { jobStatus } from '../support/statuses.ts';

/** An intake of an account that has just been loaded. */
function loaded(store: OwnerStore, snapshot: ConstructorParameters<typeof Intake>[1] = { jobs: [], satisfied: [] }, sweeps = new Sweeps()): Intake {
  return new Intake({ store, account: 1, specs: new Specs(store), sweeps, admit: (event) => event }, snapshot);
}

test('a task added to one job does not wait until the tens of thousands of another have been taken in', async () => {
  const { store, intents } = memoryStore({ clock: () => 0 });
  const intake = loaded(store);
  const large = await intents.addJob(1, jobIntent({ id: 'large' }));
  await intents.addTasks(large, Array.from({ length: 20_000 }, (_, index) => taskIntent(`t${index}`)));
  const small = await intents.addJob(1, jobIntent({ id: 'small' }));
  await intents.addTasks(small, [taskIntent('t')]);
  const takenIn = new Map([[large, 0], [small, 0]]);
  const read = async (): Promise<boolean> => {
    const { events } = await intake.read();
    for (const event of events) if (event.kind === 'tasks') takenIn.set(event.job, event.through);
    return intake.hasWork();
  };
  await read();
  await read();
  expect(takenIn.get(small)).toBe(1);
  expect(takenIn.get(large)).toBeLessThan(20_000);
  while (await read()) expect(takenIn.get(large)).toBeLessThan(20_000);
  expect(takenIn.get(large)).toBe(20_000);
});

/** An account with a job, and an intake whose reads a test can look into. */
async function withJob() {
  const { store, intents } = memoryStore({ clock: () => 0 });
  const job = await intents.addJob(1, jobIntent());
  const hooks = { whileReading: (): Promise<unknown> => Promise.resolve(), failsFrom: Infinity, pages: 0, lookUps: 0, lookUpFails: false };
  const watched: typeof store = {
    ...store,
    readInbox: async (account, limit, also) => {
      const batch = await store.readInbox(account, limit, also);
      await hooks.whileReading();
      return batch;
    },
    readTasks: async (number, after, limit) => {
      hooks.pages += 1;
      if (hooks.pages >= hooks.failsFrom) throw new Error('the database is away');
      return store.readTasks(number, after, limit);
    },
    readSatisfied: async (number, among) => {
      hooks.lookUps += 1;
      if (hooks.lookUpFails) throw new Error('the database is away');
      return store.readSatisfied(number, among);
    },
  };
  let tick = 0;
  const commit = async (entries: readonly number[], change: Partial<Decisions> = {}): Promise<void> => {
    const decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false, ...change };
    await store.commit({ account: 1, epoch: 1, tick: (tick += 1), now: 0, decisions, inboxEntries: entries, specs: [], journal: null });
  };
  await store.claim(1, 'p', 'http://p');
  const sweeps = new Sweeps();
  const load = (snapshot?: Parameters<typeof loaded>[1]): Intake => loaded(watched, snapshot, sweeps);
  return { intents, store, job, hooks, commit, load, sweeps, intake: load() };
}

test('a sweep covers what was committed before it began, not what is committed while it reads', async () => {
  const { intents, job, hooks, intake, commit, sweeps } = await withJob();
  const first = sweeps.ask();
  hooks.whileReading = async () => {
    hooks.whileReading = () => Promise.resolve();
    await intents.addTasks(job, [taskIntent('late')]);
    expect(sweeps.ask()).toBe(first + 1);
  };
  const taken = await intake.read();
  expect(taken.sweep).toBe(first);
  expect(intake.hasWork()).toBe(true);
  await commit(taken.entries);
  expect((await intake.read()).sweep).toBe(first + 1);
});

test('a sweep ends however fast others add: entries and tasks that came after it began are not its own', async () => {
  const { intents, job, hooks, intake, commit, sweeps } = await withJob();
  await intents.addTasks(job, Array.from({ length: 12_000 }, (_, index) => taskIntent(`t${index}`)));
  for (let entry = 0; entry < 1_500; entry += 1) await intents.changeJob(job, { priority: entry });
  const sweep = sweeps.ask();
  let reads = 0;
  hooks.whileReading = async () => {
    // As much again in each tick as one tick takes in.
    await intents.addTasks(job, Array.from({ length: 5_000 }, (_, index) => taskIntent(`r${reads}.${index}`)));
    for (let entry = 0; entry < 1_000; entry += 1) await intents.changeJob(job, { priority: entry });
    sweeps.ask();
  };
  for (let covered = 0; covered < sweep; reads += 1) {
    expect(reads).toBeLessThan(10);
    const taken = await intake.read();
    await commit(taken.entries);
    covered = taken.sweep;
  }
});

test('a read that fails takes nothing: the next one brings it all', async () => {
  const { intents, job, hooks, intake, sweeps } = await withJob();
  const other = await intents.addJob(1, jobIntent({ id: 'other' }));
  await intents.addTasks(job, [taskIntent('a')]);
  await intents.addTasks(other, [taskIntent('b')]);
  const first = sweeps.ask();
  hooks.failsFrom = 2;
  await expect(intake.read()).rejects.toThrow('away');
  hooks.failsFrom = Infinity;
  const taken = await intake.read();
  expect(taken.sweep).toBe(first);
  expect(taken.events.map(({ kind }) => kind)).toEqual(['job', 'job', 'tasks', 'tasks']);
});

test('of a job that was completed before the account was loaded no tasks are read from its first on', async () => {
  const { intents, job, hooks, intake, commit, load } = await withJob();
  await commit((await intake.read()).entries);
  await intents.addTasks(job, [taskIntent('a')]);
  const again = load();
  const taken = await again.read();
  expect(taken.entries).toHaveLength(1);
  expect(hooks.pages).toBe(0);
});

test('what was asked of a job that did not end comes with the pages of the inbox, until all of that is read', async () => {
  const { intents, job, hooks, intake, commit, sweeps } = await withJob();
  await intents.addTasks(job, [taskIntent('a')]);
  await commit((await intake.read()).entries);
  // Made active again: this count is in the job's row, and who counted it in the inbox.
  await intents.changeTask(job, 1, { reactivateSequence: 1 });
  await commit((await intake.read()).entries);
  await intents.addTasks(job, [taskIntent('b')]);
  for (let entry = 0; entry < 1_000; entry += 1) await intents.addTasks(job, [taskIntent(`t${entry}`)]);
  intake.catchUp(job);
  expect(intake.hasWork()).toBe(true);
  const jobs = ({ events }: Awaited<ReturnType<typeof intake.read>>) => events.flatMap((event) => (event.kind === 'job' ? [[event.intent.job, event.intent.nextTask, event.intent.reactivations]] : []));
  const first = await intake.read();
  expect(jobs(first)).toEqual([[job, 1_003, -1]]);
  await commit(first.entries);
  hooks.failsFrom = hooks.pages + 1;
  await intents.addTasks(job, [taskIntent('c')]);
  await expect(intake.read()).rejects.toThrow('away');
  hooks.failsFrom = Infinity;
  const second = await intake.read();
  expect(jobs(second)).toEqual([[job, 1_004, 1]]);
  await commit(second.entries);
  sweeps.ask();
  expect(jobs(await intake.read())).toEqual([]);
});

test('after a load, jobs come with the first pages of the inbox of which tasks were made active again', async () => {
  const { intents, store, job, intake, commit, load } = await withJob();
  const other = await intents.addJob(1, jobIntent({ id: 'other' }));
  await intents.addTasks(job, [taskIntent('a')]);
  await intents.changeTask(job, 1, { reactivateSequence: 1 });
  await commit((await intake.read()).entries);
  const snapshot = await store.load(1);
  const { jobs } = snapshot;
  expect(jobs.map(({ intent }) => [intent.job, intent.reactivations])).toEqual([[job, -1], [other, 0]]);
  const again = load(snapshot);
  const { events } = await again.read();
  expect(events).toMatchObject([{ kind: 'job', intent: { job, reactivations: 1 } }, { kind: 'tasks' }]);
});

test('new tasks of many jobs are read beside each other, not job after job, and none is left out', async () => {
  const { store, intents } = memoryStore({ clock: () => 0 });
  let [asked, most] = [0, 0];
  const watched: typeof store = {
    ...store,
    readTasks: async (job, after, limit) => {
      asked += 1;
      most = Math.max(most, asked);
      await new Promise((resolve) => setImmediate(resolve));
      asked -= 1;
      return store.readTasks(job, after, limit);
    },
  };
  const intake = loaded(watched);
  const jobs: number[] = [];
  for (let number = 0; number < 40; number += 1) {
    const job = await intents.addJob(1, jobIntent({ id: `job-${number}` }));
    await intents.addTasks(job, [taskIntent('t')]);
    jobs.push(job);
  }
  const { events } = await intake.read();
  expect(events.flatMap((event) => (event.kind === 'tasks' ? [event.job] : []))).toEqual(jobs);
  expect(most).toBe(32);
});

test('a sweep whose commit failed is not covered before all of it has been read again, one entry at a time if need be', async () => {
  const { intents, intake, commit, sweeps, load } = await withJob();
  await intents.addPool(1, poolIntent());
  const asked = sweeps.ask();
  expect((await intake.read()).sweep).toBe(asked);
  const later = sweeps.ask();
  const again = load();
  const first = await again.read('one');
  expect([first.entries.length, first.events.length]).toEqual([1, 1]);
  expect(first.sweep).toBeLessThan(asked);
  await commit(first.entries);
  const second = await again.read('one');
  expect(second.events.map(({ kind }) => kind)).toEqual(['pool']);
  expect(second.sweep).toBe(later);
});

test('ids that were satisfied before the account was loaded come when a task names them, before that task', async () => {
  const { intents, store, job: other, hooks, intake: first, commit, sweeps, load } = await withJob();
  const job = await intents.addJob(1, jobIntent({ id: 'dependent', usesTaskDependencies: true }));
  await intents.addTasks(job, ['a', 'b', '7', '8'].map((id) => taskIntent(id)));
  const taken = await first.read();
  const satisfied = ['a', 'b', '7', '8'].map((idKey) => ({ job, idKey }));
  await commit(taken.entries, { satisfied, jobs: [jobStatus(job, { ingested: 4 })] });
  let intake = first;
  let added = 0;
  const events = async (dependsOn: DependencyIds | null): Promise<readonly unknown[]> => {
    await intents.addTasks(job, [taskIntent(`t${(added += 1)}`, { dependsOn })]);
    sweeps.ask();
    const read = await intake.read();
    await commit(read.entries);
    return read.events.map((event) => (event.kind === 'satisfied' ? event.ids : event.kind));
  };
  // The rules have seen them all for themselves.
  expect(await events({ ids: ['a'], ranges: [] })).toEqual(['tasks']);
  const snapshot = await store.load(1);
  expect(snapshot.satisfied).toEqual([{ job, ids: [], isWhole: false }]);
  intake = load(snapshot);
  await commit((await intake.read()).entries);
  expect(await events(null)).toEqual(['tasks']);
  expect(await events({ ids: ['b', 'none'], ranges: [] })).toEqual([['b'], 'tasks']);
  // Something is asked of the tasks that name `a` and `b`: it may be to run again. They are looked up at once.
  hooks.lookUps = 0;
  for (const task of [5, 7]) await intents.changeTask(job, task, { terminateAt: 1 });
  expect(await events(null)).toEqual(['tasks', ['a', 'b'], 'task', 'task']);
  expect(hooks.lookUps).toBe(1);
  await intents.addTasks(job, [taskIntent('range', { dependsOn: { ids: [], ranges: [{ start: 7, end: 8 }] } })]);
  // More jobs than are read beside each other: the last one's page fails when the first one's ids have been read.
  await intents.addTasks(other, [taskIntent('other')]);
  for (let number = 0; number < 3; number += 1) await intents.addTasks(await intents.addJob(1, jobIntent({ id: `other-${number}` })), [taskIntent('t')]);
  hooks.failsFrom = hooks.pages + 5;
  sweeps.ask();
  await expect(intake.read()).rejects.toThrow('away');
  hooks.failsFrom = Infinity;
  const whole = await intake.read();
  expect(whole.events.flatMap((event) => (event.kind === 'satisfied' ? [[...event.ids].toSorted()] : []))).toEqual([['7', '8', 'a', 'b']]);
  await commit(whole.entries);
  expect(await events({ ids: ['a'], ranges: [] })).toEqual(['tasks']);
});

/** As `withJob`, after a first read: nothing is left to be looked at. */
async function atRest() {
  const it = await withJob();
  let inboxes = 0;
  const { hooks, intake, commit } = it;
  hooks.whileReading = () => {
    inboxes += 1;
    return Promise.resolve();
  };
  await commit((await intake.read()).entries);
  inboxes = 0;
  const add = (...ids: string[]) => it.intents.addTasks(it.job, ids.map((id) => taskIntent(id)));
  /** Tasks of each event, and up to where they go. */
  const read = async (amount?: 'one') => {
    const taken = await intake.read(amount);
    return { ...taken, told: taken.events.map((event) => (event.kind === 'tasks' ? [...event.tasks.map(({ intent }) => intent.idKey), event.through] : [event.kind])) };
  };
  return { ...it, add, read, reads: () => [inboxes, hooks.pages] };
}

test('tasks that are handed over are taken in as if they had been read, and nothing is read', async () => {
  const { store, job, intake, commit, add, read, reads } = await atRest();
  const handed = [await add('a', 'b'), await add('c')];
  expect(handed.map((added) => intake.hand(added))).toEqual([true, true]);
  expect([intake.isHanded, intake.hasWork()]).toEqual([true, true]);
  const { tasks } = await store.readTasks(job, 0, 10);
  const { events, entries, told } = await read();
  expect(events).toEqual([{ kind: 'tasks', job, through: 3, tasks }]);
  expect(told).toEqual([['a', 'b', 'c', 3]]);
  expect(entries).toEqual(handed.map(({ entry }) => entry));
  await commit(entries);
  expect([reads(), intake.hasWork(), (await store.readInbox(1, 10)).entries]).toEqual([[0, 0], false, []]);
});

test('what does not follow on what is known is read, in the same turn, with what came before it', async () => {
  const { store, intake, commit, add, read, reads } = await atRest();
  await add('of another process');
  const late = await add('late');
  expect(intake.hand(late)).toBe(true);
  const { told, entries } = await read();
  expect([told, reads()]).toEqual([[['of another process', 'late', 2]], [1, 1]]);
  expect(entries).toContain(late.entry);
  await commit(entries);
  expect([intake.hasWork(), (await store.readInbox(1, 10)).entries]).toEqual([false, []]);
});

test('tasks that were read before they were handed over are not taken in again, and their entry goes', async () => {
  const { store, sweeps, intake, commit, add, read, reads } = await atRest();
  const added = await add('a');
  sweeps.ask();
  await read();
  expect(intake.hand(added)).toBe(true);
  const { told, entries } = await read();
  expect([told, entries, reads()]).toEqual([[], [added.entry], [1, 1]]);
  await commit(entries);
  expect((await store.readInbox(1, 10)).entries).toEqual([]);
});

test('nothing is taken over while the inbox is to be read anyway, or the job is not known, or more of it waits', async () => {
  const { intents, job, sweeps, intake, commit, add, read } = await atRest();
  sweeps.ask();
  expect(intake.hand(await add('a'))).toBe(false);
  await commit((await read()).entries);
  const other = await intents.addJob(1, jobIntent({ id: 'other' }));
  expect(intake.hand(await intents.addTasks(other, [taskIntent('x')]))).toBe(false);
  await intents.addTasks(job, Array.from({ length: 6_000 }, (_, index) => taskIntent(`t${index}`)));
  sweeps.ask();
  await commit((await read()).entries);
  expect([intake.hasWork(), intake.hand(await add('b'))]).toEqual([true, false]);
});

test('no more is taken over than a bound, in tasks and in characters; what was is dropped where the inbox is read', async () => {
  const { sweeps, intake, commit, add, read, reads } = await atRest();
  expect(intake.hand(await add(...Array.from({ length: 1_999 }, (_, index) => `t${index}`)))).toBe(true);
  expect(intake.hand({ ...(await add('large')), size: 3 * 1024 * 1024 })).toBe(false);
  const last = await add('last');
  expect(intake.hand(await add('two', 'more'))).toBe(false);
  expect(intake.hand(last)).toBe(true);
  sweeps.ask();
  const { told, entries } = await read();
  expect([told.map((tasks) => tasks.length), reads(), intake.isHanded]).toEqual([[2_004], [1, 1], false]);
  expect(entries).toHaveLength(4);
  await commit(entries);
  expect(intake.hand(await add(...Array.from({ length: 2_000 }, (_, index) => `u${index}`)))).toBe(true);
});

test('who goes on one thing a tick reads it: what was taken over before is looked for in the inbox', async () => {
  const { intake, add, read, reads } = await atRest();
  const added = await add('a', 'b');
  intake.hand(added);
  const { told, entries } = await read('one');
  expect([told, entries, reads()]).toEqual([[], [added.entry], [1, 0]]);
  expect((await read('one')).told).toEqual([['a', 1]]);
});

test('of what is handed over, too, parents are looked up that the rules may not know; if that fails, all is read again', async () => {
  const { intents, store, job, hooks, commit, load } = await withJob();
  await intents.changeJob(job, { priority: 1 });
  const intake = load({ ...(await store.load(1)), satisfied: [{ job, ids: [], isWhole: false }] });
  await commit((await intake.read()).entries);
  const added = await intents.addTasks(job, [taskIntent('b', { dependsOn: { ids: ['gone'], ranges: [] } })]);
  hooks.lookUpFails = true;
  expect(intake.hand(added)).toBe(true);
  await expect(intake.read()).rejects.toThrow('away');
  hooks.lookUpFails = false;
  const { events, entries } = await intake.read();
  expect([events.map(({ kind }) => kind), entries, hooks.lookUps]).toEqual([['tasks'], [added.entry], 2]);
});
