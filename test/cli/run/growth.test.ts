import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ARCHIVE_CONTAINER } from '../../../src/store/logArchive.ts';
import { LAUNCHER, mustRun, run, startLinarite, until, type Finished, type Instance } from '../../support/linarite.ts';
import { realEngines, startRegistry, type Registry } from '../../support/registry.ts';
import { zipOf } from '../../support/zip.ts';

let instance: Instance;
let batch: BatchServiceClient;
let directory: string;

beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
}, 120_000);
afterAll(() => instance.purge());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'linarite-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** `linarite run` in the test's directory against the test's service. */
function linariteRun(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return run(LAUNCHER, ['run', ...args], { cwd: directory, timeoutMs: 110_000, env: { LINARITE_DATA_DIR: instance.dataDir, ...env } });
}

describe('a sweep', () => {
  test('runs every combination, tried again as --retry says', async () => {
    const finished = await linariteRun(['--sweep', 'rate=0.5..1..0.5', '--sweep', 'mode=a,b', '--retry', '1', '--shell', '--', 'mkdir $AZ_BATCH_NODE_SHARED_DIR/{index} 2>/dev/null && exit 1; echo {rate} {mode} {task}']);
    expect(finished).toMatchObject({ code: 0, stdout: '0.5 a 1-rate-0-5-mode-a\n0.5 b 2-rate-0-5-mode-b\n1 a 3-rate-1-mode-a\n1 b 4-rate-1-mode-b\n' });
  });

  test('is printed by a dry run as it would be sent, which contacts nothing', async () => {
    await writeFile(join(directory, 'model.py'), 'print()');
    const flags = ['--sweep', 'n=1..3', '--resource-file', 'model.py', '--output', '*.json', '--job', 'dry', '--image', 'debian:debian-12:12', '--task-id', 'n-{n}'];
    const finished = await linariteRun([...flags, '--dry-run', '--', 'python3', 'model.py', '{n}'], { AZURE_BATCH_ENDPOINT: 'http://127.0.0.1:1', AZURE_BATCH_ACCOUNT: 'a', AZURE_BATCH_ACCESS_KEY: 'a2V5' });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const planned = JSON.parse(finished.stdout) as { pool: unknown; job: unknown; tasks: { id: string }[] };
    expect(planned).toMatchObject({ pool: { virtualMachineConfiguration: { imageReference: { offer: 'debian-12' } } }, job: { id: 'dry' } });
    expect(planned.tasks.map(({ id }) => id)).toEqual(['n-1', 'n-2', 'n-3']);
    expect(planned.tasks[1]).toMatchObject({ commandLine: 'python3 model.py 2', resourceFiles: [{ filePath: 'model.py', httpUrl: '<URL of model.py>' }] });
  });
});

/** The tasks of a job by id, each with its state and result. */
async function tasksOf(job: string): Promise<Record<string, string>> {
  return Object.fromEntries((await batch.task.list(job)).map(({ id, state, executionInfo }) => [id ?? '', `${state} ${executionInfo?.result ?? '-'}`]));
}

