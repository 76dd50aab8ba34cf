import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loggedError } from '../../src/loggedError.ts';
import { statuses } from './statuses.ts';
import { testApi, UBUNTU, type Sent, type TestApi } from './support.ts';

const logged: string[] = [];
let it: TestApi;
beforeAll(async () => {
  it = await testApi({ log: pino({ level: 'info', serializers: { error: loggedError } }, { write: (line: string) => logged.push(line) }) });
});
beforeEach(async () => {
  await it.clear();
  logged.length = 0;
  await it.ask({ method: 'POST', url: '/pools', body: poolBody('p') });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
});
afterAll(() => it.close());

function poolBody(id: string) {
  return { id, vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU };
}
async function said(sent: Sent): Promise<string> {
  const { status, json } = await it.ask(sent);
  return `${status} ${json?.code ?? ''}`.trim();
}
function post(url: string, body: unknown): Sent {
  return { method: 'POST', url, body };
}
const nul = String.fromCharCode(0);
const halfPair = String.fromCharCode(0xd8_00);

describe('continuation tokens that nobody was given', () => {
  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each([-1, 2 ** 53, 1e300, 1.5, '5', null])('a task number %s is refused', async (after) => {
    for (const filter of ["state%20eq%20'active'", "startswith(id,'x')"]) {
      for (const kind of ['filtered tasks', 'tasks']) {
        expect(await said({ url: `/jobs/j/tasks?$skiptoken=${token([kind, after])}&$filter=${filter}` })).toBe('400 InvalidQueryParameterValue');
      }
    }
  });

  test('the highest number there can be gives an empty page', async () => {
    expect((await it.ask({ url: `/jobs/j/tasks?$skiptoken=${token(['filtered tasks', Number.MAX_SAFE_INTEGER])}&$filter=state%20eq%20'active'` })).json.value).toEqual([]);
  });

  test.each([nul, halfPair])('keys that no database holds are refused', async (after) => {
    for (const [url, kind] of [['/jobs', 'jobs'], ['/jobs/j/tasks', 'tasks'], ['/pools', 'pools'], ['/pools/p/nodes', 'nodes'], ['/nodecounts', 'nodecounts']] as const) {
      expect(await said({ url: `${url}?$skiptoken=${token([kind, after])}` }), url).toBe('400 InvalidQueryParameterValue');
    }
  });
});

describe('ids that only look alike', () => {
  const kelvin = '%E2%84%AA';

  test('name nothing, in paths and in filters', async () => {
    await it.ask(post('/pools', poolBody('Pk')));
    await it.ask(post('/jobs', { id: 'Jk', poolInfo: { poolId: 'Pk' } }));
    await it.ask(post('/jobs/Jk/tasks', { id: 'Kk', commandLine: 'x' }));
    for (const [method, url, answer] of [
      ['GET', `/jobs/jk/tasks/${kelvin}k`, '404 TaskNotFound'],
      ['DELETE', `/jobs/jk/tasks/${kelvin}k`, '404 TaskNotFound'],
      ['GET', `/jobs/J${kelvin}/tasks/kk`, '404 JobNotFound'],
      ['DELETE', `/jobs/J${kelvin}`, '404 JobNotFound'],
      ['GET', `/pools/P${kelvin}`, '404 PoolNotFound'],
      ['GET', `/jobs/jk/tas${kelvin}s`, '400 InvalidUri'],
    ] as const) {
      expect(await said({ method, url }), `${method} ${url}`).toBe(answer);
    }
    for (const url of [`/jobs/jk/tasks?$filter=id%20eq%20'${kelvin}k'`, `/jobs/jk/tasks?$filter=startswith(id,'${kelvin}')`, `/jobs?$filter=id%20eq%20'J${kelvin}'`, `/nodecounts?$filter=poolId%20eq%20'P${kelvin}'`]) {
      expect((await it.ask({ url })).json.value, url).toEqual([]);
    }
    expect(await said({ url: '/jobs/JK/tasks/kK' })).toBe('200');
  });
});

describe('characters that cannot be kept', () => {
  test.each([
    ['/pools/%00', '400 RequestUrlFailedToParse'],
    ['/jobs/j%00/tasks', '400 RequestUrlFailedToParse'],
    ['/jobs/j/tasks/%00', '400 RequestUrlFailedToParse'],
    ["/jobs/j/tasks?$filter=id%20eq%20'%00'", '400 InvalidQueryParameterValue'],
    ["/nodecounts?$filter=poolId%20eq%20'%00'", '400 InvalidQueryParameterValue'],
    ['/jobs/%ED%A0%80', '400 RequestUrlFailedToParse'],
  ])('%s: %s', async (url, answer) => {
    expect(await said({ url })).toBe(answer);
  });

  test('in a collection the task that has them is refused, the others are added', async () => {
    const value = [{ id: 'good', commandLine: 'x' }, { id: `bad${nul}`, commandLine: 'x' }, { id: 'bad', commandLine: `x${nul}` }];
    const { json } = await it.ask(post('/jobs/j/addtaskcollection', { value }));
    expect(json.value.map(({ error }: { error?: { code: string } }) => error?.code)).toEqual([undefined, 'InvalidPropertyValue', 'InvalidPropertyValue']);
  });
});

