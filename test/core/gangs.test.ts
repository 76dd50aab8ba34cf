import { beforeEach, describe, expect, test } from 'vitest';
import type { PoolIntent } from '../../src/core/intent.ts';
import { sentenceOf } from '../../src/core/reasons.ts';
import type { SubtaskStatus } from '../../src/core/status.ts';
import { exited, testEnv, type TestAgent, type TestEnv, type TestJob, type TestPool } from './harness.ts';
import { Invariants } from './invariants.ts';

let env: TestEnv;
beforeEach(() => {
  env = testEnv();
});

/** Whose nodes run multi-instance tasks. */
function poolOf(nodes: number, change: Partial<PoolIntent> = {}): TestPool {
  return env.pool({ nodes, interNode: true, ...change });
}
function gang(job: TestJob, instances: number): TestJob {
  return job.task({ instances });
}
function subtasks(job: TestJob, task: number): SubtaskStatus[] {
  return [...env.subtasks.values()].filter((row) => row.job === job.number && row.task === task).toSorted((one, other) => one.instance - other.instance);
}
function nodesOf(job: TestJob, task: number): (number | null)[] {
  return [job.of(task).node, ...subtasks(job, task).map(({ node }) => node)];
}
function agentOf(job: TestJob, task: number, instance: number): TestAgent {
  return env.agent(nodesOf(job, task)[instance] ?? -1);
}
/** An instance ends as its agent says, and what follows from that follows. */
function ends(job: TestJob, task: number, instance: number, outcome = exited(1)): void {
  agentOf(job, task, instance).finish(job.number, task, outcome);
  env.settle();
}
function sentences(job: TestJob, task: number): string[] {
  return env.explain(job, task).map(sentenceOf);
}
/** Agents come back up until nothing changes. */
function settled(): void {
  env.pass(60_000);
  new Invariants(env).check();
}

describe('A multi-instance task', () => {
  test('gets all its nodes in one step, each once, and counts as one task', () => {
    const pool = poolOf(4);
    const job = gang(env.job(), 3);
    env.settle();
    expect([...new Set(nodesOf(job, 1))]).toHaveLength(3);
    expect(subtasks(job, 1)).toMatchObject([
      { instance: 1, attempt: 1, state: 'running', startedAt: env.now },
      { instance: 2, attempt: 1, state: 'running', startedAt: env.now },
    ]);
    expect([job.state(1), job.status.tasks.running, job.status.slots.running]).toEqual(['running', 1, 1]);
    expect(pool.nodes.map(({ runningSlots }) => runningSlots).toSorted()).toEqual([0, 1, 1, 1]);
    new Invariants(env).check();
  });

  test('tells each instance of all nodes, the primary first', () => {
    const pool = poolOf(2);
    const job = gang(env.job(), 2);
    env.settle();
    const hosts = nodesOf(job, 1).map((node) => ({ address: pool.nodes.find((other) => other.node === node)?.agent?.ipAddress, cores: 2 }));
    expect(env.sent('offer').map((command) => command.kind === 'offer' && command.hosts)).toEqual([hosts, hosts]);
  });

  test.each([
    ['without inter-node communication', { interNode: false }, 'enableInterNodeCommunication is false'],
    ['where nodes have several slots', { taskSlotsPerNode: 2 }, 'taskSlotsPerNode is 2, not 1'],
  ])('never runs in a pool %s', (_, change, why) => {
    const pool = poolOf(2, change);
    const job = gang(env.job(), 2);
    env.settle();
    expect(job.state(1)).toBe('active');
    expect(sentences(job, 1)).toEqual([`A multi-instance task never runs in pool ${pool.row.intent.id}: ${why}.`]);
  });

  test('of one instance runs like any other, after its coordination command', () => {
    poolOf(1);
    const job = gang(env.job(), 1);
    env.settle();
    expect([job.state(1), subtasks(job, 1)]).toEqual(['running', []]);
    expect([...agentOf(job, 1, 0).proceeded]).toEqual([`${job.number}.1.1.0`]);
    job.end(1);
    expect(job.of(1)).toMatchObject({ state: 'completed', exitCode: 0 });
  });

  test('is not given to an agent of before, which knows none', () => {
    const pool = poolOf(2);
    env.settle();
    const old = pool.agent(1);
    old.says({ kind: 'hello', life: old.life, version: '0.1', ipAddress: '127.0.0.1', held: [], jobs: [], startTask: null, ready: true });
    const job = gang(env.job(), 2);
    env.settle();
    expect(job.state(1)).toBe('active');
    expect(env.explain(job, 1)).toMatchObject([{ code: 'AgentTooOld', version: '0.1' }, { code: 'TooFewNodesTogether', instances: 2, nodes: 1 }]);
  });
});

