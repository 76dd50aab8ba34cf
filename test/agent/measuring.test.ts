import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentFrame } from '../../src/agent/frames.ts';
import type { Measure } from '../../src/core/pool/measure.ts';
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

describe('an agent', () => {
  test('says nothing of what it uses to an owner of before, and stops when one takes over', async () => {
    node = await startNode();
    node.owner.welcome = { ...node.owner.welcome, measureEveryMs: 20 };
    await node.owner.until('it measures', () => measures().length > 0);
    const { measureEveryMs: _, ...before } = node.owner.welcome;
    node.owner.welcome = before;
    const greeted = (): number => node.owner.frames.filter(({ frame }: { readonly frame: AgentFrame }) => frame.kind === 'hello').length;
    node.owner.drop();
    await node.owner.until('it is back', () => greeted() === 2);
    const said = measures().length;
    await node.owner.run({ commandLine: '/bin/sh -c "sleep 0.2"' });
    expect(measures()).toHaveLength(said);
  });
});
