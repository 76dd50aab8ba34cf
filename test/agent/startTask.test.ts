import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { NodeSetup } from '../../src/agent/frames.ts';
import { createNodeClock } from '../../src/agent/nodeClock.ts';
import { runStartTask } from '../../src/agent/startTask.ts';
import { createUsers } from '../../src/agent/users.ts';
import { startNode, type TestNode } from './testNode.ts';

function startTask(commandLine: string, changes: Partial<NonNullable<NodeSetup['startTask']>> = {}): Partial<NodeSetup> {
  return {
    startTask: {
      commandLine,
      environment: [{ name: 'GREETING', value: 'hello' }],
      resourceFiles: [],
      outputFiles: [],
      user: { kind: 'auto', scope: 'pool', elevation: 'admin' },
      wallClockMs: null,
      retentionMs: null,
      waitForSuccess: true,
      maxTaskRetryCount: 0,
      ...changes,
    },
  };
}

async function withNode(setup: Partial<NodeSetup>, body: (node: TestNode) => Promise<void>): Promise<void> {
  const node = await startNode(setup);
  try {
    await body(node);
  } finally {
    await node.close();
  }
}
function statuses(node: TestNode) {
  return node.owner.reports.flatMap((report) => (report.kind === 'startTask' ? [report.status] : []));
}
function completed(node: TestNode) {
  return node.owner.until('the start task ends', () => statuses(node).find(({ state }) => state === 'completed'));
}
function ready(node: TestNode) {
  return node.owner.until('ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'));
}

