import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { issuerAt } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, OPERATOR } from '../../../src/api/identity/wellKnown.ts';
import { openKeys } from '../../../src/api/management/batchAccount/keys.ts';
import { IDENTITY, testApi, TOKENS, UBUNTU, withVersion, type Got, type TestApi } from '../support.ts';
import { asking } from './asked.ts';
import { ACCOUNT, GROUP, manage, placed } from './asking.ts';
import { managementParts } from './support.ts';

const lines: Record<string, unknown>[] = [];
let it: TestApi;
beforeAll(async () => {
  it = await testApi({ log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) });
});
beforeEach(async () => {
  await it.clear();
  await placed(it);
});
afterAll(() => it.close());

const HOST = '127.0.0.1:10800';

function patch(properties: object): Promise<Got> {
  return manage(it, 'PATCH', ACCOUNT, { properties });
}

function signIn(): Promise<Got> {
  const body = JSON.stringify({ account: 'mybatchaccount', key: Buffer.alloc(64, 'k').toString('base64') });
  return it.askPlainly({ method: 'POST', url: '/linarite/signin', body, headers: { host: HOST, origin: `http://${HOST}`, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json', 'content-length': String(body.length) } });
}

function operatorToken(): Promise<string> {
  return IDENTITY.tokens.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: issuerAt(`http://${HOST}`), now: it.now.value });
}

/** Asks for a job by each kind of credential that there is. */
async function everyCredential(): Promise<() => Promise<Readonly<Record<string, string>>>> {
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
  const { rows: [task] } = await it.pool.query<{ account: number; job: string; task: string }>('select account, job, task from task join job using (job)');
  const { json, headers } = await signIn();
  const all: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    key: {},
    member: { authorization: `Bearer ${await operatorToken()}` },
    task: { authorization: `Bearer ${TOKENS.issue({ account: Number(task?.account), job: Number(task?.job), task: Number(task?.task), attempt: 1 })}` },
    session: { 'x-linarite-session': json.token, cookie: headers['set-cookie']?.split(';')[0] ?? '' },
  };
  const ask = (name: string): Promise<Got> => (name === 'key' ? it.ask({ url: '/jobs/j' }) : it.askPlainly({ url: withVersion('/jobs/j'), headers: { host: HOST, ...all[name] } }));
  return async () => Object.fromEntries(await Promise.all(Object.keys(all).map(async (name) => [name, await ask(name).then(said)] as const)));
}

function said({ status, json }: Got): string {
  return status === 200 ? '200' : `${status} ${json?.code}`;
}

