import { execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run, startLinarite, until, type Finished, type Instance, type LinariteEnv } from '../../support/linarite.ts';
import { openWay } from '../../support/way.ts';

const LINARITE = resolve(import.meta.dirname, '../../../linarite');

let instance: Instance;
let env: LinariteEnv;
let batch: BatchServiceClient;
let directory: string;

beforeAll(async () => {
  instance = await startLinarite();
  env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
}, 120_000);
afterAll(() => instance.purge());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'linarite-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** What a task says to wait for `open`, which anybody can pass. */
async function gate(): Promise<{ readonly wait: string; open(): Promise<void> }> {
  await chmod(directory, 0o755);
  const file = join(directory, 'go');
  return { wait: `until [ -e ${file} ]; do sleep 0.1; done`, open: () => writeFile(file, '') };
}

/** `linarite run` in the test's directory against the test's service. */
function linariteRun(args: readonly string[], options: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Finished> {
  return run(LINARITE, ['run', ...args], { cwd: directory, timeoutMs: 110_000, ...options, env: { LINARITE_DATA_DIR: instance.dataDir, ...options.env } });
}

/** What a run with `--json` said. */
function told(finished: Finished): Record<string, unknown> & { job: string; pool: string } {
  const [line = ''] = finished.stdout.trim().split('\n');
  return JSON.parse(line) as Record<string, unknown> & { job: string; pool: string };
}

function gone(asked: Promise<unknown>): Promise<boolean | undefined> {
  return asked.then(
    () => undefined,
    (error: unknown) => (typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 404 ? true : undefined),
  );
}

function poolIsGone(pool: string): Promise<boolean> {
  return until(`pool ${pool} is gone`, 60_000, () => gone(batch.pool.get(pool)));
}

async function containers(): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).listContainers()) names.push(name);
  return names;
}

function has(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a legacy program over input files', () => {
  test('ffmpeg converts MP4 files to AVI on two nodes', async (context) => {
    if (!has('ffmpeg') || !has('ffprobe')) return context.skip('ffmpeg is not installed (apt-get install ffmpeg)');
    await mkdir(join(directory, 'videos'));
    const names = ['one', 'number two', "it's three", '-four'];
    for (const name of names) {
      execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=duration=1:size=160x120:rate=10', '-pix_fmt', 'yuv420p', `./videos/${name}.mp4`], { cwd: directory });
    }
    const finished = await linariteRun(['--input', 'videos/*.mp4', '--output', '*.avi', '--nodes', '2', '--', 'ffmpeg', '-i', '{input}', './{stem}.avi']);
    expect(finished).toMatchObject({ code: 0, stdout: '' });
    expect(finished.stderr).toContain('4 of 4 tasks succeeded');
    expect((await readdir(join(directory, 'output'))).sort()).toEqual(names.map((name) => `${name}.avi`).sort());
    for (const name of names) {
      const probed = execFileSync('ffprobe', ['-loglevel', 'error', '-show_entries', 'format=format_name,duration', '-of', 'csv=p=0', join(directory, 'output', `${name}.avi`)]);
      expect(probed.toString().trim()).toBe('avi,1.000000');
    }
    const [pool = ''] = /run-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/.exec(finished.stderr) ?? [];
    await poolIsGone(pool);
    await until('the job is gone', 60_000, () => gone(batch.job.get(pool)));
    expect((await containers()).filter((name) => name.includes(pool))).toEqual([]);
  });

  test('outputs land where their inputs came from, equal names are kept apart', async () => {
    for (const name of ['a/one.txt', 'a/b/two.txt', 'a/two words.txt', 'b\\c/three.txt']) {
      await mkdir(join(directory, 'in', name, '..'), { recursive: true });
      await writeFile(join(directory, 'in', name), `${name}\n`);
    }
    const finished = await linariteRun(['--input', 'in/**/*.txt', '--output', '*.up', '--output', 'same/*', '--to', 'out', '--shell', '--', 'mkdir same; tr a-z A-Z < {input} > {stem}.up; echo {index} > same/x']);
    expect(finished).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'out/a/one.up'), 'utf8')).toBe('A/ONE.TXT\n');
    expect(await readFile(join(directory, 'out/a/b/two.up'), 'utf8')).toBe('A/B/TWO.TXT\n');
    expect(await readFile(join(directory, 'out/a/two words.up'), 'utf8')).toBe('A/TWO WORDS.TXT\n');
    expect(await readFile(join(directory, 'out/b\\c/three.up'), 'utf8')).toBe('B\\C/THREE.TXT\n');
  });
});

