import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerAsk } from '../../src/agent/files.ts';
import type { RunAs } from '../../src/agent/frames.ts';
import { sha512Crypt } from '../../src/api/data/pool/passwords.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { machineMounts } from '../support/mounts.ts';
import { SSH_KEYS } from '../support/sshKeys.ts';
import { startNode, type TestNode } from './testNode.ts';

const outer = mkdtempSync(join(tmpdir(), 'linarite-place-'));
const possible = (await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [process.execPath] })).isolation;
if (possible !== 'overlays') console.log('skipped: nodes as places of their own, which need root and overlays');
afterAll(() => rmSync(outer, { recursive: true }));

const POOL_USER: RunAs = { kind: 'auto', scope: 'pool', elevation: 'nonadmin' };
const TASK_USER: RunAs = { kind: 'auto', scope: 'task', elevation: 'nonadmin' };
const ADMIN: RunAs = { kind: 'auto', scope: 'pool', elevation: 'admin' };

const PASSWORD = 'correct-horse-battery';
const ACCOUNTS = [
  { name: 'plain', elevation: 'nonadmin', uid: null, gid: null, passwordHash: sha512Crypt(PASSWORD, 'salt'), sshPrivateKey: SSH_KEYS.ed25519.private },
  { name: 'boss', elevation: 'admin', uid: null, gid: null, passwordHash: sha512Crypt(PASSWORD, 'other'), sshPrivateKey: SSH_KEYS.ecdsa.private },
  { name: 'given', elevation: 'nonadmin', uid: 23_456, gid: 34_567, passwordHash: 'not hashed' },
] as const;
function named(name: string): RunAs {
  return { kind: 'named', name };
}

/** What a script of a task says; it has to succeed. Its words may hold no single quotes. */
async function said(node: TestNode, user: RunAs, script: string): Promise<string> {
  const task = `said-${++count}`;
  const { outcome } = await node.owner.run({ task, user, commandLine: `/bin/sh -c '${script}'` });
  const output = (name: string): string => readFileSync(join(node.root, 'workitems/job1/job-1', task, name), 'utf8').trim();
  if (outcome.kind !== 'exited' || outcome.exitCode !== 0) throw new Error(`${script}: ${JSON.stringify(outcome)} ${outcome.kind === 'exited' ? output('stderr.txt') : ''}`);
  return output('stdout.txt');
}
let count = 0;

/** A package of one file and a user; nothing of it comes from a network. */
function makePackage(): string {
  const directory = join(outer, 'package');
  for (const path of ['DEBIAN', 'usr/bin', 'opt/tool']) mkdirSync(join(directory, path), { recursive: true });
  writeFileSync(join(directory, 'DEBIAN/control'), 'Package: linarite-probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: for a test\n');
  writeFileSync(join(directory, 'DEBIAN/postinst'), '#!/bin/sh\nset -e\nuseradd --system --user-group linarite-probe\nchown linarite-probe /opt/tool/data\n', { mode: 0o755 });
  writeFileSync(join(directory, 'usr/bin/linarite-probe'), '#!/bin/sh\necho installed\n', { mode: 0o755 });
  writeFileSync(join(directory, 'opt/tool/data'), '');
  const file = join(outer, 'linarite-probe.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', directory, file], { stdio: 'ignore' });
  return file;
}

