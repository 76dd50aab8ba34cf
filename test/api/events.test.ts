import { randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transition } from '../../src/core/transitions/transition.ts';
import type { CommitNews } from '../../src/ports.ts';
import { trimTransitions } from '../../src/store/maintenance/partitions.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import type { OwnerStore } from '../../src/store/ownerStore.ts';
import { signed, testApi, UBUNTU, type TestApi } from './support.ts';

const PROCESS = randomUUID();
const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

let it: TestApi;
let store: OwnerStore;
let server: Server;
let epoch: number;
let tick = 0;
const hearers = new Set<(news: CommitNews) => void>();
beforeAll(async () => {
  it = await testApi({
    commits: {
      listen: (_account, hear) => {
        hearers.add(hear);
        return () => hearers.delete(hear);
      },
    },
  });
  store = postgresOwnerStore(it.pool);
  ({ epoch } = await store.claim(1, PROCESS, 'http://here'));
  server = createServer(it.api.handler).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
});
afterAll(async () => {
  server.close();
  await it.close();
});

/** A tick that tells this; whoever listens here is told of it at once. */
async function tell(...all: Transition[]): Promise<void> {
  tick += 1;
  const at = it.now.value;
  await store.commit({ account: 1, epoch, tick, now: at, decisions: NOTHING, inboxEntries: [], specs: [], journal: null, transitions: { all, endings: [], unnamed: [] } });
  for (const hear of hearers) hear({ kind: 'tick', epoch, tick, at, decisions: NOTHING, transitions: all });
}

function task(jobId: string, taskId: string, change: Partial<Transition> = {}): Transition {
  return { kind: 'task.succeeded', at: it.now.value, job: jobId.charCodeAt(0), jobId, task: 1, taskId, from: 'running', state: 'completed', cause: 'exited', attempt: 1, node: nodeOf(change), nodeId: 'tvmps_1_d', poolId: 'P', exitCode: 0, result: 'success', ...change } as Transition;
}
/** Each pool has one. */
function nodeOf(change: Partial<Transition>): number {
  return 'poolId' in change ? 2 : 1;
}
function job(jobId: string): Transition {
  return { kind: 'job.created', at: it.now.value, job: 1, jobId, from: null, state: 'active', poolId: 'P' };
}

interface Heard {
  readonly id: string;
  readonly event: string;
  readonly data: { readonly type: string; readonly subject: string; readonly data: Record<string, unknown> } | null;
}

/** Listens until it has heard so many messages with data, then leaves. */
function listen(query: string, headers: Record<string, string>, count: number, onOpen: () => void | Promise<void> = () => undefined): Promise<readonly Heard[]> {
  const path = `/linarite/events${query}`;
  return new Promise((resolve, reject) => {
    const heard: Heard[] = [];
    const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers: { ...headers, ...signed('GET', path, { host: 'h' }, it.now.value) } }, (answer) => {
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
      let text = '';
      let isOpen = false;
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (!isOpen) Promise.resolve(onOpen()).catch(reject);
        isOpen = true;
        const frames = text.split('\n\n');
        text = frames.pop() ?? '';
        for (const frame of frames) {
          const field = (name: string): string => frame.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
          if (field('data') !== '') heard.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) as Heard['data'] });
        }
        if (heard.length < count) return;
        sent.destroy();
        resolve(heard);
      });
    });
    sent.once('error', (error) => (heard.length < count ? reject(error) : undefined));
    sent.end();
  });
}

interface MonitorLine {
  readonly operationName: string;
  readonly properties: object;
}

/** Listens until it has heard so many lines with something in them, then leaves. */
function listenForLines(query: string, count: number, onOpen: () => Promise<void>): Promise<readonly MonitorLine[]> {
  const path = `/linarite/events${query}`;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers: signed('GET', path, { host: 'h' }, it.now.value) }, (answer) => {
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
      onOpen().catch(reject);
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        const lines = text.split('\n').slice(0, -1).filter((line) => line !== '');
        if (lines.length < count) return;
        sent.destroy();
        resolve(lines.map((line) => JSON.parse(line) as MonitorLine));
      });
    });
    sent.once('error', reject).end();
  });
}