describe('an account', () => {
  test('that does not allow shared keys takes no signature from the answer on, and shows no keys', async () => {
    expect((await it.ask({ url: '/pools' })).status).toBe(200);
    expect((await patch({ allowedAuthenticationModes: ['AAD'] })).json.properties.allowedAuthenticationModes).toEqual(['AAD']);
    expect(await it.ask({ url: '/pools' })).toMatchObject({ status: 403, json: { code: 'InvalidRestAPIForAccountSetting', values: [{ value: expect.stringContaining('SharedKey') }] } });
    expect((await manage(it, 'POST', `${ACCOUNT}/listKeys`)).status).toBe(403);
    await patch({ allowedAuthenticationModes: ['SharedKey'] });
    expect((await it.ask({ url: '/pools' })).status).toBe(200);
  });

  test('without public network access, or for other addresses only, refuses; Resource Manager still answers', async () => {
    await patch({ publicNetworkAccess: 'Disabled' });
    expect(await it.ask({ url: '/pools' })).toMatchObject({ status: 403, json: { code: 'InvalidRestAPIForAccountSetting' } });
    await patch({ publicNetworkAccess: 'Enabled', networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '192.0.2.0/24' }] } } });
    expect((await it.ask({ url: '/pools' })).status).toBe(403);
    await patch({ networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '127.0.0.0/8' }] } } });
    expect((await it.ask({ url: '/pools' })).status).toBe(200);
    await patch({ networkProfile: { accountAccess: { defaultAction: 'Allow' } } });
    expect((await it.ask({ url: '/pools' })).status).toBe(200);
  });

  test('refuses every credential from where its rules let nobody in, and lets in no session', async () => {
    const ask = await everyCredential();
    const all = { key: '200', member: '200', task: '200', session: '200' };
    const none = Object.fromEntries(Object.keys(all).map((name) => [name, '403 InvalidRestAPIForAccountSetting']));
    const listed = (value: string): object => ({ publicNetworkAccess: 'Enabled', networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value }] } } });
    expect(await ask()).toEqual(all);
    for (const rules of [{ publicNetworkAccess: 'Disabled' }, { publicNetworkAccess: 'SecuredByPerimeter' }, listed('192.0.2.0/24')]) {
      await patch(rules);
      expect([await ask(), said(await signIn())], JSON.stringify(rules)).toEqual([none, '403 InvalidRestAPIForAccountSetting']);
    }
    await patch(listed('127.0.0.0/8'));
    expect([await ask(), said(await signIn())]).toEqual([all, '200']);
    await patch({ networkProfile: { accountAccess: { defaultAction: 'Allow' } } });
  });

  test('in the subscription of its user has no shared keys: none is shown or replaced, and a signature by one is refused', async () => {
    const account = `${GROUP}/providers/Microsoft.Batch/batchAccounts/ofuser`;
    const made = await manage(it, 'PUT', account, { location: 'westeurope', properties: { poolAllocationMode: 'UserSubscription', keyVaultReference: { id: `${GROUP}/providers/Microsoft.KeyVault/vaults/v`, url: 'https://v.vault.example/' } } });
    expect((await asking(() => it).polled(made)).json.properties).toMatchObject({ poolAllocationMode: 'UserSubscription', allowedAuthenticationModes: ['AAD', 'TaskAuthenticationToken'] });
    for (const [path, body] of [['listKeys', undefined], ['regenerateKeys', { keyName: 'Primary' }]] as const) expect(await manage(it, 'POST', `${account}/${path}`, body), path).toMatchObject({ status: 403, json: { error: { code: 'InvalidRestAPIForAccountSetting' } } });
    const { rows: [row] } = await it.pool.query<{ keys: string }>(`select keys from account where name = 'ofuser'`);
    const { primary } = openKeys(managementParts().sealing, row?.keys ?? '');
    expect(said(await it.askAs('ofuser', primary, { url: '/pools' }))).toBe('403 InvalidRestAPIForAccountSetting');
    expect((await it.askPlainly({ url: withVersion('/pools'), headers: { host: `ofuser.localhost:10800`, authorization: `Bearer ${await operatorToken()}` } })).status).toBe(200);
    await it.clear();
    await it.pool.query(`delete from account where name = 'ofuser'`);
  });

  test.each([
    { networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '10.0.0.0/99' }] } } },
    { networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Deny', value: '10.0.0.0/8' }] } } },
    { networkProfile: { accountAccess: { defaultAction: 'Perhaps' } } },
    { publicNetworkAccess: 'Sometimes' },
    { allowedAuthenticationModes: ['Password'] },
  ])('refuses %j', async (properties) => {
    expect(await patch(properties)).toMatchObject({ status: 400, json: { error: { code: 'InvalidPropertyValue' } } });
  });

  test('has a line in the log for each write, whatever became of it, and none for reads', async () => {
    lines.length = 0;
    await manage(it, 'GET', ACCOUNT);
    await patch({ publicNetworkAccess: 'Enabled' });
    await patch({ publicNetworkAccess: 'Sometimes' });
    const writes = lines.filter(({ msg }) => msg === 'management write');
    expect(writes).toMatchObject([
      { operation: 'BatchAccount_Update', path: ACCOUNT, objectId: 'o', name: 'operator', status: 200 },
      { operation: 'BatchAccount_Update', path: ACCOUNT, code: 'InvalidPropertyValue' },
    ]);
  });

  test('has a line for each write of a deployment, as whoever deploys', async () => {
    lines.length = 0;
    const deployment = `${GROUP}/providers/Microsoft.Resources/deployments/d`;
    const identity = { type: 'Microsoft.ManagedIdentity/userAssignedIdentities', apiVersion: '2023-01-31', name: 'mine', location: 'westeurope' };
    const refused = { ...identity, name: 'x', dependsOn: ['mine'] };
    const template = { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [identity, refused] };
    expect((await manage(it, 'PUT', deployment, { properties: { mode: 'Incremental', template } }, {}, '2022-09-01')).status).toBe(201);
    while ((await manage(it, 'GET', deployment, undefined, {}, '2022-09-01')).json.properties.provisioningState === 'Running');
    const path = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
    expect(lines.filter(({ msg }) => msg === 'management write')).toMatchObject([
      { operation: 'Deployments_CreateOrUpdate', path: deployment, status: 201 },
      { operation: 'UserAssignedIdentities_CreateOrUpdate', path: `${path}/mine`, objectId: 'o', name: 'operator', by: 'deployment', status: 201 },
      { operation: 'UserAssignedIdentities_CreateOrUpdate', path: `${path}/x`, by: 'deployment', code: 'InvalidResourceName' },
    ]);
  });

  test('has a line as a key is replaced, without the key', async () => {
    lines.length = 0;
    const { json } = await manage(it, 'PUT', `${GROUP}/providers/Microsoft.Storage/storageAccounts/keyed`, {});
    expect(json.error.code).toBe('MissingRequiredProperty');
    await manage(it, 'POST', `${ACCOUNT}/regenerateKeys`, { keyName: 'Primary' });
    expect(lines.filter(({ msg }) => msg === 'management write')).toMatchObject([{ operation: 'StorageAccounts_Create' }, { operation: 'BatchAccount_RegenerateKey', path: `${ACCOUNT}/regenerateKeys` }]);
  });
});