describe('one task for each', () => {
  test('item of a list; what they write is printed in their order, and nothing else is', async () => {
    const finished = await linariteRun(['--items', 'x,y y,$HOME', '--', '/bin/echo', 'got {item}', '{index}']);
    expect(finished).toMatchObject({ code: 0 });
    expect(finished.stdout).toBe('got x 1\ngot y y 2\ngot $HOME 3\n');
    expect(finished.stderr).toContain('3 of 3 tasks succeeded');
  });

  test('line of standard input, as many as need several requests', async () => {
    const finished = await linariteRun(['--items-file', '-', '--slots', '8', '--json', '--', '/bin/echo', '{item}'], { input: Array.from({ length: 250 }, (_, index) => `${index}\n`).join('') });
    expect(finished.code).toBe(0);
    expect(told(finished)).toMatchObject({ result: 'succeeded', tasks: { total: 250, succeeded: 250, failed: 0 }, failed: [] });
    expect(told(finished)['stdout']).toEqual(Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`${String(index + 1).padStart(3, '0')}-${index}`, `${index}\n`])));
  });

  test('row of a table, with files and environment for all', async () => {
    await writeFile(join(directory, 'runs.csv'), 'rate,name\n0.5,"slow, steady"\n2,fast\n');
    await writeFile(join(directory, 'model.sh'), '#!/bin/sh\necho "$1 at $2 as $WHO with $(cat data/weights)" > result-$2.txt\n');
    await writeFile(join(directory, 'w'), 'weights');
    const flags = ['--rows', 'runs.csv', '--resource-file', 'model.sh', '--resource-file', 'data/weights=w', '--env', 'WHO={index}-{name}', '--output', 'result-*.txt', '--json'];
    const finished = await linariteRun([...flags, '--', '/bin/sh', 'model.sh', '{name}', '{rate}']);
    expect(told(finished)).toMatchObject({ result: 'succeeded', exitCode: 0, kept: { containers: [] } });
    expect(await readFile(join(directory, 'output/result-0.5.txt'), 'utf8')).toBe('slow, steady at 0.5 as 1-slow, steady with weights\n');
    expect(await readFile(join(directory, 'output/result-2.txt'), 'utf8')).toBe('fast at 2 as 2-fast with weights\n');
  });
});

