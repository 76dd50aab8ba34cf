import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Transition } from '../../src/core/transitions/transition.ts';
import { webhooksOf } from '../../src/store/intents/webhooks.ts';
import { trimTransitions } from '../../src/store/maintenance/partitions.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { until } from '../support/deadline.ts';
import { noStorage, testApi, type TestApi } from './support.ts';

const PROCESS = randomUUID();
const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

/** Beside the tests of other files. */
const PATIENCE_MS = 30_000;

interface Got {
  readonly id: string;
  readonly signature: string;
  readonly timestamp: string;
  readonly body: string;
}

let it: TestApi;
let endpoint: Server;
let url: string;
let epoch: number;
let tick = 0;
const got: Got[] = [];
/** What the endpoint answers. */
let status = 200;
beforeAll(async () => {
  endpoint = createServer((request, response) => {
    void text(request).then((body) => {
      const header = (name: string): string => String(request.headers[`webhook-${name}`]);
      got.push({ id: header('id'), signature: header('signature'), timestamp: header('timestamp'), body });
      response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => endpoint.once('listening', resolve));
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook?key=secret`;
  it = await testApi({ webhooks: { process: PROCESS, mayBePrivate: true } });
  ({ epoch } = await postgresOwnerStore(it.pool).claim(1, PROCESS, 'http://here'));
});
afterAll(async () => {
  endpoint.closeAllConnections();
  endpoint.close();
  await it.close();
});
afterEach(async () => {
  status = 200;
  await it.pool.query('delete from webhook');
  got.splice(0);
});

async function tell(...all: Transition[]): Promise<void> {
  tick += 1;
  await postgresOwnerStore(it.pool).commit({ account: 1, epoch, tick, now: it.now.value, decisions: NOTHING, inboxEntries: [], specs: [], journal: null, transitions: { all, endings: [], unnamed: [] } });
}
function task(taskId: string, kind: 'task.succeeded' | 'task.failed' = 'task.failed'): Transition {
  return { kind, at: it.now.value, job: 1, jobId: 'J', task: 1, taskId, from: 'running', state: 'completed', cause: 'exited' };
}
async function add(body: object = {}) {
  return it.ask({ method: 'POST', url: '/linarite/webhooks', body: { url, on: ['task.failed'], ...body } });
}
async function show(id: string) {
  return (await it.ask({ url: `/linarite/webhooks/${id}` })).json;
}
function taskIds(): string[] {
  return got.map(({ body }) => (JSON.parse(body) as { data: { taskId: string } }).data.taskId);
}

describe('a webhook', () => {
  test('is told of the events that it is for, signed by a secret that is shown once', async () => {
    const { status: answered, json: added } = await add();
    expect([answered, added]).toMatchObject([201, { url: url.replace('secret', '…'), on: ['task.failed'], state: 'enabled', secret: expect.stringMatching(/^whsec_/) }]);
    await tell(task('a'), task('b', 'task.succeeded'), task('c'));
    await until('both have come', () => got.length === 2);
    expect(taskIds().toSorted()).toEqual(['a', 'c']);
    const { id, signature, timestamp, body } = got[0] ?? { id: '', signature: '', timestamp: '', body: '' };
    expect(signature).toBe(`v1,${createHmac('sha256', Buffer.from(added.secret.slice(6), 'base64')).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
    expect(JSON.parse(body)).toMatchObject({ specversion: '1.0', id, type: 'linarite.task.failed' });
    await until('the deliveries are logged', async () => (await show(added.id)).deliveries.length === 2);
    expect((await show(added.id)).deliveries[0]).toMatchObject({ type: 'linarite.task.failed', attempt: 1, status: 200 });
    const { text: listed } = await it.ask({ url: '/linarite/webhooks' });
    expect(listed).not.toContain('whsec_');
    const { rows } = await it.pool.query<{ secret: string }>('select secret from webhook');
    expect(rows[0]?.secret).not.toContain(added.secret.slice(6));
  });

  test('that fails is tried again, with the same id, and nothing follows before it was taken', async () => {
    const { json: added } = await add();
    status = 503;
    await tell(task('a'));
    await until('it has failed', async () => (await show(added.id)).failures === 1);
    expect(await show(added.id)).toMatchObject({ state: 'enabled', failures: 1, deliveries: [{ status: 503, error: 'it answers 503' }] });
    status = 200;
    await tell(task('b'));
    await it.ask({ method: 'POST', url: `/linarite/webhooks/${added.id}/enable` });
    await until('all have come', () => got.length === 3);
    expect(taskIds()).toEqual(['a', 'a', 'b']);
    expect(got[0]?.id).toBe(got[1]?.id);
  });

  test('that is gone is disabled, and once it is enabled gets what it has missed', async () => {
    const { json: added } = await add();
    status = 410;
    await tell(task('a'));
    await until('it is disabled', async () => (await show(added.id)).state === 'disabled');
    expect((await show(added.id)).disabledReason).toBe('The endpoint is gone for good: it answers 410.');
    status = 200;
    await tell(task('b'));
    expect((await it.ask({ method: 'POST', url: `/linarite/webhooks/${added.id}/enable` })).json).toMatchObject({ state: 'enabled' });
    await until('all have come', () => got.length === 3);
    expect(taskIds()).toEqual(['a', 'a', 'b']);
  });

  test('that comes back after what it has missed was removed is told that there is a gap, and what follows', async () => {
    const { json: added } = await add();
    status = 410;
    await tell(task('taken'));
    await until('it is disabled', async () => (await show(added.id)).state === 'disabled', PATIENCE_MS);
    status = 200;
    got.splice(0);
    await trimTransitions(it.pool, it.now.value);
    await tell(task('removed'));
    it.now.value += 1_800_000;
    await trimTransitions(it.pool, it.now.value, { maxAgeMs: 1, maxBytes: 2 ** 40 });
    await tell(task('kept'));
    await it.ask({ method: 'POST', url: `/linarite/webhooks/${added.id}/enable` });
    await until('both have come', () => got.length === 2, PATIENCE_MS);
    expect(got.map(({ body }) => JSON.parse(body) as object)).toMatchObject([{ type: 'linarite.gap' }, { type: 'linarite.task.failed', data: { taskId: 'kept' } }]);
  });

  test('is told after a restart of what happened while nobody delivered', async () => {
    await add();
    await tell(task('before'));
    await until('it has come', () => got.length === 1, PATIENCE_MS);
    it.api.close();
    await tell(task('meanwhile'), task('then'));
    await it.nextLife({}, noStorage);
    await tell(task('after'));
    await until('all have come', () => new Set(taskIds()).size === 4, PATIENCE_MS);
    expect(new Set(taskIds())).toEqual(new Set(['before', 'meanwhile', 'then', 'after']));
  });

  test('is told all beside one whose endpoint never answers', async () => {
    let hangs = 0;
    const silent = createServer(() => {
      hangs += 1;
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { json: stuck } = await add({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/` });
    await add();
    await tell(task('a'));
    await until('one hangs, the other is told', () => hangs === 1 && got.length === 1, PATIENCE_MS);
    for (const id of ['b', 'c', 'd']) await tell(task(id));
    await until('the other is told all', () => got.length === 4, PATIENCE_MS);
    expect([taskIds().toSorted(), hangs]).toEqual([['a', 'b', 'c', 'd'], 1]);
    expect((await show(stuck.id)).deliveries).toEqual([]);
    silent.closeAllConnections();
    await until('its attempt has failed', async () => (await show(stuck.id)).failures === 1, PATIENCE_MS);
    silent.close();
  });

  test('that has failed for a day is disabled, also where a restart came in between', async () => {
    const { json: added } = await add();
    status = 503;
    await tell(task('a'));
    await until('it has failed', async () => (await show(added.id)).failures === 1, PATIENCE_MS);
    it.now.value += 24 * 3_600_000;
    await it.nextLife({}, noStorage);
    await until('it is disabled', async () => (await show(added.id)).state === 'disabled', PATIENCE_MS);
    expect((await show(added.id)).disabledReason).toBe('Each attempt has failed for a day; the last: it answers 503.');
    expect(taskIds()).toEqual(['a', 'a']);
  });

  test('is delivered to by the process that owns the account, and by no other', async () => {
    await add();
    const [other, numbers] = [randomUUID(), async (process: string) => (await webhooksOf(it.pool, process)).length];
    expect([await numbers(PROCESS), await numbers(other)]).toEqual([1, 0]);
    const store = postgresOwnerStore(it.pool);
    await store.resign(1, PROCESS);
    await store.claim(1, other, 'http://there');
    expect([await numbers(PROCESS), await numbers(other)]).toEqual([0, 1]);
    await store.resign(1, other);
    ({ epoch } = await store.claim(1, PROCESS, 'http://here'));
    tick = 0;
  });

  test('can be tried out, and is asked nothing once it was deleted', async () => {
    const { json: added } = await add();
    expect((await it.ask({ method: 'POST', url: `/linarite/webhooks/${added.id}/test` })).json).toEqual({ delivered: true, status: 200, error: null });
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject({ type: 'linarite.webhook.test' });
    expect((await it.ask({ method: 'DELETE', url: `/linarite/webhooks/${added.id}` })).status).toBe(204);
    expect((await it.ask({ url: `/linarite/webhooks/${added.id}` })).status).toBe(404);
  });

  test.each([
    ['an address of another kind', { url: 'ftp://example.com/' }, 'url'],
    ['a user in the address', { url: 'https://me:you@example.com/' }, 'url'],
    ['no kind', { on: [] }, 'on'],
    ['an unknown kind', { on: ['task.exploded'] }, 'on[0]'],
    ['a secret that is too short', { secret: 'whsec_c2hvcnQ=' }, 'secret'],
    ['an unknown property', { headers: {} }, 'headers'],
  ])('with %s is refused', async (_what, body, property) => {
    const { status: answered, json } = await add(body);
    expect([answered, json.values[0]]).toEqual([400, { key: 'PropertyName', value: property }]);
  });

  test('is one of twenty at most', async () => {
    for (let made = 0; made < 20; made += 1) expect((await add({ job: `J${made}` })).status).toBe(201);
    expect((await add()).json).toMatchObject({ code: 'OperationInvalidForCurrentState' });
  });
});
