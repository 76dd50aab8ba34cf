import { describe, expect, test } from 'vitest';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { CORE_VERSION } from '../../src/control/journal.ts';
import { Owner } from '../../src/control/owner.ts';
import { createCore } from '../../src/core/core.ts';
import type { CoreEvent, Snapshot } from '../../src/core/events.ts';
import { memoryStore } from '../../src/simulation/memoryStore.ts';
import { poisoned } from '../../src/simulation/poison.ts';
import { Refused, type OwnerStore } from '../../src/store/ownerStore.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { jobIntent, poolIntent, taskIntent } from '../support/intents.ts';
import { idleProvider } from '../support/providers.ts';

/** Owners one after the other of an account whose rules fail on what a test says. */
function account() {
  const memory = memoryStore({ clock: () => 1_000 });
  const script = { isIn: (_event: CoreEvent): boolean => false, isLoadedWith: (_snapshot: Snapshot): boolean => false, refuses: false };
  const faults: Error[] = [];
  const logged: string[] = [];
  const store: OwnerStore = {
    ...memory.store,
    commit: (tick) => (script.refuses && tick.decisions.jobs.some(({ job, ingested }) => job === 2 && ingested > 0) ? Promise.reject(new Refused('integer out of range')) : memory.store.commit(tick)),
  };
  const owner = async (): Promise<Owner> => {
    const made = new Owner({
      account: { number: 1, name: 'a', url: 'http://a' },
      process: 'p',
      processUrl: 'http://p',
      agentUrl: 'ws://p',
      store,
      provider: idleProvider,
      createCore: poisoned(createCore, { isIn: (event) => script.isIn(event), isLoadedWith: (snapshot) => script.isLoadedWith(snapshot), when: 'deciding' }),
      credentials: nodeCredentials(new Uint8Array(32)),
    tokens: taskTokens(new Uint8Array(32)),
      sign: { container: (name) => name, url: () => null, endpoint: (account) => account }, secrets: createSealing(new Uint8Array(32)),
      clock: () => 1_000,
      monotonic: () => 1_000,
      random: () => 0.5,
      onWork: () => undefined,
      onFault: (fault) => void faults.push(fault),
      onDeposed: () => undefined,
      log: { info: (_fields, message) => void logged.push(message), warn: (_fields, message) => void logged.push(message), error: (_fields, message) => void logged.push(message) },
    });
    await made.start();
    return made;
  };
  const turn = async (turned: Owner): Promise<void> => {
    turned.sweep();
    for (let tick = 0; turned.hasWork(); tick += 1) {
      if (tick > 1_000) throw new Error('the owner never comes to rest');
      await turned.tick();
    }
  };
  const quarantine = async () => (await memory.store.readQuarantine(1)).map(({ subject }) => subject);
  const job = (number: number) => memory.tables.jobs.get(number);
  return { ...memory, script, faults, logged, owner, turn, quarantine, job };
}

function ofJob(number: number) {
  return (event: CoreEvent): boolean => event.kind === 'job' && event.intent.job === number && event.intent.deletedAt === null;
}