describe('when tasks fail', () => {
  test('says which, how, and shows their stderr; keeps the job, removes the pool', async () => {
    const finished = await linariteRun(['--items', 'good,bad', '--retries', '1', '--shell', '--', 'echo working on {item}; if [ {item} = bad ]; then echo "cannot do bad" >&2; exit 3; fi']);
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('task 2-bad (bad) failed: exit code 3, after 1 retry\n  | cannot do bad');
    expect(finished.stderr).toContain('1 of 2 tasks succeeded, 1 failed');
    expect(finished.stdout).toContain('working on good');
    const [job = ''] = /run-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/.exec(finished.stderr) ?? [];
    expect(await readFile(join(directory, 'output', `${job}-failed`, '2-bad.stderr.txt'), 'utf8')).toBe('cannot do bad\n');
    expect(finished.stderr).toContain(`az batch task list --job-id ${job}`);
    await poolIsGone(job);
    expect((await batch.task.get(job, '2-bad')).executionInfo?.exitCode).toBe(3);
  });

  test.each([
    ['a program that is not there', ['--', 'no-such-program'], /CommandProgramNotFound/],
    ['a task over its time', ['--max-time', '1s', '--', '/bin/sleep', '60'], /(WallClock|TaskEnded|exit code)/],
  ])('%s is named', async (_what, args, reason) => {
    const finished = await linariteRun(['--json', ...args]);
    expect(finished.code).toBe(1);
    expect(told(finished)).toMatchObject({ result: 'taskFailed', tasks: { failed: 1 } });
    expect(JSON.stringify(told(finished)['failed'])).toMatch(reason);
  });

  test('a file in a container that is missing is named', async () => {
    const finished = await linariteRun(['--json', '--resource-file', `data=${env.AZURE_STORAGE_BLOB_ENDPOINT}/missing/data`, '--', '/bin/cat', 'data']);
    expect(finished.code).toBe(1);
    expect(JSON.stringify(told(finished)['failed'])).toMatch(/BlobNotFound|BlobAccessDenied|ResourceContainer/);
  });

  test('an output container that went away is named', async () => {
    const { wait, open } = await gate();
    const running = linariteRun(['--job', 'container-gone', '--json', '--output', '*.txt', '--', '/bin/sh', '-c', `${wait}; echo x > x.txt`]);
    await until('the job runs', 60_000, async () => ((await batch.job.getTaskCounts('container-gone').catch(() => undefined))?.taskCounts.running === 1 ? true : undefined));
    await BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).deleteContainer('linarite-container-gone-out');
    await open();
    const finished = await running;
    expect([1, 3, 5]).toContain(finished.code);
    expect(finished.stdout).toMatch(/FileUpload|ContainerNotFound/);
  });
});

describe('when something happens to the job meanwhile', () => {
  const runs = (job: string): Promise<boolean> => until(`a task of ${job} runs`, 60_000, async () => ((await batch.job.getTaskCounts(job).catch(() => undefined))?.taskCounts.running === 1 ? true : undefined));

  test('ended by somebody else, it is over for the run too, and what never ran has failed', async () => {
    const running = linariteRun(['--job', 'ended-elsewhere', '--slots', '1', '--items', 'a,b', '--', '/bin/sleep', '300']);
    await runs('ended-elsewhere');
    await batch.job.terminate('ended-elsewhere');
    const finished = await running;
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('0 of 2 tasks succeeded, 2 failed');
    expect(finished.stderr).toContain('failed: its job ended before it did');
  });

  test('deleted by somebody else, the run says so and what is left of it', async () => {
    const running = linariteRun(['--job', 'deleted-elsewhere', '--json', '--', '/bin/sleep', '300']);
    await runs('deleted-elsewhere');
    await batch.job.deleteMethod('deleted-elsewhere');
    const finished = await running;
    expect(finished.code).toBe(3);
    const { message, pool, kept } = told(finished);
    expect(message).toContain('JobNotFound');
    expect(kept).toMatchObject({ pool });
    await batch.pool.deleteMethod(pool);
  });

  test('a service that was killed and comes back finds the run still waiting', async () => {
    const { wait, open } = await gate();
    const child = spawn(LINARITE, ['run', '--job', 'outage', '--items', 'a', '--', '/bin/sh', '-c', `${wait}; echo done {item}`], { cwd: directory, env: { ...process.env, LINARITE_DATA_DIR: instance.dataDir }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
    const code = new Promise<number | null>((settle) => child.on('close', settle));
    await runs('outage');
    process.kill(Number((await instance.env()).LINARITE_PID), 'SIGKILL');
    await until('the run misses the service', 60_000, async () => (/cannot reach the service: .*; the tasks go on meanwhile, asking again/.test(output) ? true : undefined));
    await instance.up();
    await open();
    expect(await code).toBe(0);
    expect(output).toContain('the service answers again');
    expect(output).toContain('done a');
  });

  test('streams of a failed task that cannot be saved do not hide how it failed', async () => {
    await mkdir(join(directory, 'output'));
    const { wait, open } = await gate();
    const running = linariteRun(['--job', 'unsaved', '--shell', '--', `${wait}; echo no luck >&2; exit 7`]);
    await runs('unsaved');
    await rm(join(directory, 'output'), { recursive: true });
    await writeFile(join(directory, 'output'), 'a file by now');
    await open();
    const finished = await running;
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('failed: exit code 7\n  | no luck');
    expect(finished.stderr).toContain('could not be saved: ');
  });

  test('outputs that cannot be put down stay in their container, which is named', async () => {
    const { wait, open } = await gate();
    const running = linariteRun(['--job', 'unfetched', '--output', 'x.txt', '--shell', '--', `${wait}; echo x > x.txt`]);
    await runs('unfetched');
    await writeFile(join(directory, 'output'), 'a file by now');
    await open();
    const finished = await running;
    expect(finished.code).toBe(5);
    expect(finished.stderr).toContain('cannot download x.txt (the outputs stay in the container linarite-unfetched-out)');
    expect(finished.stderr).toContain('1 of 1 task succeeded');
    expect(finished.stderr).toContain('az storage container delete --name linarite-unfetched-out');
    expect(await containers()).toContain('linarite-unfetched-out');
    await rm(join(directory, 'output'));
    expect(await linariteRun(['--fetch', 'unfetched'])).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'output/x.txt'), 'utf8')).toBe('x\n');
    expect(await linariteRun(['--attach', 'unfetched'])).toMatchObject({ code: 0 });
    await until('the job is gone', 60_000, () => gone(batch.job.get('unfetched')));
  });

  test('a pattern that matched nothing is a failure, and job and pool stay', async () => {
    const finished = await linariteRun(['--job', 'unmatched', '--items', 'a,b', '--output', '{item}.txt', '--output', '*.mkv', '--shell', '--', 'echo {item} > {item}.txt']);
    expect(finished.code).toBe(5);
    expect(finished.stderr).toContain('no file matched *.mkv in 2 of the tasks that succeeded (1-a, …)');
    expect(finished.stderr).toContain('run --fetch unmatched');
    expect(await readFile(join(directory, 'output/b.txt'), 'utf8')).toBe('b\n');
    const { poolInfo } = await batch.job.get('unmatched');
    expect((await batch.pool.get(poolInfo?.poolId ?? '')).state).toBe('active');
    await batch.pool.deleteMethod(poolInfo?.poolId ?? '');
  });
});

