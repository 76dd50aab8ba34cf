import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { recordedExchanges, type Exchange } from '../wire/fixtures.ts';
import { differences } from './recordings.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const nodeId = 'tvmps_d60153fb260c911cd921ac8003a07aad582b51c4024f09657a154ab6b1578235_d';

function exchange(number: string): Exchange {
  const found = recordedExchanges.find(({ name }) => name.startsWith(number));
  if (found === undefined) throw new Error(`no exchange ${number}`);
  return found;
}

const replay = ({ request: { method, url, body } }: Exchange): Promise<Got> => it.ask({ method, url, ...(body === undefined ? {} : { body }) });

/** Values that differ from run to run by their nature, made equal; everything else, the order of properties too, has to be as recorded. */
const normalized = (json: unknown): string =>
  JSON.stringify(json)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/0x[0-9A-F]{15}/g, '<etag>')
    .replaceAll(/https?:\/\/(account\.region\.batch\.azure\.com|127\.0\.0\.1:10800)/g, '<base>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<guid>');

/** What Azure's hosts add and Linarite has nothing to put in: an address behind a load balancer, the version that an image was resolved to. */
const HOSTS: ReadonlySet<string> = new Set(['endpointConfiguration', 'exactVersion']);

const withoutHosts = (body: unknown): unknown =>
  JSON.parse(JSON.stringify(body), function drop(this: unknown, key, value: unknown) {
    return HOSTS.has(key) ? undefined : value;
  });

function expectAsRecorded(got: Got, exchanged: Exchange): void {
  const { response } = exchanged;
  // The real service answers `/jobs/job-1` whatever the job is called; this one says where the job is.
  expect(differences(got, exchanged, { lost: HOSTS }).filter((difference) => !difference.endsWith('/jobs/job-1"'))).toEqual([]);
  if (response.reason !== undefined) expect(got.reason).toBe(response.reason);
  expect(normalized(withoutHosts(got.json)), 'body').toBe(normalized(withoutHosts(response.body ?? null)));
  const names = Object.keys(response.headers).filter((name) => !/^(date|server|content-length|transfer-encoding)$/i.test(name));
  for (const name of names) expect(got.headers, 'headers').toHaveProperty(name.toLowerCase());
  expect(got.headers['content-type']).toBe(response.headers['Content-Type'] ?? undefined);
}

const poolId = 'ncj-ubuntu1604';
const addPool = (): Promise<Got> => replay(exchange('02'));
const addJob = (): Promise<Got> => replay(exchange('08'));
const addTask = (): Promise<Got> => replay(exchange('09'));

describe('answers are those of the real service', () => {
  test('supported images: the recorded rows are there, as recorded', async () => {
    const { response } = exchange('01');
    const got = await replay(exchange('01'));
    expect(got.status).toBe(200);
    const recorded = response.body?.['value'] as unknown[];
    for (const image of recorded) expect(got.json.value).toContainEqual(expect.objectContaining(image));
  });

  test('a pool is added, and added again', async () => {
    expectAsRecorded(await addPool(), exchange('02'));
    expectAsRecorded(await addPool(), exchange('16'));
  });

  test('a pool that is resizing, then steady', async () => {
    await addPool();
    expectAsRecorded(await it.ask({ url: exchange('03').request.url }), exchange('03'));
    await write.pool(poolId, { currentDedicated: 1 });
    expectAsRecorded(await it.ask({ url: exchange('04').request.url }), exchange('04'));
  });

  test.each([
    ['05', { state: 'creating' }],
    ['06', { state: 'starting' }],
    ['07', { state: 'idle', bootedAt: 1, agent: { version: '1.9.29', ipAddress: '10.0.0.4', updatedAt: 1 } }],
  ] as const)('the nodes of a pool, exchange %s', async (number, status) => {
    await addPool();
    await write.node(poolId, { id: nodeId, ...status });
    const got = await replay(exchange(number));
    // A node that has no agent yet has no address here; Azure knows it before.
    got.json.value[0].ipAddress = '10.0.0.4';
    if (number !== '07') delete got.json.value[0].nodeAgentInfo;
    expectAsRecorded(got, exchange(number));
  });

  test('a job is added and read', async () => {
    const { headers, ...rest } = await addJob();
    // The real service answers `/jobs/job-1` whatever the job is called; this one says where the job is.
    expect(headers['location']).toBe(`http://127.0.0.1:10800/jobs/${poolId}`);
    expectAsRecorded({ ...rest, headers }, exchange('08'));
    expectAsRecorded(await it.ask({ url: exchange('10').request.url }), exchange('10'));
  });

  test('tasks are added in a collection and listed: active, running, completed', async () => {
    await addPool();
    await addJob();
    expectAsRecorded(await addTask(), exchange('09'));
    expectAsRecorded(await replay(exchange('11')), exchange('11'));
    const node = await write.node(poolId, { id: nodeId });
    await write.task(poolId, 'myTask', { state: 'running', previousState: 'active', previousSince: 1, attempt: 1, node, startedAt: 1 });
    const running = (await replay(exchange('12'))).json.value[0];
    const [recorded = {}] = (exchange('15').response.body?.['value'] ?? []) as Record<string, object>[];
    expect(Object.keys(running)).toEqual(Object.keys(recorded));
    expect(Object.keys(running.executionInfo)).toEqual(Object.keys(recorded['executionInfo'] ?? {}));
    await write.task(poolId, 'myTask', { state: 'completed', previousState: 'running', previousSince: 1, attempt: 1, node, startedAt: 1, endedAt: 2, exitCode: 0, result: 'success' });
    expectAsRecorded(await replay(exchange('12')), exchange('12'));
    const got = await replay(exchange('13'));
    expectAsRecorded(got, exchange('13'));
  });

  test('a job is changed, a job and a pool are deleted', async () => {
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'job123', poolInfo: { poolId } } });
    expectAsRecorded(await replay(exchange('18')), exchange('18'));
    await addJob();
    expectAsRecorded(await replay(exchange('14')), exchange('14'));
    const { id, ...pool } = exchange('02').request.body as { id: string };
    await it.ask({ method: 'POST', url: '/pools', body: { ...pool, id: id.replace(/.*/, 'blobsource1') } });
    expectAsRecorded(await replay(exchange('17')), exchange('17'));
  });
});
