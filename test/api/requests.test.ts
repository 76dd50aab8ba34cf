import { createServer, request as httpRequest, type Server } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { handlers } from '../../src/api/data/handlers.ts';
import { LIMITS } from '../../src/wire/limits.ts';
import { pageAssets } from '../../src/api/page/assets.ts';
import { operations } from '../../src/wire/operations.ts';
import { session, signatures } from '../wire/fixtures.ts';
import { signed, testApi, UBUNTU, withVersion, type Sent, type TestApi } from './support.ts';

let it: TestApi;
let server: Server;
beforeAll(async () => {
  it = await testApi();
  server = createServer(it.api.handler).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
beforeEach(() => it.clear());
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await it.close();
});

const pool = { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU };
async function said(sent: Sent): Promise<string> {
  const { status, json } = await it.ask(sent);
  return `${status} ${json?.code ?? ''}`.trim();
}

/** Over a real socket: the path goes out as it stands, the names of headers come as they were spelled. */
function raw(method: string, path: string, headers: Readonly<Record<string, string>>, body = ''): Promise<{ status: number; code: string; headerNames: readonly string[] }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.once('end', () => {
        const json = text.startsWith('{') ? (JSON.parse(text) as { code?: string; message?: { value: string } }) : {};
        resolve({ status: answer.statusCode ?? 0, code: json.code ?? '', headerNames: answer.rawHeaders.filter((_, index) => index % 2 === 0) });
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

test('a body that does not come in time is the fault of who sends it', async () => {
  const path = withVersion('/jobs?timeout=1');
  const headers = signed('POST', path, { 'content-type': 'application/json', 'content-length': '10' }, it.now.value);
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = httpRequest({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method: 'POST', path, headers }, (got) => {
      let text = '';
      got.setEncoding('utf8').on('data', (part: string) => (text += part));
      got.once('end', () => {
        resolve({ status: got.statusCode ?? 0, text });
        sent.destroy();
      });
    });
    sent.once('error', reject);
    sent.write('{');
  });
  expect(answer).toMatchObject({ status: 403, text: expect.stringContaining('IOError') });
});

describe('who asks', () => {
  const recorded = signatures.requests.filter(({ key }) => key === 'recorded');
  test('requests that real clients signed pass, %2F and %3A and all', async () => {
    expect(recorded.length).toBeGreaterThan(50);
    for (const { client, method, url, headers, bodyLength } of recorded) {
      it.now.value = Date.parse(headers['ocp-date'] ?? headers['date'] ?? '');
      const { status, code } = await raw(method, url, headers, ' '.repeat(bodyLength));
      expect([401, 403], `${client}: ${method} ${url} ${code}`).not.toContain(status);
    }
    it.now.value = Date.UTC(2026, 10, 20, 12);
  });

  test('a wrong signature is refused with the string that should have been signed', async () => {
    const wrong = `SharedKey mybatchaccount:${Buffer.alloc(32).toString('base64')}`;
    const got = await it.ask({ url: '/pools', headers: { authorization: wrong } });
    expect(got.status).toBe(403);
    expect(got.json).toMatchObject({ code: 'AuthenticationFailed', values: [{ key: 'AuthenticationErrorDetail', value: expect.stringContaining('string to sign') }] });
  });

  test.each([
    ['no credential', '', '400 MissingRequiredHeader'],
    ['a token', 'Bearer abc', '401 AuthenticationFailed'],
    ['an unknown account', `SharedKey nobody:${Buffer.alloc(32).toString('base64')}`, '403 AuthenticationFailed'],
    ['a scheme of another kind', 'Basic abc', '400 InvalidAuthenticationInfo'],
    ['a signature that is none', 'SharedKey mybatchaccount:abc', '400 InvalidAuthenticationInfo'],
  ])('%s', async (_name, authorization, answer) => {
    expect(await said({ url: '/pools', headers: { authorization } })).toBe(answer);
  });

  test('nobody who shows nothing is challenged; who shows something else is told what is taken', async () => {
    const said = async (url: string, headers: Readonly<Record<string, string>>) => it.askPlainly({ method: 'GET', url, headers: { host: 'x', ...headers } });
    const none = await said(withVersion('/pools'), {});
    expect(none).toMatchObject({ status: 400, reason: "An HTTP header that's mandatory for this request is not specified.", json: { code: 'MissingRequiredHeader', values: [{ key: 'HeaderName', value: 'Authorization' }] } });
    expect(none.headers).not.toHaveProperty('www-authenticate');
    expect((await said('/jobs/j/tasks/t/files/stdout.txt', {})).json).toMatchObject({ code: 'MissingRequiredQueryParameter', values: [{ key: 'QueryParameterName', value: 'api-version' }] });
    expect(await said('/pools?api-version=9999-12-31', {})).toMatchObject({ status: 400, json: { code: 'UnsupportedRequestVersion' } });
    const bearer = await said(withVersion('/pools'), { authorization: 'Bearer abc' });
    expect(bearer).toMatchObject({ status: 401, json: { values: [{ key: 'AuthenticationErrorDetail', value: expect.stringContaining('not well formed') }] } });
    const other = await said(withVersion('/pools'), { authorization: `SharedKey nobody:${Buffer.alloc(32).toString('base64')}` });
    expect(other.json.values).toEqual([{ key: 'AuthenticationErrorDetail', value: "There is no account 'nobody' here: this service has the account 'mybatchaccount' only." }]);
  });

  test('a body in chunks, whose length nobody has signed, is not taken', async () => {
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
    const url = withVersion('/jobs/j/terminate');
    const { 'content-length': _length, ...headers } = signed('POST', url, { 'content-length': '0' }, it.now.value);
    expect(await raw('POST', url, { ...headers, 'transfer-encoding': 'chunked' }, '{"terminateReason":"unsigned"}')).toMatchObject({ status: 411, code: 'MissingContentLengthHeader' });
    expect((await it.ask({ url: '/jobs/j' })).json.state).toBe('active');
  });

  test('a date more than 15 minutes off is refused', async () => {
    const at = (minutes: number) => ({ 'ocp-date': new Date(it.now.value + minutes * 60_000).toUTCString() });
    expect(await said({ url: '/pools', headers: at(16) })).toBe('403 AuthenticationFailed');
    expect(await said({ url: '/pools', headers: at(-14) })).toBe('200');
  });
});