describe('rules that fail on one thing', () => {
  test('go on without it, under the same owner and the next ones, and it is not asked for again', async () => {
    const { intents, tables, script, faults, logged, owner, turn, quarantine, job } = account();
    for (const id of ['a', 'poison', 'c']) await intents.addJob(1, jobIntent({ id }));
    script.isIn = ofJob(2);
    const first = await owner();
    await turn(first);
    expect(await quarantine()).toEqual([{ kind: 'job', job: 2 }]);
    expect([job(1)?.status?.state, job(3)?.status?.state]).toEqual(['active', 'active']);
    expect([tables.inbox, faults, first.isCareful, first.phase]).toEqual([[], [], false, 'ready']);
    expect(logged).toContain('a fault of ours: this goes into quarantine, and the account goes on without it');
    await first.stop();
    script.isLoadedWith = ({ jobs }) => jobs.some(({ intent }) => intent.job === 2);
    const second = await owner();
    await turn(second);
    expect([second.phase, second.isCareful, await quarantine()]).toEqual(['ready', false, [{ kind: 'job', job: 2 }]]);
    expect(second.explain(2, 1)?.[0]?.code).toBe('InQuarantine');
  });

  test('keep it whole, with the error and its stack', async () => {
    const { intents, store, script, owner, turn } = account();
    await intents.addJob(1, jobIntent({ id: 'poison' }));
    script.isIn = ofJob(1);
    await turn(await owner());
    const [row] = await store.readQuarantine(1);
    expect(row).toMatchObject({ at: 1_000, coreVersion: CORE_VERSION, unit: [{ kind: 'job', intent: { id: 'poison' } }] });
    expect(row?.error).toMatch(/Poisoned|poisoned[^]*poison\.ts/);
  });

  test('count a task of a job that is to end with its last task: the job does not end without it', async () => {
    const { intents, script, owner, turn, quarantine, job } = account();
    const number = await intents.addJob(1, jobIntent({ onAllTasksComplete: 'noaction' }));
    await intents.addTasks(number, [taskIntent('a'), taskIntent('poison'), taskIntent('c')]);
    script.isIn = (event) => event.kind === 'tasks' && event.tasks.some(({ intent, aside }) => intent.task === 2 && aside === undefined);
    const made = await owner();
    await turn(made);
    expect(await quarantine()).toEqual([{ kind: 'tasks', job: number, task: 2 }]);
    expect(job(number)?.status).toMatchObject({ ingested: 3, tasks: { active: 3 } });
    for (const task of [1, 3]) await intents.changeTask(number, task, { terminateAt: 1_000 });
    await intents.changeJob(number, { onAllTasksComplete: 'terminatejob' });
    await turn(made);
    expect(job(number)?.status).toMatchObject({ state: 'active', tasks: { active: 1, failed: 2 } });
    expect(made.explainJob(number)?.reasons).toEqual([{ reason: { code: 'InQuarantine', subject: 'task' }, tasks: 1, example: 2 }]);
    await intents.changeTask(number, 2, { deletedAt: 1_000 });
    await turn(made);
    expect([job(number)?.status?.state, await quarantine()]).toEqual(['completed', []]);
  });

  describe('with a task that names what was satisfied before the account was loaded', () => {
    /** A job in which `before` is satisfied, and an owner that has not heard of it. */
    const withParent = async () => {
      const known = account();
      const number = await known.intents.addJob(1, jobIntent({ usesTaskDependencies: true }));
      await known.intents.addTasks(number, [taskIntent('first')]);
      const first = await known.owner();
      await known.turn(first);
      await first.stop();
      known.job(number)?.satisfied.add('before');
      const made = await known.owner();
      await known.intents.addTasks(number, [taskIntent('dependant', { dependsOn: { ids: ['before'], ranges: [] } }), taskIntent('last')]);
      return { ...known, number, made };
    };

    test('put aside the task alone, and keep what they were told before it', async () => {
      const { store, script, turn, number, made, job } = await withParent();
      script.isIn = (event) => event.kind === 'tasks' && event.tasks.some(({ intent, aside }) => intent.task === 2 && aside === undefined);
      await turn(made);
      const rows = await store.readQuarantine(1);
      expect(rows.map(({ subject }) => subject)).toEqual([{ kind: 'tasks', job: number, task: 2 }]);
      expect(rows[0]?.unit).toMatchObject([{ kind: 'satisfied', ids: ['before'] }, { kind: 'tasks', tasks: [{ intent: { task: 2 } }] }]);
      expect(job(number)?.status).toMatchObject({ ingested: 3, tasks: { active: 3 } });
    });

    test('put aside the task alone where they fail on what it names', async () => {
      const { script, turn, quarantine, number, made, job } = await withParent();
      script.isIn = (event) => event.kind === 'satisfied';
      await turn(made);
      expect(await quarantine()).toEqual([{ kind: 'tasks', job: number, task: 2 }]);
      expect(job(number)?.status).toMatchObject({ ingested: 3, tasks: { active: 3 } });
    });

    test('put aside the task alone where something is asked of it', async () => {
      const { intents, store, script, turn, number, made, owner } = await withParent();
      await turn(made);
      await made.stop();
      script.isIn = (event) => event.kind === 'task';
      const next = await owner();
      await intents.changeTask(number, 2, { terminateAt: 1_000 });
      await turn(next);
      const [row] = await store.readQuarantine(1);
      expect(row).toMatchObject({ subject: { kind: 'task', job: number, task: 2 }, unit: [{ kind: 'satisfied', ids: ['before'] }, { kind: 'task' }] });
    });
  });

  test('of another version try it again', async () => {
    const { intents, store, tables, script, owner, turn, quarantine, job } = account();
    const number = await intents.addJob(1, jobIntent());
    await intents.addTasks(number, [taskIntent('a'), taskIntent('poison')]);
    script.isIn = (event) => event.kind === 'tasks' && event.tasks.some(({ intent, aside }) => intent.task === 2 && aside === undefined);
    const first = await owner();
    await turn(first);
    const [row] = await store.readQuarantine(1);
    if (row === undefined) throw new Error('nothing is in quarantine');
    await first.stop();
    script.isIn = () => false;
    const { epoch } = await store.claim(1, 'p', 'http://p');
    const decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: true };
    await store.commit({ account: 1, epoch, tick: 0, now: 0, decisions, inboxEntries: [], specs: [], journal: null, quarantine: { over: [row], aside: [{ ...row, tick: 99, coreVersion: 'older' }] } });
    const second = await owner();
    expect([await quarantine(), tables.inbox.map(({ kind, subject }) => [kind, subject])]).toEqual([[], [['tasks', number]]]);
    await turn(second);
    expect(second.explain(number, 2)?.[0]?.code).toBe('PoolNotFound');
    expect(job(number)?.status?.tasks).toMatchObject({ active: 2 });
  });

  test('go on without a job with which the account cannot even be loaded', async () => {
    const { intents, script, faults, owner, turn, quarantine, job } = account();
    for (const id of ['a', 'b', 'poison', 'd']) await intents.addJob(1, jobIntent({ id }));
    await intents.addPool(1, poolIntent());
    const first = await owner();
    await turn(first);
    await first.stop();
    script.isLoadedWith = ({ jobs }) => jobs.some(({ intent }) => intent.job === 3);
    const second = await owner();
    await turn(second);
    expect([second.phase, faults, await quarantine()]).toEqual(['ready', [], [{ kind: 'job', job: 3 }]]);
    await intents.changeJob(4, { action: { kind: 'terminate', reason: 'r' }, actionSequence: 1 });
    await intents.changeJob(3, { deletedAt: 1_000 });
    script.isLoadedWith = () => false;
    await turn(second);
    expect([job(4)?.status?.state, job(3), await quarantine()]).toEqual(['completed', undefined, []]);
  });

  test('and decide what the store refuses go on without it as well', async () => {
    const { intents, script, faults, owner, turn, quarantine, job } = account();
    for (const id of ['a', 'poison', 'c']) await intents.addTasks(await intents.addJob(1, jobIntent({ id })), [taskIntent('t')]);
    script.refuses = true;
    await turn(await owner());
    // Nor can the task be counted: so it is the job.
    expect(await quarantine()).toEqual([{ kind: 'tasks', job: 2, task: 1 }, { kind: 'job', job: 2 }]);
    expect([faults, job(3)?.status?.ingested]).toEqual([[], 1]);
  });

  test('are not trusted any more when a hundred things are in quarantine', async () => {
    const { intents, script, faults, owner, turn, quarantine } = account();
    for (let index = 0; index < 101; index += 1) await intents.addJob(1, jobIntent({ id: `job${index}` }));
    script.isIn = (event) => event.kind === 'job';
    const made = await owner();
    await turn(made);
    expect([made.phase, faults.length, (await quarantine()).length]).toEqual(['ended', 1, 100]);
  });
});
