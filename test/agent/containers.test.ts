import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ContainerWork, GangWork, NodeSetup } from '../../src/agent/frames.ts';
import type { AgentOptions } from '../../src/agent/options.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import type { AttemptOutcome } from '../../src/core/events.ts';
import type { TaskUsage } from '../../src/core/task/usage.ts';
import { makeImageRoot } from '../support/imageRoots.ts';
import { realEngines, type Registry, startRegistry } from '../support/registry.ts';
import { startNode, type TestNode } from './testNode.ts';

const engines = await realEngines();
/** Each step of a container is a program of its own, and the machine may be busy. */
const WITHIN_MS = 60_000;
vi.setConfig({ testTimeout: 4 * WITHIN_MS, hookTimeout: 2 * WITHIN_MS });
const isRoot = process.geteuid?.() === 0;

const ACCOUNT = { username: 'alice', password: 'not-for-others' };

describe.each(engines)('containers on a node with $name', ({ name, engine }) => {
  if (engine === undefined) return test.skip('it does not work here', () => {});
  /** What one runtime has no part in the other need not do again. */
  const testOfImages = test.skipIf(name === 'crun alone' && process.env['LINARITE_CHECK_ALL'] === undefined);
  let registry: Registry;
  let closed: Registry;
  let digest: string;

  beforeAll(async () => {
    registry = await startRegistry();
    closed = await startRegistry(ACCOUNT);
    digest = registry.add('team/tools', '1', {
      files: { 'usr/bin/greet': '#!/bin/sh\necho "greetings to $*"\n' },
      entrypoint: ['/usr/bin/greet'],
      command: ['all'],
      workingDirectory: '/etc',
      environment: ['FROM_IMAGE=yes'],
    });
    registry.add('team/box', 'latest');
    for (const tag of ['2', '3']) closed.add('team/private', tag);
  });
  afterAll(async () => {
    await registry.close();
    await closed.close();
  });

  const box = (changes: Partial<ContainerWork> = {}): ContainerWork => ({ image: `${registry.host}/team/box`, runOptions: '', registry: null, workingDirectory: 'taskWorkingDirectory', mounts: null, ...changes });

  async function withNode(setup: Partial<NodeSetup>, body: (node: TestNode) => Promise<void>, options: Partial<AgentOptions> = {}): Promise<void> {
    const node = await startNode({ containers: { images: [], registries: [] }, ...setup }, { ...(engine === undefined ? {} : { engine }), ...options });
    try {
      await body(node);
    } finally {
      await node.close();
    }
  }
  const run = async (node: TestNode, commandLine: string, changes: Partial<ContainerWork> = {}, more: object = {}): Promise<AttemptOutcome> =>
    (await node.owner.run({ task: 'task1', commandLine, container: box(changes), ...more }, WITHIN_MS)).outcome;
  const output = (node: TestNode, task = 'task1', name = 'stdout.txt'): string => readFileSync(join(node.root, `workitems/job1/job-1/${task}/${name}`), 'utf8');
  /** One for all tests that leave nothing behind but their tasks' directories. */
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode({ containers: { images: [], registries: [] } }, { engine });
  });
  afterAll(() => node.close());

  const unusable = (node: TestNode) =>
    node.owner.until('unusable', () => node.owner.reports.flatMap((report) => (report.kind === 'unusable' ? report.errors : [])).at(0), WITHIN_MS);

  test('a task runs in its image, in its working directory at the path that the node has it, with its variables, and its files are its user’s', async () => {
    const variables = [{ name: 'GREETING', value: 'two\nlines and \'quotes\' "too"' }, { name: 'PLAIN', value: 'a b' }];
    const outcome = await run(node, `sh -c 'pwd; id -u; env; printf %s "$GREETING" > greeting; echo wrong >&2; exit 3'`, {}, { environment: variables });
    expect(outcome).toMatchObject({ kind: 'exited', exitCode: 3, container: { state: 'exited', error: '' } });
    const directory = join(node.root, 'workitems/job1/job-1/task1');
    const [pwd, uid, ...environment] = output(node).split('\n');
    expect(pwd).toBe(`${directory}/wd`);
    if (isRoot) expect(uid).toBe(String(node.options.uidBase));
    expect(environment).toContain(`AZ_BATCH_TASK_WORKING_DIR=${directory}/wd`);
    expect(environment).toContain('AZ_BATCH_TASK_ID=task1');
    expect(environment).toContain('PLAIN=a b');
    expect(readFileSync(join(directory, 'wd/greeting'), 'utf8')).toBe('two\nlines and \'quotes\' "too"');
    expect(output(node, 'task1', 'stderr.txt')).toBe('wrong\n');
    if (isRoot) for (const name of ['wd/greeting', 'stdout.txt', 'stderr.txt']) expect(statSync(join(directory, name)).uid).toBe(node.options.uidBase);
  });

  testOfImages('an empty command line runs the entry point of the image, a command line is handed to it, and its working directory can be the image’s', async () => {
    const image = `${registry.host}/team/tools:1`;
    expect(await run(node, '', { image })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(output(node)).toBe('greetings to all\n');
    expect(await run(node, `'you and me'`, { image }, { task: 'task2' })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(output(node, 'task2')).toBe('greetings to you and me\n');
    const byDigest = { image: `${registry.host}/team/tools@${digest}`, runOptions: '--entrypoint sh --rm', workingDirectory: 'containerImageDefault' } as const;
    expect(await run(node, `-c 'pwd; echo $FROM_IMAGE'`, byDigest, { task: 'task3' })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(output(node, 'task3')).toBe('/etc\nyes\n');
  });

  /** What was told with the last end of a try. */
  const used = (): TaskUsage => {
    const ends = node.owner.frames.flatMap(({ frame }) => (frame.kind === 'reports' ? frame.reports : [])).flatMap((report) => (report.kind === 'ended' ? [report.end.outcome] : []));
    const told = ends.at(-1)?.used;
    if (told === undefined) throw new Error(`nothing was told: ${JSON.stringify(ends.at(-1))}`);
    return told;
  };

  test('what a task has used in its container is told with its end: time of processors, reads and writes', async () => {
    await run(node, "sh -c 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done'");
    const [userUs, kernelUs] = used();
    expect(userUs + kernelUs).toBeGreaterThan(20_000);
    expect(userUs + kernelUs).toBeLessThan(20_000_000);
    // Podman's containers are looked at now and then: one that is over at once may not have been.
    const waits = name === 'podman' ? '; sleep 3' : '';
    await run(node, `sh -c 'dd if=/dev/zero of=zeros bs=1024 count=500 2>/dev/null${waits}'`, {}, { task: 'task2' });
    const [, , readOps, writeOps] = used();
    expect([readOps >= 500, writeOps >= 500]).toEqual([true, true]);
  });

  test('run options stand against what the service says', async () => {
    const runOptions = `--env=PLAIN='from options' --user root --workdir /tmp --hostname other`;
    expect(await run(node, `sh -c 'id -u; pwd; echo $PLAIN; touch $AZ_BATCH_TASK_WORKING_DIR/mine'`, { runOptions })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(output(node)).toBe('0\n/tmp\nfrom options\n');
    // What another user left in the task's directory is the task's user's again.
    if (isRoot) expect(statSync(join(node.root, 'workitems/job1/job-1/task1/wd/mine')).uid).toBe(node.options.uidBase);
  });

  test('of the node’s root a task sees what it asks for: all, some or nothing', async () => {
    const look = `sh -c 'ls $AZ_BATCH_NODE_ROOT_DIR; touch $AZ_BATCH_NODE_SHARED_DIR/x'`;
    await run(node, look, {}, { user: { kind: 'auto', scope: 'pool', elevation: 'admin' } });
    expect(output(node).split('\n')).toEqual(expect.arrayContaining(['shared', 'startup', 'workitems', 'applications', 'fsmounts']));
    const some = { mounts: [{ source: 'Shared', isReadOnly: true }, { source: 'Task', isReadOnly: false }] } as const;
    expect(await run(node, look, some, { task: 'task2' })).toMatchObject({ kind: 'exited', exitCode: 1 });
    expect(output(node, 'task2')).toBe('shared\nworkitems\n');
    expect(output(node, 'task2', 'stderr.txt')).toMatch(/Read-only file system/);
    expect(await run(node, `sh -c 'pwd; touch here; ls; ls $AZ_BATCH_NODE_ROOT_DIR'`, { mounts: [] }, { task: 'task3' })).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(output(node, 'task3')).toBe(`${node.root}/workitems/job1/job-1/task3/wd\nhere\nworkitems\n`);
    expect(existsSync(join(node.root, 'workitems/job1/job-1/task3/wd/here'))).toBe(false);
  });

  test('what keeps a container from running is told by the service’s codes, and nothing of it is in stderr.txt', async () => {
    expect(await run(node, 'true', { image: `${registry.host}/team/none:1` })).toMatchObject({
      kind: 'notStarted',
      failure: { category: 'UserError', code: 'ContainerInvalidImage', details: [{ name: 'ContainerImage', value: `${registry.host}/team/none:1` }, { name: 'Message', value: expect.stringMatching(/manifest unknown|not found/) as string }] },
    });
    expect(await run(node, 'true', { image: 'Not A Name' }, { task: 'task2' })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidImage' } });
    expect(await run(node, 'true', { runOptions: '--no-such-option' }, { task: 'task3' })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidSettings', details: [{ name: 'Message', value: expect.stringContaining('no-such-option') as string }] } });
    expect(await run(node, 'true', { runOptions: `--env 'open` }, { task: 'task4' })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidSettings' } });
    expect(await run(node, 'no-such-program', {}, { task: 'task5' })).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandProgramNotFound' }, container: { state: 'created' } });
    expect(output(node, 'task5', 'stderr.txt')).toBe('');
    for (const [index, code] of [1, 125, 126, 127].entries()) expect(await run(node, `sh -c 'exit ${code}'`, {}, { task: `code${index}` })).toMatchObject({ kind: 'exited', exitCode: code });
  });

  testOfImages('images of the pool are there before the start task, which may run in one; registries are asked with their credentials, which nobody else sees', async () => {
    const image = `${closed.host}/team/private:2`;
    const startTask: NonNullable<NodeSetup['startTask']> = {
      commandLine: `sh -c 'env; echo started > $AZ_BATCH_NODE_SHARED_DIR/started'`,
      environment: [],
      resourceFiles: [],
      outputFiles: [],
      user: { kind: 'auto', scope: 'pool', elevation: 'admin' },
      container: box({ image }),
      wallClockMs: null,
      retentionMs: null,
      waitForSuccess: true,
      maxTaskRetryCount: 0,
    };
    await withNode({ startTask, containers: { images: [image], registries: [{ server: `http://${closed.host}/`, ...ACCOUNT }] } }, async (node) => {
      await node.owner.until('ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'), WITHIN_MS);
      const pulls = closed.pulled.length;
      expect(pulls).toBeGreaterThan(0);
      expect(readFileSync(join(node.root, 'shared/started'), 'utf8')).toBe('started\n');
      expect(readFileSync(join(node.root, 'startup/stdout.txt'), 'utf8')).not.toContain(ACCOUNT.password);
      expect(await run(node, 'env', { image })).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect(closed.pulled.length).toBe(pulls);
      expect(output(node)).not.toContain(ACCOUNT.password);
      // Nor does anything of them stay on the node.
      const left = execFileSync('grep', ['-rlE', `${ACCOUNT.password}|${Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64')}`, node.state, node.root], { encoding: 'utf8' }).trim();
      expect(left).toBe('');
    }).catch((error: unknown) => {
      // grep(1) ends with 1 where it found nothing.
      if (!(error instanceof Error && Reflect.get(error, 'status') === 1)) throw error;
    });
  });

  testOfImages('a task may bring the credentials of its own registry', async () => {
    const image = `${closed.host}/team/private:3`;
    const details = [{ name: 'ContainerImage', value: image }, { name: 'Message', value: expect.stringMatching(/unauthorized|authentication required|no basic auth credentials/) as string }];
    expect(await run(node, 'true', { image })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidImage', details } });
    expect(await run(node, 'true', { image, registry: { server: closed.host, ...ACCOUNT, password: 'wrong' } }, { task: 'task2' })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidImage' } });
    expect(await run(node, 'true', { image, registry: { server: closed.host, ...ACCOUNT } }, { task: 'task3' })).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  testOfImages('a node is unusable and says why where an image of its pool is missing or a registry refuses', async () => {
    await withNode({ containers: { images: [`${registry.host}/team/box`, `${registry.host}/team/none:1`], registries: [] } }, async (node) => {
      expect(await unusable(node)).toMatchObject({ code: 'ContainerInvalidImage', values: [{ name: 'ContainerImage', value: `${registry.host}/team/none:1` }, { name: 'Message' }] });
    });
    await withNode({ containers: { images: [], registries: [{ server: closed.host, username: 'alice', password: 'wrong' }] } }, async (node) => {
      expect(await unusable(node)).toMatchObject({ code: 'ContainerInvalidRegistry', values: [{ name: 'ContainerRegistry', value: closed.host }, { name: 'Message' }] });
    });
  });

  testOfImages('where the pool asks for no containers a container task fails, and where it does any other task runs on the node', async () => {
    await withNode({ containers: null }, async (node) => {
      expect(await run(node, 'true')).toMatchObject({ kind: 'notStarted', failure: { category: 'UserError', code: 'ContainerPoolNotSupported' } });
    });
    await withNode({}, async (node) => {
      expect((await node.owner.run({ task: 'task1', commandLine: `/bin/sh -c 'test -e /proc/1'` })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    });
  });

  /** Slot shells that wait for tasks have the node's mark alone. */
  const processesOfRuns = (node: TestNode): readonly string[] => {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return processes.filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`LINARITE_NODE=${node.root}\0`) && readFileSync(`/proc/${pid}/environ`, 'latin1').includes('LINARITE_ATTEMPT=');
      } catch {
        return false;
      }
    });
  };
  const hasStarted = async (node: TestNode, task: string): Promise<void> => {
    const looking = setInterval(() => node.owner.look(), 50);
    await node.owner.until('the container runs', () => existsSync(join(node.root, `shared/${task}`)), WITHIN_MS).finally(() => clearInterval(looking));
  };
  /** What does not end by itself, nor by SIGTERM, with a child in a session of its own and without any variables. */
  const STUBBORN = `sh -c 'trap "" TERM; env -i setsid sleep 1000 & touch $AZ_BATCH_NODE_SHARED_DIR/stubborn; while :; do sleep 1; done'`;

  test('the whole process tree ends with the task: at its wall clock, by its owner’s word, and with its first process', () =>
    withNode({}, async (node) => {
      const ended = run(node, STUBBORN);
      await hasStarted(node, 'stubborn');
      node.owner.command({ kind: 'end', key: { job: 1, task: 101, attempt: 1, instance: 0 }, reason: 'terminate', deadlineMs: 200 });
      expect(await ended).toMatchObject({ kind: 'killed', exitCode: 137, container: { state: 'exited' } });
      expect(processesOfRuns(node)).toEqual([]);
      expect(await run(node, STUBBORN, {}, { task: 'task3', wallClockMs: 1 })).toMatchObject({ kind: 'timedOut' });
      expect(await run(node, `sh -c 'setsid sleep 1000 & exit 0'`, {}, { task: 'task2' })).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect(processesOfRuns(node)).toEqual([]);
      expect(mountsBelow(node.state)).toEqual([]);
    }));

  test('what a killed agent leaves of containers the next life removes, and runs its own', () =>
    withNode({}, async (node) => {
      const lost = node.owner.run({ task: 'task1', commandLine: STUBBORN, container: box() }, 2 * WITHIN_MS);
      await hasStarted(node, 'stubborn');
      node.agent.kill('SIGKILL');
      await node.exited();
      expect(processesOfRuns(node)).not.toEqual([]);
      node.startAgent(2);
      expect((await lost).outcome).toEqual({ kind: 'lost' });
      const pulls = registry.pulled.length;
      expect(await run(node, 'true', {}, { task: 'task2' })).toMatchObject({ kind: 'exited', exitCode: 0 });
      // Images stay.
      expect(registry.pulled.length).toBe(pulls);
      expect(processesOfRuns(node)).toEqual([]);
    }));

  const gang = (coordinationCommandLine: string, instance = 0): { readonly gang: GangWork } => ({ gang: { instance, hosts: [{ address: '127.0.0.1', cores: 1 }, { address: '127.0.0.2', cores: 1 }], coordinationCommandLine, commonResourceFiles: [] } });
  const coordinated = (node: TestNode, task: number): Promise<unknown> =>
    node.owner.until('it is coordinated', () => node.owner.reports.some((report) => report.kind === 'coordinated' && report.key.task === task), WITHIN_MS);

  test('of a multi-instance task both commands run in one container, with what the first has left, and the output of the second follows that of the first', () =>
    withNode({}, async (node) => {
      const ended = run(node, `sh -c 'cat /tmp/left; kill -0 $(cat /tmp/pid) && echo still there; echo $AZ_BATCH_IS_CURRENT_NODE_MASTER; pwd; exit 5'`, {}, gang(`sh -c 'echo first; echo from the first > /tmp/left; setsid sleep 1000 & echo $! > /tmp/pid'`));
      await coordinated(node, 101);
      node.owner.command({ kind: 'proceed', key: { job: 1, task: 101, attempt: 1, instance: 0 } });
      expect(await ended).toMatchObject({ kind: 'exited', exitCode: 5, container: { state: 'exited', error: '' } });
      expect(output(node)).toBe(`first\nfrom the first\nstill there\ntrue\n${node.root}/workitems/job1/job-1/task1/wd\n`);
      expect(processesOfRuns(node)).toEqual([]);
      expect(mountsBelow(node.state)).toEqual([]);
    }));

  test('the commands of a multi-instance task are handed to the entry point, as any; what keeps one from running, and its exit code, are told', () =>
    withNode({}, async (node) => {
      const image = `${registry.host}/team/tools:1`;
      const ended = run(node, '', { image }, gang('you'));
      await coordinated(node, 101);
      node.owner.command({ kind: 'proceed', key: { job: 1, task: 101, attempt: 1, instance: 0 } });
      expect(await ended).toMatchObject({ kind: 'exited', exitCode: 0 });
      expect(output(node)).toBe('greetings to you\ngreetings to all\n');
      expect(await run(node, 'true', { image, runOptions: '--entrypoint sh' }, { task: 'task2', ...gang(`-c 'exit 7'`) })).toMatchObject({ kind: 'exited', exitCode: 7 });
      expect(await run(node, 'true', {}, { task: 'task3', ...gang('no-such-program') })).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandProgramNotFound' } });
      expect(await run(node, 'true', {}, { task: 'task4', ...gang(`sh -c 'exit 127'`) })).toMatchObject({ kind: 'exited', exitCode: 127 });
      expect(await run(node, 'true', { runOptions: '--no-such-option' }, { task: 'task5', ...gang('true') })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidSettings' } });
    }));

  test('an instance of a multi-instance task is ended in its container, as it coordinates and as it waits, and a command hears of it first', () =>
    withNode({}, async (node) => {
      const CAREFUL = `sh -c 'trap "echo told; exit 4" TERM; env -i setsid sleep 1000 & touch $AZ_BATCH_NODE_SHARED_DIR/careful; while :; do sleep 0.1; done'`;
      const end = (task: number): void => node.owner.command({ kind: 'end', key: { job: 1, task, attempt: 1, instance: 0 }, reason: 'terminate', deadlineMs: 30_000 });
      const coordinates = run(node, 'true', {}, gang(CAREFUL));
      await hasStarted(node, 'careful');
      end(101);
      expect(await coordinates).toMatchObject({ kind: 'killed' });
      expect(output(node)).toBe('told\n');
      expect(processesOfRuns(node)).toEqual([]);
      const waits = run(node, 'true', {}, { task: 'task2', ...gang(`sh -c 'setsid sleep 1000 &'`, 1) });
      await coordinated(node, 102);
      end(102);
      expect(await waits).toMatchObject({ kind: 'killed', exitCode: 0 });
      expect(processesOfRuns(node)).toEqual([]);
    }));

  test.skipIf(engine.kind !== 'runtime').each([undefined, 'overlays'] as const)('an image that is unpacked on this machine is used as it is, and stays as it is; the node is isolated: %s', async (isolation) => {
    if (engine.kind !== 'runtime') throw new Error('skipped');
    const root = mkdtempSync('/mnt/linarite-unpacked, ');
    makeImageRoot(root, 'Unpacked 1.0');
    try {
      await withNode({ containers: { images: ['unpacked'], registries: [] } }, async (node) => {
        const directory = isolation === undefined ? node.root : '/mnt/batch/tasks';
        const outcome = await run(node, `sh -c 'grep Unpacked /etc/os-release; pwd; id -u; echo mine > /new && cat /new'`, { image: 'unpacked', runOptions: '--user 0' });
        expect(outcome).toMatchObject({ kind: 'exited', exitCode: 0 });
        expect(output(node)).toBe(`PRETTY_NAME="Unpacked 1.0"\n${directory}/workitems/job1/job-1/task1/wd\n0\nmine\n`);
        expect(await run(node, '', { image: 'unpacked' }, { task: 'task2' })).toMatchObject({ kind: 'notStarted', failure: { code: 'ContainerInvalidSettings', details: [{ value: expect.stringContaining('no command or entrypoint') as string }] } });
        expect(await run(node, 'ls /new', { image: 'docker.io/library/unpacked:latest' }, { task: 'task3' })).toMatchObject({ kind: 'exited', exitCode: 1 });
      }, { engine: { ...engine, unpacked: [{ name: 'docker.io/library/unpacked:latest', root }, { name: 'gone', root: '/mnt/no-such-root' }] }, ...(isolation === undefined ? {} : { isolation }) });
      expect(existsSync(join(root, 'new'))).toBe(false);
      expect(existsSync(join(root, 'usr/bin/busybox'))).toBe(true);
    } finally {
      removeBusyTree(root);
    }
  });

  testOfImages('files that a task has put in the place of its output are not followed', async () => {
    const secret = join(node.root, 'shared/secret');
    await run(node, `sh -c 'echo kept > $AZ_BATCH_NODE_SHARED_DIR/secret; cd ..; rm stdout.txt; ln -s $AZ_BATCH_NODE_SHARED_DIR/secret stdout.txt'`, {}, { task: 'linked' });
    expect(lstatSync(join(node.root, 'workitems/job1/job-1/linked/stdout.txt')).isSymbolicLink()).toBe(true);
    expect(await run(node, 'echo over', {}, { task: 'linked' })).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandLaunchFailed' } });
    expect(readFileSync(secret, 'utf8')).toBe('kept\n');
  });
});

function mountsBelow(directory: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`${directory}/`) && line.includes(' overlay '));
}
