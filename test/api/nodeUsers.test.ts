import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NodeState } from '../../src/core/status.ts';
import type { NodeAnswer, ClientAsk } from '../../src/ports.ts';
import { SSH_KEYS } from '../support/sshKeys.ts';
import { statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let answer: NodeAnswer;
let asked: ClientAsk[];
beforeAll(async () => {
  it = await testApi({
    nodeRequests: {
      ask: (_account, _node, ask) => {
        asked.push(ask);
        return Promise.resolve(answer);
      },
    },
  });
});
beforeEach(async () => {
  await it.clear();
  [answer, asked] = [{ kind: 'done' }, []];
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 1 } });
  await statuses(it.pool).node('p', { id: 'n', state: 'idle' });
});
afterAll(() => it.close());

const PASSWORD = 'correct-horse-battery';
const KEY = SSH_KEYS.ed25519.public;
const GOOD = { name: 'alice', password: PASSWORD };
function add(body: object, pool = 'p', node = 'n'): Promise<Got> {
  return it.ask({ method: 'POST', url: `/pools/${pool}/nodes/${node}/users`, body });
}
function put(body: object, name = 'alice'): Promise<Got> {
  return it.ask({ method: 'PUT', url: `/pools/p/nodes/n/users/${name}`, body });
}
function remove(name = 'alice'): Promise<Got> {
  return it.ask({ method: 'DELETE', url: `/pools/p/nodes/n/users/${name}` });
}
function settings(): Promise<Got> {
  return it.ask({ url: '/pools/p/nodes/n/remoteloginsettings' });
}
function said({ status, json }: Got): string {
  return `${status} ${json?.code ?? ''}`.trim();
}
function named({ json }: Got): string {
  return json?.values?.find(({ key }: { key: string }) => key === 'PropertyName')?.value ?? '';
}
const HASH = expect.stringMatching(/^\$6\$[./\w]{16}\$[./\w]{86}$/);