describe('names of what every object inherits', () => {
  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])('%s is no property to filter by, to select or to set', async (name) => {
    expect(await said({ url: `/jobs?$filter=${name}%20eq%20'x'` })).toBe('400 InvalidQueryParameterValue');
    expect(await said({ url: `/jobs/j/tasks?$filter=startswith(${name},'x')` })).toBe('400 InvalidQueryParameterValue');
    expect(await said({ url: `/jobs?$select=${name}` })).toBe('400 InvalidQueryParameterValue');
    expect(await said({ url: `/jobs?${name}=x` })).toBe('400 UnsupportedQueryParameter');
    expect(await said(post('/jobs', JSON.parse(`{"id":"k","poolInfo":{"poolId":"p"},"${name}":{}}`)))).toBe('400 InvalidRequestBody');
    expect(await said(post('/jobs', { id: 'k', poolInfo: { poolId: 'p' }, onAllTasksComplete: name }))).toBe('400 InvalidPropertyValue');
  });
});

describe('numbers and durations at their ends', () => {
  test.each(['P10675199DT2H48M5.4775807S', 'P99999999999D', 'P9999999999999999999999Y'])('a resize may take %s', async (resizeTimeout) => {
    expect(await said(post('/pools', { ...poolBody('slow'), resizeTimeout }))).toBe('201');
    expect(await said({ url: '/pools/slow' })).toBe('200');
    await statuses(it.pool).pool('slow', { allocationState: 'steady' });
    expect(await said(post('/pools/slow/resize', { targetDedicatedNodes: 1, resizeTimeout }))).toBe('202');
  });

  test('a task asks for no more slots than any node has', async () => {
    expect(await said(post('/jobs/j/tasks', { id: 'wide', commandLine: 'x', requiredSlots: 256 }))).toBe('201');
    expect(await said(post('/jobs/j/tasks', { id: 'wider', commandLine: 'x', requiredSlots: 257 }))).toBe('400 InvalidPropertyValue');
  });

  test('slots of older tasks that asked for more are counted all the same', async () => {
    await it.ask(post('/jobs/j/addtaskcollection', { value: [{ id: 'a', commandLine: 'x' }, { id: 'b', commandLine: 'x' }] }));
    await it.pool.query('update task set required_slots = 2147483647');
    expect((await it.ask({ url: '/jobs/j/taskcounts' })).json.taskSlotCounts.active).toBe(2 * 2_147_483_647);
  });

  test('a size of machine is looked up at once, however long its name', async () => {
    expect(await said(post('/pools', { ...poolBody('q'), vmSize: `standard_d1${'_a1'.repeat(50_000)}!` }))).toBe('400 InvalidPropertyValue');
  });
});

describe('bodies where none belongs', () => {
  test.each(['/jobs/j/enable', '/pools/p/stopresize', '/jobs/j/tasks/t/terminate'])('%s takes none', async (url) => {
    expect(await said(post(url, { a: 1 }))).toBe('400 InvalidRequestBody');
    expect(await said({ method: 'POST', url, headers: { 'content-length': '0' } })).not.toBe('400 InvalidRequestBody');
  });

  test('a delete takes none', async () => {
    expect(await said({ method: 'DELETE', url: '/jobs/j', body: {} })).toBe('400 InvalidRequestBody');
  });
});

describe('names that nothing can have', () => {
  test.each([
    ['an environment variable with =', post('/jobs/j/tasks', { id: 't', commandLine: 'x', environmentSettings: [{ name: 'a=b', value: 'x' }] })],
    ['an environment variable with NUL', post('/jobs/j/tasks', { id: 't', commandLine: 'x', environmentSettings: [{ name: `a${nul}`, value: 'x' }] })],
    ['a task to depend on', post('/jobs/j/tasks', { id: 't', commandLine: 'x', dependsOn: { taskIds: [''] } })],
    ['a pool', post('/jobs', { id: 'k', poolInfo: { poolId: 'a b' } })],
  ])('%s', async (_name, sent) => {
    expect(await said(sent)).toBe('400 InvalidPropertyValue');
  });

  test('a file of an agent by a broken name is refused, not logged as a fault', async () => {
    const { status } = await it.askPlainly({ method: 'POST', url: '/linarite/agent/files/%E0%A4%A' });
    expect(status).toBe(400);
    expect(logged.join('')).not.toContain('request failed');
  });
});

