import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testApi, type Got, type TestApi } from '../support.ts';
import { ACCOUNT, GROUP, manage, placed } from './asking.ts';

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

function patch(properties: object): Promise<Got> {
  return manage(it, 'PATCH', ACCOUNT, { properties });
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
