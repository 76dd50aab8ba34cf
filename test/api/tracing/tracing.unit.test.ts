import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isKept, parentOf } from '../../../src/api/tracing/context.ts';
import { isTracingAsked, type Tracing } from '../../../src/api/tracing/port.ts';
import { readSettings } from '../../../src/api/tracing/settings.ts';
import { startTracing } from '../../../src/api/tracing/tracing.ts';
import type { Decisions } from '../../../src/core/decisions.ts';
import type { AttemptEnd } from '../../../src/core/events.ts';
import type { Transition } from '../../../src/core/transitions/transition.ts';
import type { CommitNews } from '../../../src/ports.ts';
import { collector, type Collector, type ReceivedSpan } from './support.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const NOTHING: Decisions = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

describe('the environment', () => {
  test.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/x' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'True' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
  ])('%j asks for traces: %s', (env, asked) => {
    expect(isTracingAsked(env)).toBe(asked);
  });

  test('says where and how spans are sent', () => {
    const { settings, warnings } = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/', OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c, d=e', OTEL_RESOURCE_ATTRIBUTES: 'service.name=x,host=h', OTEL_SERVICE_NAME: 'lab', OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25', OTEL_BSP_MAX_QUEUE_SIZE: '100', OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
    expect([settings, warnings]).toEqual([{ url: 'http://c:4318/v1/traces', headers: { a: 'b c', d: 'e' }, timeoutMs: 500, resource: { 'service.name': 'lab', host: 'h' }, sampler: { isParentBased: true, ratio: 0.25 }, queue: 100, batch: 100, delayMs: 5_000 }, []]);
  });

  test('that says what cannot be done is told of, and its defaults hold', () => {
    const { settings, warnings } = readSettings({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/at', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'jaeger_remote', OTEL_BSP_SCHEDULE_DELAY: 'soon' });
    expect([settings.url, settings.delayMs, settings.sampler]).toEqual(['http://c/at', 5_000, { isParentBased: true, ratio: 1 }]);
    expect(warnings.map((warning) => warning.split(' ')[0]).toSorted()).toEqual(['OTEL_BSP_SCHEDULE_DELAY', 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_TRACES_SAMPLER']);
  });
});

describe('a traceparent', () => {
  test.each([
    [`00-${TRACE}-${PARENT}-01`, { traceId: TRACE, spanId: PARENT, isSampled: true }],
    [`00-${TRACE}-${PARENT}-00`, { traceId: TRACE, spanId: PARENT, isSampled: false }],
    [`cc-${TRACE}-${PARENT}-01-what-later-versions-have`, { traceId: TRACE, spanId: PARENT, isSampled: true }],
    [`00-${TRACE}-${PARENT}-01-more`, null],
    [`ff-${TRACE}-${PARENT}-01`, null],
    [`00-${'0'.repeat(32)}-${PARENT}-01`, null],
    [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
    [`00-${TRACE.toUpperCase()}-${PARENT}-01`, null],
    [undefined, null],
  ])('%s is read', (text, parent) => {
    expect(parentOf(text)).toEqual(parent);
  });

  test('decides whether a trace is kept, where the sampler goes by it; else the id of the trace does', () => {
    const parent = { traceId: TRACE, spanId: PARENT, isSampled: false };
    expect([isKept({ isParentBased: true, ratio: 1 }, TRACE, parent), isKept({ isParentBased: true, ratio: 1 }, TRACE, null), isKept({ isParentBased: false, ratio: 1 }, TRACE, parent)]).toEqual([false, true, true]);
    expect([`${'0'.repeat(31)}1`, 'f'.repeat(32)].map((id) => isKept({ isParentBased: false, ratio: 0.5 }, id, null))).toEqual([true, false]);
    expect(isKept({ isParentBased: false, ratio: 0 }, `${'0'.repeat(31)}1`, null)).toBe(false);
  });
});

describe('traces', () => {
  let it: Collector;
  let tracing: Tracing;
  let hear: (news: CommitNews) => void;
  const warnings: object[] = [];
  function start(env: NodeJS.ProcessEnv = {}): void {
    warnings.length = 0;
    const commits = { listen: (_account: number, listener: (news: CommitNews) => void) => ((hear = listener), () => undefined) };
    tracing = startTracing({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: it.endpoint, OTEL_BSP_SCHEDULE_DELAY: '10', ...env }, version: '1', commits, log: { info: () => undefined, warn: (fields, message) => void warnings.push({ ...fields, message }) } });
  }
  beforeEach(async () => {
    it = await collector();
  });
  afterEach(async () => {
    await tracing.close();
    await it.close();
  });

  const account = { number: 1, name: 'lab' };
  function request(id: string, headers: Record<string, string> = {}, taskIds: readonly string[] = []): void {
    tracing.begin(id, headers);
    if (taskIds.length > 0) tracing.adding(id, { account, jobId: 'J', taskIds, at: 1_000 })([]);
    tracing.end(id, { operation: 'Task_Add', method: 'POST', path: '/jobs/J/tasks', status: 201, startedAt: 1_000, tookMs: 4 });
  }
  const task = { job: 7, jobId: 'j', task: 1, taskId: 't' } as const;
  function tick(at: number, transitions: readonly object[], more: { readonly decisions?: object; readonly ends?: readonly object[] } = {}): void {
    hear({ kind: 'tick', epoch: 1, tick: 1, at, decisions: { ...NOTHING, ...more.decisions }, transitions: transitions.map((one) => ({ ...task, ...one })) as unknown as readonly Transition[], ends: () => (more.ends ?? []) as readonly AttemptEnd[] });
  }
  /** `name start-end`, in the order of their starts. */
  function told(spans: readonly ReceivedSpan[]): readonly string[] {
    return spans.toSorted((one, other) => one.startMs - other.startMs || one.endMs - other.endMs).map(({ name, startMs, endMs }) => `${name} ${startMs}-${endMs}`);
  }

  test('lead from the request of a client to the end of the task that it added', async () => {
    start();
    request('r', { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: 'a=b' }, ['T']);
    tick(1_010, [{ kind: 'task.created', at: 1_000 }]);
    tick(1_020, [], { decisions: { offered: [{ job: 7, task: 1, state: 'offered' }] } });
    tick(1_035, [{ kind: 'task.running', at: 1_030, startedAt: 1_030 }]);
    const end = { key: { job: 7, task: 1, attempt: 1, instance: 0 }, startedAt: 1_030, endedAt: 1_100, outcome: { kind: 'exited', exitCode: 3, steps: { beforeMs: 20, afterMs: 15 } } };
    tick(1_110, [{ kind: 'task.failed', at: 1_100, startedAt: 1_030, endedAt: 1_100, exitCode: 3, attempt: 1, nodeId: 'n', poolId: 'p' }], { ends: [end] });
    const spans = await it.until((all) => all.length === 8);
    expect(told(spans)).toEqual(['Task_Add 1000-1004', 'queue 1000-1020', 'task 1000-1110', 'offer 1020-1030', 'fetch 1030-1050', 'run 1030-1100', 'upload 1085-1100', 'commit 1100-1110']);
    const named = new Map(spans.map((span) => [span.name, span]));
    const parentOfSpan = (name: string): string | undefined => spans.find(({ spanId }) => spanId === named.get(name)?.parentSpanId)?.name;
    expect(spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
    expect(named.get('Task_Add')?.parentSpanId).toBe(PARENT);
    expect(['task', 'queue', 'offer', 'run', 'commit', 'fetch', 'upload'].map(parentOfSpan)).toEqual(['Task_Add', 'task', 'task', 'task', 'task', 'run', 'run']);
    expect([named.get('run'), named.get('task')]).toMatchObject([{ failed: true, attributes: { 'linarite.account': 'lab', 'linarite.job.id': 'J', 'linarite.task.id': 'T', 'linarite.node.id': 'n', 'process.exit.code': '3' } }, { failed: true, attributes: { 'linarite.end': 'task.failed' } }]);
    expect(it.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'content-type': 'application/json' }, body: { resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'linarite' } }] } }] } });
  });

  test('have a queue and a run for each try, and the wait for the preparation of the job', async () => {
    start();
    request('r', {}, ['t']);
    tick(1_010, [{ kind: 'task.created', at: 1_000 }, { kind: 'task.preparing', at: 1_010 }]);
    tick(1_050, [{ kind: 'task.running', at: 1_050, startedAt: 1_050 }]);
    tick(1_080, [{ kind: 'task.requeued', at: 1_080, cause: 'nodeLost' }]);
    tick(1_200, [{ kind: 'task.running', at: 1_150, startedAt: 1_150 }, { kind: 'task.succeeded', at: 1_190, startedAt: 1_150, endedAt: 1_190, exitCode: 0 }]);
    const spans = await it.until((all) => all.some(({ name }) => name === 'task'));
    expect(told(spans)).toEqual(['Task_Add 1000-1004', 'queue 1000-1010', 'task 1000-1200', 'preparation 1010-1050', 'run 1050-1080', 'queue 1080-1150', 'run 1150-1190', 'commit 1190-1200']);
  });

  test('of tasks that were refused, and of requests that are not sampled, are not followed', async () => {
    start();
    request('kept', {}, ['t']);
    tracing.begin('second', {});
    tracing.adding('second', { account, jobId: 'j', taskIds: ['T', 'u'], at: 1_000 })(['T', 'u']);
    request('unsampled', { traceparent: `00-${TRACE}-${PARENT}-00` }, ['v']);
    tick(1_010, [{ kind: 'task.created', at: 1_000 }, { kind: 'task.created', at: 1_000, task: 2, taskId: 'u' }, { kind: 'task.created', at: 1_000, task: 3, taskId: 'v' }, ...[1, 2, 3].map((number) => ({ kind: 'task.deleted', at: 1_010, task: number }))]);
    const spans = await it.until((all) => all.some(({ name }) => name === 'task'));
    expect(spans.map(({ name, attributes }) => `${name} ${attributes['linarite.task.id'] ?? ''}`).toSorted()).toEqual(['Task_Add ', 'task t']);
  });

  test('wait in a bounded queue: what does not fit is dropped and counted, and a dead collector holds nothing up', async () => {
    await it.close();
    start({ OTEL_BSP_MAX_QUEUE_SIZE: '3', OTEL_BSP_SCHEDULE_DELAY: '60000' });
    for (let number = 0; number < 10; number += 1) request(`r${number}`);
    // Three are on their way, and three wait.
    expect(tracing.spans.dropped).toBe(4);
    await tracing.close();
    expect(tracing.spans).toMatchObject({ exported: 0, dropped: 10 });
    expect(warnings).toMatchObject([{ message: expect.stringContaining('collector') }]);
    it = await collector();
  });

  test('are sent again after a fault that may pass, and not after a refusal', async () => {
    start();
    it.status = 400;
    request('refused');
    await it.until(() => it.requests.length === 1);
    it.status = 503;
    request('again');
    await it.until(() => it.requests.length === 2);
    it.status = 200;
    const spans = await it.until((all) => all.length === 1);
    expect(spans[0]?.attributes['linarite.request.id']).toBe('again');
    await tracing.close();
    expect(tracing.spans).toMatchObject({ exported: 1, dropped: 1 });
  });
});