describe('a command line that is wrong is refused before anything is made', () => {
  test.each([
    ['a pattern that matches nothing', ['--input', 'videos/*.mp4', '--', 'x'], 'no file matches "videos/*.mp4"'],
    ['a placeholder that is none', ['--items', 'a', '--', 'x', '{stem}'], '{stem} stands for nothing here; known are {item}'],
    ['a range that is none', ['--sweep', 'n=1..ten', '--', 'x'], '--sweep n=1..ten: 1..ten is no range'],
    ['a table without rows', ['--rows', '/dev/null', '--', 'x'], '/dev/null: rows are read from .csv'],
    ['two sources of tasks', ['--items', 'a', '--rows', 'x.csv', '--', 'x'], '--items and --rows exclude each other'],
    ['no command', ['--items', 'a'], 'say what to run'],
    ['a pattern that the shell has resolved', ['--input', 'a.mp4', 'b.mp4', '--', 'x', '--y', 'z'], 'b.mp4 stands before --'],
    ['a place for outputs that is a file', ['--to', '/etc/passwd', '--', 'x'], '--to /etc/passwd: /etc/passwd is no directory'],
    ['a URL that is none', ['--resource-file', 'https://host/100%', '--', 'x'], 'say what the file is called'],
    ['a file that is not there', ['--resource-file', 'nothing', '--', 'x'], 'there is no file nothing'],
    ['a pool that does not exist', ['--pool', 'no-such-pool', '--', 'x'], 'there is no pool no-such-pool'],
    ['a job that exists', ['--job', 'unmatched', '--', 'x'], 'there is a job unmatched already: give another --job, come back to it with'],
    ['a job to come back to that is not there', ['--attach', 'no-such-job'], 'there is no job no-such-job'],
    ['a table that is not there', ['--rows', 'nothing.csv', '--', 'x'], 'cannot read nothing.csv: there is no such file\n'],
    ["a program's option before --", ['--items', 'a', 'ffmpeg', '-i', '{item}'], "a program's own options stand behind --"],
    ['an image that does not exist', ['--image', 'canonical:ubuntu:1', '--', 'x'], 'is none of the service'],
  ])('%s', async (_what, args, message) => {
    const finished = await linariteRun(args);
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain(message);
  });

  test('a storage account without its key', async () => {
    await writeFile(join(directory, 'in.txt'), 'x');
    const { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT } = env;
    const signed = `BlobEndpoint=${env.AZURE_STORAGE_BLOB_ENDPOINT};SharedAccessSignature=sv=2024-01-01&sig=x`;
    const finished = await linariteRun(['--input', 'in.txt', '--', 'x'], { env: { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT, AZURE_STORAGE_CONNECTION_STRING: signed } });
    expect(finished).toMatchObject({ code: 2, stdout: '' });
    expect(finished.stderr).toContain('needs an AccountKey');
  });

  test('the account, when only part of it is given', async () => {
    const finished = await linariteRun(['--', 'x'], { env: { AZURE_BATCH_ENDPOINT: 'http://127.0.0.1:1' } });
    expect(finished).toMatchObject({ code: 2 });
    expect(finished.stderr).toContain('set AZURE_BATCH_ACCOUNT (or --account) and AZURE_BATCH_ACCESS_KEY (or --key-file) too');
  });
});

