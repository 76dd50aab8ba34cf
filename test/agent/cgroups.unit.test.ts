import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { cgroupText, NO_CGROUP, openCgroup, readCgroup } from '../../src/agent/cgroups.ts';
import { ownGroupsOf } from '../../src/agent/ownGroups.ts';
import { processBounds } from '../../src/agent/processBounds.ts';

const UNIFIED = '30 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const HYBRID = '31 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n32 24 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n33 24 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct';

describe('a process makes control groups', () => {
  test.each([
    ['below its own', '0::/user.slice/user-0.slice/session-3.scope', UNIFIED, ['/sys/fs/cgroup/user.slice/user-0.slice/session-3.scope'], null],
    ['rather below that of its service, if this has put it into one below', '0::/system.slice/linarite.service/main', UNIFIED, ['/sys/fs/cgroup/system.slice/linarite.service', '/sys/fs/cgroup/system.slice/linarite.service/main'], null],
    ['never below a group of systemd’s', '0::/user.slice/user-1.service/app.slice', UNIFIED, ['/sys/fs/cgroup/user.slice/user-1.service/app.slice'], null],
    ['in the v1 trees that count and bound, beside the unified one', '8:pids:/a\n4:cpu,cpuacct:/b\n0::/c', HYBRID, ['/sys/fs/cgroup/unified/c'], '/sys/fs/cgroup/pids/a', '/sys/fs/cgroup/cpu/b'],
    ['in a container that sees only a part of the tree', '8:pids:/docker/1f/x', '32 24 0:29 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids', [], '/sys/fs/cgroup/pids/x'],
    ['not where its own is out of sight', '0::/../other\n8:pids:/docker/2e', '32 24 0:29 /docker/1f /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids', [], null],
    ['not where there are none', '', '', [], null],
  ])('%s', (_name, groups, mounts, unified, pids, cpu: string | null = null) => {
    expect(ownGroupsOf(groups, mounts)).toEqual({ unified, pids, cpu, memory: null });
  });
});

/** Plain directories: the files that a group has tell what may be done with it, and what was. */
describe('processes are counted in the unified tree', () => {
  let tree: string;
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), 'linarite-cgroups-'));
    return () => rmSync(tree, { recursive: true });
  });
  const group = (name: string, { processes = '', controllers = 'cpu pids' } = {}): string => {
    const path = join(tree, name);
    mkdirSync(path, { recursive: true });
    for (const [file, text] of [['cgroup.type', 'domain\n'], ['cgroup.procs', processes], ['cgroup.controllers', `${controllers}\n`]] as const) writeFileSync(join(path, file), text);
    return path;
  };

  test('below a service whose processes lie in a group below it', () => {
    const service = group('a.service');
    const main = group('a.service/main', { processes: '7\n' });
    const path = join(service, 'linarite/node-1');
    expect(openCgroup('node-1', 500, {}, { unified: [service, main], pids: null, cpu: null, memory: null })).toEqual({ ...NO_CGROUP, net: path, counter: path });
    expect(readFileSync(join(service, 'cgroup.subtree_control'), 'utf8')).toBe('+pids');
    expect(readFileSync(join(service, 'linarite/pids.max'), 'utf8'), 'all nodes together').toBe('500');
    expect(readFileSync(join(path, 'cgroup.subtree_control'), 'utf8')).toBe('+pids');
  });

  test.each([
    ['with processes of its own', { processes: '7\n' }],
    ['without that controller', { controllers: 'cpu' }],
  ])('not below a group %s: groups there would take none, or count none', (_name, changes) => {
    const own = group('session.scope', changes);
    expect(openCgroup('node-1', 500, {}, { unified: [own], pids: null, cpu: null, memory: null })).toEqual({ ...NO_CGROUP, net: join(own, 'node-1') });
    expect(existsSync(join(own, 'cgroup.subtree_control'))).toBe(false);
  });
});

test('what an agent writes down of its control groups is read by the next one, and what older agents wrote as well', () => {
  for (const groups of [{ net: '/a', counter: '/b', cpu: '/c', memory: '/d' }, { ...NO_CGROUP, net: '/a' }, { ...NO_CGROUP, counter: '/b' }, NO_CGROUP]) {
    expect(readCgroup(cgroupText(groups))).toEqual(groups);
  }
  expect(readCgroup('/a')).toEqual({ ...NO_CGROUP, net: '/a' });
  expect(readCgroup('/a\n/b')).toEqual({ ...NO_CGROUP, net: '/a', counter: '/b' });
  expect(readCgroup('')).toEqual(NO_CGROUP);
});

test.each([
  [32_768, 4_915, 16_384],
  [192_731, 28_909, 96_365],
  [4_194_304, 32_768, 2_097_152],
])('of %i processes that a machine can have an attempt may have %i, and all nodes together %i', (machine, perAttempt, allNodes) => {
  expect(processBounds(machine)).toEqual({ perAttempt, allNodes });
});
