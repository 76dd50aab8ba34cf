import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/core/pool/samples.ts';
import type { Decisions, UsageHour } from '../../src/core/decisions.ts';
import type { AccountNumber, JobNumber, TaskNumber } from '../../src/core/keys.ts';
import type { JobTaskStatus, NodeStatus, PoolStatus, SubtaskStatus, TaskStatus } from '../../src/core/status.ts';
import { neverAttempted } from '../../src/core/task/row.ts';
import type { IntentWriter } from '../../src/simulation/intentWriter.ts';
import { AccountOwned, Deposed, OutOfTurn, type OwnerStore, type TickCommit } from '../../src/store/ownerStore.ts';
import { DEFAULT_RETENTION_MS } from '../../src/store/rules.ts';
import type { TransitionRow } from '../../src/store/transitions.ts';
import { jobIntent, poolIntent, taskIntent } from '../support/intents.ts';
import { endingOf, jobStatus } from '../support/statuses.ts';
import { tickNumbers } from '../support/ticks.ts';
import { requestsContract } from './requestsContract.ts';

const nextTick = tickNumbers();

/** A store to be held to the contract, and what the suite needs around it. */
export interface StoreUnderContract {
  readonly store: OwnerStore;
  readonly intents: IntentWriter;
  /** An account that nothing has been done with. */
  addAccount(): Promise<AccountNumber>;
  /** As if the process had not beaten for longer than the store waits. */
  silence(process: string): Promise<void>;
  /** All that its ticks have told, in order. */
  transitions(account: AccountNumber): Promise<readonly TransitionRow[]>;
  /** What stands in the hours of the account's pools. */
  usage(account: AccountNumber): Promise<readonly UsageHour[]>;
  close(): Promise<void>;
}

