import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ARCHIVE_CONTAINER } from '../../../src/store/logArchive.ts';
import { TABLES_OF_ACCOUNTS } from '../../../src/store/intents/accountRemoval.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import { type KeyedStorageAccount, StorageAccounts } from '../../../src/blobs/accounts.ts';
import type { BlobAccount } from '../../../src/blobs/account.ts';
import { testApi, noStorage, UBUNTU, type Got, type TestApi } from '../support.ts';
import { asking } from './asked.ts';
import { SUBSCRIPTION } from './support.ts';

/**
 * The process is killed at some step of a creation or a deletion: the next one finishes it, and nothing is half-made.
 */

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/second`;

/** Where the process dies: a promise of it never settles. */
type Step = 'open' | 'close' | 'deleteContainer' | 'deleteBlob' | 'serve' | 'stopServing' | 'listContainers';
let dies: Step | null = null;
let reached: () => void = () => undefined;
const deleted: string[] = [];
const opened: string[] = [];

function passes(step: Step): Promise<void> {
  if (dies !== step) return Promise.resolve();
  reached();
  return new Promise(() => undefined);
}

const host = {
  open: async ({ name }: { readonly name: string }) => {
    await passes('open');
    opened.push(name);
  },
  close: () => passes('close'),
};
const storage: BlobAccount = {
  ...noStorage,
  deleteContainer: async (container) => {
    await passes('deleteContainer');
    deleted.push(container);
  },
  deleteBlob: async (container, blob) => {
    await passes('deleteBlob');
    deleted.push(`${container}/${blob}`);
  },
};

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ management: { host }, storage });
});
afterEach(async () => {
  dies = null;
  deleted.length = 0;
  opened.length = 0;
  await it.clear();
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
});
afterAll(() => it.close());

const { ask, polled } = asking(() => it);

async function group(): Promise<void> {
  await insertResource(it.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'eastus' } }, 1);
}

/** Asks, and resolves with the answer when the process has died at the step. */
async function killedAt(step: Step, method: string, body?: unknown): Promise<Got> {
  const dead = new Promise<void>((settle) => (reached = settle));
  dies = step;
  const answer = await ask(method, ACCOUNT, body);
  await dead;
  dies = null;
  return answer;
}

/** Asks what is never answered, since the process dies at the step. */
async function killedAsking(step: Step, method: string, path: string, body?: unknown): Promise<void> {
  const dead = new Promise<void>((settle) => (reached = settle));
  dies = step;
  ask(method, path, body).catch(() => undefined);
  await dead;
  dies = null;
}

/** The next process, with a blob server that goes by no further accounts yet; `held`: containers of each. */
async function livesWith(held: readonly string[]) {
  const containers = new Set(held);
  let served: readonly KeyedStorageAccount[] = [];
  const first = { accountName: 'mystorageaccount', accountKey: 'a2V5', endpoint: 'http://127.0.0.1:1/mystorageaccount' };
  const serve = async (more: readonly KeyedStorageAccount[]): Promise<void> => {
    await passes(more.length === 0 ? 'stopServing' : 'serve');
    served = more;
  };
  const empty = async (): Promise<void> => {
    await passes('listContainers');
    for (const container of containers) {
      await passes('deleteContainer');
      containers.delete(container);
    }
  };
  await it.nextLife({ host }, Object.assign(new StorageAccounts({ first, serve, now: Date.now }), { workplaceOf: () => storage, empty }));
  return { served: () => served.map(({ name, keys }) => [name, keys.length]), containers: () => [...containers] };
}

/** An account with an application, whose packages lie in a container, and an object of the log archive. */
async function filled(): Promise<void> {
  await group();
  expect((await polled(await ask('PUT', ACCOUNT, { location: 'eastus' }))).status).toBe(200);
  await it.pool.query(`insert into application (account, id, id_key, allow_updates, container, created, modified) select account, 'app', 'app', true, 'app-container', 1, 1 from account where name = 'second'`);
  await it.pool.query(`insert into archive_object (account, blob, begun_at) select account, blob, 1 from account, unnest('{one,two}'::text[]) as blob where name = 'second'`);
}

function pathOf({ headers }: Got): string {
  return new URL(headers['location'] ?? '').pathname;
}

/** Rows that anything has of an account beside the first. */
async function left(): Promise<readonly string[]> {
  const found = await Promise.all(TABLES_OF_ACCOUNTS.map(async (table) => ((await it.pool.query(`select from ${table} where account <> 1`)).rowCount === 0 ? [] : [table])));
  const accounts = await it.pool.query<{ name: string }>(`select name from account where name <> 'mybatchaccount' union all select id from resource where id like '%/second'`);
  return [...found.flat(), ...accounts.rows.map(({ name }) => name)];
}

describe('a process that is killed', () => {
  test('while it makes an account: the next one opens it, and who polls gets it with keys that sign', async () => {
    await group();
    const asked = await killedAt('open', 'PUT', { location: 'eastus' });
    expect((await ask('GET', ACCOUNT)).json.properties.provisioningState).toBe('Creating');
    await it.nextLife({ host }, storage);
    expect((await polled(asked)).json.properties.provisioningState).toBe('Succeeded');
    expect(opened).toEqual(['second']);
    const { json } = await ask('POST', `${ACCOUNT}/listKeys`);
    expect((await it.askAs('second', json.primary, { url: '/pools' })).status).toBe(200);
  });

  test.each(['close', 'deleteContainer', 'deleteBlob'] as const)('at %s of a deletion: the next one ends it, with all blobs', async (step) => {
    await filled();
    const asked = await killedAt(step, 'DELETE');
    expect(await left()).not.toEqual([]);
    await it.nextLife({ host }, storage);
    expect((await polled(asked)).status).toBe(200);
    expect(new Set(deleted)).toEqual(new Set(['app-container', `${ARCHIVE_CONTAINER}/one`, `${ARCHIVE_CONTAINER}/two`]));
    expect(await left()).toEqual([]);
    expect((await polled(await ask('PUT', ACCOUNT, { location: 'westeurope' }))).status).toBe(200);
  });

  test('of an earlier build between the rows of an account and its resource: the next one starts, and ends it', async () => {
    await group();
    await insertResource(it.pool, { id: ACCOUNT, type: 'Microsoft.Batch/batchAccounts', spec: { location: 'eastus' }, state: 'Deleting' }, 1);
    await it.nextLife({ host }, storage);
    await expect.poll(left).toEqual([]);
  });
});

describe('an account', () => {
  test('that goes takes the packages of its applications and its log archive along, and nobody else\'s', async () => {
    await filled();
    await it.pool.query(`insert into archive_object (account, blob, begun_at) values (1, 'kept', 1)`);
    expect((await polled(await ask('DELETE', ACCOUNT))).status).toBe(200);
    expect(deleted).toEqual(['app-container', `${ARCHIVE_CONTAINER}/one`, `${ARCHIVE_CONTAINER}/two`]);
  });

  test('that is deleted while it is made is gone in the end: who polls the one reads 409, who polls the other 200', async () => {
    await group();
    let open: () => void = () => undefined;
    const waiting = new Promise<void>((settle) => (open = settle));
    const calls: string[] = [];
    await it.nextLife({ host: { open: async () => void calls.push(await waiting.then(() => 'opened')), close: async () => void calls.push('closed') } }, storage);
    const made = await ask('PUT', ACCOUNT, { location: 'eastus' });
    const gone = await ask('DELETE', ACCOUNT);
    expect([made.status, gone.status]).toEqual([202, 202]);
    // The one waits for the other.
    for (let asked = 0; asked < 20; asked += 1) expect((await ask('GET', pathOf(gone))).status).toBe(202);
    open();
    expect((await polled(gone)).status).toBe(200);
    expect(await polled(made)).toMatchObject({ status: 409, json: { error: { code: 'Conflict', message: expect.stringMatching(/^The account 'second' was deleted before it was made/) } } });
    expect(calls).toEqual(['opened', 'closed']);
    expect(await left()).toEqual([]);
    expect((await ask('GET', ACCOUNT)).status).toBe(404);
  });
});

describe('a storage account, whose process is killed', () => {
  const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/second`;
  const BODY = { location: 'eastus', kind: 'StorageV2', sku: { name: 'Standard_LRS' } };

  test('before the blob server goes by it: the next one has it go by both keys, and it may be made again', async () => {
    await group();
    const { served } = await livesWith([]);
    await killedAsking('serve', 'PUT', STORAGE, BODY);
    expect(served()).toEqual([]);
    const next = await livesWith([]);
    expect(next.served()).toEqual([['second', 2]]);
    expect((await ask('GET', STORAGE)).json.properties.provisioningState).toBe('Succeeded');
    expect((await ask('PUT', STORAGE, BODY)).status).toBe(200);
  });

  test.each(['listContainers', 'deleteContainer', 'stopServing'] as const)('at %s of its deletion: it is not seen half empty, and the next one ends it', async (step) => {
    await group();
    await livesWith(['one', 'two']);
    expect((await polled(await ask('PUT', STORAGE, BODY))).status).toBe(200);
    await killedAsking(step, 'DELETE', STORAGE);
    if (step !== 'stopServing') {
      expect((await ask('GET', STORAGE)).json.properties.provisioningState).toBe('Deleting');
      expect(await ask('PUT', STORAGE, BODY)).toMatchObject({ status: 409, json: { error: { code: 'Conflict' } } });
    }
    const next = await livesWith(step === 'stopServing' ? [] : ['two']);
    await expect.poll(async () => (await ask('GET', STORAGE)).status).toBe(404);
    await expect.poll(() => next.served()).toEqual([]);
    expect(next.containers()).toEqual([]);
    expect((await polled(await ask('PUT', STORAGE, BODY))).status).toBe(200);
  });
});

