import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { TABLES_OF_ACCOUNTS } from '../../../src/store/intents/accountRemoval.ts';
import { clearGoneJobs } from '../../../src/store/maintenance/goneJobs.ts';
import { noStorage, testApi, type Got, type TestApi } from '../support.ts';
import { asking } from './asked.ts';
import { managementParts, SUBSCRIPTION } from './support.ts';

const opened: string[] = [];
const closed: number[] = [];
let it: TestApi;
beforeAll(async () => {
  it = await testApi({
    management: {
      host: {
        open: async ({ name }) => void opened.push(name),
        close: async (number) => void closed.push(number),
      },
    },
  });
});
afterEach(async () => {
  await it.clear();
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
});
afterAll(() => it.close());

const GROUPS = `/subscriptions/${SUBSCRIPTION}/resourceGroups`;

function account(name: string): string {
  return `${GROUPS}/g/providers/Microsoft.Batch/batchAccounts/${name}`;
}

const { ask, polled } = asking(() => it);

async function group(): Promise<void> {
  expect((await ask('PUT', `${GROUPS}/g`, { location: 'West Europe' })).status).toBe(201);
}

async function made(name: string, body: unknown = { location: 'eastus' }): Promise<Got> {
  return polled(await ask('PUT', account(name), body));
}

describe('a resource group', () => {
  test('is made, shown, changed and listed', async () => {
    const { status, json } = await ask('PUT', `${GROUPS}/My.Group`, { location: 'West Europe', tags: { a: 'b' } });
    const group = { id: `${GROUPS}/My.Group`, name: 'My.Group', type: 'Microsoft.Resources/resourceGroups', location: 'westeurope', tags: { a: 'b' }, properties: { provisioningState: 'Succeeded' } };
    expect([status, json]).toEqual([201, group]);
    expect(await ask('PUT', `${GROUPS}/my.group`, { location: 'westeurope', tags: {} })).toMatchObject({ status: 200, json: { name: 'My.Group', tags: {} } });
    expect((await ask('PATCH', `${GROUPS}/MY.GROUP`, { tags: { c: 'd' } })).json.tags).toEqual({ c: 'd' });
    expect((await ask('GET', `/subscriptions/${SUBSCRIPTION}/resourcegroups`)).json.value).toMatchObject([{ name: 'My.Group' }]);
    expect((await ask('HEAD', `${GROUPS}/my.group`)).status).toBe(204);
    expect((await ask('HEAD', `${GROUPS}/other`)).status).toBe(404);
  });

  test.each([
    ['PUT', `${GROUPS}/ends.`, { location: 'westeurope' }, 400, 'InvalidResourceName'],
    ['PUT', `${GROUPS}/${'g'.repeat(91)}`, { location: 'westeurope' }, 400, 'InvalidResourceName'],
    ['PUT', `${GROUPS}/g`, {}, 400, 'MissingRequiredProperty'],
    ['PUT', `${GROUPS}/g`, { location: 7 }, 400, 'InvalidRequestBody'],
    ['PUT', `${GROUPS}/g`, { location: 'atlantis' }, 400, 'LocationNotAvailableForResourceGroup'],
    ['GET', `${GROUPS}/none`, undefined, 404, 'ResourceGroupNotFound'],
    ['GET', '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups', undefined, 404, 'SubscriptionNotFound'],
    ['POST', `${GROUPS}/g`, {}, 405, 'MethodNotAllowed'],
    ['GET', `${GROUPS}/g/providers/Microsoft.Batch/batchAccount`, undefined, 404, 'InvalidResourceType'],
  ])('%s %s %j: %i %s', async (method, path, body, status, code) => {
    expect(await ask(method, path, body)).toMatchObject({ status, json: { error: { code } } });
  });

  test('keeps its location', async () => {
    await group();
    expect(await ask('PUT', `${GROUPS}/G`, { location: 'eastus' })).toMatchObject({ status: 409, json: { error: { code: 'InvalidResourceLocation' } } });
  });
});

