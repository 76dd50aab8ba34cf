import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CertificateWork, RunAs } from '../../src/agent/frames.ts';
import { UIDS_PER_NODE } from '../../src/agent/users.ts';
import { work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

const isRoot = process.geteuid?.() === 0;
if (!isRoot) console.log('skipped: users of tasks, which need root');

describe.runIf(isRoot)('the user of a task', () => {
  let node: TestNode;
  let base: number;
  beforeAll(async () => {
    const certificate = (thumbprint: string, format: 'pfx' | 'cer', visibility: CertificateWork['visibility'], password: string | null) => ({ thumbprint, format, data: Buffer.from(`${format}-bytes`).toString('base64'), password, visibility });
    node = await startNode({
      certificates: [certificate('aa', 'cer', ['task', 'starttask'], null), certificate('bb', 'pfx', ['task'], 'its password'), certificate('cc', 'cer', ['starttask', 'remoteuser'], null)],
      userAccounts: [
        { name: 'plain', elevation: 'nonadmin', uid: null, gid: null },
        { name: 'boss', elevation: 'admin', uid: null, gid: null },
        { name: 'given', elevation: 'nonadmin', uid: 23_456, gid: 34_567 },
        { name: 'zero', elevation: 'nonadmin', uid: 0, gid: 0 },
      ],
    });
    base = node.options.uidBase ?? 0;
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
  });
  afterAll(() => node.close());

  const path = (task: string, name: string): string => join(node.root, 'workitems/job1/job-1', task, name);
  const sh = async (task: string, user: RunAs, script: string): Promise<{ readonly exitCode: number; readonly out: string; readonly err: string }> => {
    const { outcome } = await node.owner.run({ task, user, commandLine: `/bin/sh -c '${script}'` });
    if (outcome.kind !== 'exited') throw new Error(JSON.stringify(outcome));
    return { exitCode: outcome.exitCode, out: readFileSync(path(task, 'stdout.txt'), 'utf8').trim(), err: readFileSync(path(task, 'stderr.txt'), 'utf8') };
  };
  const auto = (scope: 'pool' | 'task', elevation: 'nonadmin' | 'admin' = 'nonadmin'): RunAs => ({ kind: 'auto', scope, elevation });
  const named = (name: string): RunAs => ({ kind: 'named', name });
  const whoami = 'echo $(id -u) $(id -g) $(id -G) $USER';

  test('in pool scope is one for all tasks, without privileges', async () => {
    expect((await sh('pool-1', auto('pool'), whoami)).out).toBe(`${base} ${base} ${base} _azbatch`);
    expect((await sh('pool-2', auto('pool'), whoami)).out).toBe(`${base} ${base} ${base} _azbatch`);
  });

  test('in task scope is the task’s alone', async () => {
    expect((await sh('own-0', auto('task'), whoami)).out).toBe(`${base + 257} ${base} ${base} _azbatchtask_1`);
    const first = (await sh('own-1', auto('task'), 'id -u')).out;
    const second = (await sh('own-2', auto('task'), 'id -u')).out;
    expect(Number(first)).toBeGreaterThan(base);
    expect(first).not.toBe(second);
    expect((await sh('own-1', auto('task'), 'id -u')).out, 'a retry is the same user').toBe(first);
  });

  test.each(['pool', 'task'] as const)('with elevation admin is root in %s scope', async (scope) => {
    expect((await sh(`admin-${scope}`, auto(scope, 'admin'), 'id -u')).out).toBe('0');
  });

  test('is the named account that the pool has', async () => {
    expect((await sh('named-plain', named('plain'), whoami)).out).toBe(`${base + 16} ${base} ${base} plain`);
    expect((await sh('named-boss', named('boss'), 'id -u')).out).toBe('0');
    expect((await sh('named-given', named('given'), whoami)).out).toBe('23456 34567 34567 given');
  });

  test.each(['nobody-knows', 'zero'])('named %s cannot be had: the task says so', async (name) => {
    const { outcome } = await node.owner.run({ user: named(name), commandLine: '/bin/true' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { category: 'UserError', code: 'CommandLaunchFailed' } });
  });

  test('cannot read or change the directory of another user’s task', async () => {
    await sh('secretive', auto('task'), 'umask 000; echo secret > f; chmod 777 .');
    const { out, exitCode } = await sh('curious', auto('task'), `cat ${path('secretive', 'wd/f')} ${path('secretive', 'stdout.txt')}; echo x > ${path('secretive', 'wd/g')}; ls ${path('secretive', '')}`);
    expect(out).toBe('');
    expect(exitCode).not.toBe(0);
  });

  test('reads neither the agent’s credential nor its journal, config, environment or memory', async () => {
    const agent = node.agent.pid ?? 0;
    const { out, exitCode } = await sh(
      'spy',
      auto('pool'),
      `cd ${node.state}; cat journal; cat cgroup; ls; ls slots; cat ../config.json; cat /proc/${agent}/environ; head -c 1 /proc/${agent}/mem; kill -0 ${agent}; false`,
    );
    expect(out).toBe('');
    expect(exitCode).toBe(1);
  });

  test('cannot write the script of its slot, and so not say how it ended', async () => {
    const { exitCode, err } = await sh('forger', auto('pool'), `for script in 1 2 3 4 5 6 7 8; do echo "echo 99999999999" >> ${node.state}/slots/slot-$script; done; exit 4`);
    expect(exitCode).toBe(4);
    expect(err.match(/denied/gi)).toHaveLength(8);
  });

  test('does not learn from a missing program what lies where it may not look', async () => {
    mkdirSync(join(node.state, 'closed'), { mode: 0o700 });
    writeFileSync(join(node.state, 'closed/there'), '', { mode: 0o755 });
    const outcomes = await Promise.all(
      ['there', 'missing'].map(async (name) => {
        const path = join(node.state, 'closed', name);
        return JSON.stringify((await node.owner.run({ task: `asks-${name}`, commandLine: path })).outcome).replaceAll(path, '');
      }),
    );
    expect(outcomes[0]).toBe(outcomes[1]);
    const inPath = await node.owner.run({ commandLine: 'there', environment: [{ name: 'PATH', value: join(node.state, 'closed') }] });
    expect(inPath.outcome).toMatchObject({ failure: { code: 'CommandProgramNotFound' } });
  });

  test('reads no other user’s script, which holds what a task was given in secret', async () => {
    const seen = await sh('reader', auto('task'), `cat ${node.state}/slots/* /proc/[0-9]*/fd/3; true`);
    expect(seen.out.split('\n').filter((line) => !line.includes("AZ_BATCH_TASK_ID='reader'"))).toEqual([]);
    expect((await sh('inherits', auto('pool'), 'ls -l /proc/self/fd | grep slots; true')).out, 'nor is its own open in it').toBe('');
  });

  test('gets what an admin task downloaded and handed on with `cp -p`, by the group that all tasks of a node have', async () => {
    node.owner.onFileBody = (_request, response) => response.end('#!/bin/sh\necho ran');
    const file = { kind: 'url', url: node.owner.agentUrl.replace('ws:', 'http:').replace('/linarite/agent', '/script'), filePath: 'd/run.sh', fileMode: null } as const;
    const handOn = await node.owner.run({ task: 'hands-on', user: auto('pool', 'admin'), resourceFiles: [file], commandLine: `/bin/sh -c 'cp -rp d $AZ_BATCH_NODE_SHARED_DIR; ls -l ${path('hands-on', 'wd/d')}'` });
    expect(handOn.outcome).toMatchObject({ exitCode: 0 });
    expect(statSync(join(node.root, 'shared/d/run.sh'))).toMatchObject({ uid: 0, gid: base, mode: 0o100770 });
    expect((await sh('uses-it', auto('pool'), '$AZ_BATCH_NODE_SHARED_DIR/d/run.sh')).out).toBe('ran');
    expect((await sh('uses-it-too', auto('task'), '$AZ_BATCH_NODE_SHARED_DIR/d/run.sh')).out).toBe('ran');
    expect((await sh('looks', auto('task'), `cat ${path('hands-on', 'wd/d/run.sh')}; true`)).out, 'where it was it stays closed').toBe('');
  });

  test('writes its working directory and `shared`, and only reads what the start task left', async () => {
    const { err } = await sh(
      'writer',
      auto('task'),
      'echo a > mine && echo a > $AZ_BATCH_NODE_SHARED_DIR/all && ls $AZ_BATCH_NODE_STARTUP_DIR/wd; echo a > $AZ_BATCH_NODE_STARTUP_DIR/wd/x; echo a > $AZ_BATCH_NODE_ROOT_DIR/x',
    );
    expect(err.match(/denied/gi)).toHaveLength(2);
    expect(statSync(path('writer', 'wd')).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(node.root, 'shared/all'), 'utf8')).toBe('a\n');
  });

  test('reads and writes just what the table of users says', async () => {
    const owners: Readonly<Record<string, RunAs>> = { pool: auto('pool'), task: auto('task'), plain: named('plain'), given: named('given'), admin: auto('pool', 'admin') };
    for (const [name, user] of Object.entries(owners)) await sh(`owned-by-${name}`, user, 'umask 0; echo x > f; chmod 777 .');
    const places = { shared: join(node.root, 'shared'), startup: join(node.root, 'startup/wd'), applications: join(node.root, 'applications'), root: node.root, jobs: join(node.root, 'workitems') };
    const all = { own: '.', ...places, ...Object.fromEntries(Object.keys(owners).map((name) => [name, path(`owned-by-${name}`, 'wd')])) };
    const probes = Object.entries(all).map(([name, at]) => `echo ${name} $(ls ${at} >/dev/null 2>&1 && echo r)$(touch ${at}/by-$USER 2>/dev/null && echo w && rm ${at}/by-$USER)`);
    const seen: Record<string, Record<string, string>> = {};
    for (const [name, user] of Object.entries(owners)) {
      const { out } = await sh(`probes-${name}`, user, probes.join('; '));
      seen[name] = Object.fromEntries(out.split('\n').map((line) => line.split(' ') as [string, string]).map(([at, rights = '']) => [at, rights]));
    }
    const common = { own: 'rw', shared: 'rw', startup: 'r', applications: 'r', root: '', jobs: '' };
    const closed = { pool: '', task: '', plain: '', given: '', admin: '' };
    expect(seen).toEqual({
      pool: { ...common, ...closed, pool: 'rw' },
      // Each task in task scope is somebody else.
      task: { ...common, ...closed },
      plain: { ...common, ...closed, plain: 'rw' },
      given: { ...common, ...closed, given: 'rw' },
      admin: Object.fromEntries(Object.keys({ ...common, ...closed }).map((name) => [name, 'rw'])),
    });
  });

  test('finds the certificates that it may see in its directory for them, with their passwords, and nobody else does', async () => {
    const at = 'cd $AZ_BATCH_CERTIFICATES_DIR; pwd; stat -c "%u %a %n" *; cat *';
    const seen = await sh('certified', named('plain'), at);
    const plain = String(base + 16);
    expect(seen.out).toBe(`${path('certified', 'certs')}\n${plain} 600 sha1-aa.cer\n${plain} 600 sha1-bb.pfx\n${plain} 600 sha1-bb.pfx.pw\ncer-bytespfx-bytesits password`);
    for (const other of [auto('pool'), auto('task'), named('given')]) {
      expect((await sh('peeks', other, `cat ${path('certified', 'certs')}/* 2>/dev/null; ls $AZ_BATCH_CERTIFICATES_DIR | wc -l`)).out, 'but its own').toBe('3');
    }
    expect((await sh('certified', named('plain'), 'cd $AZ_BATCH_CERTIFICATES_DIR; rm *; ln -s /etc/passwd sha1-aa.cer; mkfifo sha1-bb.pfx')).exitCode).toBe(0);
    expect((await sh('certified', named('plain'), at)).out, 'another attempt has them again').toBe(seen.out);
    expect(node.owner.reports.find(({ kind }) => kind === 'ready')).toMatchObject({ certificates: [{ thumbprint: 'aa', visibility: ['task', 'starttask'] }, { thumbprint: 'bb' }, { thumbprint: 'cc' }] });
  });

  test('cannot make the agent write through a link that it put in the place of a file', async () => {
    const victim = join(node.root, '../victim');
    writeFileSync(victim, 'untouched', { mode: 0o600 });
    await sh('linker', auto('pool'), `rm ../stdout.txt; ln -s ${victim} ../stdout.txt; ln -s ${victim} ../fileuploadout.txt; ln -s ${victim} input; mkdir d; rmdir d; ln -s ${join(node.root, '..')} d`);
    node.owner.onFileBody = (_request, response) => response.end('overwritten');
    const again = await node.owner.run({
      task: 'linker',
      commandLine: '/bin/echo hello',
      resourceFiles: [{ kind: 'url', url: `${node.owner.agentUrl.replace('ws:', 'http:').replace('/linarite/agent', '/small')}`, filePath: 'd/victim', fileMode: null }],
    });
    expect(again.outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'ResourceFileCreateFailed' } });
    await node.owner.run({ task: 'linker', commandLine: '/bin/echo hello' });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
  });

  test('in task scope is nobody else’s in the next life, as long as a directory belongs to it', async () => {
    const kept = Number((await sh('kept', auto('task'), 'id -u')).out);
    node.owner.command({ kind: 'offer', key: { job: 1, task: 999, attempt: 1, instance: 0 }, work: work({ task: 'lost', user: auto('task'), commandLine: '/bin/sh -c "id -u; sleep 600"' }) });
    const lost = Number(await vi.waitUntil(() => existsSync(path('lost', 'stdout.txt')) && readFileSync(path('lost', 'stdout.txt'), 'utf8').trim(), { timeout: 30_000 }));
    node.agent.kill('SIGKILL');
    await node.exited();
    node.startAgent(2);
    await node.owner.until('ready again', () => node.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
    const earlier = new Set(['own-0', 'own-1', 'own-2', 'kept', 'lost'].map((task) => statSync(path(task, '')).uid));
    expect(earlier).toContain(kept);
    expect(earlier).toContain(lost);
    expect(earlier).not.toContain(Number((await sh('fresh', auto('task'), 'id -u')).out));
    expect((await sh('kept', auto('task'), 'id -u')).out).toBe(String(kept));
  });

  test('in task scope is taken from the task that is over longest when all are in use, and its directory is closed to it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-users-'));
    chmodSync(directory, 0o711);
    const [root, state] = [join(directory, 'root'), join(directory, 'state')];
    const job = join(root, 'workitems/job1/job-1');
    mkdirSync(job, { recursive: true, mode: 0o711 });
    mkdirSync(state);
    // As an earlier life left them, open to all.
    const kept = Array.from({ length: UIDS_PER_NODE - 257 }, (_, index) => ({ job: 1, task: index, directory: `workitems/job1/job-1/old-${index}`, dueAt: null }));
    for (const [index, { directory: one }] of kept.entries()) {
      mkdirSync(join(root, one));
      chownSync(join(root, one), base + 257 + index, base + 257 + index);
      chmodSync(join(root, one), 0o777);
    }
    writeFileSync(join(state, 'journal'), kept.map((one) => `${JSON.stringify({ kept: one })}\n`).join(''));
    const full = await startNode({}, { rootDirectory: root, stateDirectory: state, uidBase: base });
    try {
      const first = await full.owner.run({ task: 'first', user: auto('task'), commandLine: '/bin/sh -c "id -u; ls ../../old-0"' });
      expect(first.outcome, 'it cannot look into what the user had before').toEqual({ kind: 'exited', exitCode: 2 });
      expect(readFileSync(join(job, 'first/stdout.txt'), 'utf8').trim()).toBe(String(base + 257));
      const { uid, mode } = statSync(join(job, 'old-0'));
      expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 0, mode: 0o700 });
      await full.owner.run({ task: 'second', user: auto('task'), commandLine: '/bin/sh -c "id -u"' });
      expect(readFileSync(join(job, 'second/stdout.txt'), 'utf8').trim()).toBe(String(base + 258));
    } finally {
      await full.close();
      rmSync(directory, { recursive: true });
    }
  });

  test('in task scope is free again when its task’s directory cannot be made', async () => {
    const before = Number((await sh('before', auto('task'), 'id -u')).out);
    writeFileSync(join(node.root, 'workitems/blocked'), '');
    const { outcome } = await node.owner.run({ task: 'blocked', directory: 'workitems/blocked/job-1/t', user: auto('task'), commandLine: '/bin/true' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'ResourceDirectoryCreateFailed' } });
    expect(Number((await sh('after', auto('task'), 'id -u')).out)).toBe(before + 1);
  });
});
