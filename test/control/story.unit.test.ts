import { describe, expect, test } from 'vitest';
import type { StoryLine } from '../../src/control/story/line.ts';
import { tellStory } from '../../src/control/story/story.ts';
import { TickTimes } from '../../src/control/tickTimes.ts';
import type { Decisions } from '../../src/core/decisions.ts';
import type { CoreEvent } from '../../src/core/events.ts';
import type { StartTaskStatus } from '../../src/core/status.ts';
import { TransitionTracker } from '../../src/core/transitions/tracker.ts';
import type { Transition } from '../../src/core/transitions/transition.ts';
import { exited, TestEnv } from '../core/harness.ts';
import { addSchedule } from '../core/scheduleHarness.ts';

/** An account in virtual time whose ticks are told. */
class ToldEnv extends TestEnv {
  readonly lines: StoryLine[] = [];
  #events: CoreEvent[] = [];
  #tracker = new TransitionTracker({ pools: [], nodes: [], jobs: [] });
  readonly #tasks: boolean;

  constructor(tasks: boolean) {
    super();
    this.#tasks = tasks;
  }

  /** Another owner reads what the store has. */
  restartTold(): this {
    this.#events = [];
    this.#tracker = new TransitionTracker({ pools: [...this.pools.values()], nodes: [...this.nodes.values()], jobs: [...this.jobs.values()].filter(({ status }) => status?.state !== 'completed') });
    return this.restart();
  }

  override apply(...events: CoreEvent[]): void {
    this.#events?.push(...events);
    super.apply(...events);
  }