describe('a merge', () => {
  test('gets what all others have written, and its stdout alone is the result', async () => {
    const finished = await linariteRun(['--items', 'a,b,c', '--merge', 'cat parts/*/stdout.txt | sort -r; ls parts', '--', '/bin/echo', 'got {item}']);
    expect(finished).toMatchObject({ code: 0, stdout: 'got c\ngot b\ngot a\n1-a\n2-b\n3-c\n' });
    expect(finished.stderr).toContain('4 of 4 tasks succeeded');
  });

  test('gets output files too; theirs and its own come back', async () => {
    await writeFile(join(directory, 'one.txt'), '1\n');
    await writeFile(join(directory, 'two.txt'), '2\n');
    const finished = await linariteRun(['--input', '*.txt', '--output', '*.up', '--merge', 'cat parts/*/*.up > all.up', '--merge-output', 'all.up', '--shell', '--', 'sed s/^/n/ {input} > {stem}.up']);
    expect(finished).toMatchObject({ code: 0, stdout: '' });
    expect((await readdir(join(directory, 'output'))).sort()).toEqual(['all.up', 'one.up', 'two.up']);
    expect(await readFile(join(directory, 'output/all.up'), 'utf8')).toBe('n1\nn2\n');
  });

  test('is the result for who comes back, too', async () => {
    expect(await linariteRun(['--detach', '--job', 'later', '--items', 'a,b', '--merge', 'cat parts/*/stdout.txt | tr -d "\\n"', '--', '/bin/echo', '{item}'])).toMatchObject({ code: 0 });
    expect(await linariteRun(['--attach', 'later'])).toMatchObject({ code: 0, stdout: 'ab' });
  });

  test('never runs after a failure, is told so, and runs once what failed has been run again', async () => {
    await writeFile(join(directory, 'good.txt'), 'x');
    const script = 'cat {input}; test -e $AZ_BATCH_NODE_SHARED_DIR/mended';
    const finished = await linariteRun(['--job', 'mend', '--input', '*.txt', '--keep-pool', '--merge', 'echo merged $(cat parts/*/stdout.txt)', '--shell', '--', script]);
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(finished.stderr).toContain('task merge (the merge) failed: a task that it waits for has failed');
    expect(finished.stderr).toContain('run again what failed: ');
    expect(await tasksOf('mend')).toEqual({ '1-good': 'completed failure', merge: 'active -' });
    const { poolInfo } = await batch.job.get('mend');
    await linariteRun(['--pool', poolInfo?.poolId ?? '', '--', '/bin/sh', '-c', 'touch $AZ_BATCH_NODE_SHARED_DIR/mended']);
    const again = await linariteRun(['--rerun-failed', 'mend']);
    expect(again).toMatchObject({ code: 0, stdout: 'merged x\n' });
    expect(again.stderr).toContain('2 of 2 tasks succeeded');
  });
});