describe('The primary', () => {
  test('goes on when the coordination commands of all instances have succeeded', () => {
    const pool = poolOf(3);
    env.settle();
    const agents = pool.nodes.map((_, index) => pool.agent(index));
    for (const agent of agents) agent.coordinatesByItself = false;
    const job = gang(env.job(), 3);
    env.settle();
    const primary = agentOf(job, 1, 0);
    primary.coordinate();
    agentOf(job, 1, 2).coordinate();
    expect(primary.proceeded.size).toBe(0);
    agentOf(job, 1, 1).coordinate();
    expect([...primary.proceeded]).toEqual([`${job.number}.1.1.0`]);
  });

  test('is told so again by the next owner, which asks the agents what has become of theirs', () => {
    const pool = poolOf(2);
    env.settle();
    for (const index of [0, 1]) pool.agent(index).coordinatesByItself = false;
    const job = gang(env.job(), 2);
    env.settle();
    const [primary, other] = [agentOf(job, 1, 0), agentOf(job, 1, 1)];
    primary.coordinate();
    env.restart().settle();
    expect([job.state(1), primary.proceeded.size]).toEqual(['running', 0]);
    other.coordinate();
    expect(primary.proceeded.size).toBe(1);
    env.commands.length = 0;
    env.restart().settle();
    expect(env.sent('proceed')).toMatchObject([{ node: primary.node, key: { attempt: 1, instance: 0 } }]);
    settled();
  });

  test('ends the task: the others are ended, and have succeeded', () => {
    const pool = poolOf(3);
    const job = gang(env.job(), 3);
    env.settle();
    const [second] = subtasks(job, 1);
    agentOf(job, 1, 0).finish(job.number, 1, exited(0));
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', exitCode: 0, result: 'success' });
    expect(env.sent('end').map((command) => command.kind === 'end' && command.key.instance).toSorted()).toEqual([1, 2]);
    expect(second).toMatchObject({ state: 'running' });
    // The harness ends what is ended with 137.
    expect(subtasks(job, 1)).toMatchObject([{ state: 'completed', previousState: 'running', exitCode: 137 }, { state: 'completed' }]);
    expect(pool.nodes.map(({ state }) => state)).toEqual(['idle', 'idle', 'idle']);
    expect(pool.nodes.flatMap(({ recentInstances = [] }) => recentInstances.map(({ instance }) => instance)).toSorted()).toEqual([1, 2]);
  });
});

describe('An instance that fails', () => {
  test('ends the attempt: it is retried whole, as often as allowed, and then the task fails as that one did', () => {
    poolOf(2);
    const job = gang(env.job({ maxTaskRetryCount: 1 }), 2);
    env.settle();
    ends(job, 1, 1, exited(7));
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 1, requeueCount: 0 });
    expect(subtasks(job, 1)).toMatchObject([{ attempt: 2, state: 'running' }]);
    ends(job, 1, 1, exited(7));
    expect(job.of(1)).toMatchObject({ state: 'completed', attempt: 2, exitCode: 7, result: 'failure', failure: { code: 'FailureExitCode', details: expect.arrayContaining([{ name: 'SubtaskId', value: '1' }]) } });
    expect(subtasks(job, 1)).toMatchObject([{ state: 'completed', exitCode: 7, result: 'failure' }]);
    new Invariants(env).check();
  });

  test.each([
    ['that could not start', { kind: 'notStarted', failure: { category: 'UserError', code: 'BlobNotFound', message: 'gone' } } as const, 'BlobNotFound'],
    ['whose wall clock ran out', { kind: 'timedOut', exitCode: 137 } as const, 'TaskEnded'],
  ])('%s is not tried again', (_, outcome, code) => {
    poolOf(2);
    const job = gang(env.job({ maxTaskRetryCount: 5 }), 2);
    env.settle();
    ends(job, 1, 1, outcome as never);
    expect(job.of(1)).toMatchObject({ state: 'completed', attempt: 1, failure: { code } });
  });

  test('is not forgotten by the next owner', () => {
    poolOf(2);
    const job = gang(env.job({ maxTaskRetryCount: 1 }), 2);
    env.settle();
    agentOf(job, 1, 1).finish(job.number, 1, exited(7));
    env.apply(...agentOf(job, 1, 1).work());
    env.tick();
    expect(job.state(1)).toBe('running');
    env.restart().settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 1 });
    settled();
  });
});