describe('long texts', () => {
  const most = 65_536;
  test.each([
    ['command line', (text: string) => post('/jobs/j/tasks', { id: 't', commandLine: text })],
    ['name in the environment', (text: string) => post('/jobs/j/tasks', { id: 't', commandLine: 'x', environmentSettings: [{ name: text, value: 'x' }] })],
    ['value in the environment', (text: string) => post('/jobs/j/tasks', { id: 't', commandLine: 'x', environmentSettings: [{ name: 'x', value: text }] })],
    ['reason', (text: string) => post('/jobs/j/terminate', { terminateReason: text })],
  ])('a %s has at most 65,536 characters', async (_name, request) => {
    expect(await said(request('x'.repeat(most + 1)))).toBe('400 InvalidPropertyValue');
    expect(await said(request('x'.repeat(most)))).toMatch(/^20[12]/);
  });

  test('a start task has at most 32,768 characters with all its parts', async () => {
    const startTask = (length: number) => ({ commandLine: 'x', environmentSettings: [{ name: 'x', value: 'x'.repeat(length) }] });
    expect(await said(post('/pools', { ...poolBody('q'), startTask: startTask(32_768) }))).toBe('400 InvalidPropertyValue');
    expect(await said(post('/pools', { ...poolBody('q'), startTask: startTask(32_000) }))).toBe('201');
  });
});

describe('maps of the client’s own', () => {
  const version = 'api-version=2024-07-01.20.0';
  const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
  const extension = (settings: unknown) => ({ ...poolBody('q'), virtualMachineConfiguration: { ...UBUNTU, extensions: [{ name: 'n', publisher: 'p', type: 't', settings }] } });

  test('tags are strings', async () => {
    expect(await said(post(`/pools?${version}`, { ...poolBody('q'), resourceTags: { a: { b: 1 } } }))).toBe('400 InvalidRequestBody');
    expect(await said(post(`/pools?${version}`, { ...poolBody('q'), resourceTags: { [nul]: 'b' } }))).toBe('400 InvalidPropertyValue');
    expect(await said(post(`/pools?${version}`, { ...poolBody('q'), resourceTags: { a: 'b' } }))).toBe('201');
  });

  test('settings are deep within reason', async () => {
    expect(await said(post('/pools', extension(nested(1000))))).toBe('400 InvalidPropertyValue');
    expect(await said(post('/pools', extension({ a: [{ b: halfPair }] })))).toBe('400 InvalidPropertyValue');
    expect(await said(post('/pools', extension(nested(20))))).toBe('201');
  });
});

describe('secrets', () => {
  const secret = 'correct-horse-battery';

  test.each([
    ['user accounts', { userAccounts: [{ name: 'root', password: secret }] }],
    ['mounts', { mountConfiguration: [{ azureFileShareConfiguration: { accountName: 'a', accountKey: secret, azureFileUrl: 'x', relativeMountPath: 'x' } }] }],
    ['registries', { virtualMachineConfiguration: { ...UBUNTU, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [{ username: 'u', password: secret, registryServer: 7 }] } } }],
    ['protected settings', { virtualMachineConfiguration: { ...UBUNTU, extensions: [{ name: 'n', publisher: 'p', type: 't', protectedSettings: { a: `${secret}${nul}` } }] } }],
    ['keys that cannot be kept', { userAccounts: [{ name: 'u', password: `${secret}${nul}` }] }],
  ])('%s that are refused are not repeated', async (_name, members) => {
    const { status, text } = await it.ask(post('/pools', { ...poolBody('q'), ...members }));
    expect(status).toBe(400);
    expect(text).not.toContain(secret);
  });

  test('what the database says of a row it refuses does not go into the log', async () => {
    await it.pool.query("alter table task add constraint no_boom check (id <> 'boom')");
    const body = { id: 'boom', commandLine: 'x', environmentSettings: [{ name: 'KEY', value: secret }] };
    const { status, json, headers } = await it.ask(post('/jobs/j/tasks?timeout=30', body));
    expect([status, json.code]).toEqual([500, 'InternalError']);
    await it.pool.query('alter table task drop constraint no_boom');
    expect(logged.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { requestId: headers['request-id'], method: 'POST', path: '/jobs/j/tasks', status: 500, error: { message: expect.stringContaining('no_boom'), code: '23514', stack: expect.any(String) } },
    ]);
    expect(logged.join('')).not.toContain(secret);
  });
});