describe('the start task of a pool', () => {
  test('runs in startup/wd before any task, with the variables of the node and not those of a task', () =>
    withNode(startTask(`/bin/sh -c 'pwd; env; echo left > $AZ_BATCH_NODE_SHARED_DIR/left'`), async (node) => {
      const { outcome } = await node.owner.run({ commandLine: `/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/left'` });
      expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
      // That of its beginning is left out where its end is there as soon.
      expect(node.owner.reports.map(({ kind }) => kind).join(' ')).toMatch(/^(startTask ){1,2}ready\b/);
      expect(statuses(node).at(-1)).toMatchObject({ state: 'completed', exitCode: 0, result: 'success', failure: null, retryCount: 0 });
      const out = readFileSync(join(node.root, 'startup/stdout.txt'), 'utf8');
      expect(out.split('\n')[0]).toBe(join(node.root, 'startup/wd'));
      expect(out).toContain(`AZ_BATCH_TASK_WORKING_DIR=${node.root}/startup/wd\n`);
      expect(out).toContain('GREETING=hello\n');
      expect(out).not.toMatch(/AZ_BATCH_(JOB|TASK)_ID/);
    }));

  test('is tried again as often as it says; after the last failure the node is not ready', () =>
    withNode(startTask(`/bin/sh -c 'echo x >> $AZ_BATCH_NODE_SHARED_DIR/tries; exit 3'`, { maxTaskRetryCount: 2 }), async (node) => {
      expect(await completed(node)).toMatchObject({ exitCode: 3, result: 'failure', retryCount: 2, failure: { code: 'FailureExitCode', category: 'UserError' } });
      expect(readFileSync(join(node.root, 'shared/tries'), 'utf8')).toBe('x\nx\nx\n');
      const said = statuses(node).map(({ state, retryCount }) => `${state} ${retryCount}`);
      // One that was not yet sent when the next was made is not said.
      expect(['running 0', 'running 1', 'running 2', 'completed 2'].filter((status) => said.includes(status))).toEqual(said);
      expect(said.at(-1)).toBe('completed 2');
      expect(node.owner.reports.some(({ kind }) => kind === 'ready')).toBe(false);
    }));

  test('whose program is missing fails at once', () =>
    withNode(startTask('no-such-program', { maxTaskRetryCount: 5 }), async (node) => {
      expect(await completed(node)).toMatchObject({ exitCode: null, result: 'failure', retryCount: 0, failure: { code: 'CommandProgramNotFound' } });
    }));

  test('that is not waited for lets tasks run beside it', () =>
    withNode(startTask(`/bin/sh -c 'until test -e $AZ_BATCH_NODE_SHARED_DIR/go; do sleep 0.02; done'`, { waitForSuccess: false }), async (node) => {
      await node.owner.run({ commandLine: `/bin/sh -c 'echo go > $AZ_BATCH_NODE_SHARED_DIR/go'` });
      expect(await completed(node)).toMatchObject({ result: 'success' });
    }));

  test('leaves its services running until the node ends', () =>
    withNode(startTask(`/bin/sh -c '(while :; do echo alive > $AZ_BATCH_NODE_SHARED_DIR/beat; sleep 0.05; done) >/dev/null 2>&1 &'`), async (node) => {
      await ready(node);
      await node.owner.run({ commandLine: `/bin/sh -c 'rm -f $AZ_BATCH_NODE_SHARED_DIR/beat; i=0; until test -e $AZ_BATCH_NODE_SHARED_DIR/beat || test $i -gt 200; do i=$((i+1)); sleep 0.05; done; test -e $AZ_BATCH_NODE_SHARED_DIR/beat'`, user: { kind: 'auto', scope: 'pool', elevation: 'admin' } });
      expect(node.owner.reports.at(-1)).toMatchObject({ kind: 'ended', end: { outcome: { kind: 'exited', exitCode: 0 } } });
    }));

  test('runs again in the next life', () =>
    withNode(startTask(`/bin/sh -c 'echo boot >> $AZ_BATCH_NODE_SHARED_DIR/boots'`), async (node) => {
      await ready(node);
      node.agent.kill('SIGKILL');
      await node.exited();
      node.startAgent(2);
      await node.owner.until('ready again', () => node.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
      expect(readFileSync(join(node.root, 'shared/boots'), 'utf8')).toBe('boot\nboot\n');
    }));

  test('a node whose directories cannot be made is unusable and says why', () =>
    withNode({}, async () => {
      const broken = await startNode({}, { rootDirectory: '/dev/null/root' });
      const report = await broken.owner.until('unusable', () => broken.owner.reports.find(({ kind }) => kind === 'unusable'));
      expect(report).toMatchObject({ errors: [{ code: 'NodePreparationError', message: expect.stringContaining('/dev/null/root') }] });
      await broken.close();
      expect(existsSync('/dev/null/root')).toBe(false);
    }));

  test('that is tried again without bound waits ever longer between, up to half a minute, until the node ends', async () => {
    const root = mkdtempSync(join(tmpdir(), 'linarite-start-'));
    const ending = new AbortController();
    const pauses: number[] = [];
    const { startTask: task } = startTask('/bin/false', { maxTaskRetryCount: -1, user: { kind: 'auto', scope: 'pool', elevation: 'nonadmin' } });
    if (task === null || task === undefined) throw new Error('no start task');
    const status = await runStartTask({
      context: {
        rootDirectory: root,
        isOverfull: () => false,
        clock: createNodeClock(),
        users: createUsers(null, [], () => false),
        launcher: { warm: () => {}, launch: () => ({ exit: Promise.resolve({ kind: 'exited', exitCode: 1, lackedMemory: false }), end: () => {}, endLeftovers: () => Promise.resolve() }), membersOf: () => null, killAll: () => Promise.resolve() },
        readyTrees: { takeFor: () => false, makeOne: () => false },
      nodeEnvironment: new Map(),
        paths: { all: '', admins: '' },
        image: null,
        certificates: [],
        ownSystem: () => Promise.resolve(),
        memoryBytes: undefined,
        machineRoot: root,
        containers: null,
        transfers: { idleMs: 1, retryMs: 1 },
        packages: { install: () => Promise.resolve(), variables: () => new Map() },
        nodePackages: [],
      },
      task,
      now: () => 1,
      report: () => {},
      signal: ending.signal,
      pause: async (ms) => {
        if (pauses.push(ms) === 8) ending.abort();
      },
    });
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(status).toMatchObject({ state: 'running', retryCount: 7 });
    rmSync(root, { recursive: true });
  });

  test('does not hold up the end of its node while it waits to be tried again', () =>
    withNode(startTask('/bin/false', { maxTaskRetryCount: -1 }), async (node) => {
      await node.owner.until('tried again', () => statuses(node).some(({ retryCount }) => retryCount === 1));
      node.owner.send({ kind: 'leave', epoch: 1 });
      expect(await node.exited()).toBe(0);
      expect(statuses(node).at(-1)).toMatchObject({ state: 'running' });
    }));
});
