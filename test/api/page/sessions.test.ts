import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { OWN_OPERATIONS } from '../../../src/api/own/operations.ts';
import { createSessions } from '../../../src/api/page/sessions.ts';
import { operations } from '../../../src/wire/operations.ts';
import { testApi, UBUNTU, type Got, type TestApi } from '../support.ts';

const HOST = '127.0.0.1:10800';
const ORIGIN = `http://${HOST}`;
/** What the page sends with each write. */
const PAGE = { host: HOST, origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };

let it: TestApi;
beforeAll(async () => {
  // Its agents need no more than a credential, whichever.
  it = await testApi({ door: { authenticate: () => ({ account: 1, node: 7, life: 1 }), connect: () => ({ onFrame: () => {}, onClose: () => {} }) } });
});
afterAll(() => it.close());

async function link(role: string): Promise<string> {
  const { json } = await it.ask({ method: 'POST', url: '/linarite/signin/links', body: { role } });
  return json.link;
}

function signIn(body: object, headers: Readonly<Record<string, string>> = PAGE): Promise<Got> {
  const text = JSON.stringify(body);
  return it.askPlainly({ method: 'POST', url: '/linarite/signin', body: text, headers: { ...headers, 'content-length': String(text.length) } });
}

/** The headers of a browser that is signed in. */
async function browser(role: string): Promise<Readonly<Record<string, string>>> {
  const { json, headers } = await signIn({ link: await link(role) });
  return { 'x-linarite-session': json.token, cookie: String(headers['set-cookie']).split(';')[0] ?? '' };
}

const CURRENT = '/linarite/sessions/current';
function current(headers: Readonly<Record<string, string>>): Promise<Got> {
  return it.askPlainly({ url: CURRENT, headers: { host: HOST, ...headers } });
}

describe('a link', () => {
  test('signs one browser in, and nobody after it', async () => {
    const one = await link('contributor');
    const first = await signIn({ link: one });
    expect([first.status, first.json.account, first.json.role]).toEqual([200, 'mybatchaccount', 'contributor']);
    expect(String(first.headers['set-cookie'])).toMatch(/^linarite_\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=604800$/);
    const second = await signIn({ link: one });
    expect([second.status, second.headers['set-cookie']]).toEqual([401, undefined]);
    expect(second.text).toContain('has been used');
  });

  test('is good for two minutes', async () => {
    const one = await link('contributor');
    it.now.value += 2 * 60_000 + 1;
    expect((await signIn({ link: one })).status).toBe(401);
  });

  test('is made by a key, not by a session', async () => {
    const headers = await browser('contributor');
    const { status } = await it.askPlainly({ method: 'POST', url: '/linarite/signin/links', headers: { ...PAGE, ...headers, 'content-length': '0' } });
    expect(status).toBe(403);
  });

  test('has one of two roles', async () => {
    expect((await it.ask({ method: 'POST', url: '/linarite/signin/links', body: { role: 'owner' } })).json.code).toBe('InvalidPropertyValue');
  });

  test('and its secrets are nowhere in the database', async () => {
    const one = await link('reader');
    const { json } = await signIn({ link: one });
    const { rows } = await it.pool.query('select * from page_session');
    expect(JSON.stringify(rows)).not.toContain(json.token);
  });
});

describe('a key', () => {
  const key = Buffer.alloc(64, 'k').toString('base64');

  test('signs in', async () => {
    expect((await signIn({ account: 'mybatchaccount', key })).json.role).toBe('contributor');
  });

  test.each([
    { account: 'mybatchaccount', key: Buffer.alloc(64, 'x').toString('base64') },
    { account: 'another', key },
    { account: 'mybatchaccount' },
    {},
  ])('that is wrong does not: %j', async (body) => {
    expect((await signIn(body)).status).toBe(401);
  });
});

