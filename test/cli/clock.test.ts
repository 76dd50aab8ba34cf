import { createHmac } from 'node:crypto';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringsToSign } from '../../src/wire/sharedKey.ts';
import { type Instance, LAUNCHER, linarite, type LinariteEnv, run, startLinarite, until } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

const DAY_MS = 86_400_000;
const WITHIN_MS = 60_000;

interface Clock {
  readonly kind: 'real' | 'virtual';
  readonly time: string;
  readonly offset: string;
  readonly steps: number;
}

interface Task {
  readonly id: string;
  readonly state: string;
  readonly executionInfo?: { readonly startTime?: string; readonly endTime?: string; readonly exitCode?: number; readonly failureInfo?: { readonly code: string } };
}

let instance: Instance;
let env: LinariteEnv;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite(['--clock', 'virtual']);
  env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
  await client.call('POST', '/pools', { id: 'p', ...LINUX, targetDedicatedNodes: 1 });
  await client.call('POST', '/jobs', { id: 'j', poolInfo: { poolId: 'p' } });
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

async function list<Item>(path: string): Promise<readonly Item[]> {
  return ((await client.call('GET', path)) as { readonly value: readonly Item[] }).value;
}

async function clock(...words: readonly string[]): Promise<Clock> {
  return JSON.parse((await linarite(['clock', ...words, '--json', '--data-dir', instance.dataDir])).stdout) as Clock;
}

/** The sentence with which it is refused. */
async function refusal(...words: readonly string[]): Promise<string> {
  const { code, stderr } = await run(LAUNCHER, ['clock', ...words, '--data-dir', instance.dataDir]);
  expect(code).toBe(1);
  return stderr;
}

function ended(job: string, id: string): Promise<Task> {
  return until(`task ${id} has ended`, WITHIN_MS, async () => {
    const task = (await client.call('GET', `/jobs/${job}/tasks/${id}`)) as Task;
    return task.state === 'completed' ? task : undefined;
  });
}

const ADVANCE = '/linarite/clock/advance';

interface Sent {
  readonly method?: string;
  readonly path: string;
  /** A text is sent as it is. */
  readonly body?: unknown;
  /** When it is signed; default: now. */
  readonly at?: number;
  /** Default: the account's. */
  readonly key?: string;
}

/** Asks with a signature. */
async function send({ method = 'GET', path, body, at = Date.now(), key = env.AZURE_BATCH_ACCESS_KEY }: Sent): Promise<{ readonly status: number; readonly code: string | undefined; readonly text: string }> {
  const payload = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { 'ocp-date': new Date(at).toUTCString(), ...(method === 'GET' ? {} : { 'content-length': String(payload.length), 'content-type': 'application/json' }) };
  const [toSign = ''] = stringsToSign({ method, rawUrl: path, headers, bodyLength: payload.length }, env.AZURE_BATCH_ACCOUNT);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(toSign).digest('base64');
  const answer = await fetch(`${env.AZURE_BATCH_ENDPOINT}${path}`, { method, headers: { ...headers, authorization: `SharedKey ${env.AZURE_BATCH_ACCOUNT}:${signature}` }, ...(payload === '' ? {} : { body: payload }) });
  const text = await answer.text();
  return { status: answer.status, code: (JSON.parse(text) as { readonly code?: string }).code, text };
}

async function shown(): Promise<Clock> {
  return JSON.parse((await send({ path: '/linarite/clock' })).text) as Clock;
}