describe.runIf(possible === 'overlays').each(['overlays', 'binds'] as const)('a node isolated by %s', (isolation) => {
  let node: TestNode;
  let base: number;
  beforeAll(async () => {
    mkdirSync(disk, { recursive: true });
    // As systemd has all mounts.
    for (const words of [['--bind', disk, disk], ['--make-shared', disk], ['-t', 'tmpfs', 'tmpfs', disk]]) execFileSync('mount', words);
    node = await startNode({ userAccounts: ACCOUNTS }, { isolation, nodeId: 'tvmps_0a1b2c_d' });
    base = node.options.uidBase ?? 0;
  });
  afterAll(async () => {
    await node.close();
    while (machineMounts(disk).includes(disk)) execFileSync('umount', [disk]);
  });
  const disk = join(outer, `disk-${isolation}`);

  test('has its root where the real service has it, and tells everybody so', async () => {
    const seen = await said(node, POOL_USER, 'pwd; echo $AZ_BATCH_NODE_ROOT_DIR $AZ_BATCH_TASK_WORKING_DIR $AZ_BATCH_NODE_SHARED_DIR $HOME');
    const own = `/mnt/batch/tasks/workitems/job1/job-1/said-${count}/wd`;
    expect(seen).toBe(`${own}\n/mnt/batch/tasks ${own} /mnt/batch/tasks/shared ${own}`);
    expect(await said(node, POOL_USER, 'echo $PATH')).toMatch(/:\/mnt\/batch\/tasks\/shared:\/mnt\/batch\/tasks\/workitems\/job1\/job-1\/said-\d+\/wd$/);
    expect(existsSync('/mnt/batch')).toBe(false);
    const hello = node.owner.frames.find(({ frame }) => frame.kind === 'hello')?.frame;
    expect(hello).toMatchObject({ report: { version: expect.stringMatching(new RegExp(String.raw`\+${isolation}$`)) } });
  });

  test('has its users under the real service’s names, with the group that they share', async () => {
    expect(await said(node, POOL_USER, 'id -un; id -gn; echo $USER $LOGNAME')).toBe('_azbatch\n_azbatchgrp\n_azbatch _azbatch');
    expect(await said(node, TASK_USER, 'id -un; id -gn; echo $USER')).toBe('_azbatchtask_1\n_azbatchgrp\n_azbatchtask_1');
    expect(await said(node, POOL_USER, 'getent passwd _azbatch; getent group _azbatchgrp')).toBe(`_azbatch:x:${base}:${base}::/home/_azbatch:/bin/bash\n_azbatchgrp:x:${base}:boss,given`);
    expect(await said(node, POOL_USER, 'stat -c "%U:%G %a" ~_azbatch; touch ~_azbatch/mine')).toBe('_azbatch:_azbatchgrp 700');
    expect(await said(node, ADMIN, 'touch $AZ_BATCH_NODE_SHARED_DIR/given; chown _azbatch:_azbatchgrp $AZ_BATCH_NODE_SHARED_DIR/given; stat -c %u:%g $AZ_BATCH_NODE_SHARED_DIR/given')).toBe(`${base}:${base}`);
    expect(readFileSync('/etc/passwd', 'utf8')).not.toContain('_azbatch');
  });

  test('makes users of its own, who have homes', async () => {
    expect(await said(node, ADMIN, 'useradd --create-home linarite-made && id -un linarite-made && ls -d /home/linarite-made')).toBe('linarite-made\n/home/linarite-made');
    expect(await said(node, POOL_USER, 'getent passwd linarite-made')).toContain('/home/linarite-made');
    expect(readFileSync('/etc/passwd', 'utf8')).not.toContain('linarite-made');
    expect(existsSync('/home/linarite-made')).toBe(false);
  });

  test('has the pool’s user accounts by name, number and home', async () => {
    const seen = 'id -un; id -u; id -gn; echo $USER; stat -c "%U %a" ~plain';
    expect(await said(node, named('plain'), seen)).toBe(`plain\n${base + 16}\n_azbatchgrp\nplain\nplain 700`);
    expect(await said(node, named('given'), 'id -un; id -u; id -g; touch ~given/mine; stat -c %u:%g ~given/mine')).toBe('given\n23456\n34567\n23456:34567');
    expect(await said(node, named('boss'), 'id -u; echo $USER; getent passwd boss; touch ~boss/mine')).toBe('0\nboss\nboss:x:0:0::/home/boss:/bin/bash');
    expect(await said(node, ADMIN, 'id -un'), 'root keeps its name').toBe('root');
    for (const path of ['/etc/passwd', '/etc/shadow']) expect(readFileSync(path, 'utf8')).not.toMatch(/^(plain|boss|given):/m);
  });

  test('lets somebody become a named user by its password, of which it keeps a hash that only root reads', async () => {
    expect(await said(node, ADMIN, 'grep -E "^(plain|boss|given|_azbatch):" /etc/shadow | cut -d: -f1,2')).toBe(
      `_azbatch:*\nplain:${ACCOUNTS[0].passwordHash}\nboss:${ACCOUNTS[1].passwordHash}\ngiven:*`,
    );
    expect(await said(node, named('plain'), 'cat /etc/shadow 2>&1 || true')).toContain('denied');
    expect(await said(node, POOL_USER, `echo ${PASSWORD} | su plain -c "id -un" 2>/dev/null`)).toBe('plain');
    expect(await said(node, POOL_USER, `echo ${PASSWORD} | su boss -c "id -u" 2>/dev/null`)).toBe('0');
    expect(await said(node, POOL_USER, 'echo wrong | su plain -c "id -un" 2>/dev/null || echo refused')).toBe('refused');
    expect(await said(node, POOL_USER, 'echo "not hashed" | su given -c "id -un" 2>/dev/null || echo refused')).toBe('refused');
  });

  test('has the key pair of a named user where ssh looks for it, and lets its owner in', async () => {
    const { private: key, public: line } = SSH_KEYS.ed25519;
    expect(await said(node, named('plain'), 'cd ~plain/.ssh; stat -c "%U %a %n" . *; cat id_ed25519')).toBe(`plain 700 .\nplain 600 authorized_keys\nplain 600 id_ed25519\nplain 644 id_ed25519.pub\n${key.trim()}`);
    expect(await said(node, named('plain'), 'cat ~plain/.ssh/id_ed25519.pub ~plain/.ssh/authorized_keys')).toBe(`${line}\n${line}`);
    expect(await said(node, named('boss'), 'cat ~boss/.ssh/id_ecdsa.pub ~boss/.ssh/authorized_keys')).toBe(`${SSH_KEYS.ecdsa.public}\n${SSH_KEYS.ecdsa.public}`);
    for (const other of [POOL_USER, TASK_USER, named('given')]) expect(await said(node, other, 'cat ~plain/.ssh/id_ed25519 ~boss/.ssh/id_ecdsa 2>&1 || true')).toMatch(/^(.*denied\n?){2}$/);
    expect(await said(node, named('given'), 'ls -A ~given | grep ssh || echo none'), 'without a key nothing is set up').toBe('none');
  });

  test('has a host name and shared memory of its own', async () => {
    expect(await said(node, POOL_USER, 'cat /proc/sys/kernel/hostname /etc/hostname; getent hosts 0a1b2c-d; touch /dev/shm/linarite-own')).toMatch(/^0a1b2c-d\n0a1b2c-d\n127\.0\.0\.1\s+0a1b2c-d$/);
    expect(hostname()).not.toBe('0a1b2c-d');
    expect(existsSync('/dev/shm/linarite-own')).toBe(false);
  });

  test.runIf(statSync('/etc/resolv.conf', { throwIfNoEntry: false })?.isFile())('asks the name servers that the machine has now', async () => {
    expect(await said(node, POOL_USER, 'cat /etc/resolv.conf')).toBe(readFileSync('/etc/resolv.conf', 'utf8').trim());
    if (lstatSync('/etc/resolv.conf').isFile()) expect(await said(node, ADMIN, 'readlink /etc/resolv.conf; touch /mnt/batch/etc/x 2>&1 || true')).toMatch(/^\/mnt\/batch\/etc\/resolv.conf\n.*Read-only/);
  });

  test('shows what the machine has beside it in /mnt, and keeps what its tasks put there', async () => {
    // Other tests have something there for a moment.
    const machine = readdirSync('/mnt').filter((name) => name !== 'batch' && !name.startsWith('linarite-'));
    const seen = (await said(node, ADMIN, 'echo kept > /mnt/linarite-scratch; ls /mnt')).split('\n');
    expect(seen).toEqual(expect.arrayContaining([...machine, 'batch', 'linarite-scratch']));
    expect(existsSync('/mnt/linarite-scratch')).toBe(false);
  });

  test('has mounts that only it sees, and its files are served with them; deleting does not go into them', async () => {
    const before = machineMounts(join(node.root, '..'), outer);
    const share = join(outer, `share-${isolation}`);
    mkdirSync(share);
    writeFileSync(join(share, 'results'), 'precious');
    await said(node, ADMIN, `mkdir -p $AZ_BATCH_NODE_SHARED_DIR/data && mount --bind ${share} $AZ_BATCH_NODE_SHARED_DIR/data`);
    expect(await said(node, TASK_USER, 'cat $AZ_BATCH_NODE_SHARED_DIR/data/results')).toBe('precious');
    node.owner.send({ kind: 'file', epoch: 1, request: 'r1', ask: { kind: 'properties', path: 'shared/data/results' } });
    const shown = await node.owner.until('the file on the share', () => node.owner.frames.find(({ frame }) => frame.kind === 'fileAnswer' && frame.request === 'r1'));
    expect(shown.frame).toMatchObject({ answer: { kind: 'properties', file: { sizeBytes: 8 } } });
    node.owner.send({ kind: 'file', epoch: 1, request: 'r2', ask: { kind: 'delete', path: 'shared', recursive: true } });
    const refused = await node.owner.until('the refusal', () => node.owner.frames.find(({ frame }) => frame.kind === 'fileAnswer' && frame.request === 'r2'));
    expect(refused.frame).toMatchObject({ answer: { kind: 'error', code: 'Mounted', message: expect.stringContaining('shared/data is a mount') } });
    expect(machineMounts(join(node.root, '..'), outer)).toEqual(before);
    expect(existsSync(join(node.root, 'shared/data/results'))).toBe(false);
    expect(await answerAsk(node.root, { kind: 'list', path: 'shared/data', recursive: true, prefix: '', after: '', limit: 10 })).toMatchObject({ files: [] });
  });

  test('lets go of what the machine unmounts', async () => {
    const mounted = `grep -c " ${disk} " /proc/self/mountinfo; true`;
    expect(await said(node, ADMIN, mounted)).toBe('2');
    execFileSync('umount', [disk]);
    expect(await said(node, ADMIN, mounted)).toBe('1');
  });

  test('lets admin tasks say sudo where the machine has none, and python where it has only python3', async () => {
    const has = (name: string): boolean => spawnSync('/bin/sh', ['-c', `command -v ${name}`], { env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } }).status === 0;
    expect(await said(node, ADMIN, 'sudo -E -n -H A=b sh -c "id -u; echo $A\\$A"')).toBe('0\nb');
    expect(await said(node, ADMIN, 'sudo -u _azbatch -- id -un; sudo -nE id -u; sudo -i pwd')).toBe('_azbatch\n0\n/root');
    if (!has('sudo')) expect(await said(node, POOL_USER, 'command -v sudo || echo none')).toBe('none');
    if (has('python3')) expect(await said(node, POOL_USER, 'python -c "print(1)"')).toBe('1');
  });
});