describe('--rerun-failed', () => {
  test('runs again only what failed, on a pool made anew, and cleans up after a success', async () => {
    await chmod(directory, 0o755);
    const first = await linariteRun(['--job', 'again', '--items', 'good,bad', '--output', '{item}.txt', '--shell', '--', `[ {item} = good ] || [ -e ${directory}/mended ] || exit 3; echo {item} > {item}.txt`]);
    expect(first.code).toBe(1);
    expect(await tasksOf('again')).toEqual({ '1-good': 'completed success', '2-bad': 'completed failure' });
    const ran = (await batch.task.get('again', '1-good')).executionInfo?.startTime;
    await rm(join(directory, 'output'), { recursive: true });
    await writeFile(join(directory, 'mended'), '');
    const again = await linariteRun(['--rerun-failed', 'again', '--keep', '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ result: 'succeeded', tasks: { total: 1, succeeded: 1 }, outputs: [{ task: '2-bad', file: 'output/bad.txt' }] });
    expect((await batch.task.get('again', '1-good')).executionInfo?.startTime).toEqual(ran);
    const nothing = await linariteRun(['--rerun-failed', 'again']);
    expect(nothing).toMatchObject({ code: 0, stdout: '' });
    expect(nothing.stderr).toContain('no task of the job again has failed');
  });

  test('runs again what failed of a job that no run has made, and leaves it as it is', async () => {
    await chmod(directory, 0o755);
    await linariteRun(['--job', 'again-pool', '--keep', '--', '/bin/true']);
    await batch.job.add({ id: 'made-by-hand', poolInfo: { poolId: (await batch.job.get('again-pool')).poolInfo?.poolId ?? '' } });
    await batch.task.add('made-by-hand', { id: 't', commandLine: `/bin/sh -c 'echo run; test -e ${directory}/mended'` });
    await until('the task has failed', 60_000, async () => ((await batch.task.get('made-by-hand', 't')).state === 'completed' ? true : undefined));
    expect(await linariteRun(['--rerun-failed', 'made-by-hand'])).toMatchObject({ code: 1 });
    await writeFile(join(directory, 'mended'), '');
    expect(await linariteRun(['--rerun-failed', 'made-by-hand'])).toMatchObject({ code: 0, stdout: 'run\n' });
    expect(await tasksOf('made-by-hand')).toEqual({ t: 'completed success' });
  });
});

describe('--depends-on', () => {
  test('adds tasks to a job that wait for others of it', async () => {
    const step = (flags: readonly string[], script: string): Promise<Finished> => linariteRun(['--job', 'film', '--items', 'a,b', ...flags, '--shell', '--', script]);
    const cut = await step(['--detach', '--keep', '--task-id', 'cut-{item}'], 'sleep 1; echo cut {item} > $AZ_BATCH_NODE_SHARED_DIR/{item}');
    expect(cut).toMatchObject({ code: 0, stdout: 'film\n' });
    const joined = await step(['--task-id', 'join-{item}', '--depends-on', 'cut-{item}'], 'cat $AZ_BATCH_NODE_SHARED_DIR/{item}');
    expect(joined).toMatchObject({ code: 0, stdout: 'cut a\ncut b\n' });
    expect((await batch.task.get('film', 'join-b')).dependsOn).toEqual({ taskIds: ['cut-b'] });
    expect(await linariteRun(['--job', 'film', '--depends-on', '*', '--', '/bin/echo', 'all'])).toMatchObject({ code: 0, stdout: 'all\n' });
    expect((await batch.task.get('film', '1')).dependsOn?.taskIds?.toSorted()).toEqual(['cut-a', 'cut-b', 'join-a', 'join-b']);
    expect((await batch.job.get('film')).state).toBe('active');
  });

  test('on what fails is told as such, and the job stays', async () => {
    await linariteRun(['--job', 'fails', '--keep', '--task-id', 'bad', '--', '/bin/false']);
    const finished = await linariteRun(['--job', 'fails', '--depends-on', 'bad', '--', '/bin/true']);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('failed: a task that it waits for has failed');
    expect((await batch.job.get('fails')).state).toBe('active');
  });
});

describe('what a run cannot be given', () => {
  beforeAll(async () => {
    await batch.pool.add({ id: 'no-nodes', vmSize: 'standard_a1_v2', targetDedicatedNodes: 0, virtualMachineConfiguration: { imageReference: { publisher: 'debian', offer: 'debian-12', sku: '12' }, nodeAgentSKUId: 'batch.node.debian 12' } });
    await batch.job.add({ id: 'waits', poolInfo: { poolId: 'no-nodes' }, usesTaskDependencies: true });
    await batch.task.addCollection('waits', ['a', 'b'].map((id) => ({ id, commandLine: '/bin/true' })));
    await batch.job.add({ id: 'plain', poolInfo: { poolId: 'no-nodes' } });
    await batch.task.add('plain', { id: 'a', commandLine: '/bin/true' });
    await batch.job.add({ id: 'over', poolInfo: { poolId: 'no-nodes' }, usesTaskDependencies: true });
    await batch.task.add('over', { id: 'a', commandLine: '/bin/true' });
    await batch.job.terminate('over');
    await until('the job is over', 60_000, async () => ((await batch.job.get('over')).state === 'completed' ? true : undefined));
  });

  test.each([
    [['--depends-on', 'x'], '--depends-on x needs --job JOB'],
    [['--depends-on', 'x', '--job', 'waits', '--nodes', '2'], '--nodes is for a job that is made; with --depends-on the tasks run on the pool of the job waits'],
    [['--depends-on', 'x', '--job', 'waits', '--pool', 'p'], '--pool is for a job that is made'],
    [['--depends-on', 'x', '--job', 'no-such'], 'there is no job no-such, so --depends-on x names no task'],
    [['--depends-on', 'x', '--job', 'waits'], '--depends-on x: the job waits has no such task; it has a, b'],
    [['--depends-on', 'a', '--job', 'waits', '--task-id', 'b'], '--task-id b makes b, and the job waits has a task of that id already'],
    [['--depends-on', 'a', '--job', 'plain'], '--depends-on: the job plain was made without usesTaskDependencies'],
    [['--depends-on', 'a', '--job', 'over'], 'the job over is completed, and Batch runs nothing more in it: 1 task would have to'],
    [['--job', 'waits'], 'or add --resume to run what of it is missing'],
    [['--resume'], '--resume needs --job JOB'],
    [['--resume', '--job', 'plain'], '--resume: the job plain was not made by linarite run'],
    [['--merge-output', '*'], '--merge-output * is what --merge puts out'],
    [['--merge', ' '], '--merge is empty'],
  ])('%j: %s', async (flags, message) => {
    const finished = await linariteRun([...flags, '--', '/bin/true']);
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain(message);
  });

  test.each([
    [['--rerun-failed', 'no-such'], '--rerun-failed no-such: there is no such job'],
    [['--rerun-failed', 'over'], '--rerun-failed over: the job is completed, and Batch runs nothing more in it'],
    [['--rerun-failed', 'over', '--nodes', '2'], '--nodes is for tasks that are made; --rerun-failed comes back'],
    [['--rerun-failed', 'over', '--attach', 'over'], '--attach and --rerun-failed exclude each other'],
  ])('%j: %s', async (flags, message) => {
    const finished = await linariteRun(flags);
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain(message);
  });
});

describe('--resume', () => {
  test('runs only what has not succeeded with the same command and inputs; the results are whole', async () => {
    for (const name of ['a', 'b', 'c']) await writeFile(join(directory, `${name}.txt`), `${name}\n`);
    const submit = (...more: string[]): Promise<Finished> => linariteRun(['--job', 'nightly', '--resume', '--input', '*.txt', '--output', '*.up', '--json', ...more, '--shell', '--', 'grep -v b {input} | tr a-z A-Z > {stem}.up; [ -s {stem}.up ]']);
    const first = JSON.parse((await submit()).stdout) as Record<string, unknown>;
    expect(first).toMatchObject({ result: 'taskFailed', tasks: { total: 3, succeeded: 2, failed: 1 } });
    const ran = (await batch.task.get('nightly', '1-a')).executionInfo?.startTime;
    // What was mended is another input, and so another task; a new one comes in before all others.
    await writeFile(join(directory, 'b.txt'), 'mended\n');
    await writeFile(join(directory, 'a0.txt'), 'new\n');
    await rm(join(directory, 'output'), { recursive: true });
    const plan = JSON.parse((await submit('--dry-run')).stdout) as { tasks: { id: string }[] };
    expect(plan).toMatchObject({ succeededBefore: ['1-a', '3-c'], runAgain: [] });
    expect(plan.tasks.map(({ id }) => id)).toEqual(['2-a0', '3-b']);
    const second = JSON.parse((await submit()).stdout) as Record<string, unknown>;
    expect(second).toMatchObject({ result: 'succeeded', tasks: { total: 4, succeeded: 4, before: 2 }, kept: { containers: [] } });
    expect((await readdir(join(directory, 'output'))).sort()).toEqual(['a.up', 'a0.up', 'b.up', 'c.up']);
    expect(await readFile(join(directory, 'output/b.up'), 'utf8')).toBe('MENDED\n');
    expect((await batch.task.get('nightly', '1-a')).executionInfo?.startTime).toEqual(ran);
    const third = JSON.parse((await submit()).stdout) as Record<string, unknown>;
    expect(third).toMatchObject({ result: 'succeeded', tasks: { total: 4, succeeded: 4, before: 4 } });
    expect((await batch.task.list('nightly')).length).toBe(5);
  });

  test('runs again under its id what failed with the same inputs, and merges only what is asked for', async () => {
    await chmod(directory, 0o755);
    const submit = (items: string): Promise<Finished> => linariteRun(['--job', 'sums', '--resume', '--items', items, '--merge', 'cat parts/*/stdout.txt', '--shell', '--', `[ {item} != bad ] || [ -e ${directory}/mended ] || exit 1; echo {item}`]);
    expect(await submit('one,two,bad')).toMatchObject({ code: 1, stdout: '' });
    await writeFile(join(directory, 'mended'), '');
    expect(await submit('one,two,bad')).toMatchObject({ code: 0, stdout: 'one\ntwo\nbad\n' });
    expect(Object.keys(await tasksOf('sums'))).toEqual(['1-one', '2-two', '3-bad', 'merge']);
    expect(await submit('one,bad,more')).toMatchObject({ code: 0, stdout: 'one\nbad\nmore\n' });
    expect(Object.keys(await tasksOf('sums'))).toEqual(['1-one', '3-bad', '3-more', 'merge', 'merge-2']);
    const other = await linariteRun(['--job', 'sums', '--resume', '--merge', 'true', '--', '/bin/true']);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('the job sums has a merge already, of another command');
  });

  test('prints what the tasks before have written, although their node has gone, and says what is not there any more', async () => {
    await chmod(directory, 0o755);
    const submit = (): Promise<Finished> => linariteRun(['--job', 'printed', '--resume', '--items', 'a,b', '--shell', '--', `[ {item} = a ] || [ -e ${directory}/mended ] || exit 1; echo {item}`]);
    expect(await submit()).toMatchObject({ code: 1, stdout: 'a\n' });
    await writeFile(join(directory, 'mended'), '');
    const again = await submit();
    expect(again).toMatchObject({ code: 0, stdout: 'a\nb\n' });
    expect(again.stderr).toContain('2 of 2 tasks succeeded (1 of them before)');
    const { AZURE_STORAGE_CONNECTION_STRING } = await instance.env();
    const archive = BlobServiceClient.fromConnectionString(AZURE_STORAGE_CONNECTION_STRING).getContainerClient(ARCHIVE_CONTAINER);
    for await (const { name } of archive.listBlobsFlat()) await archive.deleteBlob(name);
    const last = await submit();
    expect(last).toMatchObject({ code: 0, stdout: '' });
    expect(last.stderr).toContain('the stdout of 2 of the tasks that had succeeded before is not here any more');
  });

  test('by Ctrl-C ends its tasks alone, and goes on from there', async () => {
    await chmod(directory, 0o755);
    const args = ['run', '--job', 'broken-off', '--resume', '--', '/bin/sh', '-c', `test -e ${directory}/quick || sleep 300`];
    const child = spawn(LAUNCHER, args, { cwd: directory, env: { ...process.env, LINARITE_DATA_DIR: instance.dataDir }, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    const code = new Promise<number | null>((settle) => child.on('close', settle));
    await until('the task runs', 60_000, async () => ((await batch.job.getTaskCounts('broken-off').catch(() => undefined))?.taskCounts.running === 1 ? true : undefined));
    child.kill('SIGINT');
    expect(await code).toBe(130);
    expect(output).toContain('1 task of the job broken-off was ended; the job stays');
    expect((await batch.job.get('broken-off')).state).toBe('active');
    await writeFile(join(directory, 'quick'), '');
    expect(await linariteRun(args.slice(1))).toMatchObject({ code: 0 });
    expect(await tasksOf('broken-off')).toEqual({ 1: 'completed success' });
  });
});

describe('a forecast', () => {
  const forecastIn = async (args: readonly string[]): Promise<unknown> => (JSON.parse((await linariteRun(['--dry-run', ...args])).stdout) as { readonly forecast: unknown }).forecast;

  test('of a run on a pool that exists goes by its nodes, and the run tells how good it was', async () => {
    const [image] = await batch.account.listSupportedImages();
    await batch.pool.add({ id: 'standing', vmSize: 'standard_d2s_v3', taskSlotsPerNode: 2, targetDedicatedNodes: 2, virtualMachineConfiguration: { imageReference: image?.imageReference ?? {}, nodeAgentSKUId: image?.nodeAgentSKUId ?? '' } });
    await until('the pool has its nodes', 60_000, async () => ((await batch.pool.get('standing')).allocationState === 'steady' ? true : undefined));
    const args = ['--pool', 'standing', '--items', 'a,b,c,d,e,f,g,h', '--expect-duration', '90s', '--', '/bin/echo', '{item}'];
    expect(await forecastIn(args)).toMatchObject({ tasks: 8, seconds: { low: 180, likely: 180, high: 180 }, cost: { likely: 0.012 }, basis: '--expect-duration; on the 2 nodes that the pool has now, as if nothing else ran there' });
    const { code, stderr } = await linariteRun(args);
    expect([code, stderr]).toEqual([0, expect.stringContaining('forecast: about 3 min (3 min to 3 min), 0.0120 USD')]);
    expect(stderr).toMatch(/took .*, forecast 3 min, \d+ % off, outside its range/);
    await batch.pool.deleteMethod('standing');
    expect(await forecastIn(['--pool', 'nowhere', '--expect-duration', '90s', '--', '/bin/true'])).toEqual({ none: 'there is no pool nowhere' });
  });

  test('of a job that is resumed counts what is left, on the pool that is made again for it; nothing where nothing is left', async () => {
    await chmod(directory, 0o755);
    const args = (items: string): readonly string[] => ['--job', 'forecast', '--resume', '--items', items, '--expect-duration', '60s', '--slots', '2', '--shell', '--', `[ {item} != bad ] || [ -e ${directory}/mended ]`];
    expect(await linariteRun(args('a,b,bad'))).toMatchObject({ code: 1 });
    expect(await forecastIn(args('a,b,bad'))).toMatchObject({ tasks: 1, seconds: { likely: 60 } });
    expect(await forecastIn(args('a,b,bad,c,d'))).toMatchObject({ tasks: 3, seconds: { likely: 120 } });
    await writeFile(join(directory, 'mended'), '');
    const again = await linariteRun(args('a,b,bad'));
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(/forecast: about 1 min [\s\S]*took .*, forecast 1 min/)]);
    expect(await forecastIn(args('a,b,bad'))).toEqual({ none: 'nothing is left to run' });
  });
});

describe('--app', () => {
  beforeAll(async () => {
    const packed = await mkdtemp(join(tmpdir(), 'linarite-app-'));
    await writeFile(join(packed, 'say.zip'), zipOf([{ name: 'bin/say', content: '#!/bin/sh\necho "said $1"\n', mode: 0o100755 }]));
    await mustRun(LAUNCHER, ['app', 'upload', 'say', '1.0', join(packed, 'say.zip'), '--default', '--data-dir', instance.dataDir]);
    await rm(packed, { recursive: true });
  });

  test('gives every task what the package holds', async () => {
    const finished = await linariteRun(['--app', 'say', '--app', 'say:1.0', '--items', 'a,b', '--shell', '--', '$AZ_BATCH_APP_PACKAGE_say_1_0/bin/say {item}; $AZ_BATCH_APP_PACKAGE_say/bin/say default']);
    expect(finished).toMatchObject({ code: 0, stdout: 'said a\nsaid default\nsaid b\nsaid default\n' });
  });

  test.each([
    ['no-such', '--app no-such: the account has no such application with an active package; it has say'],
    ['say:2', '--app say:2: the application say has no such version; it has 1.0'],
  ])('%s is refused before anything is made', async (name, message) => {
    const finished = await linariteRun(['--app', name, '--', '/bin/true']);
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain(message);
  });
});

const engines = await realEngines();

describe.skipIf(engines.every(({ engine }) => engine === undefined))('--container', () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
    registry.add('samples/tool', '1', { files: { tool: '#!/bin/sh\necho "tool says $1"\n' } });
  });
  afterAll(() => registry.close());

  test('runs every task in a container of that image, on a pool that fetches it', async () => {
    const image = `${registry.host}/samples/tool:1`;
    await writeFile(join(directory, 'in.txt'), 'inside\n');
    const finished = await linariteRun(['--container', image, '--job', 'contained', '--keep', '--input', 'in.txt', '--output', 'out.txt', '--', 'sh', '-c', '/tool "$(cat {input})" > out.txt']);
    expect(finished).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'output/out.txt'), 'utf8')).toBe('tool says inside\n');
    expect(await batch.task.get('contained', '1-in')).toMatchObject({ containerSettings: { imageName: image }, executionInfo: { containerInfo: { state: 'exited' } } });
    const { poolInfo } = await batch.job.get('contained');
    expect((await batch.pool.get(poolInfo?.poolId ?? '')).virtualMachineConfiguration?.containerConfiguration).toMatchObject({ containerImageNames: [image] });
  }, 120_000);
});

describe('--mpi', () => {
  test('runs a task on several nodes, each of which has been set up and has the files', async () => {
    await writeFile(join(directory, 'data'), 'shared\n');
    const setup = 'cat $AZ_BATCH_TASK_SHARED_DIR/data > $AZ_BATCH_NODE_SHARED_DIR/ready';
    const finished = await linariteRun(['--mpi', '3', '--mpi-setup', setup, '--resource-file', 'data', '--job', 'together', '--keep', '--shell', '--', 'cat data $AZ_BATCH_NODE_SHARED_DIR/ready; tr , "\\n" <<< $AZ_BATCH_HOST_LIST | wc -l']);
    expect(finished).toMatchObject({ code: 0, stdout: 'shared\nshared\n3\n' });
    const { value = [] } = await batch.task.listSubtasks('together', '1');
    expect(value.map(({ state, exitCode }) => [state, exitCode])).toEqual([['completed', 0], ['completed', 0]]);
  }, 120_000);
});
