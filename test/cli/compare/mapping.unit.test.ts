import { expect, test } from 'vitest';
import { createLacking } from '../../../src/cli/compare/lacking.ts';
import { createMapping } from '../../../src/cli/compare/mapping.ts';
import type { Exchange } from '../../../src/cli/recording/exchange.ts';

const THERE = 'https://a.westeurope.batch.azure.com';
const HERE = 'http://127.0.0.1:10800';
const AT = '2024-06-18T03:00:00Z';
const NOW = Date.parse('2026-06-18T03:00:00Z');

function asked(method: string, path: string, { headers = {}, json }: { readonly headers?: Readonly<Record<string, string>>; readonly json?: unknown } = {}): Exchange {
  return { number: 1, at: AT, ms: 1, request: { method, path, headers, body: json === undefined ? null : { json } }, answer: { status: 201, headers: {}, body: null } };
}
function answered(json: unknown, headers: Readonly<Record<string, string>> = {}): Exchange['answer'] {
  return { status: 200, headers, body: { json } };
}
function sentBy(mapping: ReturnType<typeof createMapping>, exchange: Exchange): { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly json: unknown } {
  const sent = mapping.requestOf(exchange, NOW);
  if ('unsent' in sent) throw new Error(sent.unsent);
  return { path: sent.path, headers: sent.headers, json: sent.body.length === 0 ? undefined : JSON.parse(sent.body.toString('utf8')) };
}

test('a request names nodes, ETags and pages as they are called here', () => {
  const mapping = createMapping(THERE, HERE);
  const [nodeThere, nodeHere] = [`tvmps_${'0a'.repeat(32)}_d`, `tvmps_${'1b'.repeat(32)}_p`];
  mapping.learn(
    answered({ value: [{ id: nodeThere }], 'odata.nextLink': `${THERE}/pools?api-version=1&$skiptoken=WATV2%3Athere` }, { etag: '0x8DC8F4A1B2C3D4E', 'last-modified': 'Tue, 18 Jun 2024 03:14:24 GMT' }),
    answered({ value: [{ id: nodeHere }], 'odata.nextLink': `${HERE}/pools?api-version=1&$skiptoken=ours%2F1` }, { etag: '0x8DF000000000001', 'last-modified': 'Thu, 18 Jun 2026 02:59:00 GMT' }),
  );
  expect(sentBy(mapping, asked('POST', `/pools/p/nodes/${nodeThere}/reboot?api-version=1`)).path).toBe(`/pools/p/nodes/${nodeHere}/reboot?api-version=1`);
  expect(sentBy(mapping, asked('GET', '/pools?api-version=1&$skiptoken=WATV2:there')).path).toBe('/pools?api-version=1&$skiptoken=ours%2F1');
  expect(sentBy(mapping, asked('PATCH', '/pools/p', { headers: { 'if-match': '0x8DC8F4A1B2C3D4E', 'if-modified-since': 'Tue, 18 Jun 2024 03:14:24 GMT' }, json: { nodeList: [nodeThere], url: `${THERE}/pools/p` } }))).toEqual({
    path: '/pools/p',
    headers: { 'if-match': '0x8DF000000000001', 'if-modified-since': 'Thu, 18 Jun 2026 02:59:00 GMT' },
    json: { nodeList: [nodeHere], url: `${HERE}/pools/p` },
  });
});

test('times keep their distance from the request', () => {
  const sent = sentBy(createMapping(THERE, HERE), asked('GET', `/jobs?$filter=creationTime%20gt%20'2024-06-18T02:00:00Z'`, { headers: { 'if-modified-since': 'Tue, 18 Jun 2024 02:00:00 GMT' }, json: { schedule: { doNotRunUntil: '2024-06-19T03:00:00Z' } } }));
  expect(decodeURIComponent(sent.path)).toBe(`/jobs?$filter=creationTime gt '2026-06-18T02:00:00.000Z'`);
  expect([sent.headers['if-modified-since'], sent.json]).toEqual(['Thu, 18 Jun 2026 02:00:00 GMT', { schedule: { doNotRunUntil: '2026-06-19T03:00:00.000Z' } }]);
});

test('what is not to be changed is sent as it was, byte by byte', () => {
  const path = `/jobs/a%20b?%24select=id%2Cstate&$filter=startswith(id%2C%27x%27)&timeout=30`;
  expect(sentBy(createMapping(THERE, HERE), asked('GET', path)).path).toBe(path);
});

test('a secret that was left out has a stand-in of its form, and a certificate is not sent', () => {
  const mapping = createMapping(THERE, HERE);
  expect(sentBy(mapping, asked('POST', '/pools', { json: { userAccounts: [{ password: '(hidden)' }] } })).json).toEqual({ userAccounts: [{ password: 'Hidden-1-in-a-recording' }] });
  expect(mapping.requestOf(asked('POST', '/certificates', { json: { thumbprint: 'x', data: '(hidden)' } }), NOW)).toEqual({ unsent: 'its body is a certificate, which is a secret' });
});

test('what is about something that could not be made follows from that', () => {
  const lacking = createLacking();
  const differs = { number: 7, method: 'POST', path: '/pools', status: 201, outcome: 'differs', differences: [{ kind: 'status', place: 'status', there: 201, here: 409 }] } as const;
  expect(lacking.told(differs, asked('POST', '/pools?api-version=1', { json: { id: 'P' } })).outcome).toBe('differs');
  const later = { ...differs, number: 9, method: 'GET', differences: [{ kind: 'status', place: 'status', there: 200, here: 404 }] } as const;
  expect(lacking.told(later, asked('GET', '/pools/p/nodes?api-version=1'))).toMatchObject({ outcome: 'follows', reason: 'what request 7 should have made is not there' });
  expect(lacking.told(later, asked('GET', '/pools/other')).outcome).toBe('differs');
});