describe('users of a node', () => {
  test('are asked of its agent, with a hash in the place of the password and a day to live', async () => {
    const created = await add({ ...GOOD, isAdmin: true, sshPublicKey: `${KEY} somebody@somewhere\n` });
    expect([created.status, created.text]).toEqual([201, '']);
    expect(created.headers['location']).toMatch(/\/pools\/p\/nodes\/n\/users\/alice$/);
    expect(created.headers['etag']).toBeUndefined();
    expect((await put({ expiryTime: '2040-01-01T00:00:00Z' })).status).toBe(200);
    expect((await remove()).status).toBe(200);
    expect(asked).toEqual([
      { kind: 'addUser', name: 'alice', isAdmin: true, access: { expiresAt: it.now.value + 86_400_000, passwordHash: HASH, publicKey: `${KEY} somebody@somewhere` } },
      { kind: 'replaceUser', name: 'alice', access: { expiresAt: Date.UTC(2040, 0), passwordHash: null, publicKey: null } },
      { kind: 'deleteUser', name: 'alice' },
    ]);
  });

  test.each([
    ['no name', { password: PASSWORD }, 'MissingRequiredProperty', 'name'],
    ['neither password nor key', { name: 'alice' }, 'MissingRequiredProperty', 'password'],
    ['an empty name', { ...GOOD, name: '' }, 'InvalidPropertyValue', 'name'],
    ['a long name', { ...GOOD, name: 'a'.repeat(21) }, 'InvalidPropertyValue', 'name'],
    ['a name that ends a line of /etc/passwd', { ...GOOD, name: 'a:x\n' }, 'InvalidPropertyValue', 'name'],
    ['a name that matches others', { ...GOOD, name: '*' }, 'InvalidPropertyValue', 'name'],
    ['a name that leaves /home', { ...GOOD, name: '../x' }, 'InvalidPropertyValue', 'name'],
    ['the name of root', { ...GOOD, name: 'root' }, 'InvalidPropertyValue', 'name'],
    ['a name of the node itself', { ...GOOD, name: '_azbatchtask_1' }, 'InvalidPropertyValue', 'name'],
    ['an empty password', { ...GOOD, password: '' }, 'InvalidPropertyValue', 'password'],
    ['a long password', { ...GOOD, password: 'x'.repeat(1025) }, 'InvalidPropertyValue', 'password'],
    ['a private key', { ...GOOD, sshPublicKey: SSH_KEYS.ed25519.private }, 'InvalidPropertyValue', 'sshPublicKey'],
    ['a key with options', { ...GOOD, sshPublicKey: `command="id" ${KEY}` }, 'InvalidPropertyValue', 'sshPublicKey'],
    ['two keys', { ...GOOD, sshPublicKey: `${KEY}\n${KEY}` }, 'InvalidPropertyValue', 'sshPublicKey'],
    ['a key of another kind than it says', { ...GOOD, sshPublicKey: KEY.replace('ssh-ed25519', 'ssh-rsa') }, 'InvalidPropertyValue', 'sshPublicKey'],
    ['a key that is cut off', { ...GOOD, sshPublicKey: KEY.slice(0, 20) }, 'InvalidPropertyValue', 'sshPublicKey'],
    ['an end that has been', { ...GOOD, expiryTime: '2020-01-01T00:00:00Z' }, 'InvalidPropertyValue', 'expiryTime'],
  ])('with %s are refused, and no secret is repeated', async (_name, body, code, property) => {
    const got = await add(body);
    expect([said(got), named(got)]).toEqual([`400 ${code}`, property]);
    for (const secret of [PASSWORD, 'PRIVATE', 'AAAA', 'xxxx']) expect(got.text).not.toContain(secret);
    if ('name' in body && body.name === 'alice' && 'password' in body) {
      const { name: _name, ...rest } = body;
      expect(said(await put(rest))).toBe(`400 ${code}`);
    }
    expect(asked).toEqual([]);
  });

  test.each([
    ['wrong types', { ...GOOD, isAdmin: 'yes' }],
    ['a password that is a number', { ...GOOD, password: 5 }],
    ['an end that is no time', { ...GOOD, expiryTime: 'soon' }],
    ['an unknown property', { ...GOOD, shell: '/bin/sh' }],
  ])('with %s are refused', async (_name, body) => {
    expect((await add(body)).status).toBe(400);
    expect(asked).toEqual([]);
  });

  test('of a pool that says it has Windows have a password and no key', async () => {
    const windows = { imageReference: { publisher: 'microsoftwindowsserver', offer: 'windowsserver', sku: '2022-datacenter' }, nodeAgentSKUId: 'batch.node.windows amd64' };
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'w', vmSize: 'standard_d2_v3', virtualMachineConfiguration: windows, targetDedicatedNodes: 1 } });
    await statuses(it.pool).node('w', { id: 'n2', state: 'idle' });
    const withKey = await add({ ...GOOD, sshPublicKey: KEY }, 'w', 'n2');
    expect([said(withKey), named(withKey)]).toEqual(['400 InvalidPropertyValue', 'sshPublicKey']);
    expect((await add(GOOD, 'w', 'n2')).status).toBe(201);
  });

  test.each<[NodeState, string]>([
    ['creating', 'NodeBeingCreated'],
    ['starting', 'NodeBeingStarted'],
    ['waitingforstarttask', 'NodeBeingStarted'],
    ['rebooting', 'NodeBeingRebooted'],
    ['reimaging', 'NodeBeingReimaged'],
    ['unusable', 'NodeStateUnusable'],
    ['starttaskfailed', 'OperationInvalidForCurrentState'],
    ['unknown', 'OperationInvalidForCurrentState'],
    ['offline', 'OperationInvalidForCurrentState'],
    ['leavingpool', 'OperationInvalidForCurrentState'],
    ['preempted', 'OperationInvalidForCurrentState'],
    ['deallocated', 'OperationInvalidForCurrentState'],
  ])('of a node that is %s are not changed', async (state, code) => {
    await statuses(it.pool).node('p', { id: 'm', state });
    for (const got of [await add(GOOD, 'p', 'm'), await it.ask({ method: 'PUT', url: '/pools/p/nodes/m/users/alice', body: {} }), await it.ask({ method: 'DELETE', url: '/pools/p/nodes/m/users/alice' })]) expect(said(got)).toBe(`409 ${code}`);
    expect(asked).toEqual([]);
    answer = { kind: 'error', code: 'NodeNotReady', message: 'x' };
    expect(said(await it.ask({ url: '/pools/p/nodes/m/remoteloginsettings' })), 'where its agent answers, it may').toBe(`409 ${code}`);
  });

  test.each<[Extract<NodeAnswer, { kind: 'error' }>['code'], string]>([
    ['UserExists', '409 NodeUserExists'],
    ['UserNotFound', '404 NodeUserNotFound'],
    ['UnknownAsk', '409 OperationNotValidOnNode'],
    ['NotPossible', '409 OperationNotValidOnNode'],
    ['Failed', '409 OperationNotValidOnNode'],
    ['NodeNotReady', '409 OperationInvalidForCurrentState'],
  ])('are refused with the service’s code where the agent answers %s, and its reason', async (code, expected) => {
    answer = { kind: 'error', code, message: 'why it is so' };
    for (const got of [await add(GOOD), await put({ password: PASSWORD }), await remove()]) {
      expect(said(got)).toBe(expected);
      expect(got.text).toContain('why it is so');
    }
  });

  test('of a pool or a node that is not there are not found', async () => {
    expect(said(await add(GOOD, 'q'))).toBe('404 PoolNotFound');
    expect(said(await add(GOOD, 'p', 'other'))).toBe('404 NodeNotFound');
  });
});

describe('the way in to a node', () => {
  const WAY = { address: '127.0.0.2', port: 50_003, hostKey: 'ssh-ed25519 AAAA' };

  test('is answered as its agent has it; the host key by an operation of ours', async () => {
    answer = { kind: 'remoteLogin', ...WAY };
    expect((await settings()).json).toMatchObject({ remoteLoginIPAddress: WAY.address, remoteLoginPort: WAY.port });
    expect((await it.ask({ url: '/linarite/pools/p/nodes/n/remotelogin' })).json).toEqual(WAY);
    expect(said(await it.ask({ method: 'POST', url: '/linarite/pools/p/nodes/n/remotelogin' }))).toBe('405 UnsupportedHttpVerb');
    expect(said(await it.ask({ url: '/linarite/pools/p/nodes/other/remotelogin' }))).toBe('404 NodeNotFound');
  });

  test('is refused for nodes of cloud services', async () => {
    await it.pool.query(`update pool set spec = spec::jsonb || '{"cloudServiceConfiguration": {"osFamily": "5"}}'`);
    expect(said(await settings())).toBe('409 OperationNotValidOnNode');
    expect(asked).toEqual([]);
  });
});