describe('the account', () => {
  test('may be any that the environment names, as on Azure', async () => {
    const finished = await linariteRun(['--items', 'a', '--', '/bin/echo', 'from {item}'], {
      env: { LINARITE_DATA_DIR: join(directory, 'none'), AZURE_BATCH_ACCOUNT: env.AZURE_BATCH_ACCOUNT, AZURE_BATCH_ENDPOINT: env.AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY },
    });
    expect(finished).toMatchObject({ code: 0 });
    expect(finished.stdout).toContain('from a');
  });

  test('may have its storage named by account and key alone', async () => {
    await writeFile(join(directory, 'said.txt'), 'hello');
    const { AZURE_STORAGE_CONNECTION_STRING: _, ...named } = env;
    const finished = await linariteRun(['--job', '_', '--input', 'said.txt', '--output', 'loud.txt', '--shell', '--', 'tr a-z A-Z < {input} > loud.txt'], { env: { LINARITE_DATA_DIR: join(directory, 'none'), ...named } });
    expect(finished).toMatchObject({ code: 0 });
    expect(await readFile(join(directory, 'output/loud.txt'), 'utf8')).toBe('HELLO');
  });

  test('that refuses a property is told with its reason', async () => {
    const finished = await linariteRun(['--vm-size', 'huge', '--', 'x']);
    expect(finished).toMatchObject({ code: 3, stdout: '' });
    expect(finished.stderr).toMatch(/InvalidPropertyValue: .*\(PropertyName vmSize; .*Reason /);
  });

  test('that refuses the key is told as it is', async () => {
    await writeFile(join(directory, 'key'), Buffer.from('wrong').toString('base64'));
    const finished = await linariteRun(['--account', env.AZURE_BATCH_ACCOUNT, '--endpoint', env.AZURE_BATCH_ENDPOINT, '--key-file', 'key', '--', 'x']);
    expect(finished).toMatchObject({ code: 3 });
    expect(finished.stderr).toContain('AuthenticationFailed');
  });

  test('that cannot be reached is told as it is', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((settle) => server.once('listening', settle));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((settle) => server.close(settle));
    const finished = await linariteRun(['--', 'x'], { env: { AZURE_BATCH_ENDPOINT: `http://127.0.0.1:${port}`, AZURE_BATCH_ACCOUNT: 'a', AZURE_BATCH_ACCESS_KEY: 'a2V5' } });
    expect(finished).toMatchObject({ code: 3 });
    expect(finished.stderr).toMatch(/cannot reach .*start it: .*linarite up --detach/);
  });
});