describe('a session', () => {
  test('needs its cookie and its token, both', async () => {
    const headers = await browser('contributor');
    const other = await browser('contributor');
    expect((await current(headers)).json).toMatchObject({ account: 'mybatchaccount', role: 'contributor' });
    expect((await current({ cookie: headers['cookie'] ?? '' })).json.code).toBe('MissingRequiredHeader');
    expect((await current({ 'x-linarite-session': headers['x-linarite-session'] ?? '' })).status).toBe(401);
    expect((await current({ ...headers, cookie: other['cookie'] ?? '' })).status).toBe(401);
  });

  test('ends twelve hours after its last use, and seven days after it began', async () => {
    const idle = await browser('reader');
    const used = await browser('reader');
    const began = it.now.value;
    while (it.now.value < began + 6.5 * 86_400_000) {
      it.now.value += 11 * 3_600_000;
      expect((await current(used)).status).toBe(200);
    }
    expect((await current(idle)).status).toBe(401);
    it.now.value = began + 7 * 86_400_000 + 1;
    expect((await current(used)).status).toBe(401);
  });

  test('ends with the keys of its account', async () => {
    const keys = [Buffer.alloc(64, 'k').toString('base64')];
    const account = { number: 1, name: 'mybatchaccount', keys };
    const of = (present: readonly string[]) => createSessions({ database: it.pool, accounts: { numbered: () => ({ ...account, keys: present }) }, wallClock: () => it.now.value });
    const { token, cookie } = await of(keys).begin(account, 'reader', '');
    const message = { headers: { 'x-linarite-session': token, cookie: `linarite_1=${cookie}` }, socket: { localPort: 1 } } as unknown as IncomingMessage;
    expect(await of(keys).shownBy(message)).toMatchObject({ session: { role: 'reader' } });
    expect(await of([Buffer.alloc(64, 'n').toString('base64')]).shownBy(message)).toBeNull();
  });

  test('ends by itself, and by whoever has a key', async () => {
    const [one, other] = [await browser('reader'), await browser('reader')];
    expect((await it.askPlainly({ method: 'DELETE', url: CURRENT, headers: { ...PAGE, ...one } })).status).toBe(200);
    expect((await current(one)).status).toBe(401);
    const { session } = (await current(other)).json;
    expect((await it.ask({ url: '/linarite/sessions' })).json.value).toContainEqual(expect.objectContaining({ session, role: 'reader' }));
    expect((await it.ask({ method: 'DELETE', url: `/linarite/sessions/${session}` })).status).toBe(200);
    expect((await current(other)).status).toBe(401);
    expect((await it.ask({ method: 'DELETE', url: `/linarite/sessions/${session}` })).status).toBe(404);
  });
});

test('a reader sees a task without the values of its settings and the signatures of its links, a contributor whole', async () => {
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  const link = 'https://a.blob.core.windows.net/c/b?sv=1&sig=';
  const task = { id: 't', commandLine: `curl '${link}InCommand'`, environmentSettings: [{ name: 'PASSWORD', value: 'in a setting' }], resourceFiles: [{ httpUrl: `${link}InFile`, filePath: 'f' }] };
  expect((await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: task })).status).toBe(201);
  const hidden = { commandLine: `curl '${link}(hidden)'`, environmentSettings: [{ name: 'PASSWORD', value: '(hidden)' }], resourceFiles: [{ httpUrl: `${link}(hidden)`, filePath: 'f' }] };
  const [reader, contributor] = [await browser('reader'), await browser('contributor')];
  const seenBy = async (headers: Readonly<Record<string, string>>, url: string) => (await it.askPlainly({ url: `${url}?api-version=2025-06-01`, headers: { host: HOST, ...headers } })).json;
  expect(await seenBy(reader, '/jobs/j/tasks/t')).toMatchObject(hidden);
  expect((await seenBy(reader, '/jobs/j/tasks')).value).toMatchObject([hidden]);
  expect(await seenBy(contributor, '/jobs/j/tasks/t')).toMatchObject(task);
});

