import { expect, test } from 'vitest';
import { differencesOf } from '../../../src/cli/compare/differences.ts';
import { linesOf } from '../../../src/cli/compare/report.ts';

type Answer = Parameters<typeof differencesOf>[0];

function answer(json: unknown, { status = 200, headers = {} }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {}): Answer {
  return { status, headers, body: json === null ? null : { json } };
}
function told(there: Answer, here: Answer): readonly string[] {
  return differencesOf(there, here).map(({ kind, place }) => `${kind} ${place}`);
}

test('answers that are alike but for times, ETags, addresses, GUIDs and names of nodes do not differ', () => {
  const of = (time: string, etag: string, host: string, guid: string, node: string): Answer =>
    answer({ 'odata.metadata': `https://${host}/$metadata#pools`, id: 'p', url: `https://${host}/pools/p`, eTag: etag, creationTime: time, poolId: `auto_${guid}`, nodes: [{ id: node, ipAddress: host }] }, { headers: { etag, 'last-modified': 'Tue, 18 Jun 2024 03:14:24 GMT', 'content-type': 'application/json; odata=minimalmetadata' } });
  const there = of('2024-06-18T03:14:24Z', '0x8DC8F4A1B2C3D4E', '10.0.0.1', 'aaaaaaaa-0000-4000-8000-000000000001', `tvmps_${'0a'.repeat(32)}_d`);
  const here = of('2026-11-30T18:00:00.123Z', '0x8DF000000000001', '10.0.0.2', 'bbbbbbbb-0000-4000-8000-000000000002', `tvmps_${'1b'.repeat(32)}_d`);
  expect(told(there, here)).toEqual([]);
});

test('members that are missing, added, of another type or of another value are named by where they stand', () => {
  expect(told(answer({ id: 'p', slots: 1, vmSize: 'a', metadata: [{ name: 'n', value: '1' }], old: true }), answer({ id: 'p', slots: '1', vmSize: 'b', metadata: [{ name: 'n', value: '2' }], young: true }))).toEqual(['type slots', 'value vmSize', 'value metadata[n].value', 'missing old', 'added young']);
});

test('items of lists are paired by their names, wherever they stand', () => {
  expect(told(answer({ value: [{ id: 'a', priority: 1 }, { id: 'b' }] }), answer({ value: [{ id: 'c' }, { id: 'a', priority: 2 }] }))).toEqual(['value value[a].priority', 'missing value[b]', 'added value[c]']);
  expect(told(answer({ value: ['x', 'y'] }), answer({ value: ['x', 'z', 'w'] }))).toEqual(['value value[1]', 'added value[2]']);
});

test('how far something has come is no difference of the services', () => {
  expect(told(answer({ id: 't', state: 'completed', executionInfo: { exitCode: 0, retryCount: 0 } }), answer({ id: 't', state: 'active', executionInfo: { retryCount: 0 } }))).toEqual(['progress state', 'progress executionInfo.exitCode']);
});

test('of an answer and a refusal status and code are told, and of two refusals code and sentence', () => {
  const refusal = (code: string, sentence: string, time: string): object => ({ code, message: { lang: 'en-US', value: `${sentence}\nRequestId:x\nTime:${time}` } });
  expect(differencesOf(answer(null, { status: 201 }), answer(refusal('PoolExists', 'It exists.', '1'), { status: 409 }))).toEqual([
    { kind: 'status', place: 'status', there: 201, here: 409 },
    { kind: 'code', place: 'code', there: undefined, here: 'PoolExists' },
  ]);
  expect(told(answer(refusal('A', 'It exists.', '1'), { status: 409 }), answer(refusal('A', 'It exists.', '2'), { status: 409 }))).toEqual([]);
  expect(told(answer(refusal('A', 'It exists.', '1'), { status: 409 }), answer(refusal('B', 'It is there.', '2'), { status: 404 }))).toEqual(['status status', 'value code', 'value message.value']);
});

test('headers that clients read are compared: some by value, others by whether they are there', () => {
  const headers = { etag: '0x1', dataserviceversion: '3.0', 'content-type': 'application/json;odata=minimalmetadata', server: 'there' };
  expect(told(answer({}, { headers }), answer({}, { headers: { etag: '0x2', dataserviceversion: '3.0', 'content-type': 'application/json; odata=minimalmetadata', server: 'here' } }))).toEqual([]);
  expect(told(answer({}, { headers }), answer({}, { headers: { dataserviceversion: '4.0', 'content-type': 'text/plain' } }))).toEqual(['header header content-type', 'header header dataserviceversion', 'header header etag']);
});

test('what is printed says what was there and what is here, and steers no terminal', () => {
  const differences = differencesOf(answer({ vmSize: 'a', old: '\u001b[2J' }), answer({ vmSize: 'b' }));
  expect(linesOf({ number: 3, method: 'GET', path: '/pools/p', status: 200, outcome: 'differs', differences })).toEqual(['3  GET /pools/p  200', '    value    vmSize: "a" there, "b" here', '    missing  old: "\\u001b[2J"']);
  expect(linesOf({ number: 3, method: 'GET', path: '/', status: 200, outcome: 'alike', differences: [] })).toEqual([]);
});
