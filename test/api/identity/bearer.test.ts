import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blobPermits } from '../../../src/api/blobs/permits.ts';
import { StorageRefusal } from '../../../src/api/blobs/refusals.ts';
import { createAssignedRoles } from '../../../src/api/identity/assignedRoles.ts';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { createOutsideIssuers } from '../../../src/api/identity/outsideIssuers.ts';
import { createTokens, issuerAt } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, DEFAULT_SUBSCRIPTION_ID, MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { managementAuthority } from '../../../src/api/management/authentication.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import type { ManagementErrorCode } from '../../../src/wire/management/errors.ts';
import { managementParts } from '../management/support.ts';
import { IDENTITY, testApi, type Got, type TestApi } from '../support.ts';

const HOST = '127.0.0.1:10800';
const VERSION = 'api-version=2024-02-01.19.0';
const GROUP = `/subscriptions/${DEFAULT_SUBSCRIPTION_ID}/resourceGroups/g`;
const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatchaccount`;
/** As Microsoft Entra names it, which has keys without `alg`, and an issuer that does not answer. */
const ENTRA = 'https://sts.windows.net/22222222-0000-4000-8000-000000000001/';
const SILENT = 'https://silent.example.org/';
const entraKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
const directory = mkdtempSync(join(tmpdir(), 'linarite-tokens-'));
const tokens = createTokens({
  keyFile: join(directory, 'tokens.pem'),
  outside: createOutsideIssuers([ENTRA, SILENT].map((issuer) => ({ issuer, audiences: [] })), { monotonic: () => 0, fetch: asEntra }),
});

let service: TestApi;

async function asEntra(asked: string | URL | Request): Promise<Response> {
  const url = String(asked);
  if (!url.startsWith(ENTRA)) return new Response('', { status: 503 });
  if (url.endsWith('/openid-configuration')) return Response.json({ issuer: ENTRA, jwks_uri: `${ENTRA}keys` });
  return Response.json({ keys: [{ ...entraKey.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'entra', x5t: 'entra', x5c: ['MIIC'] }] });
}

/** A token of version 1.0 of an issuer's application. */
function outsideToken(claims: JWTPayload, issuer = ENTRA): Promise<string> {
  const now = service.now.value / 1_000;
  return new SignJWT({ iss: issuer, iat: now, nbf: now, exp: now + 3_600, tid: ENTRA.split('/')[3], idtyp: 'app', ver: '1.0', ...claims }).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid: 'entra', x5t: 'entra' }).sign(entraKey.privateKey);
}

beforeAll(async () => {
  const authority = managementAuthority({ tokens, roles: { at: (...asked) => createAssignedRoles(service.pool).at(...asked) }, wallClock: () => service.now.value });
  service = await testApi({ management: { authority, directory: { ...managementParts().directory, subscriptionId: DEFAULT_SUBSCRIPTION_ID } }, identity: { ...IDENTITY, tokens } });
  await insertResource(service.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'westeurope' } }, 0);
  await insertResource(service.pool, { id: ACCOUNT, type: 'Microsoft.Batch/batchAccounts', spec: {}, account: 1 }, 0);
});
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

  interface Refusal {
    readonly why: string;
    /** For an audience that is right but for what is wrong with it. */
    readonly make: (audience: string) => Promise<string>;
    /** What the data plane says. */
    readonly detail: string;
    /** What Resource Manager calls it. */
    readonly code: ManagementErrorCode;
  }
  const refusals: readonly Refusal[] = [
    { why: 'it has expired', make: (audience) => tokenFor({ audience, now: service.now.value - 3_600_000 }), detail: 'has expired', code: 'ExpiredAuthenticationToken' },
    { why: 'it is not valid yet', make: (audience) => tokenFor({ audience, now: service.now.value + 60_000 }), detail: 'not valid yet', code: 'InvalidAuthenticationToken' },
    { why: 'it is for another audience', make: () => tokenFor({ audience: 'https://storage.azure.com/' }), detail: 'another audience', code: 'InvalidAuthenticationTokenAudience' },
    { why: 'it is no token', make: () => Promise.resolve('opaque'), detail: 'not well formed', code: 'InvalidAuthenticationToken' },
    { why: 'it has no signature', make: (audience) => forged(audience, { alg: 'none' }, () => ''), detail: 'signature', code: 'InvalidAuthenticationToken' },
    {
      why: 'the public key was taken for a secret',
      make: async (audience) => {
        const [jwk] = (await tokens.publicKeys(service.now.value)).keys;
        if (jwk === undefined) throw new Error('no key');
        const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
        return forged(audience, { alg: 'HS256' }, (signed) => createHmac('sha256', pem).update(signed).digest('base64url'));
      },
      detail: 'signature',
      code: 'InvalidAuthenticationToken',
    },
    { why: 'somebody else has signed it', make: (audience) => createTokens({ keyFile: join(directory, 'other.pem') }).issue({ identity: OPERATOR, audience, issuer: issuerAt(`http://${HOST}`), now: service.now.value }), detail: 'not of an issuer', code: 'InvalidAuthenticationTokenTenant' },
    { why: 'it is of another tenant', make: (audience) => tokens.issue({ identity: OPERATOR, audience, issuer: `https://${HOST}/${randomUUID()}/`, now: service.now.value }), detail: 'not of this tenant', code: 'InvalidAuthenticationTokenTenant' },
  ];
  it.each(refusals)('is refused when $why, and the client told where to get one', async ({ make, detail }) => {
    const refused = await ask(await make(BATCH_AUDIENCE));
    expect([refused.status, refused.json.code]).toEqual([401, 'AuthenticationFailed']);
    expect(refused.json.values[0].value).toContain(detail);
    expect(refused.headers['www-authenticate']).toBe(`Bearer authorization_uri="https://${HOST}/${TENANT_ID}", resource_id="${BATCH_AUDIENCE}"`);
  });

  it.each(refusals)('is refused by Resource Manager when $why: $code, and the client told where to get one', async ({ make, code }) => {
    const url = '/subscriptions?api-version=2022-12-01';
    for (const audience of MANAGEMENT_AUDIENCES) {
      expect((await ask(await tokenFor({ audience }), { url })).status).toBe(200);
      expectRefused(await ask(await make(audience), { url }), code);
    }
    expectRefused(await ask(await tokenFor({ audience: BATCH_AUDIENCE }), { url }), 'InvalidAuthenticationTokenAudience');
  });

  function expectRefused({ status, json, headers }: Got, code: ManagementErrorCode): void {
    expect([status, json.error.code]).toEqual([401, code]);
    expect(headers['www-authenticate']).toBe(`Bearer authorization_uri="https://${HOST}/${TENANT_ID}", error="invalid_token", error_description="The access token is missing or is not valid."`);
  }

  async function forged(audience: string, header: Readonly<Record<string, string>>, sign: (signed: string) => string): Promise<string> {
    const [head = '', claims = ''] = (await tokenFor({ audience })).split('.');
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
  it('is let in by a role that was assigned to them here, on the data plane and at Resource Manager, as far as it goes', async () => {
    const ada = { oid: randomUUID(), appid: randomUUID() };
    const shown = await outsideToken({ ...ada, aud: BATCH_AUDIENCE });
    const atManagement = await outsideToken({ ...ada, aud: 'https://management.azure.com/' });
    const manage = (method: string, bearer = atManagement, body?: object, path = ACCOUNT): Promise<Got> => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      return service.askPlainly({ method, url: `${path}?api-version=2022-09-01`, body: text, headers: { host: HOST, authorization: `Bearer ${bearer}`, ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) }) } });
    };
    const outcomes = async (): Promise<readonly unknown[]> => [(await ask(shown)).status, (await ask(shown, { method: 'DELETE', url: `/pools/none?${VERSION}` })).status, (await manage('GET')).status, (await manage('PATCH', atManagement, { tags: {} })).status];
    expect(await outcomes()).toEqual([403, 403, 403, 403]);
    const assignment = { properties: { principalId: ada.oid, roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.reader.id}` } };
    expect((await manage('PUT', await tokenFor({ audience: 'https://management.azure.com/' }), assignment, `${ACCOUNT}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`)).status).toBe(201);
    expect(await outcomes()).toEqual([200, 403, 200, 403]);
  });

  it('is nobody without a token for the plane, or while the keys of the issuer cannot be read', async () => {
    const url = '/subscriptions?api-version=2022-09-01';
    const outcome = async (bearer: string): Promise<readonly unknown[]> => {
      const [data, management] = [await ask(bearer), await ask(bearer, { url })];
      return [data.status, data.json.code, management.status, management.json.error.code];
    };
    const sub = { sub: 'ada' };
    expect(await outcome(await outsideToken({ ...sub, aud: 'https://storage.azure.com/' }))).toEqual([401, 'AuthenticationFailed', 401, 'InvalidAuthenticationTokenAudience']);
    expect(await outcome(await outsideToken({ ...sub, aud: BATCH_AUDIENCE }, SILENT))).toEqual([401, 'AuthenticationFailed', 401, 'AuthenticationFailed']);
    expect(await outcome(await outsideToken({ ...sub, aud: BATCH_AUDIENCE }, 'https://stranger.example.org/'))).toEqual([401, 'AuthenticationFailed', 401, 'InvalidAuthenticationTokenTenant']);
  });

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

describe('a token of the directory for blobs', () => {
  const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts`;
  const AUDIENCE = 'https://storage.azure.com/';
  const ACTIONS = ['read', 'write', 'delete'] as const;

  beforeAll(async () => {
    for (const name of ['mystorage', 'otherstorage']) await insertResource(service.pool, { id: `${STORAGE}/${name}`, type: 'Microsoft.Storage/storageAccounts', spec: {} }, 0);
  });

  /** What it may do with the blobs of an account, or why it is none. */
  async function permitted(token: string, account = 'mystorage'): Promise<readonly string[] | string> {
    const permits = blobPermits({ tokens, roles: createAssignedRoles(service.pool), database: service.pool, wallClock: () => service.now.value });
    try {
      const answers = await Promise.all(ACTIONS.map((action) => permits(token, account, action)));
      return ACTIONS.filter((_, index) => answers[index]);
    } catch (error) {
      if (error instanceof StorageRefusal) return error.code;
      throw error;
    }
  }

  it('is for Azure Storage or for the account by its name, and no other', async () => {
    for (const audience of [AUDIENCE, 'https://storage.azure.com', 'https://mystorage.blob.core.windows.net', 'https://mystorage.blob.core.windows.net/']) expect(await permitted(await tokenFor({ audience })), audience).toEqual(ACTIONS);
    for (const audience of ['https://otherstorage.blob.core.windows.net', BATCH_AUDIENCE, ...MANAGEMENT_AUDIENCES]) expect(await permitted(await tokenFor({ audience })), audience).toBe('InvalidAuthenticationInfo');
  });

  it('is refused when it has expired, was signed by somebody else, or is none', async () => {
    expect(await permitted(await tokenFor({ audience: AUDIENCE, now: service.now.value - 3_600_000 }))).toBe('InvalidAuthenticationInfo');
    expect(await permitted(await createTokens({ keyFile: join(directory, 'another.pem') }).issue({ identity: OPERATOR, audience: AUDIENCE, issuer: issuerAt(`http://${HOST}`), now: service.now.value }))).toBe('InvalidAuthenticationInfo');
    expect(await permitted('opaque')).toBe('InvalidAuthenticationInfo');
  });

  it.each([
    ['storageBlobDataReader', 'mystorage', ['read']],
    ['storageBlobDataContributor', 'mystorage', ACTIONS],
    ['storageBlobDataContributor', 'otherstorage', []],
    // Who may list the keys of the account may do what they allow.
    ['contributor', 'mystorage', ACTIONS],
    ['contributor', 'otherstorage', []],
    ['reader', 'mystorage', []],
    ['batchAccountContributor', 'mystorage', []],
  ] as const)('of who is %s of %s may do %j', async (role, scope, actions) => {
    expect(await permitted(await tokenFor({ audience: AUDIENCE, identity: await member(role, `${STORAGE}/${scope}`) }))).toEqual(actions);
  });

  it('of who has a role for the group or all of it may as much in each account there, and in none that is not there', async () => {
    const token = await tokenFor({ audience: AUDIENCE, identity: await member('storageBlobDataReader', GROUP) });
    expect([await permitted(token), await permitted(token, 'otherstorage'), await permitted(token, 'nostorage')]).toEqual([['read'], ['read'], []]);
    expect(await permitted(await tokenFor({ audience: AUDIENCE }), 'nostorage')).toEqual([]);
  });
});