  override tick(): Decisions {
    const nodes = new Map([...this.nodes].filter(([, { goneAt }]) => goneAt === null));
    const decisions = super.tick();
    const specs = decisions.commands.flatMap((command) => (command.kind === 'offer' ? [{ job: command.key.job, task: command.key.task, id: `task-${command.key.task}`, spec: {} }] : []));
    const { all, endings } = this.#tracker.tick(this.#events, decisions, this.now);
    this.#tracker.named(specs);
    const transitions = [...all, ...endings.flatMap((ending) => ending.transitions)];
    tellStory({ tasks: this.#tasks, tell: (line) => void this.lines.push(line) }, { events: this.#events, decisions, transitions, tracker: this.#tracker, nodes });
    this.#events = [];
    return decisions;
  }

  /** What was told since the last time, as `level message field=value …`; of the fields those that are named. */
  told(...names: string[]): string[] {
    const nodeIds = [...this.nodes.values()].map(({ id }) => id);
    const shown = (value: unknown): string => (typeof value === 'string' && nodeIds.includes(value) ? `n${nodeIds.indexOf(value)}` : JSON.stringify(value).replaceAll('"', ''));
    return this.lines.splice(0).map(({ level, message, fields }) => [level, message, ...names.flatMap((name) => (name in fields ? [`${name}=${shown(fields[name])}`] : []))].join(' '));
  }
}

function env({ tasks = false } = {}): ToldEnv {
  return new ToldEnv(tasks);
}
const HOUR = 3_600_000;
const IDS = ['poolId', 'nodeId', 'jobId', 'taskId'] as const;
const START_TASK: StartTaskStatus = { state: 'running', startedAt: 0, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };

describe('the story of a pool and its nodes', () => {
  test('from its making to its end is a line for each step, and none while nothing changes', () => {
    const it = env();
    const pool = it.pool({ id: 'p', nodes: 1, slots: 2 });
    it.settle();
    expect(it.told(...IDS, 'targetDedicatedNodes', 'dedicatedNodes', 'life')).toEqual([
      'info pool made poolId=p targetDedicatedNodes=1',
      'info node creating poolId=p nodeId=n0 life=1',
      'info node ready poolId=p nodeId=n0 life=1',
      'info pool steady poolId=p dedicatedNodes=1',
    ]);
    it.pass(3_600_000);
    expect(it.told()).toEqual([]);
    pool.delete();
    it.settle();
    expect(it.told(...IDS, 'tasksRun')).toEqual(['info pool deleting poolId=p', 'info node leaving poolId=p nodeId=n0', 'info node gone poolId=p nodeId=n0 tasksRun=0', 'info pool deleted poolId=p']);
  });

  test('names targets and errors of a resize', () => {
    const it = env();
    const pool = it.pool({ id: 'p', nodes: 0 });
    it.settle();
    expect(it.told(...IDS)).toEqual(['info pool made poolId=p', 'info pool steady poolId=p']);
    pool.resize(2, { unavailable: 'no Windows here' });
    it.settle();
    expect(it.told(...IDS, 'targetDedicatedNodes', 'errors')).toEqual([
      'info pool resizing poolId=p targetDedicatedNodes=2',
      'warn pool steady, without all nodes that were asked for poolId=p errors=[AllocationFailed: Desired number of dedicated nodes could not be allocated; Reason: no Windows here]',
    ]);
  });

  test('says how its start task goes', () => {
    const it = env();
    it.bootsByItself = false;
    const pool = it.pool({ id: 'p', startTask: { waitForSuccess: true, maxTaskRetryCount: 1 } });
    it.settle();
    it.told();
    const { node } = pool.node(0);
    const says = (status: StartTaskStatus): void => void it.apply({ kind: 'agent', node, report: { kind: 'startTask', status } });
    it.apply({ kind: 'agent', node, report: { kind: 'hello', life: 1, version: '1', ipAddress: '10.0.0.1', held: [], startTask: null, ready: false } });
    it.settle();
    says(START_TASK);
    it.settle();
    says({ ...START_TASK, retryCount: 1, exitCode: 3 });
    it.settle();
    says({ ...START_TASK, state: 'completed', retryCount: 1, exitCode: 4, result: 'failure', failure: { category: 'UserError', code: 'FailureExitCode', message: 'it failed', details: [{ name: 'Message', value: 'not told' }] } });
    it.settle();
    expect(it.told(...IDS, 'ipAddress', 'exitCode', 'failure', 'retryCount')).toEqual([
      'info node starting poolId=p nodeId=n0 ipAddress=10.0.0.1',
      'info pool steady poolId=p',
      'info start task running poolId=p nodeId=n0',
      'warn start task failed, it runs again poolId=p nodeId=n0 exitCode=3 retryCount=1',
      'warn start task failed poolId=p nodeId=n0 exitCode=4 failure=FailureExitCode: it failed retryCount=1',
    ]);
  });

  test('says that a node is lost, and begins again', () => {
    const it = env();
    const pool = it.pool({ id: 'p' });
    it.settle();
    it.told();
    const { node } = pool.node(0);
    it.apply({ kind: 'silent', node });
    it.settle();
    it.apply({ kind: 'unheard', node, step: 'unknown', silentMs: 30_000.4 });
    it.settle();
    expect(it.told(...IDS, 'silentMs', 'state')).toEqual(['warn the agent of a node has been silent for long poolId=p nodeId=n0 silentMs=30000 state=idle']);
    it.apply({ kind: 'node', node, life: 1, observed: { kind: 'ended', reason: 'killed' } });
    it.settle();
    expect(it.told(...IDS, 'life', 'reason')).toEqual([
      'warn node lost poolId=p nodeId=n0 life=1 reason=The node was lost and is being acquired again: killed',
      'info node creating poolId=p nodeId=n0 life=2',
      'info node ready poolId=p nodeId=n0 life=2',
    ]);
    it.shutDown();
    expect(it.told(...IDS)).toEqual(['info node ended with the service poolId=p nodeId=n0']);
  });

  test('goes on under the next owner where it was', () => {
    const it = env();
    it.pool({ id: 'p' });
    it.job({ id: 'j' });
    it.settle();
    it.told();
    it.restartTold().settle();
    expect(it.told()).toEqual([]);
    it.job({ id: 'k' });
    it.settle();
    expect(it.told(...IDS)).toEqual(['info job active poolId=pool jobId=k']);
  });
});

describe('the story of a job', () => {
  test('says why it ends and with what counts', () => {
    const it = env();
    it.pool();
    const job = it.job({ id: 'j' }).tasks(4);
    it.settle();
    job.end(1, exited(1)).end(2);
    it.told();
    job.terminate('enough');
    it.settle();
    expect(it.told(...IDS, 'reason', 'succeeded', 'failed', 'active')).toEqual(['info job terminating jobId=j reason=enough', 'info job completed jobId=j reason=enough succeeded=1 failed=2 active=1']);
    job.delete();
    it.settle();
    expect(it.told(...IDS)).toEqual(['info job deleted jobId=j']);
  });

  test('says that it is disabled, enabled and deleted', () => {
    const it = env();
    it.pool({ slots: 4 });
    const job = it.job({ id: 'j' }).task();
    it.settle();
    it.told();
    job.disable('wait');
    it.settle();
    job.end(1).enable();
    it.settle();
    job.task();
    it.settle();
    job.delete();
    it.settle();
    expect(it.told(...IDS)).toEqual(['info job disabling jobId=j', 'info job disabled jobId=j', 'info job active poolId=pool jobId=j', 'info job deleting jobId=j', 'info job deleted jobId=j']);
  });

  test('says nothing of its tasks unless it is asked to', () => {
    const it = env();
    it.pool({ slots: 4 });
    const job = it.job({ id: 'j' }).tasks(100);
    it.settle();
    job.run();
    expect(it.lines.filter(({ level }) => level === 'debug')).toEqual([]);
  });
});

describe('the story of a task', () => {
  test('names its node, how it ended and why it runs again', () => {
    const it = env({ tasks: true });
    it.pool({ id: 'pool' });
    const job = it.job({ id: 'j', maxTaskRetryCount: 1, onAllTasksComplete: 'terminatejob' }).task();
    it.settle();
    it.now += 250;
    job.end(1, exited(7)).end(1, exited(8));
    const names = [...IDS, 'attempt', 'result', 'exitCode', 'failure', 'ranMs', 'cause', 'lastExitCode'] as const;
    expect(it.told(...names).filter((line) => /task|job/.test(line))).toEqual([
      'info job active poolId=pool jobId=j',
      'debug task offered nodeId=n0 jobId=j taskId=task-1 attempt=1',
      'debug task started nodeId=n0 jobId=j taskId=task-1 attempt=1',
      'debug task queued again nodeId=n0 jobId=j taskId=task-1 attempt=1 exitCode=7 cause=retry',
      'debug task offered nodeId=n0 jobId=j taskId=task-1 attempt=2',
      'debug task started nodeId=n0 jobId=j taskId=task-1 attempt=2',
      'debug task completed nodeId=n0 jobId=j taskId=task-1 attempt=2 result=failure exitCode=8 failure=FailureExitCode: The task exited with an exit code representing a failure ranMs=0 cause=exited',
      'info job completed jobId=j',
    ]);
  });

  test('says why it waits again', () => {
    const it = env({ tasks: true });
    it.pool({ slots: 2 });
    const job = it.job({ id: 'j' }).tasks(1);
    it.settle();
    it.told();
    job.disable('requeue');
    it.settle();
    expect(it.told(...IDS, 'cause').filter((line) => line.includes('task'))).toEqual(['debug task queued again nodeId=n0 jobId=j taskId=task-1 cause=jobDisabled']);
  });

  test('says that it was deleted', () => {
    const it = env({ tasks: true });
    it.pool();
    const job = it.job({ id: 'j' }).task();
    it.settle();
    it.told();
    job.deleteTask(1);
    it.settle();
    expect(it.told(...IDS)).toEqual(['debug task deleted jobId=j taskId=task-1']);
  });
});

test('what goes wrong in telling is told, and thrown to nobody', () => {
  const it = env();
  it.pool({ id: 'p' });
  const decisions = it.settle().decisions.find(({ pools }) => pools.length > 0);
  if (decisions === undefined) throw new Error('no pool was told of');
  it.told();
  const transitions = [null as unknown as Transition];
  tellStory({ tasks: true, tell: (line) => void it.lines.push(line) }, { events: [], decisions, transitions, tracker: new TransitionTracker({ pools: [], nodes: [], jobs: [] }), nodes: new Map() });
  expect(it.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('a fault of ours'), fields: { error: expect.any(Error) } }]);
});

