import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Cgroup, openCgroup, removeCgroup } from '../../src/agent/cgroups.ts';
import { leftCgroup } from '../../src/agent/node.ts';
import { processBounds } from '../../src/agent/processBounds.ts';
import { attemptName, type AttemptKey } from '../../src/core/keys.ts';
import { endOf, work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

/**
 * Seconds that no other process of the machine sleeps: by them a process is found whatever it did to its environment
 * and session.
 */
const sleepSeconds = 800_000 + (process.pid % 90_000);
function sleepers(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${sleepSeconds}\0`;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Few enough that a test reaches it in a moment. */
const MOST_PROCESSES = 64;
function pathsOf({ net, counter }: Cgroup): readonly string[] {
  return [net, counter].filter((path) => path !== null);
}

function key(task: number): AttemptKey {
  return { job: 1, task, attempt: 1, instance: 0 };
}
const sleep = `sleep ${sleepSeconds}`;

const probe = openCgroup(`linarite-test-${process.pid}`, processBounds().allNodes, {});
removeCgroup(probe);
if (probe.net === null) console.log('skipped: killing with control groups, of which none can be made here');

describe.runIf(process.platform === 'linux').each([
  ...(probe.net === null ? [] : [['with control groups', true] as const]),
  ['without control groups', false] as const,
])('the whole process tree of a task, %s,', (_name, cgroups) => {
  /**
   * In the foreground, in the background, in sessions of their own, deaf to signals, without environment; without
   * environment and parents only where control groups hold them.
   */
  const stubborn = `/bin/sh -c 'trap "" TERM INT HUP; ${sleep} & setsid ${sleep} & (setsid sh -c "${sleep} & ${sleep}" &); env -i setsid ${sleep} & ${cgroups ? `(env -i setsid ${sleep} &)` : `(setsid ${sleep} &)`}; ${sleep}'`;
  const stubbornSleepers = 7;

  let node: TestNode;
  beforeEach(async () => {
    node = await startNode({}, { cgroups, mostProcesses: MOST_PROCESSES });
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterEach(() => node.close());

  const start = async (task: number, changes: Partial<Parameters<typeof work>[0]> = {}): Promise<void> => {
    node.owner.command({ kind: 'offer', key: key(task), work: work({ task: `t${task}`, commandLine: stubborn, ...changes }) });
    await expect.poll(() => sleepers().length, { timeout: 30_000 }).toBe(stubbornSleepers);
  };
  const ended = (task: number) => node.owner.until(`end of ${task}`, () => endOf(node.owner, key(task)));

  test('is dead when the end of a terminated task is told', async () => {
    await start(1);
    node.owner.command({ kind: 'end', key: key(1), reason: 'terminate' });
    expect((await ended(1)).outcome).toEqual({ kind: 'killed', exitCode: 137, reason: 'terminate' });
    expect(sleepers()).toEqual([]);
  });

  /** A command and a process in a session of its own that say a last word when they are told to end. */
  const polite = `/bin/sh -c 'setsid sh -c "trap \\"echo child; exit\\" TERM; : > ready; while :; do sleep 0.02; done" & trap "wait; echo saved; exit 9" TERM; until test -e ready; do sleep 0.02; done; : > begun; wait'`;
  const fileOf = (task: number, path: string): string => join(node.root, `workitems/job1/job-1/polite${task}`, path);
  const startPolite = async (task: number): Promise<void> => {
    node.owner.command({ kind: 'offer', key: key(task), work: work({ task: `polite${task}`, commandLine: polite }) });
    await expect.poll(() => existsSync(fileOf(task, 'wd/begun')), { timeout: 30_000 }).toBe(true);
  };
  const lastWords = (task: number): string => readFileSync(fileOf(task, 'stdout.txt'), 'utf8');

  test('has until the deadline of its end to end by itself, and no moment where that is 0 or not said', async () => {
    await Promise.all([1, 2, 3].map(startPolite));
    node.owner.command(
      { kind: 'end', key: key(1), reason: 'requeue', deadlineMs: 20_000 },
      { kind: 'end', key: key(2), reason: 'requeue', deadlineMs: 0 },
      // As owners of an earlier version say it.
      { kind: 'end', key: key(3), reason: 'requeue' },
    );
    expect(await Promise.all([1, 2, 3].map(ended))).toMatchObject([9, 137, 137].map((exitCode) => ({ outcome: { kind: 'killed', exitCode } })));
    expect([1, 2, 3].map(lastWords)).toEqual(['child\nsaved\n', '', '']);
  });

  test('is dead at the deadline of its end, though it is deaf to SIGTERM; a later deadline changes nothing, an earlier one does', async () => {
    await start(1);
    const askedAt = Date.now();
    node.owner.command({ kind: 'end', key: key(1), reason: 'requeue', deadlineMs: 300 }, { kind: 'end', key: key(1), reason: 'requeue', deadlineMs: 60_000 });
    const { endedAt, outcome } = await ended(1);
    expect(outcome).toEqual({ kind: 'killed', exitCode: 137, reason: 'requeue' });
    expect(endedAt - askedAt).toBeGreaterThanOrEqual(300);
    expect(sleepers()).toEqual([]);
    await start(2);
    node.owner.command({ kind: 'end', key: key(2), reason: 'requeue', deadlineMs: 60_000 }, { kind: 'end', key: key(2), reason: 'terminate', deadlineMs: 0 });
    expect((await ended(2)).outcome).toEqual({ kind: 'killed', exitCode: 137, reason: 'requeue' });
  });

  test('is dead when the wall clock has run out', async () => {
    // It counts from before the command is begun, which takes a second on a busy machine.
    node.owner.command({ kind: 'offer', key: key(1), work: work({ commandLine: stubborn, wallClockMs: 4_000 }) });
    const { startedAt, endedAt, outcome } = await ended(1);
    expect(outcome).toEqual({ kind: 'timedOut', exitCode: 137 });
    expect(endedAt - (startedAt ?? 0)).toBeGreaterThan(3_900);
    expect(sleepers()).toEqual([]);
  });

  test('is dead when its command has ended by itself', async () => {
    const end = await node.owner.run({ commandLine: `/bin/sh -c 'setsid ${sleep} & ${cgroups ? 'env -i' : ''} setsid ${sleep} & ${sleep} & exit 4'` });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 4 });
    if (cgroups) expect(sleepers()).toEqual([]);
    else await expect.poll(sleepers, { timeout: 30_000 }).toEqual([]);
  });

  test('leaves the other tasks of the node alone', async () => {
    const waits = `/bin/sh -c 'until test -e $AZ_BATCH_NODE_SHARED_DIR/gate; do sleep 0.05; done; exit 5'`;
    node.owner.command({ kind: 'offer', key: key(9), work: work({ task: 'calm', commandLine: waits }) });
    await start(1);
    node.owner.command({ kind: 'end', key: key(1), reason: 'terminate' });
    await ended(1);
    expect(endOf(node.owner, key(9))).toBeNull();
    writeFileSync(join(node.root, 'shared/gate'), '');
    expect((await ended(9)).outcome).toEqual({ kind: 'exited', exitCode: 5 });
  });

  test.runIf(process.geteuid?.() === 0)('ends a fork bomb, and the node runs the next task', async () => {
    const bomb = `/bin/bash -c 'b() { b | b & b; }; b; ${sleep}'`;
    node.owner.command({ kind: 'offer', key: key(1), work: work({ commandLine: bomb, wallClockMs: 1_500 }) });
    await ended(1);
    expect((await node.owner.run({ commandLine: '/bin/true' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
  });

  // Root's own processes are not counted for users.
  test.runIf(process.geteuid?.() === 0)('has a bound, beyond which only its own forks fail', async () => {
    const waits = `/bin/sh -c ': > $AZ_BATCH_NODE_SHARED_DIR/begun; until test -e $AZ_BATCH_NODE_SHARED_DIR/gate; do sleep 0.05; done; exit 5'`;
    node.owner.command({ kind: 'offer', key: key(9), work: work({ task: 'calm', commandLine: waits, user: { kind: 'auto', scope: 'task', elevation: 'nonadmin' } }) });
    await expect.poll(() => existsSync(join(node.root, 'shared/begun')), { timeout: 30_000 }).toBe(true);
    // Each child lives until its group is killed.
    const forks = `my $n = 0; while ($n < ${10 * MOST_PROCESSES}) { my $pid = fork; if (!defined $pid) { print "$n ", $!{EAGAIN} ? "EAGAIN" : $!; exit 3 } if ($pid == 0) { setpgrp; sleep ${sleepSeconds} } $n++ }`;
    const end = await node.owner.run({ task: 'bomb', commandLine: `/usr/bin/perl -MErrno -e '${forks}'`, user: { kind: 'auto', scope: 'task', elevation: 'nonadmin' } });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 3 });
    // The other two are the slot’s shell and the command.
    expect(readFileSync(join(node.root, 'workitems/job1/job-1/bomb/stdout.txt'), 'utf8')).toMatch(new RegExp(`^${MOST_PROCESSES - 2} EAGAIN$`));
    expect(endOf(node.owner, key(9))).toBeNull();
    writeFileSync(join(node.root, 'shared/gate'), '');
    expect((await ended(9)).outcome).toEqual({ kind: 'exited', exitCode: 5 });
  });

  test('is killed by the next life when the agent was, before anything new starts; the task is told lost', async () => {
    const groups = pathsOf(leftCgroup(node.state));
    expect(groups.filter((path) => !existsSync(path))).toEqual([]);
    await start(1);
    // A result that has been acknowledged is not said again.
    expect((await node.owner.run({ task: 'done', commandLine: '/bin/true' })).outcome.kind).toBe('exited');
    node.agent.kill('SIGKILL');
    await node.exited();
    expect(sleepers()).toHaveLength(stubbornSleepers);
    node.startAgent(2);
    expect((await ended(1)).outcome).toEqual({ kind: 'lost' });
    expect(sleepers()).toEqual([]);
    expect(groups.filter(existsSync)).toEqual([]);
  });

  test('is dead when the agent was told to leave', async () => {
    await start(1);
    node.owner.send({ kind: 'leave', epoch: 1 });
    expect(await node.exited()).toBe(0);
    expect(sleepers()).toEqual([]);
  });

  test('is dead when the agent was terminated, and no control group is left', async () => {
    await start(1);
    const groups = pathsOf(leftCgroup(node.state));
    expect(groups.length > 0).toBe(cgroups);
    node.agent.kill('SIGTERM');
    expect(await node.exited()).toBe(0);
    expect(sleepers()).toEqual([]);
    expect(groups.filter(existsSync)).toEqual([]);
  });

  test('has a moment to end by itself when the agent was terminated', async () => {
    await startPolite(1);
    node.agent.kill('SIGTERM');
    expect(await node.exited()).toBe(0);
    expect(lastWords(1)).toBe('child\nsaved\n');
  });

  test('of a task ended while its resource files hang: no process ever starts', async () => {
    node.owner.onFileBody = () => {};
    const url = node.owner.agentUrl.replace('ws:', 'http:').replace('/linarite/agent', '/hangs');
    node.owner.command({ kind: 'offer', key: key(1), work: work({ task: 'never', commandLine: '/bin/sh -c "echo ran > ran"', resourceFiles: [{ kind: 'url', url, filePath: 'f', fileMode: null }] }) });
    await node.owner.until('started', () => node.owner.reports.some((report) => report.kind === 'started' && attemptName(report.key) === '1.1.1.0'));
    node.owner.command({ kind: 'end', key: key(1), reason: 'terminate' });
    expect((await ended(1)).outcome).toEqual({ kind: 'killed', exitCode: null, reason: 'terminate' });
    expect(existsSync(join(node.root, 'workitems/job1/job-1/never/wd/ran'))).toBe(false);
  });
});
