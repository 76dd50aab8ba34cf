import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { testApi, type Got, type TestApi } from '../support.ts';
import { ACCOUNT, manage, placed } from './asking.ts';

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
});
