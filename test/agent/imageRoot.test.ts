import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunAs } from '../../src/agent/frames.ts';
import { pathIn } from '../../src/agent/place/imageRoot.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { canMakeImages, makeImageRoot } from '../support/imageRoots.ts';
import { machineMounts } from '../support/mounts.ts';
import { startNode, type TestNode } from './testNode.ts';

const outer = mkdtempSync(join(tmpdir(), 'linarite-image-'));
const possible = canMakeImages && (await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [process.execPath] })).isolation === 'overlays';
if (!possible) console.log('skipped: nodes of unpacked images, which need root, overlays and busybox-static');
afterAll(() => rmSync(outer, { recursive: true }));

const PLAIN: RunAs = { kind: 'auto', scope: 'pool', elevation: 'nonadmin' };
const ADMIN: RunAs = { kind: 'auto', scope: 'pool', elevation: 'admin' };

async function outcomeOf(node: TestNode, user: RunAs, commandLine: string) {
  const { outcome } = await node.owner.run({ task: 't', user, commandLine, environment: [{ name: 'odd.name', value: 'odd value' }] });
  const output = (name: string): string => readFileSync(join(node.root, 'workitems/job1/job-1/t', name), 'utf8').trim();
  return { outcome, output };
}

async function said(node: TestNode, user: RunAs, script: string): Promise<string> {
  const { outcome, output } = await outcomeOf(node, user, `/bin/sh -c '${script}'`);
  if (outcome.kind !== 'exited' || outcome.exitCode !== 0) throw new Error(`${script}: ${JSON.stringify(outcome)} ${outcome.kind === 'exited' ? output('stderr.txt') : ''}`);
  return output('stdout.txt');
}

