import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, processesNaming, run } from '../../support/linarite.ts';

/** A recording of an account against a service of its own. */

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'linarite-compared-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const JSON_TYPE = 'application/json; odata=minimalmetadata';
const V = 'api-version=2024-07-01.20.0';
const ACCOUNT = 'https://theirs.westeurope.batch.azure.com';

/** As Azure Batch answers, in the form that the proxy writes. */
function recording(file: string, taskState: string): string {
  const made = { dataserviceversion: '3.0', etag: '0x8DC8F4A1B2C3D4E', 'last-modified': 'Tue, 18 Jun 2024 03:00:00 GMT', location: `${ACCOUNT}/x`, dataserviceid: `${ACCOUNT}/x`, 'request-id': 'aaaaaaaa-0000-4000-8000-000000000001' };
  const read = { dataserviceversion: '3.0', etag: '0x8DC8F4A1B2C3D4E', 'last-modified': 'Tue, 18 Jun 2024 03:00:00 GMT', 'content-type': JSON_TYPE, 'request-id': 'aaaaaaaa-0000-4000-8000-000000000001' };
  const lines = [
    { request: { method: 'POST', path: `/jobs?${V}`, headers: { 'content-type': JSON_TYPE }, body: { json: { id: 'j', poolInfo: { poolId: 'none' } } } }, answer: { status: 201, headers: made, body: null } },
    { request: { method: 'PATCH', path: `/jobs/j?${V}`, headers: { 'content-type': JSON_TYPE, 'if-match': '0x8DC8F4A1B2C3D4E' }, body: { json: { priority: 7 } } }, answer: { status: 200, headers: { ...made, location: undefined, etag: '0x8DC8F4A1B2C3D4F' }, body: null } },
    { request: { method: 'GET', path: `/jobs/j?${V}&$select=id,state,priority,url`, headers: {}, body: null }, answer: { status: 200, headers: read, body: { json: { 'odata.metadata': `${ACCOUNT}/$metadata#jobs/@Element`, id: 'j', url: `${ACCOUNT}/jobs/j`, state: taskState, priority: 7 } } } },
    { request: { method: 'GET', path: `/jobs/none?${V}`, headers: {}, body: null }, answer: { status: 404, headers: { ...read, etag: undefined, 'last-modified': undefined }, body: { json: { 'odata.metadata': `${ACCOUNT}/$metadata#x`, code: 'JobNotFound', message: { lang: 'en-US', value: 'The specified job does not exist.\nRequestId:x\nTime:y' } } } } },
  ];
  const path = join(directory, file);
  writeFileSync(path, [{ linarite: 'recording', version: 1, to: ACCOUNT, begun: '2024-06-18T03:00:00Z' }, ...lines.map((line, index) => ({ number: index + 1, at: '2024-06-18T03:00:00Z', ms: 1, ...line }))].map((line) => `${JSON.stringify(line)}\n`).join(''));
  return path;
}

test('where this service answers as the account did, nothing is shown, and nothing is left behind', async () => {
  const { code, stdout } = await run(LAUNCHER, ['compare', recording('alike.jsonl', 'active')], { timeoutMs: 120_000 });
  expect([code, stdout]).toEqual([0, '4 exchanges: 4 alike, 0 differ\n']);
  expect(processesNaming('linarite-compare-')).toEqual([]);
});

test('a state that is not reached is told apart from a difference', async () => {
  const { code, stdout } = await run(LAUNCHER, ['compare', recording('behind.jsonl', 'completed'), '--patience', '0s'], { timeoutMs: 120_000 });
  expect([code, stdout]).toEqual([0, '4 exchanges: 3 alike, 1 alike but for how far it had come, 0 differ\n']);
});

test('what differs is shown, and the exit code says so', async () => {
  const file = recording('differs.jsonl', 'active');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"priority":7}}}}', '"priority":8,"young":[1]}}}}').replace('JobNotFound', 'JobVanished'));
  const { code, stdout } = await run(LAUNCHER, ['compare', file, '-o', 'json'], { timeoutMs: 120_000 });
  const told = JSON.parse(stdout) as { readonly exchanges: readonly { readonly number: number; readonly outcome: string; readonly differences: readonly unknown[] }[] };
  expect([code, told]).toEqual([1, expect.objectContaining({ there: ACCOUNT, alike: 2, differ: 2 })]);
  expect(told.exchanges.filter(({ outcome }) => outcome === 'differs').map(({ number, differences }) => [number, differences])).toEqual([
    [3, [{ kind: 'value', place: 'priority', there: 8, here: 7 }, { kind: 'missing', place: 'young', there: [1] }]],
    [4, [{ kind: 'value', place: 'code', there: 'JobVanished', here: 'JobNotFound' }]],
  ]);
});
