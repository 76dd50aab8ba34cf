import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FULL_STORAGE, placedWithStorage } from '../../contract/management/scenario.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { testApi, type Got, type TestApi } from '../support.ts';
import { ACCOUNT, GROUP, manage } from './asking.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ storage: FULL_STORAGE });
});
beforeEach(async () => {
  await it.clear();
  await placedWithStorage(it);
});
afterAll(() => it.close());

const MACHINE = { vmSize: 'Standard_A1_v2', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } } };

interface Kind {
  readonly path: string;
  readonly put: object;
  readonly patch?: object;
  readonly version?: string;
  /** What it is in. */
  readonly before?: readonly [path: string, body: object];
  readonly change?: readonly [method: string, path: string, body: object];
}

const SECOND = ACCOUNT.replace('mybatchaccount', 'second');
/** Whatever has an ETag. */
const KINDS: Readonly<Record<string, Kind>> = {
  account: { path: SECOND, put: { location: 'westeurope' }, patch: { tags: { a: 'c' } } },
  pool: { path: `${ACCOUNT}/pools/p`, put: { properties: MACHINE }, patch: { properties: { metadata: [{ name: 'a', value: 'b' }] } } },
  application: { path: `${ACCOUNT}/applications/app`, put: {}, patch: { properties: { displayName: 'x' } } },
  package: { path: `${ACCOUNT}/applications/app/versions/1.0`, put: {}, before: [`${ACCOUNT}/applications/app`, {}], change: ['POST', `${ACCOUNT}/applications/app/versions/1.0/activate`, { format: 'zip' }] },
  certificate: { path: `${ACCOUNT}/certificates/sha1-${CERTIFICATE.thumbprint}`, put: { properties: { data: CERTIFICATE.pfx, format: 'Pfx', password: 'secret' } }, version: '2024-07-01' },
};

async function settled(ask: Promise<Got>): Promise<Got> {
  const got = await ask;
  if (got.status !== 202 || got.headers['location'] === undefined) return got;
  const { pathname, search } = new URL(got.headers['location']);
  for (;;) {
    const polled = await manage(it, 'GET', `${pathname}${search}`);
    if (polled.status !== 202) return polled;
  }
}

describe.each(Object.entries(KINDS))('the ETag of %s', (name, { path, put, patch, version, before, change }) => {
  const ask = (method: string, body?: object, headers = {}, at = path): Promise<Got> => manage(it, method, at, body, headers, version);
  const made = async (): Promise<string> => {
    if (before !== undefined) await ask('PUT', before[1], {}, before[0]);
    await settled(ask('PUT', put));
    return (await ask('GET')).headers['etag'] ?? 'none';
  };
  const refused = { status: 412, json: { error: { code: 'ConditionNotMet' } } };

  test('holds off who would make one where there must be one, or where there must be none', async () => {
    if (before !== undefined) await ask('PUT', before[1], {}, before[0]);
    expect(await ask('PUT', put, { 'if-match': '*' })).toMatchObject(refused);
    expect((await ask('GET')).status).toBe(404);
    expect((await settled(ask('PUT', put, { 'if-none-match': '*' }))).status).toBe(200);
    expect(await ask('PUT', put, { 'if-none-match': '*' })).toMatchObject(refused);
  });

  test('holds off who would change or delete another state of it', async () => {
    const etag = await made();
    expect(etag).toMatch(/^(W\/)?"0x[0-9A-F]+"$/);
    const wrong = { 'if-match': '"0x8DD000000000000"' };
    expect(await ask('PUT', put, wrong)).toMatchObject(refused);
    if (patch !== undefined) expect(await ask('PATCH', patch, wrong)).toMatchObject(refused);
    if (change !== undefined) expect(await ask(change[0], change[2], wrong, change[1])).toMatchObject(refused);
    expect(await ask('DELETE', undefined, wrong)).toMatchObject(refused);
    expect((await ask('GET')).headers['etag']).toBe(etag);
    it.now.value += 1_000;
    if (patch !== undefined) expect((await ask('PATCH', patch, { 'if-match': etag })).status).toBe(200);
    if (change !== undefined) expect((await ask(change[0], change[2], { 'if-match': etag }, change[1])).status).toBe(200);
    if (patch !== undefined || change !== undefined) expect(await ask('DELETE', undefined, { 'if-match': etag })).toMatchObject(refused);
    const now = (await ask('GET')).headers['etag'] ?? '';
    const gone = await ask('DELETE', undefined, { 'if-match': now });
    expect([200, 202]).toContain(gone.status);
    // What goes on of it would meet the rows of the next test.
    if (name === 'account') await settled(Promise.resolve(gone));
  });

  test('lets one of those through that make it at the same time, each the first', async () => {
    if (before !== undefined) await ask('PUT', before[1], {}, before[0]);
    const all = await Promise.all(Array.from({ length: 5 }, () => ask('PUT', put, { 'if-none-match': '*' })));
    const wins = all.filter(({ status }) => status < 300);
    expect(wins).toHaveLength(1);
    const others = all.filter(({ status }) => status >= 300).map(({ json }) => json.error.code as string);
    expect(others.filter((code) => code !== 'ConditionNotMet' && code !== 'AccountAlreadyExists')).toEqual([]);
  });
});

describe('of several that make the same at the same time', () => {
  const plain: readonly (readonly [string, string, object])[] = [
    ['resource group', `${GROUP}2`, { location: 'westeurope' }],
    ['storage account', `${GROUP}/providers/Microsoft.Storage/storageAccounts/fresh`, { sku: { name: 'Standard_LRS' }, kind: 'StorageV2', location: 'westeurope' }],
    ['identity', `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/fresh`, { location: 'westeurope' }],
    ['application', KINDS['application']?.path ?? '', {}],
    ['pool', KINDS['pool']?.path ?? '', KINDS['pool']?.put ?? {}],
  ];
  test.each(plain)('%s: there is one', async (_name, path, body) => {
    const all = await Promise.all(Array.from({ length: 5 }, () => manage(it, 'PUT', path, body)));
    for (const { status, text } of all) expect([200, 201, 202], text).toContain(status);
    expect(all.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1);
    expect((await manage(it, 'GET', path)).status).toBe(200);
  });
});