describe.runIf(possible)('a node of an unpacked image', () => {
  const image = join(outer, 'jammy');
  let node: TestNode;
  let mountsBefore: readonly string[];
  let filesBefore: string;
  const filesOf = (): string => execFileSync('find', [image, '-printf', '%p %U %G %m %s %T@\n'], { encoding: 'utf8' });
  beforeAll(async () => {
    makeImageRoot(image, 'Ubuntu 22.04.5 LTS');
    filesBefore = filesOf();
    mountsBefore = machineMounts(outer);
    node = await startNode({ userAccounts: [{ name: 'named', elevation: 'nonadmin', uid: null, gid: null }] }, { isolation: 'overlays', nodeId: 'tvmps_0a1b2c_d', imageRoot: image });
  });
  afterAll(() => node.close());

  test('runs its tasks on that system, with the node’s own directories in it', async () => {
    expect(await said(node, PLAIN, '. /etc/os-release; echo $PRETTY_NAME; pwd; readlink /bin; ls /usr/bin/perl 2>&1 || true; echo $AZ_BATCH_NODE_ROOT_DIR')).toBe(
      'Ubuntu 22.04.5 LTS\n/mnt/batch/tasks/workitems/job1/job-1/t/wd\n/usr/bin\nls: /usr/bin/perl: No such file or directory\n/mnt/batch/tasks',
    );
    expect(await said(node, PLAIN, 'hostname; grep -c 0a1b2c /etc/hosts; ls /proc/self/stat /dev/null')).toBe('0a1b2c-d\n1\n/dev/null\n/proc/self/stat');
    const hello = node.owner.frames.find(({ frame }) => frame.kind === 'hello')?.frame;
    expect(hello).toMatchObject({ report: { version: expect.stringMatching(/\+overlays\.image$/) } });
  });

  test('finds programs by the image’s own links, and says which it does not have', async () => {
    expect((await outcomeOf(node, PLAIN, 'cat /etc/os-release')).output('stdout.txt')).toContain('Ubuntu');
    expect((await outcomeOf(node, PLAIN, 'env')).output('stdout.txt'), 'without perl in the image').toContain('odd.name=odd value');
    expect((await outcomeOf(node, PLAIN, '/sbin/cat /etc/os-release')).output('stdout.txt')).toContain('Ubuntu');
    expect((await outcomeOf(node, PLAIN, 'perl -v')).outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandProgramNotFound' } });
    expect(await said(node, PLAIN, 'printf "#!/bin/sh\\necho own" > $AZ_BATCH_TASK_WORKING_DIR/own; chmod +x own; ./own')).toBe('own');
  });

  test('has its users by name, and what the image has', async () => {
    expect(await said(node, PLAIN, 'id -un; id -gn; id -G | wc -w; awk -F: "/^(image|named)/{print \\$1}" /etc/passwd; touch ~_azbatch/mine; stat -c %U ~_azbatch/mine')).toBe('_azbatch\n_azbatchgrp\n1\nimage\nnamed\n_azbatch');
    expect(await said(node, { kind: 'named', name: 'named' }, 'id -un')).toBe('named');
    expect(await said(node, ADMIN, 'id -un')).toBe('root');
  });

  test('changes what is its own alone: the image stays as it was', async () => {
    expect(await said(node, ADMIN, 'echo changed > /etc/os-release; rm /usr/bin/vi; mkdir /opt; echo x > /opt/x; cat /etc/os-release')).toBe('changed');
    expect(await said(node, PLAIN, 'cat /opt/x; touch /tmp/a; stat -c %a /tmp')).toBe('x\n1777');
    expect(filesOf()).toBe(filesBefore);
    expect(existsSync('/tmp/a') && statSync('/tmp/a').mtimeMs > Date.now() - 1_000).toBe(false);
    expect(machineMounts(outer)).toEqual(mountsBefore);
  });

  test('has it again after a reboot', async () => {
    node.agent.kill('SIGKILL');
    await node.exited();
    node.startAgent(2);
    await node.owner.until('its next life is ready', () => node.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
    expect(await said(node, PLAIN, 'cat /etc/os-release /opt/x')).toBe('changed\nx');
  });
});

/** Unpacks what a mirror has: minutes. */
const DEBOOTSTRAP = '/usr/sbin/debootstrap';
const canUnpackDebian = possible && process.env['LINARITE_CHECK_ALL'] !== undefined && existsSync(DEBOOTSTRAP);

test.runIf(canUnpackDebian)('a node runs an unpacked Debian (needs --all and debootstrap)', async () => {
  const debian = join(outer, 'debian');
  execFileSync(DEBOOTSTRAP, ['--variant=minbase', 'trixie', debian], { stdio: 'ignore' });
  const node = await startNode({}, { isolation: 'overlays', imageRoot: debian });
  try {
    expect(await said(node, PLAIN, '. /etc/os-release; echo $VERSION_CODENAME; id -un; perl -e "print 6 * 7"')).toBe('trixie\n_azbatch\n42');
    expect(await said(node, ADMIN, 'dpkg --status perl-base | grep Status; useradd --create-home made && su - made -c "id -un; pwd"; touch /usr/bin/new')).toBe('Status: install ok installed\nmade\n/home/made');
    expect(existsSync(join(debian, 'usr/bin/new'))).toBe(false);
  } finally {
    await node.close();
  }
}, 900_000);

describe.runIf(possible)('a node whose image cannot be its root', () => {
  const unusable = async (changes: Parameters<typeof startNode>[1]): Promise<string> => {
    const node = await startNode({}, changes);
    try {
      return JSON.stringify(await node.owner.until('the node is unusable', () => node.owner.reports.find(({ kind }) => kind === 'unusable')));
    } finally {
      await node.close();
    }
  };

  test('is unusable, and says why', async () => {
    const odd = join(outer, 'odd');
    makeImageRoot(odd, 'odd');
    symlinkSync('/srv', join(odd, 'mnt'));
    expect(await unusable({ isolation: 'overlays', imageRoot: join(outer, 'gone') })).toContain('gone, the root of the node\'s image, is no directory');
    expect(await unusable({ isolation: 'overlays', imageRoot: odd })).toContain('/mnt is a link in the image');
    expect(await unusable({ imageRoot: odd })).toContain('needs a node with mounts of its own');
    expect(readdirSync('/srv')).not.toContain('batch');
  });
});

test('a path is followed by the links of its own root', () => {
  const root = join(outer, 'links');
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('/usr/bin', join(root, 'bin'));
  symlinkSync('../../../../usr', join(root, 'usr/up'));
  symlinkSync('loop', join(root, 'loop'));
  writeFileSync(join(root, 'usr/bin/tool'), '');
  expect(pathIn(root, '/bin/tool')).toBe(join(root, 'usr/bin/tool'));
  expect(pathIn(root, '/usr/up/bin/../bin/tool')).toBe(join(root, 'usr/bin/tool'));
  expect(pathIn(root, '/bin/none/x')).toBe(join(root, 'usr/bin/none/x'));
  expect(() => pathIn(root, '/loop')).toThrow('too many links');
});