describe('a tick that takes long', () => {
  test('is told by its parts', () => {
    const clock = { now: 5 };
    const times = new TickTimes(() => clock.now);
    const spend = (phase: Parameters<TickTimes['enter']>[0], ms: number): void => {
      times.enter(phase);
      clock.now += ms;
    };
    spend('dispatch', 10);
    spend('read', 200);
    spend('decide', 90.6);
    expect(times.slow()).toBeNull();
    spend('commit', 700);
    spend('dispatch', 5);
    expect(times.slow()).toEqual({ tickMs: 1006, readMs: 200, decideMs: 91, commitMs: 700, dispatchMs: 15 });
  });

  test('is told of if it and those decided beside it take long each', () => {
    const clock = { now: 5 };
    const times = new TickTimes(() => clock.now);
    times.enter('decide');
    clock.now += 1_001;
    expect(times.slow()).toMatchObject({ tickMs: 1_001 });
    times.enter('decide');
    clock.now += 999;
    expect(times.slow()).toBeNull();
    clock.now += 1;
    expect(times.slow()).toMatchObject({ tickMs: 2_001 });
  });
});

test('a job schedule is told of with its jobs, from its first job to its end', () => {
  const it = env();
  const schedule = addSchedule(it, { id: 'Nightly', recurrenceMs: HOUR });
  it.settle();
  expect(it.told('jobScheduleId', 'jobId', 'jobs')).toEqual(['info job schedule active jobScheduleId=Nightly jobs=1', 'info job active jobId=Nightly:job-1']);
  schedule.act('terminate');
  it.settle();
  expect(it.told('jobScheduleId', 'jobs', 'reason').filter((line) => line.includes('completed'))).toEqual(['info job completed reason=TerminateJobSchedule', 'info job schedule completed jobScheduleId=Nightly jobs=1']);
  schedule.ask({ deletedAt: it.now });
  it.settle();
  expect(it.told('jobScheduleId').filter((line) => line.includes('schedule'))).toEqual(['info job schedule deleting jobScheduleId=Nightly', 'info job schedule deleted jobScheduleId=Nightly']);
});