describe('A node that is lost, or leaves', () => {
  test.each([0, 1, 2])('takes the whole attempt with it, and nothing is counted (instance %i)', (instance) => {
    poolOf(3);
    const job = gang(env.job(), 3);
    env.settle();
    agentOf(job, 1, instance).die();
    settled();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0, requeueCount: 0 });
    expect(subtasks(job, 1)).toMatchObject([{ attempt: 2, state: 'running' }, { attempt: 2, state: 'running' }]);
  });

  test('while nobody owns the account', () => {
    poolOf(3);
    const job = gang(env.job(), 3);
    env.settle();
    env.agents.delete(nodesOf(job, 1)[2] ?? -1);
    env.restart();
    settled();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0 });
  });

  test('gives up its place among those that are kept', () => {
    const pool = poolOf(3);
    const busy = env.job().tasks(1);
    env.settle();
    const job = gang(env.job(), 3);
    const other = env.job().tasks(1);
    env.settle();
    expect([job.state(1), other.state(1)]).toEqual(['active', 'active']);
    const idle = pool.nodes.find(({ node }) => node !== busy.of(1).node);
    pool.resize(2);
    env.pass(60_000);
    expect(idle?.state).toBe('idle');
    expect([job.state(1), other.state(1)], 'two nodes are too few for it, so nobody waits for it').toEqual(['active', 'running']);
    pool.resize(3);
    env.pass(60_000);
    busy.end(1);
    other.end(1);
    expect(job.state(1)).toBe('running');
    settled();
  });
});

