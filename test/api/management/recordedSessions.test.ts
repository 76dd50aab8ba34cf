import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StorageAccounts } from '../../../src/blobs/accounts.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../../support/blobs.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { MANAGEMENT_SESSIONS, session, type Exchange } from '../../wire/fixtures.ts';
import type { VolatileValue } from '../recordedExceptions.ts';
import { differences } from '../recordings.ts';
import { statuses } from '../statuses.ts';
import { testApi, type Got, type TestApi } from '../support.ts';
import { manage } from './asking.ts';
import { RECORDED_EXCEPTIONS, VOLATILE } from './recordedExceptions.ts';
import { SUBSCRIPTION } from './support.ts';

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/myresourcegroup`;
const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/mystorageaccount`;
const BLOB_HOST = 'mystorageaccount.blob.core.windows.net';
const RECORDED_THUMBPRINT = '0123456789abcdef0123456789abcdef01234567';

/** Accounts open and close when the recording says so. */
interface Gate {
  readonly passed: () => Promise<void>;
  open(): void;
}

function gate(): Gate {
  let waiting: (() => void)[] = [];
  return {
    passed: () => new Promise((settle) => waiting.push(settle)),
    open: () => {
      for (const settle of waiting) settle();
      waiting = [];
    },
  };
}

let blobs: TemporaryBlobs;
beforeAll(async () => {
  blobs = await temporaryBlobs();
});
afterAll(() => blobs.remove());

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

/** A service with the group and the storage account of the recordings. `quota`: of accounts in a region. */
async function service(quota: number, accounts: Gate): Promise<TestApi> {
  const storages = new StorageAccounts({ first: blobs.server, serve: (more) => blobs.server.setAccounts(more), now: Date.now });
  await storages.put([{ name: 'mystorageaccount', keys: ['a2V5'] }]);
  const it = await testApi({
    storages,
    management: {
      host: { open: () => accounts.passed(), close: () => accounts.passed() },
      places: { batch: ({ name, location }) => `${name}.${location}.batch.azure.com`, blobs: (name) => `https://${name}.blob.core.windows.net` },
      directory: { tenantId: '00000000-0000-0000-0000-0000000000aa', subscriptionId: SUBSCRIPTION, resourceGroup: 'linarite', location: 'eastus', accountQuota: quota },
    },
  });
  close = () => it.close();
  // The blob server goes by the clock of the machine.
  it.now.value = Date.now();
  await it.pool.query(`update account set name = 'first'`);
  await insertResource(it.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'eastus' } }, 1);
  await insertResource(it.pool, { id: STORAGE, type: 'Microsoft.Storage/storageAccounts', spec: { location: 'eastus', sku: { name: 'Standard_LRS' }, kind: 'StorageV2' } }, 1);
  return it;
}