describe.runIf(possible === 'overlays' && existsSync('/usr/bin/dpkg-deb'))('what admin tasks of two nodes install', () => {
  let nodes: TestNode[];
  beforeAll(async () => {
    nodes = await Promise.all(['tvmps_aaaa_d', 'tvmps_bbbb_d'].map((nodeId) => startNode({}, { isolation: 'overlays', nodeId })));
  });
  afterAll(() => Promise.all(nodes.map((node) => node.close())));

  test('side by side is each node’s alone, users and all; it is there again in the next life, and nothing of it on the machine', async () => {
    const file = makePackage();
    const before = machineMounts();
    await Promise.all(nodes.map((node, index) => said(node, ADMIN, `dpkg --install ${file} && echo ${index} > /opt/tool/data && echo ${index} > /root/own && mkdir /var/lib/linarite-own`)));
    const seen = 'linarite-probe; cat /opt/tool/data; stat -c %U /opt/tool/data; ls -d /var/lib/linarite-own';
    for (const [index, node] of nodes.entries()) expect(await said(node, TASK_USER, seen)).toBe(`installed\n${index}\nlinarite-probe\n/var/lib/linarite-own`);
    const [first] = nodes;
    if (first === undefined) throw new Error('no node');
    first.agent.kill('SIGKILL');
    await first.exited();
    first.startAgent(2);
    await first.owner.until('ready again', () => first.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
    expect(await said(first, TASK_USER, seen), 'before any admin task of this life').toBe('installed\n0\nlinarite-probe\n/var/lib/linarite-own');
    expect(await said(first, ADMIN, 'cat /root/own')).toBe('0');
    for (const path of ['/usr/bin/linarite-probe', '/opt/tool', '/root/own', '/var/lib/linarite-own']) expect(existsSync(path)).toBe(false);
    expect(spawnSync('dpkg', ['--status', 'linarite-probe']).status).not.toBe(0);
    expect(machineMounts()).toEqual(before);
  });
});

describe.runIf(possible === 'overlays')('what the next life finds of a named user', () => {
  test('is what its tasks left in its home, and the keys as the pool has them, whatever they put in their place', async () => {
    const node = await startNode({ userAccounts: ACCOUNTS }, { isolation: 'overlays', nodeId: 'tvmps_0a1b2c_d' });
    try {
      await said(node, named('plain'), 'cd ~plain; echo mine > kept; cd .ssh; echo "ssh-rsa AAAA friend" >> authorized_keys; rm id_ed25519 id_ed25519.pub; ln -s /etc/shadow id_ed25519; mkfifo id_ed25519.pub');
      const shadow = await said(node, ADMIN, 'sha256sum /etc/shadow');
      node.agent.kill('SIGKILL');
      await node.exited();
      node.startAgent(2);
      await node.owner.until('ready again', () => node.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
      const { private: key, public: line } = SSH_KEYS.ed25519;
      expect(await said(node, named('plain'), 'cat ~plain/kept ~plain/.ssh/authorized_keys ~plain/.ssh/id_ed25519')).toBe(`mine\n${line}\nssh-rsa AAAA friend\n${key.trim()}`);
      expect(await said(node, ADMIN, 'sha256sum /etc/shadow')).toBe(shadow);
    } finally {
      await node.close();
    }
  });

  test('is refused where the machine has a user of its name: the node is unusable and says why', async () => {
    const node = await startNode({ userAccounts: [{ ...ACCOUNTS[2], name: 'daemon' }] }, { isolation: 'overlays', nodeId: 'tvmps_0a1b2c_d' });
    try {
      const { errors } = (await node.owner.until('unusable', () => node.owner.reports.find((report) => report.kind === 'unusable'))) as { errors: readonly { code: string; message: string }[] };
      expect(errors).toEqual([{ code: 'NodePreparationError', message: expect.stringContaining('daemon') }]);
    } finally {
      await node.close();
    }
  });
});

test.runIf(possible === 'overlays')('a node whose place cannot be made is unusable and says why', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'linarite-noplace-'));
  mkdirSync(join(parent, 'state'));
  writeFileSync(join(parent, 'state/place'), '');
  const node = await startNode({}, { isolation: 'overlays', rootDirectory: join(parent, 'root'), stateDirectory: join(parent, 'state') });
  try {
    const { errors } = (await node.owner.until('unusable', () => node.owner.reports.find((report) => report.kind === 'unusable'))) as { errors: readonly { code: string; message: string }[] };
    expect(errors).toEqual([{ code: 'NodePreparationError', message: expect.stringContaining('place') }]);
  } finally {
    await node.close();
    rmSync(parent, { recursive: true });
  }
});
