import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCgroup, removeCgroup } from '../../src/agent/cgroups.ts';
import { processBounds } from '../../src/agent/processBounds.ts';
import { outcomeOf } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

const MIB = 1024 ** 2;
const LIMITS = { cores: 0.25, memoryBytes: 64 * MIB, processes: 60 };
const tried = openCgroup(`linarite-limits-${process.pid}`, processBounds().allNodes, LIMITS);
removeCgroup(tried);
const isPossible = tried.cpu !== null && tried.memory !== null && tried.counter !== null;
if (!isPossible) console.log('skipped: limits of CPU, memory and processes of a node, which need control groups with these controllers');

describe.runIf(isPossible)('a node that has less than its machine', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode({}, { limits: LIMITS });
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  const perl = (program: string): string => `/usr/bin/perl -e '${program}'`;
  const lacked = (exitCode: number): unknown => ({
    kind: 'exited',
    exitCode,
    failure: {
      category: 'UserError',
      code: 'FailureExitCode',
      message: 'The task exited with an exit code representing a failure',
      details: [
        { name: 'Message', value: `The task process exited with exit code ${exitCode}: the node's memory was used up, and the system killed a process of the task: its VM size has 0.06 GiB` },
        { name: 'AdditionalErrorCode', value: 'FailureExitCode' },
      ],
    },
  });

  test('has a task killed that takes more memory, and the task says so', async () => {
    expect(await outcomeOf(node.owner.run({ commandLine: perl('my $x = "x" x (200 * 1024 * 1024)') }))).toEqual(lacked(137));
  });

  test('says so as well where a child was killed and the task itself failed for it', async () => {
    const script = `/bin/sh -c '/usr/bin/perl -e "my \\$x = q(x) x (200 * 1024 * 1024)"; exit 9'`;
    expect(await outcomeOf(node.owner.run({ commandLine: script }))).toEqual(lacked(9));
  });

  test('says nothing of memory of the next task in the same place, whether or not the one before noticed', async () => {
    const script = `/bin/sh -c '/usr/bin/perl -e "my \\$x = q(x) x (200 * 1024 * 1024)"; exit 0'`;
    expect(await outcomeOf(node.owner.run({ commandLine: script }))).toEqual({ kind: 'exited', exitCode: 0 });
    expect(await outcomeOf(node.owner.run({ commandLine: perl('exit 3') }))).toEqual({ kind: 'exited', exitCode: 3 });
    expect(await outcomeOf(node.owner.run({ commandLine: perl('my $x = "x" x (20 * 1024 * 1024); exit 4') }))).toEqual({ kind: 'exited', exitCode: 4 });
  });

  test('gives its tasks no more of the processors together than it has', async () => {
    const spin = perl('1 while (times)[0] < 0.4');
    await Promise.all(['one', 'two'].map((task) => node.owner.run({ task, commandLine: spin }, 60_000)));
    const group = readFileSync(join(node.state, 'cgroup'), 'utf8').split('\n')[2] ?? '';
    const throttled = Number(/^nr_throttled (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))?.[1]);
    // Four fifths of a second at a quarter of a processor are 32 periods of a tenth of a second; on a busy machine
    // tasks get so little by themselves in some of them.
    expect(throttled).toBeGreaterThanOrEqual(6);
  });

  test('holds no more processes than it may have', async () => {
    const end = await node.owner.run({ task: 'forks', commandLine: perl('my $n = 0; for (1 .. 200) { my $pid = fork; last unless defined $pid; if (!$pid) { sleep 100; exit } $n++ } print $n') });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const forked = Number(readFileSync(join(node.root, 'workitems/job1/job-1/forks/stdout.txt'), 'utf8'));
    expect(forked).toBeGreaterThan(20);
    expect(forked).toBeLessThan(LIMITS.processes);
  });
});
