import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPublic } from '../../src/api/webhooks/addresses.ts';
import { backOffMs, givenUp } from '../../src/api/webhooks/backOff.ts';
import { messageBody } from '../../src/api/webhooks/message.ts';
import { post } from '../../src/api/webhooks/post.ts';
import { isSecret, newSecret, signatureHeaders } from '../../src/api/webhooks/signature.ts';

test.each(['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1', 'fd00::1', 'fe80::1', 'fe80::1%eth0', 'ff02::1', '2002:7f00:1::', 'localhost', ''])('%s is no public address', (address) => {
  expect(isPublic(address)).toBe(false);
});

test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '11.0.0.1', '2606:4700:4700::1111', '2a00:1450::1'])('%s is a public address', (address) => {
  expect(isPublic(address)).toBe(true);
});

test('a message is signed as the example of Standard Webhooks is', () => {
  // Of the specification's reference implementations.
  const headers = signatureHeaders('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', seconds: 1_614_265_330, body: '{"test": 2432232314}' });
  expect(headers).toEqual({ 'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek', 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' });
  expect(isSecret(newSecret())).toBe(true);
  expect(['whsec_c2hvcnQ=', 'secret', `whsec_${'a'.repeat(100)}`].map(isSecret)).toEqual([false, false, false]);
});

test('after each failure it takes longer, up to an hour; after a day, or where the endpoint is gone, nobody tries any more', () => {
  expect([1, 2, 3, 10, 40].map((failures) => backOffMs(failures, 1))).toEqual([5_000, 10_000, 20_000, 2_560_000, 3_600_000]);
  expect(backOffMs(1, 0)).toBe(2_500);
  expect(givenUp({ failingSince: 0, now: 86_399_999, status: 500, error: 'it answers 500' })).toBeNull();
  expect(givenUp({ failingSince: 0, now: 86_400_000, status: 500, error: 'it answers 500' })).toBe('Each attempt has failed for a day; the last: it answers 500.');
  expect(givenUp({ failingSince: 5, now: 5, status: 410, error: 'it answers 410' })).toContain('410');
});

test('an event that is too large is sent without what makes it so', () => {
  const event = { specversion: '1.0', id: '1', source: '/a', type: 't', time: 'now', datacontenttype: 'application/json', data: { poolId: 'P', results: 'x'.repeat(70_000) } } as const;
  expect(JSON.parse(messageBody(event))).toEqual({ ...event, data: { poolId: 'P', shortened: true } });
});

describe('what is posted', () => {
  const got: string[] = [];
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((request, response) => {
      got.push(`${request.headers.host} ${request.url}`);
      if (request.url === '/silent') return;
      if (request.url === '/moved') response.writeHead(302, { location: '/elsewhere' });
      response.end('x');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const sent = (url: string, more: Partial<Parameters<typeof post>[0]> = {}) => post({ url, headers: {}, body: '{}', mayBePrivate: false, signal: AbortSignal.timeout(5_000), resolve: async () => [{ address: '127.0.0.1', family: 4 }], ...more });

  test('goes to no private address, by number or by what its name leads to', async () => {
    expect(await sent(`http://127.0.0.1:${port}/`)).toEqual({ status: null, error: '127.0.0.1 leads to 127.0.0.1, which is not a public address' });
    expect(await sent(`http://[::1]:${port}/`)).toMatchObject({ error: expect.stringContaining('not a public address') });
    expect(await sent(`http://inside.example:${port}/`)).toEqual({ status: null, error: 'inside.example leads to 127.0.0.1, which is not a public address' });
    expect(await sent(`http://both.example:${port}/`, { resolve: async () => [{ address: '8.8.8.8', family: 4 }, { address: '10.0.0.1', family: 4 }] })).toMatchObject({ error: expect.stringContaining('10.0.0.1') });
    expect(await sent(`http://0x7f.1:${port}/`)).toMatchObject({ status: null, error: expect.stringContaining('not a public address') });
    expect(got).toEqual([]);
  });

  test('goes to the address that was looked at, whatever the name leads to by then', async () => {
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      return [{ address: '127.0.0.1', family: 4 }];
    };
    expect(await sent(`http://name.invalid:${port}/hook`, { mayBePrivate: true, resolve })).toEqual({ status: 200, error: null });
    expect(asked).toEqual(['name.invalid']);
    expect(got.splice(0)).toEqual([`name.invalid:${port} /hook`]);
  });

  test('is given up where nobody answers', async () => {
    expect(await sent(`http://127.0.0.1:${port}/silent`, { mayBePrivate: true, timeoutMs: 20 })).toEqual({ status: null, error: 'no answer within 0.02 s' });
    got.splice(0);
  });

  test('follows no redirect', async () => {
    expect(await sent(`http://127.0.0.1:${port}/moved`, { mayBePrivate: true })).toEqual({ status: 302, error: 'it redirects (302), which is not followed' });
    expect(got.splice(0)).toEqual([`127.0.0.1:${port} /moved`]);
  });
});
