import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { NO_CGROUP } from '../../src/agent/cgroups.ts';
import { type ContainerGroup, limitsBelow, makeContainerGroup, openContainerMeter, ranOutOfMemory } from '../../src/agent/containers/containerUsage.ts';
import { usageInDocker } from '../../src/agent/containers/dockerGroups.ts';
import { noteUsed, readUsed, usedFileOf } from '../../src/agent/containers/runtime/usedFile.ts';
import type { TaskUsage } from '../../src/core/task/usage.ts';

/** Plain directories, with the files that groups of the unified tree have. */
let node: string;
beforeEach(() => {
  node = mkdtempSync(join(tmpdir(), 'linarite-container-'));
  return () => rmSync(node, { recursive: true, force: true });
});

function madeGroup(): ContainerGroup {
  const group = makeContainerGroup({ ...NO_CGROUP, net: node }, '/linarite/node-1', 'container-1');
  if (group === null) throw new Error('no group was made');
  return group;
}

function spends({ directory }: ContainerGroup, userUs: number, kernelUs: number): void {
  writeFileSync(join(directory, 'cpu.stat'), `usage_usec ${userUs + kernelUs}\nuser_usec ${userUs}\nsystem_usec ${kernelUs}\nnr_periods 0\n`);
}

describe('a container on a machine with the unified tree alone', () => {
  test('has its group made in one of ours, whose time is told when the container and its own group are gone', () => {
    const group = madeGroup();
    expect(group).toEqual({ parent: '/linarite/node-1/container-1.all', directory: join(node, 'container-1.all') });
    spends(group, 5, 7);
    const meter = openContainerMeter(group, () => null);
    mkdirSync(join(group.directory, 'runtime-1'));
    spends(group, 1_000_005, 20_007);
    meter.look();
    rmSync(join(group.directory, 'runtime-1'), { recursive: true });
    spends(group, 1_500_005, 30_007);
    expect(meter.close(), 'without what the group had before').toEqual([1_500_000, 30_000, 0, 0, 0, 0]);
  });

  test('has read and written what its engine says, which has waited for its processes; its own time is left out', () => {
    const group = madeGroup();
    spends(group, 0, 0);
    let told: TaskUsage | null = null;
    const meter = openContainerMeter(group, () => told);
    spends(group, 400, 100);
    told = [90_000, 90_000, 1, 2, 3, 4];
    meter.look();
    // With the container what was written down is gone.
    told = null;
    expect(meter.close()).toEqual([400, 100, 1, 2, 3, 4]);
  });

  test('has used what its engine says, where no group can be made', () => {
    expect(makeContainerGroup(NO_CGROUP, '/', 'container-1')).toBeNull();
    expect(openContainerMeter(null, () => [9, 8, 7, 6, 5, 4]).close()).toEqual([9, 8, 7, 6, 5, 4]);
    expect(openContainerMeter(null, () => null).close(), 'nothing tells').toBeNull();
  });

  test('lacked memory where the system has killed for want of it below, also when its own group is gone', () => {
    const group = madeGroup();
    expect(ranOutOfMemory(group), 'memory is not bounded there').toBe(false);
    const events = (kills: number): void => writeFileSync(join(group.directory, 'memory.events'), `low 0\nhigh 0\nmax 3\noom 1\noom_kill ${kills}\n`);
    events(0);
    expect(ranOutOfMemory(group)).toBe(false);
    events(2);
    expect(ranOutOfMemory(group)).toBe(true);
  });

  test.each([
    ['both', { cpu: '/g', memory: '/g' }, { cores: 2, memoryBytes: 2 ** 30 }],
    ['the controller of memory', { cpu: null, memory: '/g' }, { memoryBytes: 2 ** 30 }],
    ['none', { cpu: null, memory: null }, {}],
  ])('is told the limits for which its node was given %s: a runtime refuses others', (_given, has, limits) => {
    expect(limitsBelow({ ...NO_CGROUP, net: '/g', ...has }, { cores: 2, memoryBytes: 2 ** 30 })).toEqual(limits);
  });
});

describe('a container of docker', () => {
  test.each([
    ['cgroupfs', join('docker', 'abc')],
    ['systemd', join('system.slice', 'docker-abc.scope')],
  ])('has used what its group says where the driver is %s, as it was seen last', (_driver, place) => {
    const directory = join(node, place);
    const meter = openContainerMeter(null, () => usageInDocker('abc', node));
    mkdirSync(directory, { recursive: true });
    spends({ parent: '', directory }, 700_000, 30_000);
    meter.look();
    rmSync(directory, { recursive: true });
    expect(meter.close()).toEqual([700_000, 30_000, 0, 0, 0, 0]);
  });

  test('is not measured where its group is elsewhere, or there is no unified tree', () => {
    expect([usageInDocker('abc', node), usageInDocker('abc', null), usageInDocker('', node)]).toEqual([null, null, null]);
  });
});

test('what commands of a container have used is written down, a line each, and read as a sum', async () => {
  const file = usedFileOf(node, 'c1');
  expect(readUsed(file)).toBeNull();
  mkdirSync(join(node, 'containers/c1'), { recursive: true });
  expect(await noteUsed(file, () => Promise.resolve('done'))).toBe('done');
  writeFileSync(file, '1 2 3 4 5 6\n10 20 30 40 50 60\n');
  expect(readUsed(file)).toEqual([11, 22, 33, 44, 55, 66]);
});