async function list(query: string) {
  return (await it.ask({ url: `/linarite/events?limit=100${query}` })).json;
}
function types(answer: { readonly value: readonly { readonly type: string; readonly subject: string }[] }): string[] {
  return answer.value.map(({ type, subject }) => `${type} ${subject}`);
}

describe('who listens to an account', () => {
  test('hears each event once it is committed, as CloudEvents, and goes on by the id of the last', async () => {
    const first = await listen('', {}, 2, () => tell(job('J'), task('J', 'a')));
    expect(first.map(({ data }) => data)).toMatchObject([
      { specversion: '1.0', type: 'linarite.job.created', subject: 'jobs/J', source: '/accounts/mybatchaccount', time: '2026-11-20T12:00:00Z', data: { jobId: 'J', state: 'active', previousState: null } },
      { type: 'linarite.task.succeeded', subject: 'jobs/J/tasks/a', data: { jobId: 'J', taskId: 'a', attempt: 1, cause: 'exited', exitCode: 0, previousState: 'running', state: 'completed', nodeId: 'tvmps_1_d', poolId: 'P' } },
    ]);
    await tell(task('J', 'b'), task('J', 'c'));
    await tell(task('J', 'd'));
    const next = await listen('', { 'last-event-id': first[0]?.id ?? '' }, 4);
    expect(next.map(({ data }) => data?.subject)).toEqual(['a', 'b', 'c', 'd'].map((id) => `jobs/J/tasks/${id}`));
    const third = await listen('', { 'last-event-id': next[1]?.id ?? '' }, 2);
    expect(third.map(({ data }) => data?.subject)).toEqual(['jobs/J/tasks/c', 'jobs/J/tasks/d']);
  });

  test('goes on in the next epoch where the one before ended', async () => {
    const [last] = (await list('&from=start')).value.slice(-1);
    ({ epoch } = await store.claim(1, PROCESS, 'http://here'));
    tick = 0;
    const heard = await listen('', { 'last-event-id': last.id }, 1, () => tell(task('J', 'later')));
    expect(heard.map(({ data }) => data?.subject)).toEqual(['jobs/J/tasks/later']);
  });

  test('by kind, pool, job and state hears of these alone', async () => {
    const from = (await list('')).next;
    await tell(job('K'), task('J', 'a', { kind: 'task.failed', result: 'failure' }), task('K', 'b', { poolId: 'Q' }), { kind: 'pool.resizing', at: 1, pool: 1, poolId: 'P', from: 'steady', state: 'resizing' });
    const of = async (query: string): Promise<string[]> => types(await list(`&from=${from}${query}`));
    const [failed, succeeded] = ['linarite.task.failed jobs/J/tasks/a', 'linarite.task.succeeded jobs/K/tasks/b'];
    expect(await of('&kind=task.failed')).toEqual([failed]);
    expect(await of('&kind=task.completed')).toEqual([failed, succeeded]);
    expect(await of('&kind=task.*,pool')).toEqual([failed, succeeded, 'linarite.pool.resizing pools/P']);
    expect(await of('&job=k')).toEqual(['linarite.job.created jobs/K', succeeded]);
    expect(await of('&pool=q')).toEqual([succeeded]);
    expect(await of('&pool=p&state=resizing')).toEqual(['linarite.pool.resizing pools/P']);
    expect((await it.ask({ url: '/linarite/events?kind=task.exploded' })).json).toMatchObject({ code: 'InvalidQueryParameterValue' });
    expect((await it.ask({ url: '/linarite/events?from=yesterday' })).json).toMatchObject({ code: 'InvalidQueryParameterValue' });
  });

  test('in pages reads all of them, each once', async () => {
    const from = (await list('')).next;
    for (const id of ['1', '2', '3']) await tell(task('L', id), task('L', `${id}x`));
    const seen: string[] = [];
    let position = from;
    for (let page = 0; page < 5; page += 1) {
      const { value, next } = (await it.ask({ url: `/linarite/events?limit=4&from=${position}` })).json;
      seen.push(...value.map(({ data }: { data: { taskId: string } }) => data.taskId));
      position = next;
    }
    expect(seen).toEqual(['1', '1x', '2', '2x', '3', '3x']);
  });

  test('from before what is kept hears that there is a gap, and what follows it', async () => {
    const from = (await list('')).next;
    await trimTransitions(it.pool, it.now.value);
    await tell(task('G', 'dropped'));
    it.now.value += 1_800_000;
    await trimTransitions(it.pool, it.now.value, { maxAgeMs: 1, maxBytes: 2 ** 40 });
    await tell(task('G', 'kept'));
    const heard = await listen('', { 'last-event-id': from }, 2);
    expect(heard.map(({ event, data }) => [event, data?.type])).toEqual([['gap', 'linarite.gap'], ['', 'linarite.task.succeeded']]);
    expect((await listen('', { 'last-event-id': heard[0]?.id ?? '' }, 1)).map(({ data }) => data?.subject)).toEqual(['jobs/G/tasks/kept']);
    expect(await list(`&from=${from}`)).toMatchObject({ gap: { type: 'linarite.gap' }, value: [{ subject: 'jobs/G/tasks/kept' }] });
    expect(await list('&from=start')).toMatchObject({ value: [{ subject: 'jobs/G/tasks/kept' }] });
  });

  test('in the schema of Azure Monitor gets a line for each of its events', async () => {
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_d2s_v3', targetDedicatedNodes: 2, virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId } } });
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'M', poolInfo: { poolId: 'P' }, constraints: { maxTaskRetryCount: 2 } } });
    await it.ask({ method: 'POST', url: '/jobs/M/addtaskcollection', body: { value: [{ id: 'a', commandLine: 'x', requiredSlots: 1 }] } });
    const { rows: [pool] } = await it.pool.query<{ pool: number }>("select pool from pool where id = 'P'");
    const { rows: [row] } = await it.pool.query<{ job: number }>("select job from job where id = 'M'");
    const from = (await list('')).next;
    const at = it.now.value;
    const sizes = { pool: pool?.pool ?? 0, poolId: 'P', targetDedicatedNodes: 2, targetLowPriorityNodes: 0, currentDedicatedNodes: 0, currentLowPriorityNodes: 0 };
    await tell(
      { kind: 'pool.created', at, ...sizes, from: null, state: 'resizing', taskSlotsPerNode: 1, resizeTimeoutMs: 900_000 },
      { kind: 'pool.resized', at, startedAt: at - 5_000, ...sizes, currentDedicatedNodes: 2, from: 'resizing', state: 'steady' },
      task('M', 'a', { kind: 'task.running', state: 'running', job: row?.job ?? 0 } as Partial<Transition>),
      task('M', 'a', { kind: 'task.failed', job: row?.job ?? 0, startedAt: at - 1_000, endedAt: at, exitCode: 7, result: 'failure', retryCount: 2 } as Partial<Transition>),
      task('M', 'a', { kind: 'task.requeued', job: row?.job ?? 0, from: 'preparing', state: 'active', cause: 'revoked' } as Partial<Transition>),
      { kind: 'pool.deleted', at, startedAt: at - 9_000, pool: pool?.pool ?? 0, poolId: 'P', from: 'deleting', state: 'deleted' },
      job('M'),
    );
    const { text, headers } = await it.ask({ url: `/linarite/events?limit=100&format=azure-monitor&from=${from}` });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const lines = text.trim().split('\n').map((line) => JSON.parse(line) as { operationName: string; properties: object });
    expect(lines.map(({ operationName }) => operationName)).toEqual(['PoolCreateEvent', 'PoolResizeStartEvent', 'PoolResizeCompleteEvent', 'TaskStartEvent', 'TaskCompleteEvent', 'TaskFailEvent', 'TaskScheduleFailEvent', 'PoolDeleteCompleteEvent']);
    expect(lines[0]?.properties).toMatchObject({ id: 'P', vmSize: 'standard_d2s_v3', imageType: 'VirtualMachineConfiguration', resizeTimeout: '900000', targetDedicatedNodes: 2, enableAutoScale: false, isAutoPool: false });
    expect(lines[2]?.properties).toEqual({ id: 'P', nodeDeallocationOption: 'Invalid', currentDedicatedNodes: 2, targetDedicatedNodes: 2, currentLowPriorityNodes: 0, targetLowPriorityNodes: 0, enableAutoScale: false, isAutoPool: false, startTime: '2026-11-20T12:29:55Z', endTime: '2026-11-20T12:30:00Z', resultCode: 'Success', resultMessage: 'The operation succeeded' });
    expect(lines[5]?.properties).toEqual({
      jobId: 'M', id: 'a', taskType: 'User', systemTaskVersion: 0, requiredSlots: 1, nodeInfo: { poolId: 'P', nodeId: 'tvmps_1_d' }, multiInstanceSettings: { numberOfInstances: 1 }, constraints: { maxTaskRetryCount: 2 },
      executionInfo: { startTime: '2026-11-20T12:29:59Z', endTime: '2026-11-20T12:30:00Z', exitCode: 7, retryCount: 2, requeueCount: 0 },
    });
    expect(lines[6]?.properties).toMatchObject({ schedulingError: { category: 'UserError', code: 'JobPreparationTaskFailed' } });
  });

  test('in that schema hears of scaling, deletion and a resize that failed, as they come', async () => {
    const scaling = { enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 1;' };
    expect((await it.ask({ method: 'POST', url: '/pools', body: { id: 'E', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: UBUNTU, ...scaling } })).status).toBe(201);
    const { rows: [row] } = await it.pool.query<{ pool: number }>("select pool from pool where id = 'E'");
    const [pool, at] = [row?.pool ?? 0, it.now.value];
    const of = { pool, poolId: 'E', at };
    const results = '$TargetDedicatedNodes=1;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue';
    const error = { code: 'AllocationTimedOut', message: 'Desired number of dedicated nodes could not be allocated' };
    const told: readonly Transition[] = [
      { kind: 'pool.evaluated', ...of, from: 'steady', state: 'steady', results },
      { kind: 'pool.evaluated', ...of, from: 'steady', state: 'steady', results, errors: [{ code: 'AutoScalingFormulaEvaluationError', message: 'failed' }] },
      { kind: 'pool.resized', ...of, from: 'resizing', state: 'steady', targetDedicatedNodes: 3, currentDedicatedNodes: 2, targetLowPriorityNodes: 0, currentLowPriorityNodes: 0, autoScale: true, startedAt: at - 60_000, errors: [error] },
      { kind: 'pool.stopping', ...of, from: 'resizing', state: 'stopping' },
      { kind: 'pool.deleting', ...of, from: 'steady', state: 'deleting' },
    ];
    const lines = await listenForLines('?format=azure-monitor', 4, () => tell(...told));
    expect(lines.map(({ operationName }) => operationName)).toEqual(['PoolAutoScaleEvent', 'PoolAutoScaleEvent', 'PoolResizeCompleteEvent', 'PoolDeleteStartEvent']);
    const time = new Date(at).toISOString().replace('.000', '');
    expect(lines.map(({ properties }) => properties)).toEqual([
      { id: 'E', timestamp: time, formula: scaling.autoScaleFormula, results },
      { id: 'E', timestamp: time, formula: scaling.autoScaleFormula, results, error: { code: 'AutoScalingFormulaEvaluationError', message: 'failed', values: [] } },
      { id: 'E', nodeDeallocationOption: 'Invalid', currentDedicatedNodes: 2, targetDedicatedNodes: 3, currentLowPriorityNodes: 0, targetLowPriorityNodes: 0, enableAutoScale: true, isAutoPool: false, startTime: new Date(at - 60_000).toISOString().replace('.000', ''), endTime: time, resultCode: 'Failure', resultMessage: `${error.code}: ${error.message}` },
      { id: 'E' },
    ]);
    expect(lines[0]).toMatchObject({ time, resourceId: 'mybatchaccount', category: 'ServiceLog', level: 'Information' });
  });

  test('is let go when the service ends', async () => {
    const path = '/linarite/events';
    const ended = new Promise<void>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers: signed('GET', path, { host: 'h' }, it.now.value) }, (answer) => {
        answer.once('data', () => it.api.leave()).once('end', resolve);
      });
      sent.once('error', reject).end();
    });
    await ended;
  });
});