/** Of the requests that another site can have a browser send. */
const FOREIGN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['of another site', { host: HOST, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
  ['of another port of the same host', { host: HOST, origin: 'http://127.0.0.1:8000', 'sec-fetch-site': 'same-site' }],
  ['of a browser that does not say whose it is', { host: HOST, origin: 'http://127.0.0.1:8000' }],
  ['under a name that another site gave this service', { host: 'rebound.example:10800', origin: 'http://rebound.example:10800', 'sec-fetch-site': 'same-origin' }],
];

/** Every operation, with what its path needs. */
const ALL = [...operations, ...OWN_OPERATIONS].map(({ method, path, right }) => ({ method, right, url: `${path.replaceAll(/\{\w+\}/g, 'x')}?api-version=2025-06-01` }));

describe('each operation, by role and origin', () => {
  let reader: Readonly<Record<string, string>>;
  let contributor: Readonly<Record<string, string>>;
  beforeAll(async () => {
    reader = await browser('reader');
    contributor = await browser('contributor');
  });
  const send = (method: string, url: string, headers: Readonly<Record<string, string>>): Promise<Got> =>
    it.askPlainly({ method, url, headers: method === 'GET' || method === 'HEAD' ? headers : { 'content-length': '0', ...headers } });

  test.each(ALL.filter(({ right }) => right !== 'read').map((one) => [`${one.method} ${one.url}`, one] as const))('%s is refused to a reader', async (_name, { method, url }) => {
    expect((await send(method, url, { ...PAGE, ...reader })).json?.code).toBe('InsufficientAccountPermissions');
  });

  // Those that would end the session they are asked by.
  test.each(ALL.filter(({ url }) => !url.includes('/sessions/current')).map((one) => [`${one.method} ${one.url}`, one] as const))('%s is refused to all but the page', async (_name, { method, url }) => {
    const writes = method !== 'GET' && method !== 'HEAD';
    for (const [, headers] of FOREIGN) {
      const isSeen = writes || headers['sec-fetch-site'] !== undefined || headers['host'] !== HOST;
      if (isSeen) expect((await send(method, url, { ...headers, 'content-type': 'application/json', ...contributor })).status).toBe(403);
    }
  });

  test.each(FOREIGN)('no request signs in %s', async (_name, headers) => {
    expect((await signIn({ link: await link('reader') }, { ...headers, 'content-type': 'application/json' })).status).toBe(403);
  });

  test('a body that a form can send is none', async () => {
    const body = JSON.stringify({ id: 'p', vmSize: 'standard_d2s_v3' });
    const got = await it.askPlainly({ method: 'POST', url: '/pools?api-version=2025-06-01', body, headers: { ...PAGE, ...contributor, 'content-type': 'text/plain', 'content-length': String(body.length) } });
    expect(got.status).toBe(403);
  });

  /** Streams have no end; lists of the same have one. */
  const endless = (url: string): string => (url.startsWith('/linarite/events') ? `${url}&limit=1` : url);

  test.each(ALL.filter(({ url, right }) => right === 'read' && !url.includes('/sessions/current')).map((one) => [`${one.method} ${one.url}`, one] as const))('%s is not refused to a reader on the page', async (_name, { method, url }) => {
    expect([401, 403]).not.toContain((await send(method, endless(url), { ...PAGE, ...reader })).status);
  });

  test.each(ALL.filter(({ url }) => !url.includes('/sessions/current')).map((one) => [`${one.method} ${one.url}`, one] as const))('%s is not refused to a contributor on the page, unless a key is needed', async (_name, { method, url }) => {
    const { status } = await send(method, endless(url), { ...PAGE, ...contributor });
    if (BY_KEY.has(`${method} ${url.split('?')[0] ?? ''}`)) expect(status).toBe(403);
    else expect([401, 403]).not.toContain(status);
  });
});

/** What whoever signs in may do, and no session. */
const BY_KEY: ReadonlySet<string> = new Set(['POST /linarite/signin/links']);

describe('a session opens nothing beside the data plane and our own operations', () => {
  test.each([
    ['GET', '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups?api-version=2021-04-01'],
    ['POST', '/linarite/identity/devices/ABCDEFGH'],
    ['POST', '/linarite/identity/keys/rotate'],
    ['GET', '/graph/v1.0/applications'],
  ])('%s %s', async (method, url) => {
    const headers = { ...PAGE, ...(await browser('contributor')), ...(method === 'GET' ? {} : { 'content-length': '0' }) };
    expect((await it.askPlainly({ method, url, headers })).status).toBe(401);
  });

  test('its token is no bearer token', async () => {
    const { 'x-linarite-session': token } = await browser('contributor');
    expect((await it.askPlainly({ url: '/pools?api-version=2025-06-01', headers: { host: HOST, authorization: `Bearer ${token}` } })).status).toBe(401);
  });

  test('the socket of agents', async () => {
    const server = createServer(it.api.handler).on('upgrade', it.api.upgrade).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const dial = (headers: Readonly<Record<string, string>>): WebSocket => new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/linarite/agent`, { headers });
    const [error] = (await once(dial(await browser('contributor')), 'error')) as Error[];
    expect(error?.message).toContain('401');
    const agent = dial({ authorization: 'Bearer credential' });
    await once(agent, 'open');
    agent.terminate();
    server.close();
  });
});
