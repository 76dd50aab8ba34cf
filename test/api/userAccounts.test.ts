import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { opened } from '../../src/store/sealedSpecs.ts';
import { PROTECTED_SSH_KEY, SSH_KEYS } from '../support/sshKeys.ts';
import { SEALING } from './management/support.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const WINDOWS = { imageReference: { publisher: 'microsoftwindowsserver', offer: 'windowsserver', sku: '2022-datacenter' }, nodeAgentSKUId: 'batch.node.windows amd64' };
const PASSWORD = 'correct-horse-battery';
const ACCOUNT = { name: 'task-user', password: PASSWORD };

function pool(members: object): Record<string, unknown> {
  return { id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU, ...members };
}
function add(members: object): Promise<Got> {
  return it.ask({ method: 'POST', url: '/pools', body: pool(members) });
}
function patch(members: object): Promise<Got> {
  return it.ask({ method: 'PATCH', url: '/pools/p', body: members });
}
async function storedPool(): Promise<{ readonly userAccounts: readonly { readonly password: string }[] }> {
  return opened('pool.spec', (await it.pool.query('select spec from pool')).rows[0]?.spec, SEALING);
}
function valuesOf({ json }: Got): Readonly<Record<string, string>> {
  return Object.fromEntries((json?.values ?? []).map(({ key, value }: { key: string; value: string }) => [key, value]));
}

