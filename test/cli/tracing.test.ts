import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringsToSign } from '../../src/wire/sharedKey.ts';
import { collector, type Collector } from '../api/tracing/support.ts';
import { startLinarite, until, type Instance, type LinariteEnv } from '../support/linarite.ts';

let traces: Collector;
let instance: Instance;
let env: LinariteEnv;
const variables = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_BSP_SCHEDULE_DELAY', 'OTEL_SERVICE_NAME'] as const;
beforeAll(async () => {
  traces = await collector();
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: traces.endpoint, OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_SERVICE_NAME: 'lab' });
  instance = await startLinarite();
  env = await instance.env();
}, 180_000);
afterAll(async () => {
  for (const name of variables) delete process.env[name];
  await instance.purge();
  await traces.close();
}, 180_000);

async function ask(method: string, path: string, { body, headers = {} }: { readonly body?: object; readonly headers?: Record<string, string> } = {}): Promise<{ readonly status: number; readonly json: unknown }> {
  const rawUrl = `${path}?api-version=2025-06-01`;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const length = text === undefined ? {} : { 'content-length': String(Buffer.byteLength(text)), 'content-type': 'application/json; odata=minimalmetadata' };
  const all: Record<string, string> = { 'ocp-date': new Date().toUTCString(), ...length };
  const [toSign = ''] = stringsToSign({ method, rawUrl, headers: all, bodyLength: Number(all['content-length'] ?? 0) }, env.AZURE_BATCH_ACCOUNT);
  const signature = createHmac('sha256', Buffer.from(env.AZURE_BATCH_ACCESS_KEY, 'base64')).update(toSign).digest('base64');
  const answer = await fetch(`${env.AZURE_BATCH_ENDPOINT}${rawUrl}`, { method, headers: { ...all, ...headers, authorization: `SharedKey ${env.AZURE_BATCH_ACCOUNT}:${signature}` }, ...(text === undefined ? {} : { body: text }) });
  const said = await answer.text();
  return { status: answer.status, json: said === '' ? null : JSON.parse(said) };
}

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const ubuntu = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
interface Task {
  readonly state: string;
  readonly creationTime: string;
  readonly executionInfo: { readonly startTime: string; readonly endTime: string };
}

test('a task has one trace, from the request of its client to its end, whose times are those that the task shows', async () => {
  expect((await ask('POST', '/pools', { body: { id: 'p', vmSize: 'standard_d1_v2', targetDedicatedNodes: 1, virtualMachineConfiguration: ubuntu } })).status).toBe(201);
  expect((await ask('POST', '/jobs', { body: { id: 'j', poolInfo: { poolId: 'p' } } })).status).toBe(201);
  const task = { id: 't', commandLine: `/bin/sh -c 'sleep 0.2'`, resourceFiles: [{ httpUrl: `${env.AZURE_BATCH_ENDPOINT}/healthz`, filePath: 'health' }] };
  expect((await ask('POST', '/jobs/j/tasks', { body: task, headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } })).status).toBe(201);
  const { creationTime, executionInfo } = await until('the task is over', 60_000, async () => {
    const { json } = await ask('GET', '/jobs/j/tasks/t');
    return (json as Task).state === 'completed' ? (json as Task) : undefined;
  });
  const NAMES = ['Task_Add', 'commit', 'fetch', 'offer', 'queue', 'run', 'task'];
  // They come in several parts, in any order.
  const spans = (await traces.until((all) => NAMES.every((name) => all.some((span) => span.traceId === TRACE && span.name === name)))).filter(({ traceId }) => traceId === TRACE);
  const named = new Map(spans.map((span) => [span.name, span]));
  expect([...named.keys()].toSorted()).toEqual(NAMES);
  const [added, startedAt, endedAt] = [creationTime, executionInfo.startTime, executionInfo.endTime].map((time) => Date.parse(time));
  expect([named.get('Task_Add')?.parentSpanId, named.get('Task_Add')?.startMs, named.get('task')?.startMs, named.get('queue')?.startMs]).toEqual(['b7ad6b7169203331', added, added, added]);
  expect([named.get('offer')?.endMs, named.get('run')?.startMs, named.get('run')?.endMs, named.get('commit')?.startMs]).toEqual([startedAt, startedAt, endedAt, endedAt]);
  const { startMs = 0, endMs = 0 } = named.get('fetch') ?? {};
  expect(endMs - startMs).toBeGreaterThan(0);
  expect((named.get('run')?.endMs ?? 0) - endMs).toBeGreaterThan(100);
  for (const { startMs: from, endMs: to } of spans) expect(to).toBeGreaterThanOrEqual(from);

  const metrics = await (await fetch(`${env.AZURE_BATCH_ENDPOINT}/metrics`)).text();
  for (const line of [/^linarite_trace_spans_total\{outcome="exported"\} [1-9]/m, /^linarite_task_run_seconds_count\{result="success"\} 1$/m, /^linarite_task_wait_seconds_count 1$/m, /^linarite_agents_connected\{account="\w+"\} 1$/m, /^linarite_pool_slots\{account="\w+",pool="p",state="free"\} 1$/m, /^linarite_commit_duration_seconds_count [1-9]/m, /^linarite_ticks_total [1-9]/m]) expect(metrics).toMatch(line);
}, 120_000);
