import { expect, test } from 'vitest';
import { accountInHost, credentialsOf } from '../../../src/cli/credentials/credentials.ts';

const endpoint = new URL('https://mine.westeurope.batch.azure.com');
const PRINCIPAL = { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's' };

test('a key wins, then a service principal', () => {
  expect(credentialsOf({ account: 'mine', key: 'a2V5', endpoint }, PRINCIPAL)).toEqual({ kind: 'key', account: 'mine', key: 'a2V5' });
  expect(credentialsOf({ account: 'mine', key: undefined, endpoint }, PRINCIPAL)).toMatchObject({ kind: 'token' });
});

test('where nobody is named, it is said how to name somebody', () => {
  expect(() => credentialsOf({ account: 'mine', key: '', endpoint }, { PATH: '/nonexistent' })).toThrow(/^nobody is named who may ask mine\.westeurope\.batch\.azure\.com: set AZURE_BATCH_ACCESS_KEY \(az batch account keys list -n mine /);
  expect(() => credentialsOf({ account: undefined, key: 'a2V5', endpoint: new URL('https://10.0.0.1') }, {})).toThrow('10.0.0.1 does not say the account: give --account');
});

test('the host of an account says its name, in other clouds too', () => {
  expect(accountInHost(endpoint)).toBe('mine');
  expect(accountInHost(new URL('https://mine.chinaeast.batch.chinacloudapi.cn'))).toBe('mine');
  expect(accountInHost(new URL('http://127.0.0.1:10800'))).toBeUndefined();
});
