import { describe, expect, test } from 'vitest';
import { dataContract } from '../../src/wire/dataContract.ts';
import { withJobDefaults, withPoolDefaults, withTaskDefaults } from '../../src/wire/defaults.ts';
import { BatchError, errorBody } from '../../src/wire/errors.ts';
import { matchOperation } from '../../src/wire/operations.ts';
import { readQuery } from '../../src/wire/query.ts';
import { formatHttpDate, parseTimestamp } from '../../src/wire/timestamps.ts';
import type { Shapes } from '../../src/wire/types.generated.ts';
import { parseApiVersion, type ApiVersion } from '../../src/wire/versions.ts';
import { etagOf, msOfTicks, ticksOfMs } from './ticks.ts';
import { clientBodies, session, type Exchange } from './fixtures.ts';

const recorded = parseApiVersion('2022-01-01.15.0');
const exchanges = session('cli-extensions-2022');

function split(url: string): readonly [string, string] {
  const [path = '', query = ''] = url.split('?');
  return [path, query];
}

function exchange(name: string): Exchange {
  const found = exchanges.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no exchange ${name}`);
  return found;
}

type Body = Readonly<Record<string, unknown>>;

function answer(name: string): Body {
  return exchange(name).response.body as Body;
}

function body<Name extends keyof Shapes>(shape: Name, name: string, version: ApiVersion = recorded): Shapes[Name] {
  return dataContract.readBody(shape, version, exchange(name).request.body);
}

describe('the real service, recorded', () => {
  test.each(exchanges.map((one) => [one.name, one] as const))('%s: its operation is known, its query and its body are read', (_name, one) => {
    const [path, query] = split(one.request.url);
    const { operation } = matchOperation(one.request.method, path);
    expect(readQuery(operation, query).version).toEqual(recorded);
    if (one.response.status < 400) expect(one.response.status).toBe(operation.status);
    expect(one.response.headers['DataServiceId'] !== undefined, 'DataServiceId').toBe(one.response.status < 400 && operation.dataServiceId === true);
    expect(operation.body === undefined).toBe(one.request.body === undefined);
    if (operation.body === undefined) return;
    const read = (): unknown => dataContract.readBody(operation.body ?? 'PoolAdd', recorded, one.request.body);
    expect(read).not.toThrow();
  });

  const answers = exchanges.filter(({ response }) => response.status === 200 && response.body !== undefined);

  test.each(answers.map((one) => [one.name, one] as const))('%s: the answer is written again as it was, in the same order', (_name, one) => {
    const { operation } = matchOperation(one.request.method, split(one.request.url)[0]);
    const { 'odata.metadata': metadata, ...canonical } = one.response.body as Body;
    const written = dataContract.writeBody(operation.response ?? 'Pool', recorded, canonical as unknown as Shapes['Pool'], String(metadata));
    expect(JSON.stringify(written)).toBe(JSON.stringify(one.response.body));
  });

  test('a pool reads back as sent, with the defaults of the service', () => {
    const pool = withPoolDefaults(body('PoolAdd', 'CX 2'), recorded);
    const read = answer('CX 4');
    const status = Object.fromEntries(
      ['url', 'eTag', 'lastModified', 'creationTime', 'state', 'stateTransitionTime', 'allocationState', 'allocationStateTransitionTime', 'currentDedicatedNodes', 'currentLowPriorityNodes'].map((name) => [name, read[name]]),
    );
    const written = dataContract.writeBody('Pool', recorded, { ...pool, ...status } as unknown as Shapes['Pool'], String(read['odata.metadata']));
    expect(JSON.stringify(written)).toBe(JSON.stringify(read));
  });

  test('a job reads back as sent, with the defaults of the service', () => {
    const job = withJobDefaults(body('JobAdd', 'CX 8'));
    const read = answer('CX 10');
    const status = Object.fromEntries(['url', 'eTag', 'lastModified', 'creationTime', 'state', 'stateTransitionTime', 'executionInfo'].map((name) => [name, read[name]]));
    const written = dataContract.writeBody('Job', recorded, { ...job, ...status } as unknown as Shapes['Job'], String(read['odata.metadata']));
    expect(JSON.stringify(written)).toBe(JSON.stringify(read));
  });

  test('a task reads back as sent, with the defaults of the service and of its job', () => {
    const [sent] = body('TaskAddCollection', 'CX 9').value;
    const task = withTaskDefaults(sent ?? { id: '', commandLine: '' }, withJobDefaults(body('JobAdd', 'CX 8')));
    const read = answer('CX 13');
    const status = Object.fromEntries(
      ['url', 'eTag', 'creationTime', 'lastModified', 'state', 'stateTransitionTime', 'previousState', 'previousStateTransitionTime', 'executionInfo', 'nodeInfo'].map((name) => [name, read[name]]),
    );
    const written = dataContract.writeBody('Task', recorded, { ...task, ...status } as unknown as Shapes['Task'], String(read['odata.metadata']));
    expect(JSON.stringify(written)).toBe(JSON.stringify(read));
  });

  test('the error body of a pool that exists', () => {
    const { response } = exchange('CX 28');
    const read = response.body as { message: { value: string } };
    const [sentence, requestId] = read.message.value.split('\n');
    const error = new BatchError('PoolExists');
    expect([error.status, error.message]).toEqual([409, response.reason]);
    expect(sentence).toBe(error.message);
    const timeMs = parseTimestamp(read.message.value.split('\nTime:')[1] ?? '') ?? Number.NaN;
    const ours = errorBody(error, { requestId: requestId?.replace('RequestId:', '') ?? '', nowMs: timeMs, baseUrl: 'https://mybatchaccount.uksouth.batch.azure.com' });
    const toMs = (text: string): string => text.replace(/(\.\d{3})\d+Z/g, '$1Z');
    expect(JSON.stringify(ours)).toBe(toMs(JSON.stringify(read)));
  });

  test('an ETag is the tick count of lastModified', () => {
    const pool = answer('CX 3');
    const ms = parseTimestamp(String(pool['lastModified'])) ?? Number.NaN;
    // Four digits below the millisecond: .5153711
    expect(etagOf(ticksOfMs(ms) + 3711n)).toBe(pool['eTag']);
    expect(msOfTicks(BigInt(String(pool['eTag'])))).toBe(ms);
    expect(formatHttpDate(ms)).toBe(exchange('CX 3').response.headers['Last-Modified']);
  });
});

describe('bodies that real clients sent', () => {
  test.each(clientBodies.map((one, index) => [index, one.client, one.method, one.url, one] as const))('%i %s: %s %s is taken', (_index, _client, _method, _url, one) => {
    const [path, query] = split(one.url);
    const { operation } = matchOperation(one.method, path);
    const { version } = readQuery(operation, query);
    expect(operation.body).toBeDefined();
    expect(Object.keys(dataContract.readBody(operation.body ?? 'PoolAdd', version, one.body)).toSorted()).toEqual(Object.keys(one.body as object).toSorted());
  });
});