describe('A task that waits for several nodes', () => {
  test('comes before tasks of one slot that keep coming: when those have ended that ran when it came', () => {
    const pool = poolOf(3);
    const narrow = env.job().tasks(20);
    env.settle();
    const running = narrow.inState('running');
    expect(running).toHaveLength(3);
    const job = gang(env.job(), 3);
    for (const task of running) {
      narrow.tasks(5);
      env.settle();
      expect(job.state(1)).toBe('active');
      narrow.end(task);
    }
    expect(job.state(1)).toBe('running');
    expect(narrow.inState('running')).toEqual([]);
    expect(pool.nodes.every(({ state }) => state === 'running')).toBe(true);
    job.end(1);
    expect(narrow.inState('running')).toHaveLength(3);
    settled();
  });

  test('has offers taken back that wait on the nodes, and says how far it is', () => {
    poolOf(2);
    const narrow = env.job().tasks(6);
    env.settle();
    expect(narrow.inState('offered').length).toBeGreaterThan(0);
    const job = gang(env.job(), 2);
    env.settle();
    expect(narrow.inState('offered')).toEqual([]);
    expect(env.explain(job, 1)).toEqual([{ code: 'WaitingForNodesTogether', instances: 2, freeNodes: 0, kept: true }]);
    narrow.end(narrow.inState('running')[0] ?? 0);
    expect(sentences(job, 1)).toEqual(['The task needs 2 nodes at once; 1 is free, and whichever become free are kept for it until there are 2.']);
    expect(env.explain(narrow, 6)).toMatchObject([{ code: 'KeptForTask', instances: 2 }, { code: 'KeptForTask', instances: 2 }]);
  });

  test('goes behind tasks of a higher priority', () => {
    poolOf(2);
    const urgent = env.job({ priority: 1 }).tasks(4);
    const job = gang(env.job(), 2);
    env.settle();
    urgent.run();
    expect(urgent.states).toEqual({ completed: 4 });
    expect(job.state(1)).toBe('running');
  });

  test('that is deleted lets others have the nodes that were kept for it', () => {
    poolOf(2);
    const busy = env.job().tasks(1);
    env.settle();
    const job = gang(env.job(), 2);
    const other = env.job().tasks(1);
    env.settle();
    expect(other.state(1)).toBe('active');
    job.deleteTask(1);
    env.settle();
    expect([busy.state(1), other.state(1)]).toEqual(['running', 'running']);
  });

  test.each(['disable', 'terminate', 'delete'] as const)('and whose job is to %s lets others have them, too', (action) => {
    poolOf(2);
    env.job().tasks(1);
    env.settle();
    const job = gang(env.job(), 2);
    const other = env.job().tasks(1);
    env.settle();
    if (action === 'disable') job.disable('requeue');
    else job[action]();
    env.settle();
    expect(other.state(1)).toBe('running');
  });

  test('for which the pool has too few nodes keeps nobody waiting', () => {
    poolOf(2);
    const job = gang(gang(env.job(), 3), 2);
    const other = env.job().tasks(2);
    env.settle();
    expect([job.state(1), job.state(2)]).toEqual(['active', 'running']);
    expect(env.explain(job, 1)).toMatchObject([{ code: 'TooFewNodesTogether', instances: 3, nodes: 2 }]);
    job.end(2);
    expect([other.state(1), other.state(2)]).toEqual(['running', 'running']);
  });

  test('lets those that it has passed have as many turns as it had nodes, before the next one passes them', () => {
    poolOf(2);
    const narrow = env.job().tasks(2);
    env.settle();
    narrow.tasks(6);
    env.settle();
    const job = gang(gang(env.job(), 2), 2);
    env.settle();
    for (const task of [1, 2]) narrow.end(task);
    expect([job.state(1), job.state(2), narrow.inState('completed')]).toEqual(['running', 'active', [1, 2]]);
    job.end(1);
    expect(narrow.inState('running'), 'what it has passed').toEqual([3, 4]);
    for (const task of [3, 4]) {
      expect(job.state(2)).toBe('active');
      narrow.end(task);
    }
    expect([job.state(2), narrow.inState('completed')], 'and then comes the next').toEqual(['running', [1, 2, 3, 4]]);
    job.end(2);
    expect(narrow.inState('running')).toEqual([5, 6]);
    settled();
  });

  test('goes before those of one slot that came after it, whatever has passed others before', () => {
    poolOf(2);
    const job = gang(gang(env.job(), 2), 2);
    env.settle();
    env.now += 1;
    const narrow = env.job().tasks(4);
    env.settle();
    job.end(1);
    expect([job.state(2), narrow.inState('running')]).toEqual(['running', []]);
  });

  test('waits for none that no node would have', () => {
    const pool = poolOf(2);
    const narrow = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 } }).tasks(4);
    env.settle();
    for (const { node } of pool.nodes) narrow.endOwn('preparation', node, 1);
    const job = gang(gang(env.job(), 2), 2);
    env.settle();
    job.end(1);
    expect([job.state(2), narrow.inState('running')]).toEqual(['running', []]);
  });

  test('and another such task do not keep from each other what both wait for', () => {
    poolOf(4);
    const narrow = env.job().tasks(2);
    env.settle();
    const [first, second] = [gang(env.job(), 3), gang(env.job(), 3)];
    env.settle();
    expect([first.state(1), second.state(1)]).toEqual(['active', 'active']);
    expect(env.explain(second, 1)).toMatchObject([{ code: 'WaitingForNodesTogether', kept: false }, { code: 'KeptForTask', jobId: first.row.intent.id }]);
    narrow.end(1);
    expect([first.state(1), second.state(1)]).toEqual(['running', 'active']);
    first.end(1);
    expect([first.state(1), second.state(1)]).toEqual(['completed', 'running']);
    second.end(1);
    expect(second.state(1)).toBe('completed');
  });

  test('gives way to one of a higher priority', () => {
    poolOf(2);
    const narrow = env.job().tasks(1);
    env.settle();
    const low = gang(env.job(), 2);
    env.settle();
    const high = gang(env.job({ priority: 1 }), 2);
    env.settle();
    narrow.end(1);
    expect([low.state(1), high.state(1)]).toEqual(['active', 'running']);
  });

  test('has as many tasks of lower priority make room as it lacks nodes, if they may be preempted', () => {
    poolOf(3);
    const low = env.job({ priority: -1, allowTaskPreemption: true }).tasks(3);
    env.settle();
    const job = gang(env.job(), 2);
    env.settle();
    expect(job.state(1)).toBe('running');
    expect(low.inState('running')).toHaveLength(1);
    settled();
  });
});

