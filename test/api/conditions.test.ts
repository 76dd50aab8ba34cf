import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testApi, UBUNTU, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
});
afterAll(() => it.close());

const RESOURCES = ['/pools/p', '/jobs/j', '/jobs/j/tasks/t'];
const LATER = 'Fri, 20 Nov 2026 12:00:01 GMT';
const EARLIER = 'Fri, 20 Nov 2026 11:59:59 GMT';

describe.each(RESOURCES)('%s', (url) => {
  const etag = async (): Promise<string> => (await it.ask({ url })).headers['etag'] ?? '';

  test('a read of what has not changed is 304 without a body', async () => {
    const tag = await etag();
    for (const headers of [{ 'if-none-match': tag }, { 'if-none-match': `"${tag}"` }, { 'if-none-match': '*' }, { 'if-modified-since': LATER }]) {
      expect(await it.ask({ url, headers }), JSON.stringify(headers)).toMatchObject({ status: 304, text: '', headers: { etag: tag, 'last-modified': 'Fri, 20 Nov 2026 12:00:00 GMT' } });
    }
    for (const headers of [{ 'if-none-match': '0x8D0000000000000' }, { 'if-modified-since': EARLIER }, { 'if-match': tag }, { 'if-unmodified-since': LATER }]) {
      expect((await it.ask({ url, headers })).status, JSON.stringify(headers)).toBe(200);
    }
  });

  test('a write whose condition does not hold is 412 and changes nothing', async () => {
    const tag = await etag();
    for (const headers of [{ 'if-match': '0x8D0000000000000' }, { 'if-unmodified-since': EARLIER }, { 'if-none-match': tag }]) {
      expect(await it.ask({ method: 'DELETE', url, headers }), JSON.stringify(headers)).toMatchObject({ status: 412, json: { code: 'ConditionNotMet' } });
    }
    expect((await it.ask({ url })).json.state).toBe('active');
    expect((await it.ask({ method: 'DELETE', url, headers: { 'if-match': tag } })).status).toBeLessThan(300);
  });

  test('headers that contradict each other are refused', async () => {
    const headers = { 'if-match': '*', 'if-none-match': '*' };
    expect((await it.ask({ url, headers })).json.code).toBe('MultipleConditionHeadersNotSupported');
  });
});

test.each([
  { url: '/jobs', headers: { 'if-none-match': '*' } },
  { method: 'POST', url: '/jobs', body: { id: 'other', poolInfo: { poolId: 'p' } }, headers: { 'if-none-match': '*' } },
  { url: '/pools/p/nodes', headers: { 'if-modified-since': EARLIER } },
])('$url takes no conditions and says so', async (request) => {
  expect(await it.ask(request)).toMatchObject({ status: 400, json: { code: 'UnsupportedHeader' } });
});

test('two that change a job by the same ETag: one wins, the other is told', async () => {
  const tag = (await it.ask({ url: '/jobs/j' })).headers['etag'] ?? '';
  const patch = (priority: number) => it.ask({ method: 'PATCH', url: '/jobs/j', body: { priority }, headers: { 'if-match': tag } });
  const answers = await Promise.all([patch(1), patch(2)]);
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412]);
});

test('each change moves the ETag, even within the same millisecond; what the owner does never does', async () => {
  const tags = new Set<string | undefined>();
  tags.add((await it.ask({ url: '/jobs/j' })).headers['etag']);
  for (const priority of [1, 2, 3]) tags.add((await it.ask({ method: 'PATCH', url: '/jobs/j', body: { priority } })).headers['etag']);
  tags.add((await it.ask({ method: 'POST', url: '/jobs/j/disable', body: { disableTasks: 'wait' } })).headers['etag']);
  expect(tags.size).toBe(5);
  const { headers, json } = await it.ask({ url: '/jobs/j' });
  expect([...tags].at(-1)).toBe(headers['etag']);
  expect(json.eTag).toBe(headers['etag']);
});

test('terminating a task moves its ETag, as other constraints do', async () => {
  const before = (await it.ask({ url: '/jobs/j/tasks/t' })).headers['etag'];
  const terminated = (await it.ask({ method: 'POST', url: '/jobs/j/tasks/t/terminate' })).headers['etag'];
  expect(terminated).not.toBe(before);
  expect((await it.ask({ method: 'PUT', url: '/jobs/j/tasks/t', body: {} })).headers['etag']).not.toBe(terminated);
});