describe('an account', () => {
  test('works for who has polled its creation: opened, shown, its keys sign', async () => {
    await group();
    const { status, json, headers } = await made('second', { location: 'East US', tags: { team: 'x' }, properties: { publicNetworkAccess: 'Enabled' } });
    expect(status).toBe(200);
    expect(headers['etag']).toMatch(/^"0x[0-9A-F]+"$/);
    expect(json).toMatchObject({
      id: account('second'),
      name: 'second',
      type: 'Microsoft.Batch/batchAccounts',
      location: 'eastus',
      properties: { accountEndpoint: '127.0.0.1:10800', provisioningState: 'Succeeded', poolAllocationMode: 'BatchService', poolQuota: 100, publicNetworkAccess: 'Enabled', encryption: { keySource: 'Microsoft.Batch' }, allowedAuthenticationModes: ['SharedKey', 'AAD', 'TaskAuthenticationToken'] },
      tags: { team: 'x' },
      identity: { type: 'None' },
    });
    expect(opened).toContain('second');
    const keys = (await ask('POST', `${account('second')}/listKeys`)).json;
    expect(keys).toEqual({ accountName: 'second', primary: expect.stringMatching(/^[\w+/]{86}==$/), secondary: expect.stringMatching(/^[\w+/]{86}==$/) });
    expect((await it.askAs('second', keys.primary, { url: '/pools' })).status).toBe(200);
    expect((await it.askAs('second', keys.secondary, { url: '/pools' })).status).toBe(200);
  });

  test('whose key is replaced is not reached by the former one', async () => {
    await group();
    await made('second');
    const former = (await ask('POST', `${account('second')}/listKeys`)).json;
    const next = (await ask('POST', `${account('second')}/regenerateKeys`, { keyName: 'primary' })).json;
    expect(next).toEqual({ accountName: 'second', primary: expect.any(String), secondary: former.secondary });
    expect(next.primary).not.toBe(former.primary);
    expect((await it.askAs('second', former.primary, { url: '/pools' })).status).toBe(403);
    expect((await it.askAs('second', next.primary, { url: '/pools' })).status).toBe(200);
    expect((await ask('POST', `${account('second')}/listKeys`)).json).toEqual(next);
  });

  test('has keys that only listKeys and regenerateKeys show, and that lie sealed in the database', async () => {
    await group();
    const answers = [await ask('PUT', account('second'), { location: 'eastus' })];
    answers.push(await polled(answers[0] ?? expect.fail()));
    const { primary, secondary } = (await ask('POST', `${account('second')}/listKeys`)).json as Record<'primary' | 'secondary', string>;
    for (const path of [account('second'), `${GROUPS}/g/providers/Microsoft.Batch/batchAccounts`, `${GROUPS}/g/resources`, `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/batchAccounts`]) answers.push(await ask('GET', path));
    answers.push(await ask('PATCH', account('second'), { tags: { a: 'b' } }), await ask('PUT', account('second'), { location: 'eastus' }));
    for (const { text } of answers) for (const key of [primary, secondary]) expect(text).not.toContain(key);
    const stored = await it.pool.query('select account::text from account union all select resource::text from resource union all select long_operation::text from long_operation');
    for (const key of [primary, secondary]) expect(JSON.stringify(stored.rows)).not.toContain(key);
  });

  test('of one name is made once, whoever asks at the same time', async () => {
    await group();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask('PUT', account('second'), { location: 'eastus' })));
    expect(answers.map(({ status }) => status).filter((status) => status === 202)).toHaveLength(1);
    expect(answers.map(({ status }) => status).filter((status) => ![200, 202, 409].includes(status))).toEqual([]);
  });

  test('that is deleted takes what is in it along, and its name is free again', async () => {
    await group();
    await made('second');
    const { primary } = (await ask('POST', `${account('second')}/listKeys`)).json;
    const gone = await ask('DELETE', account('second'));
    expect(gone.headers['location']).toContain(`/providers/Microsoft.Batch/locations/eastus/accountOperationResults/second-`);
    expect(await polled(gone)).toMatchObject({ status: 200, text: '' });
    expect(closed).toHaveLength(1);
    expect((await it.askAs('second', primary, { url: '/pools' })).status).toBe(403);
    expect(await ask('GET', account('second'))).toMatchObject({ status: 404, json: { error: { code: 'ResourceNotFound' } } });
    expect((await ask('DELETE', account('second'))).status).toBe(204);
    expect((await made('second')).status).toBe(200);
  });

  test('that is deleted leaves no row: each table that has an account is emptied of it, or by its owner', async () => {
    const { rows } = await it.pool.query(`select table_name from information_schema.columns where column_name = 'account' and table_schema = current_schema() and table_name !~ '^(journal_|transition_(rest|p?[0-9]))'`);
    const byOwner = ['pool', 'job', 'job_schedule'];
    const itself = ['account', 'resource'];
    const keptForLater = ['gone_job'];
    expect(rows.map(({ table_name: table }) => table as string).toSorted()).toEqual([...TABLES_OF_ACCOUNTS, ...byOwner, ...itself, ...keptForLater].toSorted());
  });

  test('that is deleted while tasks of its jobs are still cleared away does not stop that', async () => {
    await group();
    await made('second');
    await it.pool.query(`insert into gone_job (job, account) select 77, account from account where name = 'second'`);
    await polled(await ask('DELETE', account('second')));
    await clearGoneJobs(it.pool);
    expect((await it.pool.query('select from gone_job')).rowCount).toBe(0);
  });

  test('is changed by PATCH: what is named is replaced, the rest stays', async () => {
    await group();
    await made('second', { location: 'eastus', tags: { a: 'b' } });
    const { json } = await ask('PATCH', account('second'), { properties: { publicNetworkAccess: 'disabled' } });
    expect([json.tags, json.properties.publicNetworkAccess]).toEqual([{ a: 'b' }, 'Disabled']);
  });

  test.each([
    ['PUT', account('ab'), { location: 'eastus' }, 400, 'InvalidResourceName'],
    ['PUT', account('Upper'), { location: 'eastus' }, 400, 'InvalidResourceName'],
    ['PUT', account('mybatchaccount'), { location: 'eastus' }, 409, 'AccountAlreadyExists'],
    ['PUT', account('second'), { location: 'atlantis' }, 400, 'LocationNotAvailableForResourceType'],
    ['PUT', account('second'), {}, 400, 'MissingRequiredProperty'],
    ['PUT', account('second'), { location: 'eastus', properties: { poolAllocationMode: 'UserSubscription' } }, 400, 'InvalidRequestBody'],
    ['PUT', account('second'), { location: 'eastus', properties: { poolAllocationMode: 'Other' } }, 400, 'InvalidPropertyValue'],
    ['PUT', account('second'), { location: 'eastus', properties: { autoStorage: { storageAccountId: 'abc' } } }, 400, 'LinkedInvalidPropertyId'],
    ['PUT', account('second'), { location: 'eastus', properties: { more: 1 } }, 400, 'InvalidRequestBody'],
    ['GET', account('none'), undefined, 404, 'ResourceNotFound'],
    ['POST', `${account('none')}/listKeys`, undefined, 404, 'ResourceNotFound'],
  ])('%s %s %j: %i %s', async (method, path, body, status, code) => {
    await group();
    expect(await ask(method, path, body)).toMatchObject({ status, json: { error: { code } } });
    expect((await ask('GET', `${GROUPS}/g/providers/Microsoft.Batch/batchAccounts`)).json).toEqual({ value: [] });
  });

  test.each([
    ['', 400, 'MissingApiVersionParameter'],
    ['2025', 400, 'InvalidApiVersionParameter'],
  ])('is asked for with an api-version, not %j', async (version, status, code) => {
    expect(await ask('GET', account('second'), undefined, version)).toMatchObject({ status, json: { error: { code } } });
  });

  test('is listed page by page', async () => {
    await group();
    for (const name of ['one', 'two', 'six']) await made(name);
    const list = `${GROUPS}/g/providers/Microsoft.Batch/batchAccounts`;
    const first = await ask('GET', `${list}?$top=2`);
    expect(first.json.value.map(({ name }: { name: string }) => name)).toEqual(['one', 'six']);
    const { pathname, search } = new URL(first.json.nextLink);
    const second = await it.askPlainly({ url: `${pathname}${search}`, headers: { authorization: 'Bearer operator' } });
    expect(second.json.value.map(({ name }: { name: string }) => name)).toEqual(['two']);
    expect(second.json).not.toHaveProperty('nextLink');
  });
});