describe('Beside a job manager', () => {
  const MANAGER = { runExclusive: true, allowLowPriorityNode: true, killJobOnCompletion: false };

  test('it waits for the manager to start, and for no node that a manager has', () => {
    poolOf(2);
    const job = env.job({ manager: MANAGER }).task();
    gang(job, 2);
    const other = env.job().tasks(1);
    env.settle();
    expect([job.state(1), job.state(2), other.state(1)]).toEqual(['running', 'active', 'running']);
    expect(env.explain(job, 2)).toMatchObject([{ code: 'TooFewNodesTogether', instances: 2, nodes: 1 }, { code: 'HeldByJobManager' }]);
    job.end(1);
    other.end(1);
    expect(job.state(2)).toBe('running');
  });

  test('it does not have the offer of its manager taken back, and given again, without end', () => {
    poolOf(2);
    const other = env.job({ priority: 1 }).tasks(2);
    env.settle();
    const job = env.job({ manager: { ...MANAGER, runExclusive: false } }).task();
    gang(job, 1);
    env.settle();
    expect([job.state(1), job.state(2)]).toEqual(['offered', 'active']);
    const [offers, revokes] = [env.sent('offer').length, env.sent('revoke').length];
    env.pass(60_000);
    expect([env.sent('offer').length - offers, env.sent('revoke').length - revokes]).toEqual([0, 0]);
    other.end(1);
    expect(job.state(1)).toBe('running');
    other.end(2);
    expect(job.state(2)).toBe('running');
  });

  test('a manager for dedicated nodes alone has its node, and low-priority nodes are kept', () => {
    poolOf(1, { targetLowPriority: 2 });
    env.settle();
    const job = env.job({ manager: { ...MANAGER, allowLowPriorityNode: false } }).task();
    gang(job, 2);
    env.settle();
    expect([job.state(1), job.state(2)]).toEqual(['running', 'running']);
    expect(nodesOf(job, 2).map((node) => env.nodes.get(node ?? -1)?.dedicated)).toEqual([false, false]);
  });
});

describe('With a preparation task', () => {
  const PREPARATION = { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 };

  test('each instance waits for its own node', () => {
    poolOf(2);
    const job = gang(env.job({ preparation: PREPARATION }), 2);
    env.settle();
    expect([job.state(1), ...subtasks(job, 1).map(({ state }) => state)]).toEqual(['preparing', 'preparing']);
    const [first, second] = nodesOf(job, 1);
    job.endOwn('preparation', second ?? -1);
    expect([job.state(1), ...subtasks(job, 1).map(({ state }) => state)]).toEqual(['preparing', 'running']);
    expect(agentOf(job, 1, 0).proceeded.size).toBe(0);
    job.endOwn('preparation', first ?? -1);
    expect(subtasks(job, 1)).toMatchObject([{ state: 'running', previousState: 'preparing' }]);
    expect([job.state(1), agentOf(job, 1, 0).proceeded.size]).toEqual(['running', 1]);
  });

  test('a node where it failed is closed, and takes the attempt with it to others; that node is kept for nobody', () => {
    poolOf(3);
    const job = gang(env.job({ preparation: PREPARATION }), 2);
    env.settle();
    const [, second] = nodesOf(job, 1);
    job.endOwn('preparation', second ?? -1, 1);
    expect(nodesOf(job, 1)).not.toContain(second);
    for (const node of nodesOf(job, 1)) if (env.jobNodes.get(`${job.number}.${node}`)?.preparation?.state === 'running') job.endOwn('preparation', node ?? -1);
    expect([job.state(1), job.of(1).attempt, job.of(1).retryCount]).toEqual(['running', 2, 0]);
    const next = gang(job, 2);
    const other = env.job().tasks(1);
    env.settle();
    expect([next.state(2), other.state(1), other.of(1).node]).toEqual(['active', 'running', second]);
  });
});

describe('What a client asks of it', () => {
  test.each(['terminateTask', 'deleteTask'] as const)('%s ends all instances', (ask) => {
    poolOf(3);
    const job = gang(env.job(), 3);
    env.settle();
    const nodes = nodesOf(job, 1);
    job[ask](1);
    env.settle();
    expect([...env.agents.values()].flatMap(({ running }) => [...running.keys()])).toEqual([]);
    if (ask === 'terminateTask') expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' } });
    else {
      expect([env.tasks.size, env.subtasks.size]).toEqual([0, 0]);
      expect(env.sent('discard').map(({ node }) => node).toSorted()).toEqual(nodes.toSorted());
    }
  });

  test('disable with requeue takes back all, and enable starts all again', () => {
    poolOf(2);
    const job = gang(env.job(), 2);
    env.settle();
    job.disable('requeue');
    env.settle();
    expect([job.state(1), job.status.state, job.of(1).requeueCount]).toEqual(['active', 'disabled', 1]);
    job.enable();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2 });
    settled();
  });

  test('what was still out of a completed one when the owner changed is ended, and its row says so', () => {
    poolOf(2);
    const job = gang(env.job(), 2);
    env.settle();
    const second = agentOf(job, 1, 1);
    agentOf(job, 1, 0).finish(job.number, 1, exited(0));
    env.apply(...agentOf(job, 1, 0).work());
    env.tick();
    expect([job.state(1), subtasks(job, 1)[0]?.state]).toEqual(['completed', 'running']);
    env.restart().settle();
    expect([subtasks(job, 1)[0]?.state, second.running.size, env.nodes.get(second.node)?.runningSlots]).toEqual(['completed', 0, 0]);
    settled();
  });
});