describe('what is asked for', () => {
  test.each([
    ['GET', '/nothing', '400 InvalidUri'],
    ['GET', '/pools/p/nothing', '400 InvalidUri'],
    ['PUT', '/pools/p', '405 UnsupportedHttpVerb'],
    ['DELETE', '/pools', '405 UnsupportedHttpVerb'],
    ['GET', '/pools/%ZZ', '400 RequestUrlFailedToParse'],
    ['GET', '/pools?maxresults=0', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?maxresults=1001', '400 OutOfRangeQueryParameterValue'],
    ['GET', '/pools?maxresults=ten', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$filter=nothing%20eq%201', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$filter=id%20eq', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$select=nothing', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$expand=all', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$skiptoken=abc', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?$skiptoken=WyJqb2JzIiwiYSJd', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?nothing=1', '400 UnsupportedQueryParameter'],
    ['GET', '/pools?timeout=soon', '400 InvalidQueryParameterValue'],
    ['GET', '/pools?timeout=3600', '200'],
    ['GET', '/pools?api-version=', '400 MissingRequiredQueryParameter'],
    ['GET', '/pools?api-version=2015-12-01.2.2', '400 UnsupportedRequestVersion'],
    ['GET', '/pools?api-version=newest', '400 UnsupportedRequestVersion'],
    ['GET', '/pools?api-version=2031-01-01', '400 UnsupportedRequestVersion'],
    ['GET', '/pools?api-version=2026-11-20', '200'],
    ['GET', '/pools?API-VERSION=2025-06-01', '200'],
  ])('%s %s: %s', async (method, url, answer) => {
    expect(await said({ method, url })).toBe(answer);
  });

  test('what is known but not served yet says so, with a status that no client repeats', async () => {
    for (const { id, method, path } of operations.filter((operation) => handlers[operation.id] === undefined)) {
      const { status, json } = await it.ask({ method, url: path.replaceAll(/[{}]/g, ''), ...(method === 'GET' || method === 'DELETE' ? {} : { body: {} }) });
      expect([status, json.code]).toEqual([501, 'NotImplemented']);
      expect(json.values).toEqual([{ key: 'Reason', value: `${id} (${method} ${path}) is not served yet. What is served stands in docs/compatibility.md of Linarite.` }]);
    }
  });

  test.each(['/subscriptions/s/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/a?api-version=2024-07-01', '/Subscriptions/s'])('%s without a token is refused in the form of Resource Manager', async (url) => {
    const got = await it.askPlainly({ method: 'GET', url });
    expect(got).toMatchObject({ status: 401, json: { error: { code: 'AuthenticationFailed' } } });
    expect(Object.keys(got.json)).toEqual(['error']);
  });

  test.each(['pools/x', 'pools/x/nodes', 'pools/x/nodes/n', 'pools/x/nodes/n/files', 'jobs/x', 'jobs/x/tasks', 'jobs/x/tasks/t', 'jobs/x/taskcounts', 'jobs/x/tasks/t/files'])(
    '/%s of what is not there is 404',
    async (path) => {
      expect(await said({ url: `/${path}` })).toBe(path.startsWith('pools') ? '404 PoolNotFound' : '404 JobNotFound');
    },
  );

  test('HEAD tells whether a pool is there, without a body', async () => {
    expect(await it.ask({ method: 'HEAD', url: '/pools/p' })).toMatchObject({ status: 404, text: '' });
    await it.ask({ method: 'POST', url: '/pools', body: pool });
    const there = await it.ask({ method: 'HEAD', url: '/pools/p' });
    expect(there).toMatchObject({ status: 200, text: '', headers: { etag: expect.stringMatching(/^0x[0-9A-F]{15}$/), 'last-modified': expect.any(String) } });
  });
});

describe('bodies', () => {
  const padded = (bytes: number): string => {
    const body = JSON.stringify({ ...pool, displayName: '' });
    return `${body}${' '.repeat(bytes - Buffer.byteLength(body))}`;
  };

  test('an answer that goes out before the body came ends its connection, at the latest after a grace', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connectTcp(port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`POST ${withVersion('/pools')} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{`);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part)).on('error', () => {});
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\n(.*\r\n)*Connection: close\r\n/);
    expect(answer).toContain('MissingRequiredHeader');
  });

  test('a body that comes after the answer ends the connection at once, and nothing is left to do after the grace', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(`POST ${withVersion('/pools')} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{`);
      socket.once('data', () => socket.write('}')).on('error', () => {}).resume();
      await closed;
      expect(() => vi.runAllTimers()).not.toThrow();
    } finally {
      vi.useRealTimers();
    }
  });

  test('what is answered at once keeps its connection', async () => {
    expect((await it.askPlainly({ url: '/healthz' })).headers['connection']).not.toBe('close');
  });

  test('who shows no credential does not keep a connection; who signs does', async () => {
    expect((await it.askPlainly({ url: withVersion('/pools') })).headers['connection']).toBe('close');
    expect((await it.ask({ url: '/pools' })).headers['connection']).not.toBe('close');
  });

  test('one megabyte is taken, a byte more is not', async () => {
    expect(await said({ method: 'POST', url: '/pools', body: padded(LIMITS.requestBodyBytes) })).toBe('201');
    const refused = await it.ask({ method: 'POST', url: '/pools', body: padded(LIMITS.requestBodyBytes + 1) });
    expect(refused).toMatchObject({ status: 413, reason: 'The request body is too large and exceeds the maximum permissible limit.', json: { values: [{ key: 'MaxLimit', value: '1048576' }] } });
  });

  test('a client that sends ten megabytes gets to read why they were refused', async () => {
    const url = withVersion('/pools');
    const body = 'x'.repeat(10 * 1024 * 1024);
    const headers = signed('POST', url, { 'content-length': String(body.length), 'content-type': 'application/json' }, it.now.value);
    expect(await raw('POST', url, headers, body)).toMatchObject({ status: 413, code: 'RequestBodyTooLarge' });
  });

  test.each([
    ['{', '400 InvalidRequestBody'],
    ['[]', '400 InvalidRequestBody'],
    ['null', '400 InvalidRequestBody'],
    ['"text"', '400 InvalidRequestBody'],
    ['   ', '400 InvalidRequestBody'],
  ])('a body of %s: %s', async (body, answer) => {
    expect(await said({ method: 'POST', url: '/pools', body })).toBe(answer);
  });

  test.each(['nonsense', ';', '/json', 'application/'])('a Content-Type of %s is refused', async (type) => {
    expect(await said({ method: 'POST', url: '/pools', body: {}, headers: { 'content-type': type } })).toBe('400 InvalidHeaderValue');
  });

  test('an error never repeats a body that does not parse', async () => {
    const { text } = await it.ask({ method: 'POST', url: '/pools', body: '{"password": "secret' });
    expect(text).not.toContain('secret');
  });

  test('a body is needed where the operation has one, and may be missing or empty where it is optional', async () => {
    expect(await said({ method: 'POST', url: '/pools' })).toBe('400 InvalidRequestBody');
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
    const empty = { 'content-type': 'application/json; charset=utf-8', 'content-length': '0' };
    expect(await said({ method: 'POST', url: '/jobs/j/terminate', headers: empty })).toBe('202');
    expect(await said({ method: 'DELETE', url: '/jobs/j', headers: empty })).toBe('202');
  });

  test('a POST that announces neither a length nor chunks is told so', async () => {
    const url = withVersion('/pools');
    const lines = Object.entries(signed('POST', url, { host: 'x', connection: 'close' }, it.now.value)).map(([name, value]) => `${name}: ${value}`);
    const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1');
    socket.end(`POST ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    let answer = '';
    for await (const part of socket.setEncoding('utf8')) answer += part as string;
    expect(answer).toMatch(/^HTTP\/1\.1 411 The Content-Length header was not specified\./);
  });
});

describe('what every answer carries', () => {
  test('headers spelled as the service spells them: azure-batch for Java finds no others', async () => {
    const recorded = new Set(session('cli-extensions-2022').flatMap(({ response }) => Object.keys(response.headers)));
    const spelling = new Map([...recorded, 'Content-Length'].map((name) => [name.toLowerCase(), name]));
    const names = async (method: string, path: string, body = ''): Promise<readonly string[]> => {
      const url = withVersion(path);
      return (await raw(method, url, signed(method, url, { 'content-length': String(body.length) }, it.now.value), body)).headerNames;
    };
    const seen = [...(await names('POST', '/pools', JSON.stringify(pool))), ...(await names('GET', '/pools/p')), ...(await names('HEAD', '/pools/p')), ...(await names('GET', '/pools/none'))];
    expect(seen).toEqual(expect.arrayContaining([...spelling.values()]));
    for (const name of seen) expect(name).toBe(spelling.get(name.toLowerCase()) ?? name);
  });

  test('an id of the request, also in the message of errors; the client’s own if it asks for it', async () => {
    const headers = { 'client-request-id': 'abc', 'return-client-request-id': 'True' };
    const got = await it.ask({ url: '/pools/none', headers });
    expect(got.headers).toMatchObject({ 'request-id': expect.stringMatching(/^[0-9a-f-]{36}$/), 'client-request-id': 'abc', dataserviceversion: '3.0' });
    expect(got.json.message).toEqual({ lang: 'en-US', value: expect.stringContaining(`\nRequestId:${got.headers['request-id']}\nTime:`) });
    expect(got.reason).toBe('The specified pool does not exist.');
    expect((await it.ask({ url: '/pools', headers: { 'client-request-id': 'abc', 'return-client-request-id': 'false' } })).headers).not.toHaveProperty('client-request-id');
  });

  test('links name the host that the client called', async () => {
    await it.ask({ method: 'POST', url: '/pools', body: pool });
    const { json } = await it.ask({ url: '/pools/p', headers: { host: 'batch.example:8443', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil' } });
    expect(json.url).toBe('http://batch.example:8443/pools/p');
  });
});

describe('beside the data plane', () => {
  test.each([
    ['/healthz', 200, 'ok'],
    ['/readyz', 200, 'ready'],
    ['/', 200, 'page'],
    ['/metrics', 200, 'linarite_requests_total'],
  ])('%s answers without a key', async (url, status, text) => {
    await it.ask({ url: '/pools' });
    const got = await it.askPlainly({ url });
    expect(got.status).toBe(status);
    expect(got.text).toContain(text);
  });

  const [asset] = [...pageAssets().keys()].filter((path) => path.startsWith('/assets/'));
  test.each(['/', ...(asset === undefined ? [] : [asset])])('%s may be framed by nobody, and has and asks for nothing from elsewhere', async (url) => {
    const { status, headers } = await it.askPlainly({ url });
    expect([status, headers]).toEqual([200, expect.objectContaining({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin' })]);
    const policy = (headers['content-security-policy'] ?? '').split('; ');
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"]));
    expect(policy.join(' ')).not.toMatch(/unsafe|\*|https?:|data:/);
  });

  test('metrics count requests by operation and status', async () => {
    await it.ask({ url: '/pools/none' });
    expect((await it.askPlainly({ url: '/metrics' })).text).toMatch(/linarite_requests_total\{operation="Pool_Get",status="404"\} \d+/);
  });
});

test('every operation of the table is served or says that it is not', async () => {
  for (const { method, path } of operations) {
    const url = path.replaceAll(/\{\w+\}/g, 'x');
    expect(await said({ method, url }), `${method} ${url}`).toMatch(/^(200$|404|400 InvalidRequestBody|400 LifetimeStatsAPIRetired|501)/);
  }
});