describe('user accounts of a pool', () => {
  test('are answered without their secrets, which are stored as a hash that is sealed', async () => {
    const key = SSH_KEYS.ed25519.private;
    const linuxUserConfiguration = { uid: 1500, gid: 1501, sshPrivateKey: key };
    expect((await add({ userAccounts: [{ ...ACCOUNT, elevationLevel: 'NonAdmin', linuxUserConfiguration }, { ...ACCOUNT, name: 'b' }] })).status).toBe(201);
    for (const url of ['/pools/p', '/pools', '/pools?$select=userAccounts']) {
      const { text } = await it.ask({ url });
      expect(text).toContain('task-user');
      for (const secret of [PASSWORD, '$6$', 'PRIVATE KEY']) expect(text).not.toContain(secret);
    }
    expect((await it.ask({ url: '/pools/p' })).json.userAccounts).toEqual([
      { name: 'task-user', elevationLevel: 'nonadmin', linuxUserConfiguration: { uid: 1500, gid: 1501 } },
      { name: 'b' },
    ]);
    const stored = (await storedPool()).userAccounts.map(({ password }) => password);
    expect(stored).toEqual([expect.stringMatching(/^\$6\$[./\w]{16}\$[./\w]{86}$/), expect.stringMatching(/^\$6\$/)]);
    expect(new Set(stored).size, 'each with a salt of its own').toBe(2);
  });

  test('are replaced as a whole by a PATCH, and stay as they are with one of something else', async () => {
    await add({ userAccounts: [ACCOUNT] });
    const stored = async () => (await storedPool()).userAccounts[0]?.password;
    const before = await stored();
    expect((await patch({ displayName: 'x' })).status).toBe(200);
    expect(await stored()).toBe(before);
    expect((await patch({ userAccounts: [{ name: 'other', password: 'another' }] })).status).toBe(200);
    expect((await it.ask({ url: '/pools/p' })).json.userAccounts).toEqual([{ name: 'other' }]);
    expect(await stored()).not.toBe(before);
    expect(await stored()).toMatch(/^\$6\$/);
    expect((await patch({ userAccounts: [{ name: 'a', password: 'x' }, { name: 'a', password: 'x' }] })).json.code).toBe('InvalidPropertyValue');
  });

  test('cannot be changed while the pool has nodes or is to have some, nor by a version that does not know it', async () => {
    await add({ userAccounts: [ACCOUNT], targetDedicatedNodes: 1 });
    const refused = await patch({ userAccounts: [] });
    expect([refused.status, refused.json.code]).toEqual([409, 'OperationInvalidForCurrentState']);
    expect(refused.text).toContain('userAccounts');
    const old = await it.ask({ method: 'PATCH', url: '/pools/p?api-version=2023-11-01.18.0', body: { userAccounts: [] } });
    expect([old.status, old.json.code]).toEqual([400, 'InvalidRequestBody']);
  });

  test.each([
    ['no password', { name: 'a' }, 'MissingRequiredProperty', 'password'],
    ['no name', { password: 'x' }, 'MissingRequiredProperty', 'name'],
    ['a long name', { name: 'a'.repeat(21), password: PASSWORD }, 'InvalidPropertyValue', 'name'],
    ['a name that ends a line of /etc/passwd', { name: 'a:x\n', password: PASSWORD }, 'InvalidPropertyValue', 'name'],
    ['a name of the node itself', { name: '_azbatch', password: PASSWORD }, 'InvalidPropertyValue', 'name'],
    ['root', { name: 'root', password: PASSWORD, elevationLevel: 'admin' }, 'InvalidPropertyValue', 'name'],
    ['an empty password', { name: 'a', password: '' }, 'InvalidPropertyValue', 'password'],
    ['an unknown elevation', { ...ACCOUNT, elevationLevel: 'god' }, 'InvalidPropertyValue', 'elevationLevel'],
    ['a uid without a gid', { ...ACCOUNT, linuxUserConfiguration: { uid: 5 } }, 'InvalidPropertyValue', 'uid'],
    ['a negative gid', { ...ACCOUNT, linuxUserConfiguration: { uid: 5, gid: -1 } }, 'InvalidPropertyValue', 'gid'],
    ['a user that is root and no administrator', { ...ACCOUNT, linuxUserConfiguration: { uid: 0, gid: 0 } }, 'InvalidPropertyValue', 'uid'],
    ['an administrator that is not root', { ...ACCOUNT, elevationLevel: 'admin', linuxUserConfiguration: { uid: 5, gid: 5 } }, 'InvalidPropertyValue', 'uid'],
    ['a key that is none', { ...ACCOUNT, linuxUserConfiguration: { sshPrivateKey: PASSWORD } }, 'InvalidPropertyValue', 'sshPrivateKey'],
    ['a key with a password', { ...ACCOUNT, linuxUserConfiguration: { sshPrivateKey: PROTECTED_SSH_KEY } }, 'InvalidPropertyValue', 'sshPrivateKey'],
    ['a login mode of Windows', { ...ACCOUNT, windowsUserConfiguration: { loginMode: 'batch' } }, 'InvalidPropertyValue', 'windowsUserConfiguration'],
  ])('with %s are refused, named, and no secret is repeated', async (_name, account, code, property) => {
    const got = await add({ userAccounts: [{ name: 'good', password: PASSWORD }, account] });
    expect([got.status, got.json.code, valuesOf(got)['PropertyName']]).toEqual([400, code, property]);
    expect(got.text).not.toContain(PASSWORD);
    expect(got.text).not.toContain('PRIVATE KEY');
    expect((await it.ask({ url: '/pools/p' })).status).toBe(404);
  });

  test.each([
    ['of the same name', [ACCOUNT, ACCOUNT], 'name'],
    ['of the same uid', [1, 2].map((number) => ({ ...ACCOUNT, name: `a${number}`, linuxUserConfiguration: { uid: 7, gid: number } })), 'uid'],
  ])('two %s are refused', async (_name, userAccounts, property) => {
    const got = await add({ userAccounts });
    expect([got.status, got.json.code, valuesOf(got)['PropertyName']]).toEqual([400, 'InvalidPropertyValue', property]);
  });

  test('of the same name but for case are two on Linux and one on Windows', async () => {
    const userAccounts = [{ name: 'a', password: 'x' }, { name: 'A', password: 'x' }];
    expect((await add({ userAccounts })).status).toBe(201);
    expect((await add({ id: 'w', virtualMachineConfiguration: WINDOWS, userAccounts })).json.code).toBe('InvalidPropertyValue');
  });

  test('of Windows nodes have a login mode, by default that of their kind', async () => {
    expect((await add({ virtualMachineConfiguration: WINDOWS, userAccounts: [{ name: 'Jörg Müller', password: 'x', linuxUserConfiguration: { uid: 1, gid: 1 } }] })).status).toBe(201);
    expect((await it.ask({ url: '/pools/p' })).json.userAccounts).toMatchObject([{ name: 'Jörg Müller', windowsUserConfiguration: { loginMode: 'batch' } }]);
  });
});
