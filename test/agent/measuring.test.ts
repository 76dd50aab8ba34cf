import { chmodSync, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentFrame } from '../../src/agent/frames.ts';
import { attemptName } from '../../src/core/keys.ts';
import type { Measure } from '../../src/core/pool/measure.ts';
import type { TaskUsage } from '../../src/core/task/usage.ts';
import { startNode, type TestNode } from './testNode.ts';

const MIB = 2 ** 20;
/** What is written in memory is written to no disk, and tests may lie there. */
const DISK = mkdtempSync('/var/tmp/linarite-measuring-');
chmodSync(DISK, 0o777);
afterAll(() => rmSync(DISK, { recursive: true, force: true }));
const TMPFS = 0x01021994;
const isDisk = statfsSync(DISK).type !== TMPFS;
/** Half a second of a processor, 8 MiB written through to the disk, and all that in one process. */
const BUSY = `${process.execPath} -e "const f = require('fs'); const d = f.openSync('${DISK}/big', 'w'); f.writeSync(d, Buffer.alloc(${8 * MIB}, 1)); f.fsyncSync(d); while (process.cpuUsage().user + process.cpuUsage().system < 500000);"`;

let node: TestNode;
afterEach(() => node.close());

function measures(): readonly Measure[] {
  return node.owner.frames.flatMap(({ frame }) => (frame.kind === 'measured' ? [frame.measure] : []));
}

function sum(of: (measure: Measure) => number | undefined): number {
  return measures().reduce((total, measure) => total + (of(measure) ?? 0), 0);
}

describe.each([
  ['found by control groups', {}],
  ['found by marks', { cgroups: false }],
] as const)('the processes of a node, %s', (_how, changes) => {
  beforeEach(async () => {
    node = await startNode({}, changes);
    node.owner.welcome = { ...node.owner.welcome, measureEveryMs: 100 };
  });

  test('show what they use: processors, memory, disk; a network of the machine’s is nobody’s', async () => {
    await node.owner.until('the node is ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'));
    await node.owner.run({ commandLine: `/bin/sh -c '${BUSY.replaceAll("'", "'\\''")}'` });
    const cpuMs = await node.owner.until('its time is seen', () => sum(({ cpu }) => cpu?.ms) >= 450 && sum(({ cpu }) => cpu?.ms));
    expect(cpuMs).toBeLessThan(5_000);
    if (isDisk) await node.owner.until('what it wrote is seen', () => sum(({ io }) => io?.writeBytes) >= 8 * MIB);
    const last = measures().at(-1);
    expect(last?.cpu?.cores).toBeGreaterThan(0);
    expect(last?.diskBytes).toBeGreaterThan(0);
    expect(Math.max(...measures().map(({ memoryBytes = 0 }) => memoryBytes))).toBeGreaterThan(8 * MIB);
    expect(last).not.toHaveProperty('network');
    expect(sum(({ overMs }) => overMs)).toBeGreaterThan(450);
  });
});

describe.each([
  ['with a control group', {}],
  ['without', { cgroups: false }],
] as const)('what a task has used, %s', (how, changes) => {
  const hasGroups = how === 'with a control group';
  beforeEach(async () => {
    node = await startNode({}, changes);
  });
  const QUOTED = `/bin/sh -c '${BUSY.replaceAll("'", "'\\''")}'`;
  /** It uses a fifth of a second of a processor, says so by a file, and goes on. */
  const LEFT = '/usr/bin/perl -e "1 while (times)[0] < 0.2; open F, q(>used); sleep 1000" &';
  async function usedBy(work: Parameters<TestNode['owner']['run']>[0]): Promise<TaskUsage> {
    const { key } = await node.owner.run(work, 60_000);
    const reports = node.owner.frames.flatMap(({ frame }) => (frame.kind === 'reports' ? frame.reports : []));
    const { used } = reports.flatMap((report) => (report.kind === 'ended' && attemptName(report.end.key) === attemptName(key) ? [report.end.outcome] : []))[0] ?? {};
    if (used === undefined) throw new Error('nothing is said of it');
    return used;
  }

  test('is told with its end: time of processors, and what its processes read and wrote', async () => {
    const [userUs, kernelUs, readOps, writeOps, , writeBytes] = await usedBy({ commandLine: QUOTED });
    expect(userUs + kernelUs).toBeGreaterThan(450_000);
    expect(userUs + kernelUs).toBeLessThan(5_000_000);
    expect(readOps).toBeGreaterThan(0);
    expect(writeOps).toBeGreaterThan(0);
    if (isDisk) expect(writeBytes).toBeGreaterThanOrEqual(8 * MIB);
    const [nextUser, nextKernel, , , , nextBytes] = await usedBy({ task: 'next', commandLine: '/bin/sh -c "exit 3"' });
    expect(nextUser + nextKernel, 'of the one before nothing is counted again').toBeLessThan(200_000);
    expect(nextBytes).toBeLessThan(MIB);
  });

  test.runIf(hasGroups)('is told as well of one that was killed, and of what it left running', async () => {
    const [userUs, kernelUs, readOps] = await usedBy({ commandLine: `/usr/bin/perl -e 'sysread STDIN, my $x, 1 for 1 .. 50; 1 while 1'`, wallClockMs: 3_000 });
    expect(userUs + kernelUs).toBeGreaterThan(50_000);
    expect(readOps).toBeGreaterThanOrEqual(50);
    const [leftUser, leftKernel] = await usedBy({ task: 'left', commandLine: `/bin/sh -c '${LEFT} until test -e used; do sleep 0.1; done'` });
    expect(leftUser + leftKernel).toBeGreaterThan(180_000);
  });

  test.runIf(hasGroups)('includes what the coordination command of a multi-instance task has left running', async () => {
    const gang = { instance: 1, coordinationCommandLine: `/bin/sh -c '${LEFT}'`, commonResourceFiles: [], hosts: [{ address: '127.0.0.1', cores: 1 }, { address: '127.0.0.1', cores: 1 }] };
    const ended = usedBy({ task: 'task1', commandLine: '/bin/true', gang });
    const seen = join(node.root, 'workitems/job1/job-1/task1/wd/used');
    await expect.poll(() => existsSync(seen), { timeout: 30_000, interval: 50 }).toBe(true);
    node.owner.command({ kind: 'end', key: { job: 1, task: 101, attempt: 1, instance: 0 }, reason: 'stale', deadlineMs: 0 });
    const [userUs] = await ended;
    expect(userUs).toBeGreaterThan(180_000);
    expect(userUs).toBeLessThan(3_000_000);
  });
});

describe('an agent', () => {
  test('says nothing of what it uses to an owner of before, and stops when one takes over', async () => {
    node = await startNode();
    node.owner.welcome = { ...node.owner.welcome, measureEveryMs: 20 };
    await node.owner.until('it measures', () => measures().length > 0);
    const { measureEveryMs: _, ...before } = node.owner.welcome;
    node.owner.welcome = before;
    const greeted = (): number => node.owner.frames.filter(({ frame }: { readonly frame: AgentFrame }) => frame.kind === 'hello').length;
    node.owner.drop();
    await node.owner.until('it is back', () => greeted() >= 2);
    const said = measures().length;
    await node.owner.run({ commandLine: '/bin/sh -c "sleep 0.2"' });
    expect(measures()).toHaveLength(said);
  });
});
