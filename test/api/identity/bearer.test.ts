import { createHmac, createPublicKey, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssignedRoles } from '../../../src/api/identity/assignedRoles.ts';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { createTokens, issuerAt } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, DEFAULT_SUBSCRIPTION_ID, MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import { IDENTITY, testApi, type Got, type TestApi } from '../support.ts';

const HOST = '127.0.0.1:10800';
const VERSION = 'api-version=2024-02-01.19.0';
const GROUP = `/subscriptions/${DEFAULT_SUBSCRIPTION_ID}/resourceGroups/g`;
const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatchaccount`;
const { tokens } = IDENTITY;

let service: TestApi;

beforeAll(async () => {
  service = await testApi();
  await insertResource(service.pool, { id: ACCOUNT, type: 'Microsoft.Batch/batchAccounts', spec: {}, account: 1 }, 0);
});
const directory = mkdtempSync(join(tmpdir(), 'linarite-tokens-'));
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await service.close();
});

interface Wanted {
  readonly identity?: Identity;
  readonly audience?: string;
  readonly now?: number;
}

function tokenFor({ identity = OPERATOR, audience = BATCH_AUDIENCE, now = service.now.value }: Wanted = {}): Promise<string> {
  return tokens.issue({ identity, audience, issuer: issuerAt(`http://${HOST}`), now });
}

function ask(token: string, { method = 'GET', url = `/pools?${VERSION}`, host = HOST }: { readonly method?: string; readonly url?: string; readonly host?: string } = {}): Promise<Got> {
  return service.askPlainly({ method, url, headers: { host, authorization: `Bearer ${token}` } });
}

/** Somebody who has a role at a scope. */
async function member(role: keyof typeof ROLES, scope: string): Promise<Identity> {
  const identity: Identity = { objectId: randomUUID(), tenantId: TENANT_ID, kind: 'managedIdentity', name: 'm', appId: randomUUID() };
  const spec = { properties: { principalId: identity.objectId.toUpperCase(), roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES[role].id}` } };
  await insertResource(service.pool, { id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, type: 'Microsoft.Authorization/roleAssignments', spec }, 0);
  return identity;
}

describe('a token of the directory on the data plane', () => {
  it('is taken for Batch, for Resource Manager and for the endpoint itself', async () => {
    for (const audience of [BATCH_AUDIENCE, 'https://batch.core.windows.net', ...MANAGEMENT_AUDIENCES, `https://${HOST}`, `https://${HOST}/`]) expect((await ask(await tokenFor({ audience }))).status, audience).toBe(200);
  });

  it('names the account by its host, or the only one there is', async () => {
    expect((await ask(await tokenFor(), { host: 'mybatchaccount.localhost:10800' })).status).toBe(200);
  });

  const refusals: readonly (readonly [string, () => Promise<string>, string])[] = [
    ['it has expired', () => tokenFor({ now: service.now.value - 3_600_000 }), 'has expired'],
    ['it is not valid yet', () => tokenFor({ now: service.now.value + 60_000 }), 'not valid yet'],
    ['it is for another audience', () => tokenFor({ audience: 'https://storage.azure.com/' }), 'another audience'],
    ['it is no token', () => Promise.resolve('opaque'), 'not well formed'],
    ['it has no signature', async () => forged({ alg: 'none' }, () => ''), 'signature'],
    ['the public key was taken for a secret', async () => {
      const [jwk] = (await tokens.publicKeys(service.now.value)).keys;
      if (jwk === undefined) throw new Error('no key');
      const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
      return forged({ alg: 'HS256' }, (signed) => createHmac('sha256', pem).update(signed).digest('base64url'));
    }, 'signature'],
    ['somebody else has signed it', () => createTokens({ keyFile: join(directory, 'other.pem') }).issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: issuerAt(`http://${HOST}`), now: service.now.value }), 'not of an issuer'],
  ];
  it.each(refusals)('is refused when %s, and the client told where to get one', async (_why, make, detail) => {
    const refused = await ask(await make());
    expect([refused.status, refused.json.code]).toEqual([401, 'AuthenticationFailed']);
    expect(refused.json.values[0].value).toContain(detail);
    expect(refused.headers['www-authenticate']).toBe(`Bearer authorization_uri="https://${HOST}/${TENANT_ID}", resource_id="${BATCH_AUDIENCE}"`);
  });

  async function forged(header: Readonly<Record<string, string>>, sign: (signed: string) => string): Promise<string> {
    const [head = '', claims = ''] = (await tokenFor()).split('.');
    const read: object = JSON.parse(Buffer.from(head, 'base64url').toString());
    const signed = `${Buffer.from(JSON.stringify({ ...read, ...header })).toString('base64url')}.${claims}`;
    return `${signed}.${sign(signed)}`;
  }
});

describe('roles', () => {
  const evaluate = { method: 'DELETE', url: `/jobs/none?${VERSION}` };

  it.each([
    ['the account', ACCOUNT],
    ['its group', GROUP.toUpperCase()],
    ['the subscription', `/subscriptions/${DEFAULT_SUBSCRIPTION_ID}`],
    ['all', ''],
  ])('that were assigned at %s count for the account', async (_name, scope) => {
    const token = await tokenFor({ identity: await member('batchJobSubmitter', scope) });
    expect((await ask(token, evaluate)).json.code).toBe('JobNotFound');
    expect((await ask(token, { method: 'DELETE', url: `/pools/none?${VERSION}` })).json.code).toBe('InsufficientAccountPermissions');
  });

  it('that were assigned elsewhere, or to somebody else, do not', async () => {
    for (const scope of [`${ACCOUNT}2`, `${GROUP}/providers/Microsoft.Batch/batchAccounts/other`, `${ACCOUNT}/pools/p`]) {
      expect((await ask(await tokenFor({ identity: await member('owner', scope) }), evaluate)).status, scope).toBe(403);
    }
    expect((await ask(await tokenFor({ identity: { ...OPERATOR, objectId: randomUUID() } }))).status).toBe(403);
  });

  it('make a reader read, and no more', async () => {
    const token = await tokenFor({ identity: await member('reader', GROUP) });
    expect((await ask(token)).status).toBe(200);
    expect((await ask(token, evaluate)).status).toBe(403);
  });
});

describe('somebody of an outside issuer', () => {
  it('has the roles that were assigned to them, but none of a managed identity of this service, whatever id they claim', async () => {
    const outside: Identity = { objectId: randomUUID(), tenantId: 'https://sts.example.org/t/', kind: 'user', name: 'ada' };
    const scope = `/subscriptions/${DEFAULT_SUBSCRIPTION_ID}`;
    const roles = createAssignedRoles(service.pool);
    const managed = await member('reader', scope);
    await insertResource(service.pool, { id: `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m`, type: 'Microsoft.ManagedIdentity/userAssignedIdentities', spec: { principalId: managed.objectId } }, 0);
    expect(await roles.at(managed, scope)).toEqual([ROLES.reader]);
    expect(await roles.at({ ...outside, objectId: managed.objectId }, scope)).toEqual([]);
    expect(await roles.at({ ...outside, objectId: OPERATOR.objectId }, scope)).toEqual([]);
    expect(await roles.at({ ...outside, objectId: (await member('batchJobSubmitter', scope)).objectId }, scope)).toEqual([ROLES.batchJobSubmitter]);
  });
});