/** What every `OwnerStore` does, whatever it is made of: PostgreSQL, or the simulator's stand-in. */
export function ownerContract(name: string, open: () => Promise<StoreUnderContract>): void {
  describe(`an account's owner at ${name}`, () => {
    let under: StoreUnderContract;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(async () => {
      await under.close();
    });

    /** An account that is ours, with a pool, a job and some tasks in it. */
    const owned = async (options: { tasks?: number; usesTaskDependencies?: boolean } = {}) => {
      const { store, intents } = under;
      const account = await under.addAccount();
      const process = randomUUID();
      const { epoch } = await store.claim(account, process, 'http://here');
      const pool = await intents.addPool(account, poolIntent());
      const job = await intents.addJob(account, jobIntent({ usesTaskDependencies: options.usesTaskDependencies ?? false }));
      const tasks = Array.from({ length: options.tasks ?? 0 }, (_, index) => taskIntent(`Task-${index + 1}`));
      if (tasks.length > 0) await intents.addTasks(job, tasks);
      return { store, intents, account, process, epoch, pool, job };
    };

    describe('ownership', () => {
      it('goes to the first process that asks, and others are told where it is', async () => {
        const account = await under.addAccount();
        const { epoch } = await under.store.claim(account, randomUUID(), 'http://first');
        expect(epoch).toBe(1);
        const refused = await under.store.claim(account, randomUUID(), 'http://second').catch((error: unknown) => error);
        expect(refused).toBeInstanceOf(AccountOwned);
        expect(refused).toMatchObject({ url: 'http://first' });
      });

      it('goes to another process after the owner has resigned, with a higher epoch', async () => {
        const { store, account, process } = await owned();
        await store.resign(account, process);
        expect(await store.claim(account, randomUUID(), 'http://second')).toEqual({ epoch: 2 });
      });

      it('is given up by itself: the process keeps its other accounts', async () => {
        const { store, account, process } = await owned();
        const other = await under.addAccount();
        const { epoch } = await store.claim(other, process, 'http://here');
        await store.resign(account, process);
        expect(await store.heartbeat(process)).toEqual([{ account: other, epoch }]);
        await expect(store.claim(other, randomUUID(), 'http://second')).rejects.toThrow(AccountOwned);
        await store.resign(other, process);
        expect(await store.heartbeat(process)).toEqual([]);
      });

      it('goes to another process after the owner has been silent for long, and the former owner can commit nothing more', async () => {
        const { store, account, process, epoch, job } = await owned();
        await under.silence(process);
        const second = await store.claim(account, randomUUID(), 'http://second');
        expect(second.epoch).toBe(2);
        await expect(store.commit(tick({ account, epoch, decisions: { jobs: [jobStatus(job)] } }))).rejects.toThrow(Deposed);
        expect((await store.load(account)).jobs[0]?.status).toBeNull();
        expect(await store.heartbeat(process)).toEqual([]);
      });

      it('stays where it is while the owner beats', async () => {
        const { store, account, process } = await owned();
        await under.silence(process);
        expect(await store.heartbeat(process)).toEqual([{ account, epoch: 1 }]);
        await expect(store.claim(account, randomUUID(), 'http://second')).rejects.toThrow(AccountOwned);
      });

      it('claimed again by its owner gets a new epoch that shuts out commits still on their way', async () => {
        const { store, account, process, epoch } = await owned();
        expect(await store.claim(account, process, 'http://here')).toEqual({ epoch: epoch + 1 });
        await expect(store.commit(tick({ account, epoch }))).rejects.toThrow(Deposed);
        expect(await store.commit(tick({ account, epoch: epoch + 1 }))).toEqual({ specs: [], refused: [] });
      });
    });

    describe('commits of an account', () => {
      /** Each writes its number into the job's row, so that it shows which was the last. */
      const nth = (account: AccountNumber, epoch: number, job: JobNumber, number: number) => tick({ account, epoch, tick: number, decisions: { jobs: [jobStatus(job, { ingested: number })] } });
      const last = async (account: AccountNumber): Promise<number | undefined> => (await under.store.load(account)).jobs[0]?.status?.ingested;

      it('are made in the order in which they are asked for, also while others are under way', async () => {
        const { store, account, epoch, job } = await owned();
        const done: number[] = [];
        await Promise.all(Array.from({ length: 20 }, (_, index) => store.commit(nth(account, epoch, job, index + 1)).then(() => done.push(index + 1))));
        expect(done).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        expect(await last(account)).toBe(20);
      });

      it('are refused without the one before: none is left out, none is made twice', async () => {
        const { store, account, epoch, job } = await owned();
        await expect(store.commit(nth(account, epoch, job, 2))).rejects.toThrow(OutOfTurn);
        await store.commit(nth(account, epoch, job, 1));
        await expect(store.commit(nth(account, epoch, job, 1))).rejects.toThrow(OutOfTurn);
        await expect(store.commit(nth(account, epoch, job, 3))).rejects.toThrow(OutOfTurn);
        await expect(store.commit(nth(account, epoch, job, 0))).rejects.toThrow(OutOfTurn);
        expect(await last(account)).toBe(1);
        await store.commit(nth(account, epoch, job, 2));
        expect(await last(account)).toBe(2);
      });

      it('that are under way behind one which is refused are not made either', async () => {
        const { store, account, epoch, job, pool } = await owned();
        await store.commit(nth(account, epoch, job, 1));
        // A status of a pool that names no pool: nothing that either store can hold.
        const impossible = { ...poolStatus(pool), pool: null } as unknown as PoolStatus;
        const made = await Promise.allSettled([
          store.commit(tick({ account, epoch, tick: 2, decisions: { pools: [impossible], jobs: [jobStatus(job, { ingested: 2 })] } })),
          store.commit(nth(account, epoch, job, 3)),
          store.commit(nth(account, epoch, job, 4)),
        ]);
        expect(made.map((one) => (one.status === 'rejected' ? one.reason instanceof OutOfTurn : 'made'))).toEqual([false, true, true]);
        expect(await last(account)).toBe(1);
      });

      it('begin anew with each epoch, after those that are numbered nought', async () => {
        const { store, account, process, epoch, job } = await owned();
        for (const number of [0, 0, 1, 2]) await store.commit(nth(account, epoch, job, number));
        const second = await store.claim(account, process, 'http://here');
        await expect(store.commit(nth(account, epoch, job, 3))).rejects.toThrow(Deposed);
        await expect(store.commit(nth(account, second.epoch, job, 3))).rejects.toThrow(OutOfTurn);
        await store.commit(nth(account, second.epoch, job, 0));
        await store.commit(nth(account, second.epoch, job, 1));
        expect(await last(account)).toBe(1);
      });

      it('of another account wait for none of them', async () => {
        const [one, other] = [await owned(), await owned()];
        await expect(one.store.commit(nth(one.account, one.epoch, one.job, 2))).rejects.toThrow(OutOfTurn);
        await other.store.commit(nth(other.account, other.epoch, other.job, 1));
        expect(await last(other.account)).toBe(1);
      });
    });

    describe('what a tick tells', () => {
      const deleted = (job: JobNumber, task: TaskNumber) => ({ kind: 'task.deleted', at: 5, job, jobId: null, task, taskId: null, from: null, state: 'deleted' }) as const;
      const completed = (job: JobNumber) => ({ kind: 'job.completed', at: 5, job, jobId: 'job', from: 'active', state: 'completed' }) as const;

      it('is kept with it, in order, with the names that the owner does not know', async () => {
        const { store, account, epoch, job } = await owned({ tasks: 2 });
        await store.commit(tick({ account, epoch, tick: 1, transitions: { all: [completed(job)], endings: [], unnamed: [] } }));
        await store.commit(tick({ account, epoch, tick: 2, decisions: { gone: { tasks: [{ job, task: 2 }], jobs: [], pools: [] } }, transitions: { all: [deleted(job, 2), deleted(job, 9)], endings: [], unnamed: [{ job, task: 2 }, { job, task: 9 }] } }));
        await store.commit(tick({ account, epoch, tick: 3 }));
        expect(await under.transitions(account)).toEqual([
          { epoch, tick: 1, first: 0, at: expect.any(Number), transitions: [completed(job)] },
          { epoch, tick: 2, first: 0, at: expect.any(Number), transitions: [{ ...deleted(job, 2), jobId: jobIntent().id, taskId: 'task-2' }, { ...deleted(job, 9), jobId: jobIntent().id }] },
        ]);
      });

      it('is not kept of a tick that is refused, nor the end of a job that its commit refuses', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 1 });
        const other = await intents.addJob(account, jobIntent({ id: 'other' }));
        const [one, two] = [endingOf(job), endingOf(other)];
        const transitions = { all: [{ ...deleted(job, 1), jobId: 'job', taskId: 'one' }], endings: [{ job, transitions: [completed(job)] }, { job: other, transitions: [completed(other)] }], unnamed: [] };
        await expect(store.commit(tick({ account, epoch: epoch + 1, tick: 1, transitions: { ...transitions, endings: [] } }))).rejects.toThrow(Deposed);
        expect(await under.transitions(account)).toEqual([]);
        const { refused } = await store.commit(tick({ account, epoch, tick: 1, decisions: { jobs: [one.row, two.row], guards: [...one.guards, ...two.guards] }, transitions }));
        expect(refused).toEqual([job]);
        expect((await under.transitions(account)).map((row) => row.transitions)).toEqual([transitions.all, [completed(other)]]);
      });
    });

    describe('the inbox', () => {
      it('shows what clients asked for until a commit names it', async () => {
        const { store, account, epoch, pool, job } = await owned({ tasks: 3 });
        const batch = await store.readInbox(account, 100);
        expect(batch.pools).toEqual([{ ...poolIntent(), pool }]);
        expect(batch.jobs).toEqual([{ intent: { ...jobIntent(), job, nextTask: 4, reactivations: 0 }, status: null }]);
        expect(batch.jobsWithNewTasks).toEqual([job]);
        expect(batch.more).toBe(false);
        expect(batch.entries).toHaveLength(3);
        expect((await store.readInbox(account, 100)).entries).toEqual(batch.entries);
        await store.commit(tick({ account, epoch, inboxEntries: batch.entries }));
        expect(await store.readInbox(account, 100)).toEqual({ entries: [], newest: 0, pools: [], jobs: [], schedules: [], nodes: [], jobsWithNewTasks: [], tasks: [], more: false });
      });

      it('is read oldest first and says when more waits', async () => {
        const { store, account, epoch } = await owned({ tasks: 1 });
        const first = await store.readInbox(account, 2);
        expect(first).toMatchObject({ more: true, jobsWithNewTasks: [] });
        expect(first.entries).toHaveLength(2);
        expect(first.newest).toBeGreaterThan(first.entries[1] ?? 0);
        await store.commit(tick({ account, epoch, inboxEntries: first.entries }));
        const second = await store.readInbox(account, 2);
        expect(second).toMatchObject({ more: false, pools: [], jobs: [] });
        expect(second.jobsWithNewTasks).toHaveLength(1);
        expect(second.entries).toEqual([first.newest]);
        expect(second.newest).toBe(first.newest);
      });

      it('keeps what came after it was read', async () => {
        const { store, intents, account, epoch, pool } = await owned();
        const batch = await store.readInbox(account, 100);
        await intents.changePool(pool, { targetDedicated: 7, resizeSequence: 2 });
        await store.commit(tick({ account, epoch, inboxEntries: batch.entries }));
        const next = await store.readInbox(account, 100);
        expect(next.pools).toMatchObject([{ pool, targetDedicated: 7, resizeSequence: 2 }]);
        expect(next.jobs).toEqual([]);
      });

      it('brings what was asked of a node, which a load has as long as the node is there', async () => {
        const { store, intents, account, epoch, pool } = await owned();
        const [there, gone] = [nodeStatus(account, 1, pool), nodeStatus(account, 2, pool)];
        await store.commit(tick({ account, epoch, tick: 1, decisions: { nodes: [there, gone] }, inboxEntries: (await store.readInbox(account, 100)).entries }));
        expect((await store.load(account)).nodeIntents).toEqual([]);
        await intents.changeNode(gone.node, { schedulingDisabled: 'terminate' });
        await intents.changeNode(there.node, { schedulingDisabled: 'requeue' });
        await intents.changeNode(there.node, { schedulingDisabled: 'taskcompletion' });
        const restart = { kind: 'reimage', tasks: 'retaineddata', at: 7 } as const;
        await intents.changeNode(there.node, { restart, restartSequence: 3 });
        const asked = { node: there.node, schedulingDisabled: 'taskcompletion', restart, restartSequence: 3 };
        const batch = await store.readInbox(account, 100);
        expect(batch.nodes).toEqual(expect.arrayContaining([asked, { node: gone.node, schedulingDisabled: 'terminate', restart: null, restartSequence: 0 }]));
        expect(batch.nodes).toHaveLength(2);
        await store.commit(tick({ account, epoch, tick: 2, decisions: { nodes: [{ ...gone, goneAt: 9 }] }, inboxEntries: batch.entries }));
        expect((await store.readInbox(account, 100)).nodes).toEqual([]);
        expect((await store.load(account)).nodeIntents).toEqual([asked]);
      });

      it('brings the quotas of the account, as they were set last; a load has them too', async () => {
        const { store, intents, account, epoch } = await owned();
        const first = await store.readInbox(account, 10);
        expect([first.quotas, (await store.load(account)).quotas]).toEqual([undefined, undefined]);
        await intents.setQuotas(account, { dedicatedCores: 4, families: { standarddv3family: 2 } });
        await intents.setQuotas(account, { dedicatedCores: null, pools: 3 });
        const { entries, quotas } = await store.readInbox(account, 10);
        expect(quotas).toEqual({ dedicatedCores: null, pools: 3 });
        await store.commit(tick({ account, epoch, inboxEntries: entries }));
        expect((await store.readInbox(account, 10)).quotas).toBeUndefined();
        expect((await store.load(account)).quotas).toEqual({ dedicatedCores: null, pools: 3 });
      });

      it('brings the drills of the account that nobody has stopped; a load has them too', async () => {
        const { store, intents, account, epoch } = await owned();
        const rules = { pools: ['spot'], share: 0.1, perMs: 60_000, seed: 7, graceMs: 5_000, until: 99 };
        const [stopped, drill] = [await intents.addDrill(account, 3, { ...rules, pools: null, until: null }), await intents.addDrill(account, 4, rules)];
        await intents.stopDrill(stopped);
        const { entries, drills } = await store.readInbox(account, 10);
        expect(drills).toEqual([{ drill, createdAt: 4, ...rules }]);
        await store.commit(tick({ account, epoch, inboxEntries: entries }));
        expect((await store.readInbox(account, 10)).drills).toBeUndefined();
        expect((await store.load(account)).drills).toEqual([{ drill, createdAt: 4, ...rules }]);
        await intents.stopDrill(drill);
        expect((await store.load(account)).drills).toBeUndefined();
      });

      it('brings what quotas count of a pool', async () => {
        const { store, intents, account } = await owned();
        await intents.addPool(account, poolIntent({ id: 'sized', machine: { size: 'standard_d4_v3', cores: 4, family: 'standardDv3Family' } }));
        expect((await store.readInbox(account, 10)).pools.at(-1)?.machine).toEqual({ size: 'standard_d4_v3', cores: 4, family: 'standardDv3Family' });
        expect((await store.load(account)).pools.at(-1)?.intent.machine?.cores).toBe(4);
      });

      it('brings a task that something was asked of, with its status', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 2 });
        await store.commit(tick({ account, epoch, decisions: { tasks: [taskStatus(job, 2, { state: 'running' })] } }));
        await intents.changeTask(job, 1, { terminateAt: 5 });
        await intents.changeTask(job, 2, { deletedAt: 6 });
        const { tasks, jobs } = await store.readInbox(account, 100);
        expect(tasks).toEqual([
          { job, task: { intent: { ...taskIntent('task-1', { terminateAt: 5 }), task: 1 }, status: null } },
          { job, task: { intent: { ...taskIntent('task-2', { deletedAt: 6 }), task: 2 }, status: taskStatus(job, 2, { state: 'running' }) } },
        ]);
        expect(jobs).toHaveLength(1);
      });

      it('brings the job, too, if it is completed: its owner may have forgotten it', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 1 });
        const { entries } = await store.readInbox(account, 100);
        const completed = jobStatus(job, { state: 'completed', endedAt: 9, ingested: 1 });
        await store.commit(tick({ account, epoch, inboxEntries: entries, decisions: { jobs: [completed] } }));
        await intents.changeTask(job, 1, { deletedAt: 10 });
        const { jobs, tasks } = await store.readInbox(account, 100);
        expect(jobs).toMatchObject([{ intent: { job }, status: completed }]);
        expect(tasks).toMatchObject([{ job, task: { intent: { task: 1, deletedAt: 10 } } }]);
      });

      it('brings jobs that nobody has asked anything of, too, if it is told to: with what stands in the inbox, of one instant', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 1 });
        const { entries } = await store.readInbox(account, 100);
        await store.commit(tick({ account, epoch, inboxEntries: entries, decisions: { jobs: [jobStatus(job, { ingested: 1 })] } }));
        expect(await store.readInbox(account, 100, [job, 2 ** 40])).toMatchObject({ entries: [], more: false, jobs: [{ intent: { job, nextTask: 2 }, status: { ingested: 1 } }] });
        await intents.addTasks(job, [taskIntent('b')]);
        await intents.addTasks(job, [taskIntent('c')]);
        expect(await store.readInbox(account, 1, [job])).toMatchObject({ entries: [expect.any(Number)], more: true, jobs: [{ intent: { job, nextTask: 4 } }], jobsWithNewTasks: [job] });
      });

      it('of one account shows nothing of another', async () => {
        await owned({ tasks: 1 });
        const other = await under.addAccount();
        expect((await under.store.readInbox(other, 100)).entries).toEqual([]);
      });
    });

    describe('new tasks', () => {
      it('come in pages in the order of their numbers', async () => {
        const { store, job } = await owned({ tasks: 5 });
        const first = await store.readTasks(job, 0, 3);
        expect(first).toMatchObject({ through: 3, newest: 5 });
        expect(first.tasks.map(({ intent }) => intent.idKey)).toEqual(['task-1', 'task-2', 'task-3']);
        const second = await store.readTasks(job, first.through, 3);
        expect(second).toMatchObject({ through: 5, tasks: [{ intent: { task: 4 }, status: null }, { intent: { task: 5 } }] });
        expect(await store.readTasks(job, 5, 3)).toEqual({ through: 5, newest: 5, tasks: [] });
      });

      it('keep all that the rules need of them', async () => {
        const { store, intents, job } = await owned();
        const task = taskIntent('demanding', {
          requiredSlots: 3,
          maxTaskRetryCount: -1,
          affinity: 'TVM:tvmps_1_d',
          dependsOn: { ids: ['a'], ranges: [{ start: 1, end: 4 }] },
          exitConditions: { exitCodes: [{ code: 2, exitOptions: { jobAction: 'terminate', dependencyAction: 'block' } }], default: { dependencyAction: 'satisfy' } },
          createdAt: 1_600_000_000_000,
          retentionMs: 5_000,
          terminateAt: 1_700_000_000_000,
        });
        await intents.addTasks(job, [task]);
        expect((await store.readTasks(job, 0, 10)).tasks).toEqual([{ intent: { ...task, task: 1 }, status: null }]);
      });

      it('deleted before they were seen come all the same', async () => {
        const { store, intents, job } = await owned({ tasks: 2 });
        await intents.changeTask(job, 1, { deletedAt: 4 });
        expect(await store.readTasks(job, 0, 10)).toMatchObject({ through: 2, tasks: [{ intent: { task: 1, deletedAt: 4 } }, { intent: { task: 2 } }] });
      });

      it('of several jobs, asked for in one turn, are each what they are alone', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 5 });
        const other = await intents.addJob(account, jobIntent({ id: 'other' }));
        await intents.addTasks(other, [taskIntent('x'), taskIntent('y')]);
        await store.commit(tick({ account, epoch, decisions: { tasks: [taskStatus(other, 1, { state: 'running' })] } }));
        const empty = await intents.addJob(account, jobIntent({ id: 'empty' }));
        const asked = [[job, 1, 2], [other, 0, 10], [empty, 0, 10], [2 ** 40, 3, 10], [job, 0, 5]] as const;
        const together = await Promise.all(asked.map((one) => store.readTasks(one[0], one[1], one[2])));
        const alone: unknown[] = [];
        for (const one of asked) alone.push(await store.readTasks(one[0], one[1], one[2]));
        expect(together).toEqual(alone);
        expect(together.map(({ tasks }) => tasks.length)).toEqual([2, 2, 0, 0, 5]);
      });

      it('of a job that is gone are none', async () => {
        expect(await under.store.readTasks(2 ** 40, 3, 10)).toEqual({ through: 3, newest: 3, tasks: [] });
      });
    });

    describe('a commit', () => {
      it('is what a load gives back', async () => {
        const { store, account, epoch, pool, job } = await owned({ tasks: 4 });
        const decisions = {
          pools: [poolStatus(pool, { targetDedicated: 7, targetLowPriority: 2, preemptions: 3, resizeErrors: [{ code: 'AllocationTimedout', message: 'no “node” in time', values: [{ name: 'a', value: 'b\\c"d' }] }], autoScale: { sequence: 3, evaluatedAt: 5, results: '$TargetDedicatedNodes=7', error: { code: 'X', message: "it's", values: [] }, option: 'retaineddata' }, meter: { at: 3, dedicated: 1, lowPriority: 0 }, resources: { nodeMs: 7, cpu: { ms: 3, coreMs: 14 }, memory: { byteMs: 5, ms: 7, peakBytes: 9 } } })],
          samples: [5, 6].map((at) => ({ pool, at, sample: sampleOf(at) })),
          nodes: [nodeStatus(account, 1, pool), nodeStatus(account, 2, pool, { state: 'creating', agent: null })],
          jobs: [jobStatus(job, { ingested: 3, tasks: { active: 1, running: 2, succeeded: 0, failed: 0 }, slots: { active: 1, running: 5, succeeded: 0, failed: 0 } })],
          tasks: [
            taskStatus(job, 1, { state: 'running', node: nodeStatus(account, 1, pool).node, attempt: 3, startedAt: 77, previousState: 'active', previousSince: 5 }),
            taskStatus(job, 2, { failure: { category: 'ServerError', code: 'X', message: "it's \"over\", \\ and {out}\nsaid NULL" }, container: { containerId: 'c', state: 'exited', error: '' }, retryCount: 2, lastRetryAt: 6, used: [1, 2, 3, 4, 5, 2 ** 40], earlierMs: 2 ** 33 }),
          ],
          jobNodes: [
            { job, node: nodeStatus(account, 1, pool).node, preparation: jobTaskStatus({ state: 'completed', exitCode: 0, result: 'success' }), release: jobTaskStatus({ attempt: 2 }) },
            { job, node: nodeStatus(account, 2, pool).node, preparation: jobTaskStatus({ failure: { category: 'UserError', code: 'X', message: 'it\'s "over"' } }), release: null },
          ],
        };
        await store.commit(tick({ account, epoch, decisions }));
        const snapshot = await store.load(account);
        expect(snapshot).toEqual({
          pools: [{ intent: { ...poolIntent(), pool }, status: decisions.pools[0], samples: [[5, sampleOf(5)], [6, sampleOf(6)]] }],
          nodes: decisions.nodes,
          nodeIntents: [],
          nextNode: nodeStatus(account, 3, pool).node,
          jobs: [{ intent: { ...jobIntent(), job, nextTask: 5, reactivations: 0 }, status: decisions.jobs[0] }],
          jobNodes: decisions.jobNodes,
          schedules: [],
          subtasks: [],
          tasks: [
            {
              job,
              tasks: [
                { intent: { ...taskIntent('task-1'), task: 1 }, status: decisions.tasks[0] },
                { intent: { ...taskIntent('task-2'), task: 2 }, status: decisions.tasks[1] },
              ],
              plain: { numbers: [3], createdAt: [taskIntent('task-3').createdAt], slots: [taskIntent('task-3').requiredSlots], retentionMs: DEFAULT_RETENTION_MS },
            },
          ],
          satisfied: [],
        });
      });

      it('adds what nodes cost and tasks use to the hours of pools, each tick once', async () => {
        const { store, account, epoch, pool, job } = await owned();
        const hour = { hour: 5, pool, poolId: 'pool', size: 'standard_d2_v3', lowPriority: false, nodeMs: 3_600_000, busyMs: 0, lostMs: 0 };
        const meter = { at: 18_000_000, dedicated: 1, lowPriority: 0 };
        const usage = [{ pool, poolId: 'pool', size: 'standard_d2_v3', lowPriority: false, ms: 9, lostMs: 2, countedMs: 4, countedLostMs: 0 }];
        const pools = [{ pool, allocationState: 'steady', allocationSince: 0, resizeSequence: 1, stopSequence: 0, resizeErrors: [], targetDedicated: 1, targetLowPriority: 0, currentDedicated: 1, currentLowPriority: 0, meter }] as const;
        await store.commit(tick({ account, epoch, decisions: { usage: [hour, { ...hour, hour: 6, nodeMs: 1 }], pools, jobs: [jobStatus(job, { usage })] } }));
        const again = tick({ account, epoch, decisions: { usage: [{ ...hour, nodeMs: 10, busyMs: 7, lostMs: 3 }, { ...hour, lowPriority: true }] } });
        await store.commit(again);
        await expect(store.commit(again)).rejects.toBeInstanceOf(OutOfTurn);
        expect(await under.usage(account)).toEqual([{ ...hour, nodeMs: 3_600_010, busyMs: 7, lostMs: 3 }, { ...hour, lowPriority: true }, { ...hour, hour: 6, nodeMs: 1 }]);
        const loaded = await store.load(account);
        expect([loaded.pools[0]?.status?.meter, loaded.jobs[0]?.status?.usage]).toEqual([meter, usage]);
      });

      it('overwrites what an earlier one wrote', async () => {
        const { store, account, epoch, pool, job } = await owned({ tasks: 1 });
        const decisions = (since: number) => ({
          pools: [poolStatus(pool, { allocationSince: since })],
          nodes: [nodeStatus(account, 1, pool, { since })],
          jobs: [jobStatus(job, { since, ingested: 1 })],
          tasks: [taskStatus(job, 1, { since })],
        });
        await store.commit(tick({ account, epoch, decisions: decisions(1) }));
        await store.commit(tick({ account, epoch, decisions: decisions(2) }));
        expect(await store.load(account)).toMatchObject({
          pools: [{ status: { allocationSince: 2 } }],
          nodes: [{ since: 2 }],
          jobs: [{ status: { since: 2 } }],
          tasks: [{ tasks: [{ status: { since: 2 } }] }],
        });
      });

      it('writes of a node with tasks only what these change, where nothing else has', async () => {
        const { store, account, epoch, pool } = await owned();
        const before = [nodeStatus(account, 1, pool), nodeStatus(account, 2, pool, { errors: [{ code: 'X', message: 'it is out' }] })];
        await store.commit(tick({ account, epoch, decisions: { nodes: before } }));
        const activity = { state: 'running', since: 7, runningTasks: 2, runningSlots: 3, totalTasksRun: 2 ** 40, totalTasksSucceeded: 9, retainUntil: 2 ** 41, recentTasks: [{ job: 2 ** 42, task: 1 }, { job: 3, task: 4 }], recentInstances: [{ instance: 99 }, { instance: 0 }], offers: [{ job: 2 ** 42, task: 5, attempt: 6 }, { job: 7, task: 2 ** 41, attempt: 1 }] } as const;
        const after = before.map((node) => ({ ...node, ...activity, life: 2, errors: [] }));
        await store.commit(tick({ account, epoch, tick: 2, decisions: { nodes: after, onlyActive: new Set([nodeStatus(account, 2, pool).node]) } }));
        expect((await store.load(account)).nodes).toEqual([after[0], { ...before[1], ...activity }]);
      });

      it('hands over the specifications of what it offers, those that are still there', async () => {
        const { store, account, epoch, job } = await owned({ tasks: 2 });
        const { specs } = await store.commit(tick({ account, epoch, specs: [{ job, task: 2 }, { job, task: 9 }, { job, task: 1 }] }));
        expect(specs.toSorted((a, b) => a.task - b.task)).toMatchObject([{ job, task: 1, id: expect.stringMatching(/^task-1$/i) }, { job, task: 2 }]);
      });

      it('with a journal row can be made for each tick', async () => {
        const { store, account, epoch } = await owned();
        const journal = { coreVersion: '1', seed: 4_000_000_000, inputs: new Uint8Array([0, 1, 255]) };
        await store.commit(tick({ account, epoch, journal }));
        await expect(store.commit(tick({ account, epoch, journal }))).resolves.toEqual({ specs: [], refused: [] });
      });

      it('lets a job to which a task was added not end, and writes everything else: its row as it would be without the end', async () => {
        const { store, intents, account, epoch, job, pool } = await owned({ tasks: 2 });
        const other = await intents.addJob(account, jobIntent({ id: 'other' }));
        const gone = await intents.addJob(account, jobIntent({ id: 'gone', deletedAt: 4 }));
        const { entries } = await store.readInbox(account, 100);
        await intents.addTasks(job, [taskIntent('late')]);
        const rows = [endingOf(job, { ingested: 2, tasks: { active: 0, running: 0, succeeded: 1, failed: 0 } }), endingOf(other), { row: jobStatus(gone, { ingested: 7 }), guards: [] }];
        const decisions = {
          jobs: rows.map(({ row }) => row),
          pools: [poolStatus(pool)],
          tasks: [taskStatus(job, 2, { state: 'completed', result: 'success' })],
          guards: rows.flatMap(({ guards }) => guards),
          gone: { tasks: [{ job, task: 1 }], jobs: [gone], pools: [] },
        };
        const journal = { coreVersion: '1', seed: 1, inputs: new Uint8Array([0]) };
        expect(await store.commit(tick({ account, epoch, decisions, journal, inboxEntries: entries, specs: [{ job, task: 2 }] }))).toMatchObject({ refused: [job], specs: [{ job, task: 2 }] });
        const { pools, jobs } = await store.load(account);
        expect(pools).toMatchObject([{ status: { allocationState: 'steady' } }]);
        expect(jobs.map(({ intent, status }) => [intent.job, status])).toEqual([[job, rows[0]?.guards[0]?.otherwise]]);
        expect(jobs[0]?.status).toMatchObject({ state: 'active', ingested: 2, tasks: { succeeded: 1 } });
        expect((await store.readInbox(account, 100)).entries).toEqual([expect.any(Number)]);
        expect((await store.readTasks(job, 0, 10)).tasks).toMatchObject([{ intent: { task: 2 }, status: { state: 'completed' } }, { intent: { task: 3 }, status: null }]);
        expect(await store.commit(tick({ account, epoch, decisions: { jobs: [endingOf(job, { ingested: 3 }).row], guards: endingOf(job, { ingested: 3 }).guards } }))).toEqual({ refused: [], specs: [] });
        expect((await store.load(account)).jobs).toEqual([]);
      });

      it('lets a job of which a task was made active again not end, and the inbox says how often that was', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 2 });
        const { entries } = await store.readInbox(account, 100);
        const tasks = [1, 2].map((task) => taskStatus(job, task, { state: 'completed', result: 'failure' }));
        await store.commit(tick({ account, epoch, inboxEntries: entries, decisions: { tasks, jobs: [jobStatus(job, { ingested: 2 })] } }));
        await intents.changeTask(job, 1, { reactivateSequence: 1 });
        const end = (reactivations: number) => {
          const { row, guards } = endingOf(job, { ingested: 2 }, reactivations);
          return tick({ account, epoch, decisions: { jobs: [row], guards } });
        };
        expect(await store.commit(end(0))).toEqual({ refused: [job], specs: [] });
        expect((await store.readInbox(account, 100)).jobs).toMatchObject([{ intent: { job, reactivations: 1 }, status: { state: 'active' } }]);
        // What was asked may stand in the inbox alone.
        expect((await store.load(account)).jobs).toMatchObject([{ intent: { job, reactivations: -1 } }]);
        await intents.changeTask(job, 2, { reactivateSequence: 1 });
        expect((await store.readInbox(account, 1)).jobs).toMatchObject([{ intent: { job, reactivations: -1 } }]);
        expect(await store.commit(end(2))).toEqual({ refused: [], specs: [] });
      });

      it('says where open tasks are, and only those are loaded', async () => {
        const { store, account, epoch, job } = await owned({ tasks: 6 });
        const tasks = [1, 3, 4].map((task) => taskStatus(job, task, { state: 'completed', result: 'success' }));
        const open = [[2, 2], [5, 9]] as const;
        await store.commit(tick({ account, epoch, decisions: { tasks, jobs: [jobStatus(job, { ingested: 6, open })] } }));
        const { jobs, tasks: loaded } = await store.load(account);
        expect(jobs[0]?.status?.open).toEqual(open);
        expect(loaded.map(({ plain }) => plain.numbers)).toEqual([[2, 5, 6]]);
      });

      it('brings the open tasks of many jobs, each with its own', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 3 });
        const dependent = await intents.addJob(account, jobIntent({ id: 'dependent', usesTaskDependencies: true }));
        const empty = await intents.addJob(account, jobIntent({ id: 'empty' }));
        await intents.addTasks(dependent, [taskIntent('a'), taskIntent('b', { dependsOn: { ids: ['a'], ranges: [] } })]);
        const statuses = [jobStatus(job, { ingested: 3 }), jobStatus(dependent, { ingested: 2 }), jobStatus(empty)];
        await store.commit(tick({ account, epoch, decisions: { tasks: [taskStatus(job, 2, { state: 'running' })], jobs: statuses } }));
        const { tasks } = await store.load(account);
        expect(tasks.map(({ job: number, tasks: own, plain }) => [number, own.map(({ intent }) => intent.task), plain.numbers])).toEqual([
          [job, [2], [1, 3]],
          [dependent, [1, 2], []],
        ]);
      });

      it('ends a job when no task was added meanwhile', async () => {
        const { store, account, epoch, job } = await owned({ tasks: 2 });
        const { row, guards } = endingOf(job, { ingested: 2 });
        expect(await store.commit(tick({ account, epoch, decisions: { jobs: [row], guards } }))).toEqual({ refused: [], specs: [] });
        expect((await store.load(account)).jobs).toEqual([]);
        await under.intents.changeTask(job, 1, { deletedAt: 5 });
        expect((await store.readInbox(account, 100)).jobs).toMatchObject([{ status: row }]);
      });

      it('clears what is gone', async () => {
        const { store, intents, account, epoch, pool, job } = await owned({ tasks: 3 });
        const { entries } = await store.readInbox(account, 100);
        const statuses = { tasks: [1, 2, 3].map((task) => taskStatus(job, task)), jobs: [jobStatus(job, { ingested: 3 })], pools: [poolStatus(pool)] };
        await store.commit(tick({ account, epoch, inboxEntries: entries, decisions: statuses }));
        await store.commit(tick({ account, epoch, decisions: { gone: { tasks: [{ job, task: 2 }], jobs: [], pools: [] }, tasks: [taskStatus(job, 2)] } }));
        expect((await store.readTasks(job, 0, 10)).tasks.map(({ intent }) => intent.task)).toEqual([1, 3]);
        await intents.changeJob(job, { deletedAt: 3 });
        await intents.changePool(pool, { deletedAt: 3 });
        await store.commit(tick({ account, epoch, decisions: { gone: { tasks: [], jobs: [job], pools: [pool] } } }));
        expect(await store.load(account)).toMatchObject({ pools: [], jobs: [], tasks: [] });
        const left = await store.readInbox(account, 100);
        expect(left).toMatchObject({ pools: [], jobs: [], tasks: [] });
        expect(left.entries).toHaveLength(2);
        const again = await intents.addJob(account, jobIntent());
        expect(again).not.toBe(job);
      });
    });

    describe('the quarantine', () => {
      const unit = { tick: 7, at: 5, coreVersion: '1', unit: [{ text: 'a\0b' }], error: 'Error: a slot is used twice' } as const;

      it('is given something together with the inbox entry that it came with, once', async () => {
        const { store, account, epoch, job } = await owned({ tasks: 2 });
        const { entries } = await store.readInbox(account, 100);
        const row = { ...unit, epoch, subject: { kind: 'tasks', job, task: 2 } } as const;
        expect(await store.readQuarantine(account)).toEqual([]);
        for (const inboxEntries of [entries.slice(0, 2), []]) await store.commit(tick({ account, epoch, inboxEntries, quarantine: { aside: [row] } }));
        expect(await store.readQuarantine(account)).toMatchObject([{ epoch, tick: 7, at: 5, coreVersion: '1', subject: { kind: 'tasks', job, task: 2 }, error: unit.error }]);
        expect((await store.readInbox(account, 100)).entries).toEqual(entries.slice(2));
      });

      it('is given nothing under an epoch that is over', async () => {
        const { store, account, process, epoch, job } = await owned();
        await store.claim(account, process, 'http://here');
        await expect(store.commit(tick({ account, epoch, quarantine: { aside: [{ ...unit, epoch, subject: { kind: 'job', job } }] } }))).rejects.toThrow(Deposed);
        expect(await store.readQuarantine(account)).toEqual([]);
      });

      it('gives back pools, jobs and tasks as inbox entries, and no job says any more where its open tasks are', async () => {
        const { store, account, epoch, pool, job } = await owned({ tasks: 2 });
        const { entries } = await store.readInbox(account, 100);
        const subjects = [{ kind: 'pool', pool }, { kind: 'job', job }, { kind: 'task', job, task: 1 }, { kind: 'report', node: 1, life: 1, sequence: 1, job, task: 1 }] as const;
        const rows = subjects.map((subject, index) => ({ ...unit, epoch, tick: index - 2, subject }));
        await store.commit(tick({ account, epoch, inboxEntries: entries, quarantine: { aside: rows }, decisions: { jobs: [jobStatus(job, { ingested: 2, open: [] })] } }));
        expect((await store.load(account)).tasks).toEqual([]);
        await store.commit(tick({ account, epoch, quarantine: { again: rows } }));
        expect(await store.readQuarantine(account)).toEqual([]);
        const batch = await store.readInbox(account, 100);
        expect([batch.pools.map((row) => row.pool), batch.jobs.map(({ intent }) => intent.job), batch.tasks.map(({ task }) => task.intent.task)]).toEqual([[pool], [job], [1]]);
        expect((await store.load(account)).tasks[0]?.plain.numbers).toEqual([1, 2]);
      });

      it('loses what is gone, and a pool that goes takes the nodes along that were left out with it', async () => {
        const { store, account, epoch, pool, job } = await owned();
        const rows = [{ ...unit, epoch, subject: { kind: 'pool', pool } }, { ...unit, epoch, tick: 8, subject: { kind: 'job', job } }] as const;
        await store.commit(tick({ account, epoch, quarantine: { aside: rows }, decisions: { nodes: [nodeStatus(account, 1, pool)] } }));
        expect((await store.load(account)).nodes).toHaveLength(1);
        await store.commit(tick({ account, epoch, quarantine: { over: rows.slice(0, 1) }, decisions: { gone: { tasks: [], jobs: [], pools: [pool] } } }));
        expect((await store.readQuarantine(account)).map(({ subject }) => subject)).toEqual([{ kind: 'job', job }]);
        expect((await store.load(account)).nodes).toEqual([]);
      });
    });

    describe('a load', () => {
      it('leaves out what is over: completed tasks and jobs, nodes that left, whose numbers are not used again', async () => {
        const { store, intents, account, epoch, pool, job } = await owned({ tasks: 2 });
        const over = await intents.addJob(account, jobIntent({ id: 'over' }));
        const decisions = {
          nodes: [nodeStatus(account, 1, pool), nodeStatus(account, 2, pool, { goneAt: 5 })],
          jobs: [jobStatus(job, { ingested: 2 }), jobStatus(over, { state: 'completed' as const })],
          tasks: [taskStatus(job, 1, { state: 'completed', result: 'success' })],
        };
        await store.commit(tick({ account, epoch, decisions }));
        expect(await store.load(account)).toMatchObject({
          nodes: [decisions.nodes[0]],
          nextNode: nodeStatus(account, 3, pool).node,
          jobs: [{ intent: { job } }],
          tasks: [{ job, tasks: [], plain: { numbers: [2] } }],
        });
      });

      it("has what became of jobs' own tasks on nodes that are there, as long as the job is open", async () => {
        const { store, intents, account, epoch, pool, job } = await owned();
        const preparation = { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 5 };
        const over = await intents.addJob(account, jobIntent({ id: 'over', preparation, release: { retentionMs: 7 } }));
        const [there, gone] = [nodeStatus(account, 1, pool), nodeStatus(account, 2, pool, { goneAt: 5 })];
        const row = (of: JobNumber, { node }: NodeStatus) => ({ job: of, node, preparation: jobTaskStatus(), release: null });
        const decisions = { nodes: [there, gone], jobs: [jobStatus(job), jobStatus(over)], jobNodes: [row(job, there), row(job, gone), row(over, there)] };
        await store.commit(tick({ account, epoch, decisions }));
        const loaded = await store.load(account);
        expect(loaded.jobNodes).toEqual([row(job, there), row(over, there)]);
        expect(loaded.jobs[1]?.intent).toMatchObject({ preparation, release: { retentionMs: 7 } });
        const again = { ...row(job, there), release: jobTaskStatus({ state: 'running' }) };
        await store.commit(tick({ account, epoch, tick: 2, decisions: { jobs: [jobStatus(over, { state: 'completed' })], jobNodes: [again] } }));
        expect((await store.load(account)).jobNodes).toEqual([again]);
        await store.commit(tick({ account, epoch, tick: 3, decisions: { gone: { tasks: [], jobs: [job], pools: [] } } }));
        expect((await store.load(account)).jobNodes).toEqual([]);
      });

      it('has the other instances of open tasks, and of others those that are still out', async () => {
        const { store, intents, account, epoch, job, pool } = await owned();
        await intents.addTasks(job, ['open', 'over', 'deleted', 'waiting'].map((id) => taskIntent(id, { instances: 3 })));
        const { node } = nodeStatus(account, 1, pool);
        const row = (task: TaskNumber, instance: number, change: Partial<SubtaskStatus> = {}): SubtaskStatus => ({
          job, task, instance, attempt: 2, node: node + instance, state: 'running', since: 7, previousState: 'preparing', previousSince: 6, startedAt: 7, endedAt: null, exitCode: null, result: null, failure: null, ...change,
        });
        const failure = { category: 'UserError', code: 'X', message: 'it\'s "over"' } as const;
        const ended = { state: 'completed', previousState: 'running', endedAt: 9, exitCode: 3, result: 'failure', failure } as const;
        const statuses = [taskStatus(job, 1, { state: 'running', attempt: 2, node }), taskStatus(job, 2, { state: 'completed', result: 'success' }), taskStatus(job, 3, { state: 'running', node })];
        const open = [row(1, 1), row(1, 2, ended)];
        const over = [row(2, 1, ended), row(2, 2, { state: 'offered', startedAt: null, previousState: null, previousSince: null })];
        await store.commit(tick({ account, epoch, decisions: { jobs: [jobStatus(job, { ingested: 4 })], tasks: statuses, subtasks: [...open, ...over, row(3, 1)] } }));
        const loaded = await store.load(account);
        expect(loaded.subtasks).toEqual([...open, over[1], row(3, 1)]);
        expect(loaded.tasks[0]?.tasks.map(({ intent }) => [intent.task, intent.instances])).toEqual([[1, 3], [3, 3], [4, 3]]);
        const again = [row(1, 1, { attempt: 3, state: 'offered' }), row(2, 2, ended)];
        await store.commit(tick({ account, epoch, tick: 2, decisions: { subtasks: again, gone: { tasks: [{ job, task: 3 }], jobs: [], pools: [] } } }));
        expect((await store.load(account)).subtasks).toEqual([again[0], open[1]]);
        await store.commit(tick({ account, epoch, tick: 3, decisions: { gone: { tasks: [], jobs: [job], pools: [] } } }));
        expect((await store.load(account)).subtasks).toEqual([]);
      });

      it('gives tasks of which nothing need be said as columns, all others as they are', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 2 });
        await intents.addTasks(job, [
          taskIntent('rules', { maxTaskRetryCount: 2 }),
          taskIntent('retained', { retentionMs: 5 }),
          taskIntent('terminated', { terminateAt: 5 }),
          taskIntent('deleted', { deletedAt: 5 }),
          taskIntent('again', { reactivateSequence: 1 }),
          taskIntent('wide', { requiredSlots: 7, createdAt: 9 }),
          taskIntent('later'),
        ]);
        const tasks = [taskStatus(job, 2), taskStatus(job, 7, { state: 'completed', result: 'failure', reactivateSequence: 0 })];
        await store.commit(tick({ account, epoch, decisions: { jobs: [jobStatus(job, { ingested: 8 })], tasks } }));
        const [loaded] = (await store.load(account)).tasks;
        expect(loaded?.tasks.map(({ intent }) => intent.task)).toEqual([2, 3, 4, 5, 6, 7]);
        expect(loaded?.plain).toMatchObject({ numbers: [1, 8], createdAt: [taskIntent('').createdAt, 9], slots: [taskIntent('').requiredSlots, 7] });
      });

      it('of a long queue has every task once, in the order of numbers', async () => {
        const { store, intents, account, epoch, job } = await owned();
        const count = 25_000;
        for (let first = 1; first <= count; first += 5_000) {
          await intents.addTasks(job, Array.from({ length: 5_000 }, (_, index) => taskIntent(`t${first + index}`, (first + index) % 10 === 0 ? { maxTaskRetryCount: 1 } : {})));
        }
        await store.commit(tick({ account, epoch, decisions: { jobs: [jobStatus(job, { ingested: count })] } }));
        const [loaded] = (await store.load(account)).tasks;
        const numbers = Array.from({ length: count }, (_, index) => index + 1);
        expect(loaded?.plain.numbers).toEqual(numbers.filter((number) => number % 10 !== 0));
        expect(loaded?.tasks.map(({ intent }) => intent.task)).toEqual(numbers.filter((number) => number % 10 === 0));
      });

      it('keeps the ids that completed tasks have satisfied where open ones depend on them, and completed jobs that are being deleted', async () => {
        const { store, intents, account, epoch, job } = await owned({ tasks: 2, usesTaskDependencies: true });
        await intents.addTasks(job, [taskIntent('c', { dependsOn: { ids: ['task-1', 'task-2', 'none'], ranges: [] } }), taskIntent('unnamed')]);
        const over = await intents.addJob(account, jobIntent({ id: 'over', deletedAt: 4 }));
        const decisions = {
          jobs: [jobStatus(job, { ingested: 4 }), jobStatus(over, { state: 'completed' as const })],
          tasks: [
            taskStatus(job, 1, { state: 'completed', result: 'success', dependency: 'satisfy' }),
            taskStatus(job, 4, { state: 'completed', result: 'success', dependency: 'satisfy' }),
            taskStatus(job, 2, { state: 'completed', result: 'failure', dependency: 'block' }),
          ],
        };
        await store.commit(tick({ account, epoch, decisions }));
        const snapshot = await store.load(account);
        expect(snapshot.jobs.map(({ intent }) => intent.job)).toEqual([job, over]);
        expect(snapshot.satisfied).toEqual([{ job, ids: ['task-1'], isWhole: false }]);
        expect(snapshot.tasks).toMatchObject([{ job, tasks: [{ intent: { task: 3 } }], plain: { numbers: [] } }]);
      });
    });

    requestsContract({ owned, tick });

    it('what tasks have satisfied is found by their ids, or all of it', async () => {
      const { store, intents, account, epoch, job } = await owned({ tasks: 3, usesTaskDependencies: true });
      const tasks = [1, 2].map((task) => taskStatus(job, task, { state: 'completed', dependency: task === 1 ? 'satisfy' : 'block' }));
      await store.commit(tick({ account, epoch, decisions: { tasks, jobs: [jobStatus(job, { ingested: 3 })], satisfied: [{ job, idKey: 'before' }, { job, idKey: '04' }, { job, idKey: 'task-1' }] } }));
      await intents.changeTask(job, 1, { deletedAt: 3 });
      const sorted = async (among: readonly string[] | null): Promise<readonly string[]> => (await store.readSatisfied(job, among)).toSorted();
      expect(await sorted(['task-1', 'task-2', 'task-3', '04', '4', 'a"\\b'])).toEqual(['04', 'task-1']);
      expect(await sorted([])).toEqual([]);
      expect(await sorted(null)).toEqual(['04', 'before', 'task-1']);
      expect(await store.readSatisfied(2 ** 40, null)).toEqual([]);
    });

    it('what deleted tasks have satisfied is kept with their job, once, and goes with it', async () => {
      const { store, intents, account, epoch, job } = await owned({ tasks: 1, usesTaskDependencies: true });
      await intents.addTasks(job, [taskIntent('b', { dependsOn: { ids: [], ranges: [{ start: 1, end: 4 }] } })]);
      const gone = { tasks: [{ job, task: 1 }], jobs: [], pools: [] };
      await store.commit(tick({ account, epoch, decisions: { jobs: [jobStatus(job, { ingested: 2 })], gone, satisfied: [{ job, idKey: 'task-1' }] } }));
      const again = [{ job, idKey: 'task-1' }, { job, idKey: '04' }, { job, idKey: '04' }];
      await store.commit(tick({ account, epoch, decisions: { satisfied: again } }));
      const { satisfied } = await store.load(account);
      expect(satisfied.map((of) => ({ ...of, ids: of.ids.toSorted() }))).toEqual([{ job, ids: ['04', 'task-1'], isWhole: true }]);
      await store.commit(tick({ account, epoch, decisions: { gone: { tasks: [], jobs: [job], pools: [] } } }));
      expect((await store.load(account)).satisfied).toEqual([]);
    });

    it('specifications of jobs and pools are found by number', async () => {
      const { store, pool, job } = await owned();
      expect(await store.readKnownJobs([job, 2 ** 40])).toEqual([job]);
      expect(await store.readJobSpecs([job, 2 ** 40])).toMatchObject([{ job, id: 'job' }]);
      expect(await store.readPoolSpecs([pool])).toMatchObject([{ pool, id: 'pool' }]);
    });
  });
}