describe('two at once', () => {
  const other = `${GROUPS}/h`;
  const storage = (group: string): string => `${group}/providers/Microsoft.Storage/storageAccounts/second`;

  async function groups(): Promise<void> {
    await group();
    expect((await ask('PUT', other, { location: 'westeurope' })).status).toBe(201);
  }

  function codes(answers: readonly Got[]): readonly unknown[] {
    return answers.map(({ status, json }) => json?.error?.code ?? status).toSorted();
  }

  test('that make an account of one name in two groups: one has it, and the other group has none', async () => {
    await groups();
    const paths = [account('second'), account('second').replace('/g/', '/h/')];
    const answers = await Promise.all(paths.map((path) => ask('PUT', path, { location: 'eastus' })));
    expect(codes(answers)).toEqual([202, 'AccountAlreadyExists']);
    await Promise.all(answers.filter(({ status }) => status === 202).map(polled));
    expect(codes(await Promise.all(paths.map((path) => ask('GET', path))))).toEqual([200, 'ResourceNotFound']);
  });

  test('that make a storage account of one name in two groups: one has it, and the other group has none', async () => {
    await groups();
    const paths = [storage(`${GROUPS}/g`), storage(other)];
    const answers = await Promise.all(paths.map((path) => ask('PUT', path, { location: 'eastus', kind: 'StorageV2', sku: { name: 'Standard_LRS' } })));
    expect(codes(answers)).toEqual([202, 'StorageAccountAlreadyTaken']);
    expect(codes(await Promise.all(paths.map((path) => ask('GET', path))))).toEqual([200, 'ResourceNotFound']);
  });

  test('that change different things of an account both have changed it', async () => {
    await group();
    await made('second');
    const tags = { team: 'x' };
    const answers = await Promise.all([ask('PATCH', account('second'), { tags }), ask('PATCH', account('second'), { properties: { publicNetworkAccess: 'Disabled' } }), ask('PATCH', account('second'), { properties: { allowedAuthenticationModes: ['AAD'] } })]);
    expect(codes(answers)).toEqual([200, 200, 200]);
    expect((await ask('GET', account('second'))).json).toMatchObject({ tags, properties: { publicNetworkAccess: 'Disabled', allowedAuthenticationModes: ['AAD'] } });
  });

  test('that replace both keys of an account: both are new, and sign', async () => {
    await group();
    await made('second');
    const keys = async (): Promise<Record<'primary' | 'secondary', string>> => (await ask('POST', `${account('second')}/listKeys`)).json;
    const former = await keys();
    expect(codes(await Promise.all(['Primary', 'Secondary'].map((keyName) => ask('POST', `${account('second')}/regenerateKeys`, { keyName }))))).toEqual([200, 200]);
    const next = await keys();
    const answers = await Promise.all([former.primary, former.secondary, next.primary, next.secondary].map((key) => it.askAs('second', key, { url: '/pools' })));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 200]);
  });

  test('that ask for the last place of a region: one account is made, and who polls the other hears why not', async () => {
    await group();
    await it.nextLife({ directory: { ...managementParts().directory, accountQuota: 1 } }, noStorage);
    const answers = await Promise.all(['one', 'two'].map((name) => ask('PUT', account(name), { location: 'eastus' })));
    expect(codes(await Promise.all(answers.map(polled)))).toEqual([200, 'SubscriptionQuotaExceeded']);
    expect((await ask('GET', `${GROUPS}/g/providers/Microsoft.Batch/batchAccounts`)).json.value).toHaveLength(1);
  });
});