/** What was there before some exchanges, or what an owner had done by then. */
function states(course: Course): Readonly<Record<string, () => Promise<unknown>>> {
  const { it } = course;
  const { pool } = statuses(it.pool);
  const withoutPools = (): Promise<unknown> => it.pool.query('delete from pool_status; delete from pool');
  const identities = async (): Promise<void> => {
    for (const name of ['identity1', 'identity2']) await insertResource(it.pool, { id: `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`, type: 'Microsoft.ManagedIdentity/userAssignedIdentities', spec: { location: 'eastus', principalId: GUID, clientId: GUID } }, 1);
  };
  const other = async (name: string): Promise<void> => {
    const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/otherresourcegroup`;
    await insertResource(it.pool, { id: group, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'eastus' } }, 1);
    const { rows } = await it.pool.query<{ account: number }>('insert into account (account, name, created) values (77, $1, 1) returning account', [name]);
    await insertResource(it.pool, { id: `${group}/providers/Microsoft.Batch/batchAccounts/${name}`, type: 'Microsoft.Batch/batchAccounts', spec: { location: 'eastus' }, account: rows[0]?.account ?? 0 }, 1);
  };
  return {
    'MG 46': () => it.pool.query(`delete from pool_status; delete from pool where id = 'test_iaas_pool'`),
    'MG 49': withoutPools,
    'AZ 79': identities,
    'EX 48': async () => {
      await manage(it, 'PUT', `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatchaccount`, { location: 'eastus' });
      await other('myaccountxxx');
      const { accounts } = course;
      accounts.open();
      await expect.poll(async () => (await manage(it, 'PUT', `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatchaccount/pools/mypoolxxx`, { properties: { vmSize: 'Standard_D4', deploymentConfiguration: { cloudServiceConfiguration: { osFamily: '5' } } } }, {}, '2022-06-01')).status).toBe(200);
      await pool('mypoolxxx', {});
    },
    'EX 49': () => pool('mypoolxxx', { autoScale: { sequence: 1, evaluatedAt: it.now.value, results: '$TargetDedicatedNodes=34', error: null, option: 'requeue' } }),
  };
}

const GUID = '00000000-0000-4000-8000-000000000000';

/** Recordings put several sessions together, each of which began without the account that it makes. */
async function withoutAccount({ request: { method, url }, response: { status } }: Exchange, { pool }: TestApi): Promise<void> {
  const [, name] = /batchAccounts\/(\w+)\?/.exec(url) ?? [];
  if (method !== 'PUT' || status !== 202 || name === undefined) return;
  await pool.query(`delete from resource where id_key like '%/batchaccounts/' || $1`, [name]);
  await pool.query('delete from account where name = $1', [name]);
}

interface Course {
  readonly it: TestApi;
  readonly accounts: Gate;
  /** Where the last answer says to poll. */
  location: string | undefined;
  /** Where the last package is uploaded. */
  storageUrl: string | undefined;
}

const POLLED = /perationResults\//;

async function ask(exchange: Exchange, course: Course): Promise<Got> {
  const { method, url, body, headers } = exchange.request;
  const sent = JSON.parse(JSON.stringify({ url, body }).replaceAll(RECORDED_THUMBPRINT, CERTIFICATE.thumbprint).replaceAll('BASE64CERTIFICATE==', CERTIFICATE.pfx).replaceAll('"password":"SANITIZED"', '"password":"secret"')) as Exchange['request'];
  if (url.includes(BLOB_HOST)) return upload(String(body ?? 'not recorded'), course);
  if (!POLLED.test(url)) return manage(course.it, method, sent.url, sent.body, headers);
  const { pathname, search } = new URL(course.location ?? '');
  if (exchange.response.status === 202) return manage(course.it, method, `${pathname}${search}`);
  for (;;) {
    course.accounts.open();
    const got = await manage(course.it, method, `${pathname}${search}`);
    if (got.status !== 202) return got;
    course.it.now.value += 10_000;
  }
}

/** As the client does, with nothing but the URL that it was told. */
async function upload(content: string, { it, storageUrl = '' }: Course): Promise<Got> {
  const { host, pathname, search } = new URL(storageUrl);
  return it.askPlainly({ method: 'PUT', url: `${pathname}${search}`, body: content, headers: { host, 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-08-06', 'content-length': String(Buffer.byteLength(content)) } });
}

const used = new Set<unknown>();
const volatile = new Set<VolatileValue>();

/** Of accounts in a region, by session. */
const QUOTAS: Readonly<Record<(typeof MANAGEMENT_SESSIONS)[number], number>> = { 'management-2020': 1, 'az-management-2024': 1_000, 'sdk-management-2022': 1 };

describe('sessions with the real management plane are answered as recorded', () => {
  test.each(MANAGEMENT_SESSIONS)('%s', async (name) => {
    const accounts = gate();
    const it = await service(QUOTAS[name], accounts);
    const course: Course = { it, accounts, location: undefined, storageUrl: undefined };
    const before = states(course);
    const unexplained: string[] = [];
    for (const exchange of session(name)) {
      await before[exchange.name]?.();
      await withoutAccount(exchange, it);
      const got = await ask(exchange, course);
      it.now.value += 1_000;
      course.location = got.headers['location'] ?? course.location;
      course.storageUrl = got.json?.properties?.storageUrl ?? course.storageUrl;
      const recorded = JSON.parse(JSON.stringify(exchange).replaceAll(RECORDED_THUMBPRINT, CERTIFICATE.thumbprint).replaceAll('BASE64CERTIFICATE==', CERTIFICATE.cer)) as Exchange;
      for (const difference of differences(got, recorded, { used: volatile, volatile: VOLATILE })) {
        const row = RECORDED_EXCEPTIONS.find((one) => one.exchanges.test(exchange.name) && one.difference.test(difference));
        if (row === undefined) unexplained.push(`${exchange.name}: ${difference}`);
        else used.add(row);
      }
    }
    expect(unexplained).toEqual([]);
  });

  test('every exception explains a difference', () => {
    expect(RECORDED_EXCEPTIONS.filter((row) => !used.has(row))).toEqual([]);
    expect(VOLATILE.filter((row) => !volatile.has(row))).toEqual([]);
  });
});