describe('a resource group, whose process is killed', () => {
  const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/second`;

  test.each(['close', 'deleteBlob', 'listContainers', 'stopServing'] as const)('at %s of its deletion: nothing is made in it, and the next one removes all that was there', async (step) => {
    await filled();
    await livesWith([]);
    expect((await polled(await ask('PUT', STORAGE, { location: 'eastus', kind: 'StorageV2', sku: { name: 'Standard_LRS' } }))).status).toBe(200);
    const dead = new Promise<void>((settle) => (reached = settle));
    dies = step;
    const asked = await ask('DELETE', GROUP);
    await dead;
    dies = null;
    expect((await ask('GET', GROUP)).json.properties.provisioningState).toBe('Deleting');
    expect((await ask('PUT', ACCOUNT, { location: 'eastus' })).status).toBe(409);
    await livesWith([]);
    expect((await polled(asked)).status).toBe(200);
    expect((await ask('GET', GROUP)).status).toBe(404);
    expect(await left()).toEqual([]);
    expect((await ask('PUT', GROUP, { location: 'westeurope' })).status).toBe(201);
    expect((await ask('GET', `${GROUP}/resources`)).json.value).toEqual([]);
  });

  test('as it is made: it is there, or it is not', async () => {
    expect((await ask('PUT', GROUP, { location: 'eastus' })).status).toBe(201);
    await livesWith([]);
    expect((await ask('PUT', GROUP, { location: 'eastus' })).status).toBe(200);
  });
});

describe('a pool, whose process is killed', () => {
  const POOL = `/subscriptions/${SUBSCRIPTION}/resourceGroups/linarite/providers/Microsoft.Batch/batchAccounts/mybatchaccount/pools/p`;
  const BODY = { properties: { vmSize: 'STANDARD_D1_V2', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSkuId: UBUNTU.nodeAgentSKUId } }, scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } } };

  test('after it was answered: it is there as it was asked for, and its deletion is polled until its owner has ended it', async () => {
    await livesWith([]);
    const made = await ask('PUT', POOL, BODY);
    expect(made.status).toBe(200);
    await livesWith([]);
    expect((await ask('GET', POOL)).json.properties).toMatchObject({ vmSize: 'STANDARD_D1_V2', scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } });
    const gone = await ask('DELETE', POOL);
    expect(gone.status).toBe(202);
    await livesWith([]);
    expect((await ask('GET', pathOf(gone))).status).toBe(202);
    expect((await ask('GET', POOL)).json.properties.provisioningState).toBe('Deleting');
    // The owner, whichever process has it, takes in what the inbox holds.
    expect((await it.pool.query(`select from inbox join account using (account) where name = 'mybatchaccount'`)).rowCount).toBeGreaterThan(0);
    await it.pool.query('delete from pool');
    expect((await ask('GET', pathOf(gone))).status).toBe(200);
  });
});

describe('a package', () => {
  const APPLICATION = `${ACCOUNT}/applications/app`;

  test('whose deletion is cut off is nobody\'s from then on, and gone with the next life, blob and row', async () => {
    await filled();
    await it.pool.query(`update resource set spec = '{"location": "eastus", "properties": {"autoStorage": {"storageAccountId": "x"}}}' where account is not null`);
    await it.pool.query(`insert into application_package (application, version, version_key, created, modified, activated_at, activation) select application, '1.0', '1.0', 1, 1, 1, 1 from application`);
    await it.pool.query(`update application set default_version = '1.0'`);
    await killedAsking('deleteBlob', 'DELETE', `${APPLICATION}/versions/1.0`);
    expect((await ask('GET', `${APPLICATION}/versions/1.0`)).json.properties).toMatchObject({ state: 'Pending' });
    expect((await ask('GET', APPLICATION)).json.properties).not.toHaveProperty('defaultVersion');
    expect(await ask('POST', `${APPLICATION}/versions/1.0/activate`, { format: 'zip' })).toMatchObject({ status: 409 });
    await it.nextLife({ host }, storage);
    await expect.poll(async () => (await it.pool.query('select from application_package')).rowCount, { timeout: 30_000 }).toBe(0);
    expect(deleted).toContain('app-container/1.0');
  });
});