describe('on a virtual clock', () => {
  test('a nightly schedule makes a week of jobs in seconds, one after the other, each of which really runs at its time', async () => {
    const jobManagerTask = { id: 'main', commandLine: `/bin/sh -c 'sleep 0.1; echo $AZ_BATCH_JOB_ID'`, killJobOnCompletion: true };
    await client.call('POST', '/jobschedules', { id: 'nightly', schedule: { recurrenceInterval: 'P1D' }, jobSpecification: { poolInfo: { poolId: 'p' }, jobManagerTask } });
    await ended('nightly:job-1', 'main');
    await clock('advance', '7d');

    const jobs = (await list<{ readonly id: string; readonly state: string; readonly creationTime: string; readonly executionInfo: { readonly endTime: string } }>('/jobschedules/nightly/jobs')).toSorted((one, other) => one.creationTime.localeCompare(other.creationTime));
    expect(jobs.map(({ id, state }) => `${id} ${state}`)).toEqual(Array.from({ length: 8 }, (_, run) => `nightly:job-${run + 1} completed`));
    const first = Date.parse(jobs[0]?.creationTime ?? '');
    for (const [day, { id, creationTime, executionInfo }] of jobs.entries()) {
      const task = await ended(id, 'main');
      expect(task.executionInfo?.exitCode).toBe(0);
      const times = [creationTime, task.executionInfo?.startTime ?? '', task.executionInfo?.endTime ?? '', executionInfo.endTime].map((time) => Date.parse(time));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect((times[0] ?? 0) - first - day * DAY_MS).toSatisfy((late: number) => late >= -1_000 && late < WITHIN_MS);
      // The default retention time of a week is over for the first one, and for no other.
      const stdout = client.text('GET', `/jobs/${id}/tasks/main/files/stdout.txt`);
      if (day === 0) await expect(stdout).rejects.toThrow('TaskFilesCleanedup');
      else expect(await stdout).toBe(`${id}\n`);
    }
    await client.call('DELETE', '/jobschedules/nightly');
  });

  test('what is retained for a day is gone from the node after a day, what is retained for longer is not', async () => {
    for (const [id, retentionTime] of [['short', 'P1D'], ['long', 'P3D']]) await client.call('POST', '/jobs/j/tasks', { id, commandLine: '/bin/true', constraints: { retentionTime } });
    const { nodeInfo } = (await ended('j', 'short').then(() => ended('j', 'long'))) as Task & { readonly nodeInfo: { readonly nodeId: string } };
    const onNode = async (): Promise<readonly string[]> => (await list<{ readonly name: string }>(`/pools/p/nodes/${nodeInfo.nodeId}/files?recursive=true`)).map(({ name }) => name).filter((name) => /j\/job-1\/(short|long)$/.test(name));
    expect(await onNode()).toHaveLength(2);
    await clock('advance', '25h');
    expect(await onNode()).toEqual(['workitems/j/job-1/long']);
  });

  test('a formula runs each five minutes of an hour, on samples of each half a minute', async () => {
    const autoScaleFormula = 'samples = $ActiveTasks.Count(); times = $ActiveTasks.GetSample(TimeInterval_Hour); $TargetDedicatedNodes = 0;';
    await client.call('POST', '/pools', { id: 'scaled', ...LINUX, enableAutoScale: true, autoScaleEvaluationInterval: 'PT5M', autoScaleFormula });
    const evaluated = async () => ((await client.call('GET', '/pools/scaled')) as { readonly autoScaleRun: { readonly timestamp: string; readonly results: string } }).autoScaleRun;
    const first = await until('the formula has run', WITHIN_MS, async () => evaluated().catch(() => undefined));
    const { steps } = await clock('advance', '62m');
    expect(steps).toBeGreaterThanOrEqual(124);
    const last = await evaluated();
    expect(Math.round((Date.parse(last.timestamp) - Date.parse(first.timestamp)) / 60_000)).toBe(60);
    await client.call('DELETE', '/pools/scaled');
  });

  test('time does not pass while a task runs, unless that is wanted: then its wall clock ends it at its time', async () => {
    await client.call('POST', '/jobs/j/tasks', { id: 'slow', commandLine: '/bin/sleep 1000', constraints: { maxWallClockTime: 'PT30M' } });
    const before = await shown();
    expect(await refusal('advance', '2h')).toContain('OperationInvalidForCurrentState: The specified operation is not valid for the current state of the resource. 1 task run');
    expect((await shown()).offset).toBe(before.offset);

    await clock('advance', '2h', '--with-running');
    const { executionInfo } = (await client.call('GET', '/jobs/j/tasks/slow')) as Task;
    expect(executionInfo?.failureInfo?.code).toBe('TaskEnded');
    expect(Math.round((Date.parse(executionInfo?.endTime ?? '') - Date.parse(executionInfo?.startTime ?? '')) / 60_000)).toBe(30);
  });

  test('signatures and links to blobs go by the real time', async () => {
    const blobs = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING);
    const container = blobs.getContainerClient('inputs');
    await container.create();
    await container.getBlockBlobClient('in.txt').uploadData(Buffer.from('input\n'));
    await client.call('POST', '/jobs/j/tasks', { id: 'reads', commandLine: '/bin/cat in.txt', resourceFiles: [{ autoStorageContainerName: 'inputs' }] });
    expect((await ended('j', 'reads')).executionInfo?.exitCode).toBe(0);
    expect(await client.text('GET', '/jobs/j/tasks/reads/files/stdout.txt')).toBe('input\n');

    expect(await send({ path: '/linarite/clock', at: Date.parse((await shown()).time) })).toMatchObject({ status: 403, code: 'AuthenticationFailed' });
    expect(await send({ path: '/linarite/clock' })).toMatchObject({ status: 200 });

    const { properties } = JSON.parse((await send({ method: 'PUT', path: '/linarite/applications/app/versions/1' })).text) as { readonly properties: { readonly storageUrl: string } };
    const uploaded = await fetch(properties.storageUrl, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'a package' });
    expect(uploaded.status).toBe(201);
  });

  test('status, /readyz and the command say how far it is ahead', async () => {
    expect(await (await fetch(`${env.AZURE_BATCH_ENDPOINT}/readyz`)).text()).toMatch(/^ready \(on a virtual clock, \d+ d.* ahead\)\n$/);
    expect((await linarite(['status', '--data-dir', instance.dataDir])).stdout).toMatch(/ {2}clock {12}virtual, \d+ d.* ahead: \d{4}-/);
    expect((await linarite(['clock', '--data-dir', instance.dataDir])).stdout).toMatch(/^\d{4}-\S+Z {2}virtual, \d+ d.* ahead\n$/);
  });

  test('time passes until a time of day, and never goes back', async () => {
    const to = new Date(Date.parse((await shown()).time) + 3 * DAY_MS).toISOString();
    expect(Date.parse((await clock('set', to)).time) - Date.parse(to)).toSatisfy((late: number) => late >= 0 && late < WITHIN_MS);
    expect(await refusal('set', to)).toContain('The time never goes back');
  });

  const LONG_AGO = '2020-01-01T00:00:00Z';
  test.each([
    [{ by: '-P1D' }, 'InvalidPropertyValue'],
    [{ by: 'PT0S' }, 'InvalidPropertyValue'],
    [{ by: '7 days' }, 'InvalidPropertyValue'],
    [{ by: 'P3651D' }, 'InvalidPropertyValue'],
    [{ by: 7 }, 'InvalidPropertyValue'],
    [{ to: LONG_AGO }, 'InvalidPropertyValue'],
    [{ to: 'tomorrow' }, 'InvalidPropertyValue'],
    [{ by: 'P1D', to: LONG_AGO }, 'InvalidPropertyValue'],
    [{ by: 'P1D', withRunning: 'yes' }, 'InvalidPropertyValue'],
    [{ by: 'P1D', timeout: 'PT5M' }, 'InvalidPropertyValue'],
    [{ by: 'P1D', speed: 2 }, 'InvalidPropertyValue'],
    [{}, 'MissingRequiredProperty'],
    [[], 'InvalidRequestBody'],
    ['no JSON', 'InvalidRequestBody'],
  ])('to advance by %j is refused as %s, and no time passes', async (body, code) => {
    const { offset } = await shown();
    expect(await send({ method: 'POST', path: ADVANCE, body })).toMatchObject({ status: 400, code });
    expect((await shown()).offset).toBe(offset);
  });

  test('nobody sets it without the key, and of two at once one is refused', async () => {
    const unsigned = await fetch(`${env.AZURE_BATCH_ENDPOINT}${ADVANCE}`, { method: 'POST', body: '{"by":"P1D"}' });
    expect([unsigned.status, await unsigned.text()]).toEqual([400, expect.stringContaining('Authorization')]);
    const by = { key: Buffer.alloc(64).toString('base64') };
    expect(await send({ method: 'POST', path: ADVANCE, body: { by: 'P1D' }, ...by })).toMatchObject({ status: 403, code: 'AuthenticationFailed' });
    expect(await send({ method: 'GET', path: ADVANCE })).toMatchObject({ status: 405 });
    // Seconds of steps: a second one meets it on the way.
    await client.call('POST', '/pools', { id: 'twice', ...LINUX, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    const before = await shown();
    const first = send({ method: 'POST', path: ADVANCE, body: { by: 'P1D' } });
    await until('some time has passed', WITHIN_MS, async () => (Date.parse((await shown()).time) - Date.parse(before.time) > 3_600_000 ? true : undefined));
    expect(await send({ method: 'POST', path: ADVANCE, body: { by: 'P1D' } })).toMatchObject({ status: 409 });
    expect(await first).toMatchObject({ status: 200 });
    await client.call('DELETE', '/pools/twice');
  });

  test('it goes on after a restart, and where it was when the service is killed on the way; data that was made with it keeps it', async () => {
    const before = await shown();
    await linarite(['restart', '--data-dir', instance.dataDir]);
    expect((await shown()).offset).toBe(before.offset);

    await client.call('POST', '/pools', { id: 'steps', ...LINUX, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 0;' });
    const passing = send({ method: 'POST', path: ADVANCE, body: { by: 'P30D' } }).catch(() => 'broken off');
    const onTheWay = await until('some time has passed', WITHIN_MS, async () => {
      const { time } = await shown();
      return Date.parse(time) - Date.parse(before.time) > 2 * 3_600_000 ? time : undefined;
    });
    process.kill(Number((await instance.env()).LINARITE_PID), 'SIGKILL');
    expect(await passing).toBe('broken off');
    await linarite(['up', '--detach', '--data-dir', instance.dataDir]);
    const { time } = await shown();
    expect(time > onTheWay).toBe(true);
    expect(Date.parse(time) - Date.parse(before.time)).toBeLessThan(30 * DAY_MS);
    await until('the pool is known as it was', WITHIN_MS, async () => ((await client.call('GET', '/pools/steps')) as { readonly id: string }).id);
    await client.call('DELETE', '/pools/steps');

    const { code, stderr } = await run(LAUNCHER, ['up', '--detach', '--data-dir', instance.dataDir, '--clock', 'real']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('already runs, with a virtual clock')]);
  }, 120_000);
});

describe('on the real clock', () => {
  test('nobody lets time pass, and a data directory keeps the clock that it was made with', async () => {
    const real = await startLinarite();
    try {
      const { code, stderr } = await run(LAUNCHER, ['clock', 'advance', '1d', '--data-dir', real.dataDir]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('The clock of this service is the real one')]);
      expect((await linarite(['clock', '--data-dir', real.dataDir])).stdout).toContain('the real time');
      await linarite(['down', '--data-dir', real.dataDir]);
      const again = await run(LAUNCHER, ['up', '--detach', '--data-dir', real.dataDir, '--clock', 'virtual']);
      expect([again.code, again.stderr]).toEqual([1, expect.stringContaining(`${real.dataDir} was made with a real clock, and keeps it`)]);
    } finally {
      await real.purge();
    }
  });

  test('a database elsewhere and a virtual clock do not go together', async () => {
    const { code, stderr } = await run(LAUNCHER, ['up', '--clock', 'virtual', '--database-url', 'postgres://127.0.0.1:1/none', '--data-dir', `${instance.dataDir}-none`]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('a virtual clock goes with the embedded database alone')]);
  });
});