function tick(
  given: { account: AccountNumber; epoch: number; decisions?: Partial<Decisions> } & Partial<Omit<TickCommit, 'decisions'>>,
): TickCommit {
  return {
    now: 1_700_000_000_000,
    inboxEntries: [],
    specs: [],
    journal: null,
    ...given,
    tick: given.tick ?? nextTick(given.account, given.epoch),
    decisions: { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false, ...given.decisions },
  };
}

function taskStatus(job: JobNumber, task: TaskNumber, change: Partial<TaskStatus> = {}): TaskStatus {
  return { ...neverAttempted(job, task, 1), ...change };
}

function jobTaskStatus(change: Partial<JobTaskStatus> = {}): JobTaskStatus {
  return { attempt: 1, state: 'asked', isOutdated: false, startedAt: null, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null, ...change };
}

function sampleOf(tasks: number): Sample {
  return {
    $ActiveTasks: tasks, $RunningTasks: 0, $PendingTasks: tasks, $SucceededTasks: 1, $FailedTasks: 2, $SampleNodeCount: 3,
    $CurrentDedicatedNodes: 3, $CurrentLowPriorityNodes: 0, $PreemptedNodeCount: 0, $UsableNodeCount: 2,
  };
}

function poolStatus(pool: number, change: Partial<PoolStatus> = {}): PoolStatus {
  return {
    pool,
    allocationState: 'steady',
    allocationSince: 1,
    resizeSequence: 1,
    stopSequence: 0,
    resizeErrors: [],
    targetDedicated: 1,
    targetLowPriority: 0,
    currentDedicated: 1,
    currentLowPriority: 0,
    ...change,
  };
}

/** The account's `ordinal`th node. */
function nodeStatus(account: AccountNumber, ordinal: number, pool: number, change: Partial<NodeStatus> = {}): NodeStatus {
  return {
    node: (account - 1) * 2 ** 32 + ordinal,
    pool,
    id: `tvmps_${ordinal}_d`,
    dedicated: true,
    state: 'idle',
    since: 1,
    scheduling: 'enabled',
    life: 1,
    allocatedAt: 1,
    bootedAt: 1,
    slots: 4,
    runningTasks: 0,
    runningSlots: 0,
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
    recentTasks: [],
    recentInstances: [],
    offers: [],
    startTask: null,
    errors: [],
    agent: { version: '0.1.0', ipAddress: '127.0.0.1', updatedAt: 1 },
    retainUntil: 0,
    goneAt: null,
    ...change,
  };
}
