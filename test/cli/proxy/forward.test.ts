import { createServer, request, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { createForwarder, type Forwarder, type ForwarderOptions } from '../../../src/cli/proxy/forward.ts';
import { createReplay } from '../../../src/cli/proxy/replay.ts';
import type { Exchange } from '../../../src/cli/recording/exchange.ts';

/** What passes through the proxy, between a client and an account that are both of the test. */

const JSON_TYPE = 'application/json; odata=minimalmetadata';
const open: Server[] = [];
const forwarders: Forwarder[] = [];
afterEach(() => {
  for (const one of forwarders.splice(0)) one.close();
  for (const one of open.splice(0)) {
    one.close();
    one.closeAllConnections();
  }
});

async function serve(onRequest: RequestListener): Promise<string> {
  const server = createServer(onRequest);
  open.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Standing {
  readonly url: string;
  readonly account: string;
  readonly exchanges: Exchange[];
  readonly said: string[];
}

async function proxyBefore(onRequest: RequestListener, options: Partial<ForwarderOptions> = {}): Promise<Standing> {
  const account = await serve(onRequest);
  const exchanges: Exchange[] = [];
  const said: string[] = [];
  const forwarder = createForwarder({ target: new URL(account), credentials: null, limits: { jsonBytes: 1_000, otherBytes: 10 }, now: () => 0, onExchange: (one) => exchanges.push(one), say: (line) => said.push(line), ...options });
  forwarders.push(forwarder);
  return { url: await serve(forwarder.onRequest), account, exchanges, said };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** By Node.js itself: `fetch` sends headers of its own. */
function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers }, (answer) => {
      text(answer).then((read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: read }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

test('a request goes on as it came, and its answer comes back with the address of the proxy', async () => {
  let seen: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: string } | undefined;
  const { url, account, exchanges } = await proxyBefore(async (incoming, outgoing) => {
    seen = { url: incoming.url, headers: incoming.headers, body: await text(incoming) };
    outgoing.writeHead(201, { 'content-type': JSON_TYPE, location: `${account}/pools/p`, etag: '0x1' }).end(JSON.stringify({ url: `${account}/pools/p` }));
  });
  const body = JSON.stringify({ id: 'p', userAccounts: [{ name: 'u', password: 'pw' }] });
  const answer = await ask(`${url}/pools?api-version=2024-07-01.20.0&%24select=id`, { method: 'POST', headers: { authorization: 'SharedKey a:b', 'content-type': JSON_TYPE, 'content-length': String(body.length), 'ocp-date': 'now', 'accept-encoding': 'gzip' }, body });

  expect(seen).toMatchObject({ url: '/pools?api-version=2024-07-01.20.0&%24select=id', body, headers: { authorization: 'SharedKey a:b', 'ocp-date': 'now', 'content-length': String(body.length), host: new URL(account).host } });
  expect([answer.status, answer.headers.location, answer.headers.etag, JSON.parse(answer.text)]).toEqual([201, `${url}/pools/p`, '0x1', { url: `${url}/pools/p` }]);
  expect(exchanges).toEqual([
    {
      number: 1,
      at: '1970-01-01T00:00:00.000Z',
      ms: 0,
      request: { method: 'POST', path: '/pools?api-version=2024-07-01.20.0&%24select=id', headers: { 'content-type': JSON_TYPE }, body: { json: { id: 'p', userAccounts: [{ name: 'u', password: '(hidden)' }] } } },
      answer: { status: 201, headers: expect.objectContaining({ etag: '0x1', location: `${account}/pools/p` }) as unknown, body: { json: { url: `${account}/pools/p` } } },
    },
  ]);
});

test('a request without a body has none behind the proxy either', async () => {
  const lengths: unknown[] = [];
  const { url } = await proxyBefore((incoming, outgoing) => {
    lengths.push([incoming.method, incoming.headers['content-length'], incoming.headers['transfer-encoding']]);
    outgoing.writeHead(202).end();
  });
  await ask(`${url}/pools/p`, { method: 'DELETE' });
  await ask(`${url}/pools/p/stopresize`, { method: 'POST', headers: { 'content-length': '0' } });
  expect(lengths).toEqual([['DELETE', undefined, undefined], ['POST', '0', undefined]]);
});

test('a file comes while the account still writes it, and its hash is recorded beyond the bound', async () => {
  let goOn: () => void = () => undefined;
  const { url, exchanges } = await proxyBefore((_incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'application/octet-stream' });
    outgoing.write('the first ');
    goOn = () => void outgoing.end('and the last');
  });
  const pieces: string[] = [];
  await new Promise<void>((resolve, reject) => {
    request(`${url}/jobs/j/tasks/t/files/stdout.txt`, (answer) => {
      answer.setEncoding('utf8').on('data', (piece: string) => {
        pieces.push(piece);
        if (pieces.length === 1) goOn();
      });
      answer.once('end', resolve);
      answer.once('error', reject);
    }).end();
  });
  expect(pieces).toEqual(['the first ', 'and the last']);
  expect(exchanges[0]?.answer.body).toMatchObject({ bytes: 22 });
});

test('an account that is not there is a 502 that says so, and nothing is recorded', async () => {
  const { url, exchanges, said } = await proxyBefore((_incoming, outgoing) => void outgoing.end(), { target: new URL('http://127.0.0.1:1') });
  const answer = await ask(`${url}/pools`);
  expect([answer.status, JSON.parse(answer.text)]).toEqual([502, expect.objectContaining({ code: 'AccountUnreachable' })]);
  expect([exchanges, said]).toEqual([[], [expect.stringMatching(/^GET \/pools: http:\/\/127\.0\.0\.1:1 does not answer/)]]);
});

test('that a client sends no credentials is said once, when the account refuses it', async () => {
  const { url, said } = await proxyBefore((_incoming, outgoing) => void outgoing.writeHead(401).end());
  await ask(`${url}/pools`, { headers: { authorization: 'SharedKey a:b' } });
  expect(said).toEqual([]);
  await ask(`${url}/pools`);
  await ask(`${url}/pools`);
  expect(said).toEqual([expect.stringContaining('--sign')]);
});

test('a proxy that signs lends no credentials to web pages', async () => {
  const seen: unknown[] = [];
  const { url } = await proxyBefore(
    (incoming, outgoing) => {
      seen.push(incoming.headers.authorization?.replace(/:.*/, ''));
      outgoing.end();
    },
    { credentials: { kind: 'key', account: 'mine', key: Buffer.alloc(64).toString('base64') } },
  );
  expect((await ask(`${url}/pools`, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
  expect((await ask(`${url}/pools`, { headers: { host: 'evil.example' } })).status).toBe(403);
  expect((await ask(`${url}/pools`)).status).toBe(200);
  expect((await ask(`${url}/pools`, { headers: { authorization: 'SharedKey own:x' } })).status).toBe(200);
  expect(seen).toEqual(['SharedKey mine', 'SharedKey own']);
});

function exchange(number: number, method: string, path: string, body: unknown, answered: unknown): Exchange {
  return {
    number,
    at: '2026-01-01T00:00:00Z',
    ms: 1,
    request: { method, path, headers: {}, body: body === null ? null : { json: body } },
    answer: { status: 200, headers: { 'content-type': JSON_TYPE, 'content-length': '1' }, body: { json: answered } },
  };
}

async function replayOf(...exchanges: readonly Exchange[]): Promise<string> {
  return serve(createReplay({ head: { linarite: 'recording', version: 1, to: 'https://a.r.batch.azure.com', begun: '2026-01-01T00:00:00Z' }, exchanges }).onRequest);
}

test('a replay answers in the order of the recording, and a reading request with its last answer from then on', async () => {
  const path = '/jobs/j?api-version=1&$select=id';
  const url = await replayOf(exchange(1, 'GET', path, null, { state: 'active' }), exchange(2, 'GET', path, null, { state: 'completed', next: 'https://a.r.batch.azure.com/jobs' }));
  const states: unknown[] = [];
  for (let time = 0; time < 3; time++) states.push(JSON.parse((await ask(`${url}/jobs/j?%24select=id&api-version=1`)).text));
  expect(states).toEqual([{ state: 'active' }, { state: 'completed', next: `${url}/jobs` }, { state: 'completed', next: `${url}/jobs` }]);
});

test('a replay tells bodies apart, hidden secrets aside, and names what it has not', async () => {
  const url = await replayOf(exchange(1, 'POST', '/jobs?api-version=1', { id: 'a', environmentSettings: [{ name: 'N', value: '(hidden)' }] }, { was: 'a' }));
  const post = async (body: object, path = '/jobs?api-version=1'): Promise<unknown> => {
    const sent = JSON.stringify(body);
    const { status, text: answered } = await ask(`${url}${path}`, { method: 'POST', headers: { 'content-type': JSON_TYPE, 'content-length': String(sent.length) }, body: sent });
    const { was, code, message } = JSON.parse(answered) as { readonly was?: string; readonly code?: string; readonly message?: { readonly value: string } };
    return was ?? [status, code, message?.value];
  };
  expect(await post({ id: 'b' })).toEqual([404, 'NotRecorded', 'POST /jobs?api-version=1 is in the recording, with another body.']);
  expect(await post({ id: 'a', environmentSettings: [{ name: 'N', value: 'another secret' }] })).toBe('a');
  expect(await post({ id: 'a', environmentSettings: [{ name: 'N', value: 'x' }] })).toEqual([404, 'NotRecorded', 'POST /jobs?api-version=1 with this body is in the recording once, and was answered as often already.']);
  expect(await post({}, '/pools?api-version=1')).toEqual([404, 'NotRecorded', 'POST /pools?api-version=1 is not in the recording.']);
});