describe('a pool', () => {
  test('that exists is used and stays', async () => {
    const first = await linariteRun(['--json', '--keep-pool', '--', '/bin/true']);
    const { pool } = told(first);
    expect(told(first)).toMatchObject({ kept: { pool } });
    const second = await linariteRun(['--json', '--pool', pool, '--', '/bin/true']);
    expect(told(second)).toMatchObject({ result: 'succeeded', pool });
    expect((await batch.pool.get(pool)).state).toBe('active');
    await batch.pool.deleteMethod(pool);
  });

  test('whose start task fails is told with what it wrote', async () => {
    const finished = await linariteRun(['--start-task', 'echo "Reading lists"; echo "no such package" >&2; exit 100', '--', '/bin/true']);
    expect(finished).toMatchObject({ code: 4 });
    expect(finished.stderr).toMatch(/start task failed on every node .*exit code 100/);
    expect(finished.stderr).toContain('stdout of the start task');
    expect(finished.stderr).toContain('  | Reading lists');
    expect(finished.stderr).toContain('  | no such package');
    const [pool = ''] = /run-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}/.exec(finished.stderr) ?? [];
    expect((await batch.pool.get(pool)).state).toBe('active');
    await batch.pool.deleteMethod(pool);
  });
});

describe('a run that is left', () => {
  test('by kill -9 is come back to, and its results are here as if nothing had happened', async () => {
    const { wait, open } = await gate();
    const child = spawn(process.execPath, [join(LINARITE, '../dist/cli/main.js'), 'run', '--job', 'killed', '--items', 'a,b', '--', '/bin/sh', '-c', `${wait}; echo {item} is done`], {
      cwd: directory,
      env: { ...process.env, LINARITE_DATA_DIR: instance.dataDir },
      stdio: 'ignore',
    });
    await until('both tasks run', 60_000, async () => ((await batch.job.getTaskCounts('killed').catch(() => undefined))?.taskCounts.running === 2 ? true : undefined));
    child.kill('SIGKILL');
    const fetched = await linariteRun(['--fetch', 'killed']);
    expect(fetched).toMatchObject({ code: 6, stdout: '' });
    expect(fetched.stderr).toContain('0 of 2 tasks are completed');
    const back = linariteRun(['--attach', 'killed']);
    await open();
    expect(await back).toMatchObject({ code: 0, stdout: 'a is done\nb is done\n' });
    await until('the job is gone', 60_000, () => gone(batch.job.get('killed')));
  });

  test('with --detach ends by itself', async () => {
    const finished = await linariteRun(['--detach', '--json', '--items', 'a,b', '--', '/bin/echo', '{item}']);
    const { job, pool } = told(finished);
    expect(told(finished)).toMatchObject({ exitCode: 0, tasks: { total: 2 }, kept: { job, pool } });
    await until('the job ends with its tasks', 60_000, async () => ((await batch.job.get(job)).state === 'completed' ? true : undefined));
    expect((await batch.task.get(job, '2-b')).executionInfo?.result).toBe('success');
    await batch.pool.deleteMethod(pool);
  });

  /** Starts a run of one long task, on a terminal of its own or without one; gives it back when the task runs. */
  const startLong = async (job: string, onTerminal: boolean): Promise<{ send(text: string): void; kill(): void; output(): string; code: Promise<number | null> }> => {
    const args = ['run', '--job', job, '--', '/bin/sleep', '300'];
    // exec: a shell that stays between (dash does) would end by the Ctrl-C itself, and its 130 stand for the run's
    // code.
    const child = onTerminal
      ? spawn('script', ['--quiet', '--return', '--command', ['exec', LINARITE, ...args].join(' '), '/dev/null'], { cwd: directory, env: { ...process.env, LINARITE_DATA_DIR: instance.dataDir } })
      : spawn(LINARITE, args, { cwd: directory, env: { ...process.env, LINARITE_DATA_DIR: instance.dataDir } });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    const code = new Promise<number | null>((settle) => child.on('close', settle));
    await until('the task runs', 60_000, async () => ((await batch.job.getTaskCounts(job).catch(() => undefined))?.taskCounts.running === 1 ? true : undefined));
    return { send: (text) => void child.stdin.write(text), kill: () => void child.kill('SIGINT'), output: () => output, code };
  };
  /** How often the service was asked for counts of tasks. */
  const looks = async (): Promise<number> => {
    const metrics = await (await fetch(`${env.AZURE_BATCH_ENDPOINT}/metrics`)).text();
    return [...metrics.matchAll(/^linarite_requests_total\{.*operation="Job_GetTaskCounts".*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const jobState = async (job: string): Promise<string | undefined> => (await batch.job.get(job)).state;

  test('by Ctrl-C without a terminal ends the job and removes the pool', async () => {
    const long = await startLong('interrupted', false);
    long.kill();
    expect(await long.code).toBe(130);
    expect(long.output()).toContain('the job interrupted was ended');
    await until('the job has ended', 60_000, async () => ((await jobState('interrupted')) === 'completed' ? true : undefined));
    expect((await batch.task.get('interrupted', '1')).state).toBe('completed');
  });

  test('by Ctrl-C while outputs are fetched leaves them in their container, and no half files', async () => {
    const way = await openWay(Number(new URL(env.AZURE_STORAGE_BLOB_ENDPOINT).port));
    const storage = env.AZURE_STORAGE_CONNECTION_STRING.replace(/(BlobEndpoint=http:\/\/127\.0\.0\.1):\d+/, `$1:${way.port}`);
    const child = spawn(LINARITE, ['run', '--job', 'half-fetched', '--output', 'x.bin', '--shell', '--', 'truncate -s 100M x.bin'], { cwd: directory, env: { ...process.env, LINARITE_DATA_DIR: join(directory, 'none'), ...env, AZURE_STORAGE_CONNECTION_STRING: storage }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => {
      output += text.toString();
      // From here on nothing comes through.
      if (output.includes('downloading 1 file')) way.cut('from');
    });
    const code = new Promise<number | null>((settle) => child.on('close', settle));
    await until('outputs are fetched', 60_000, async () => (output.includes('downloading 1 file') ? true : undefined));
    child.kill('SIGINT');
    expect(await code).toBe(130);
    way.close();
    expect(output).toContain('the download was broken off');
    expect(output).toContain('az storage container delete --name linarite-half-fetched-out');
    expect(await readdir(join(directory, 'output')).catch(() => [])).toEqual([]);
    expect(await containers()).toContain('linarite-half-fetched-out');
  });

  test('by Ctrl-C on a terminal asks; the job may go on', async (context) => {
    if (!has('script')) return context.skip('script is not installed (apt-get install bsdutils)');
    const long = await startLong('goes-on', true);
    long.send('\u0003');
    await until('the question', 60_000, async () => (long.output().includes('Leave the job running') ? true : undefined));
    // The bar is drawn after each look at the counts: two more, and it would have gone over the question.
    const looked = await looks();
    await until('two more looks', 60_000, async () => ((await looks()) >= looked + 2 ? true : undefined));
    expect(long.output().slice(long.output().indexOf('Leave the job'))).not.toContain('0/1');
    long.send('l\n');
    expect(await long.code).toBe(6);
    expect(await jobState('goes-on')).toBe('active');
    expect(long.output()).toContain('the job goes-on goes on');
    await batch.job.terminate('goes-on');
    const { poolInfo } = await batch.job.get('goes-on');
    await batch.pool.deleteMethod(poolInfo?.poolId ?? '');
  });

  test('by Ctrl-C twice on a terminal ends the job', async (context) => {
    if (!has('script')) return context.skip('script is not installed (apt-get install bsdutils)');
    const long = await startLong('twice', true);
    long.send('\u0003');
    await until('the question', 60_000, async () => (long.output().includes('Leave the job running') ? true : undefined));
    long.send('\u0003');
    expect(await long.code).toBe(130);
    await until('the job has ended', 60_000, async () => ((await jobState('twice')) === 'completed' ? true : undefined));
  });
});
