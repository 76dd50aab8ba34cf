import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT, type JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { createOutsideIssuers } from '../../../src/api/identity/outsideIssuers.ts';
import { TokenRefused } from '../../../src/api/identity/tokenRefused.ts';
import { createTokens, type Tokens } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;

/** An issuer of OpenID Connect on this machine, whose keys and health a test sets. */
let issuer: string;
let server: Server;
let keys: Map<string, KeyObject>;
let isDown: boolean;
let asked: string[];
let configuration: Record<string, unknown>;
let clock: { now: number };
let directory: string;
let tokens: Tokens;

beforeEach(async () => {
  keys = new Map([['one', newKey()]]);
  isDown = false;
  asked = [];
  clock = { now: 0 };
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    if (isDown) return void response.writeHead(503).end();
    void answer(request.url ?? '').then((body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tenant`;
  configuration = { issuer, jwks_uri: `${issuer}/keys` };
  directory = mkdtempSync(join(tmpdir(), 'linarite-issuers-'));
  trust([]);
});
afterEach(async () => {
  await new Promise((settle) => server.close(settle));
  rmSync(directory, { recursive: true });
});

async function answer(path: string): Promise<unknown> {
  if (path.endsWith('/openid-configuration')) return configuration;
  return { keys: await Promise.all([...keys].map(async ([kid, key]) => ({ ...(await exportJWK(key)), kid, d: undefined, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined }))) };
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function trust(audiences: readonly string[]): void {
  tokens = createTokens({ keyFile: join(directory, 'tokens.pem'), outside: createOutsideIssuers([{ issuer, audiences }], { monotonic: () => clock.now }) });
}

async function token(claims: JWTPayload = {}, kid = 'one'): Promise<string> {
  const payload = { iss: issuer, aud: BATCH_AUDIENCE, sub: 'ada', exp: NOW / 1_000 + 3_600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(keys.get(kid) ?? newKey());
}

function verified(text: string): Promise<Identity> {
  return tokens.verify(text, { audiences: [BATCH_AUDIENCE], now: NOW });
}

async function outcome(text: string): Promise<string> {
  return verified(text).then(({ objectId }) => objectId, (error: unknown) => (error instanceof TokenRefused ? error.refusal : String(error)));
}

describe('a token of an outside issuer', () => {
  it('names somebody of that issuer, whatever tenant or operator it claims to be of', async () => {
    expect(await verified(await token({ oid: OPERATOR.objectId, tid: TENANT_ID, appid: 'app', name: 'Ada' }))).toEqual({ objectId: OPERATOR.objectId, tenantId: issuer, kind: 'servicePrincipal', name: 'Ada', appId: 'app' });
    expect(await outcome(await token())).toBe('ada');
  });

  it('has to name the issuer and the audience exactly', async () => {
    expect(await outcome(await token({ iss: `${issuer}/` }))).toBe('issuer');
    expect(await outcome(await token({ aud: 'api://other' }))).toBe('audience');
    trust(['api://mine']);
    expect([await outcome(await token({ aud: 'api://mine' })), await outcome(await token())]).toEqual(['ada', 'audience']);
  });

  it('may have a clock five minutes off, and no more', async () => {
    expect(await outcome(await token({ exp: NOW / 1_000 - 299 }))).toBe('ada');
    expect(await outcome(await token({ exp: NOW / 1_000 - 301 }))).toBe('expired');
  });

  it('is refused with no signature, or one by a secret or by another key', async () => {
    const [, claims = ''] = (await token()).split('.');
    const header = (alg: string): string => Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url');
    expect(await outcome(`${header('none')}.${claims}.`)).toBe('signature');
    const secret = await new SignJWT({ iss: issuer, aud: BATCH_AUDIENCE, sub: 'ada', exp: NOW }).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from('secret'.repeat(8)));
    expect(await outcome(secret)).toBe('signature');
    expect(await outcome(await token({}, 'unknown'))).toBe('signature');
  });
});

describe('the keys of an outside issuer', () => {
  it('are asked for once, and again for an unknown key, but once a minute at most', async () => {
    expect([await outcome(await token()), await outcome(await token())]).toEqual(['ada', 'ada']);
    expect(asked).toHaveLength(2);
    keys.set('two', newKey());
    expect(await outcome(await token({}, 'two'))).toBe('signature');
    expect(asked).toHaveLength(2);
    clock.now += MINUTE_MS;
    expect(await outcome(await token({}, 'two'))).toBe('ada');
    expect(asked).toHaveLength(4);
    for (const kid of ['x', 'y', 'z']) expect(await outcome(await token({}, kid))).toBe('signature');
    expect(asked).toHaveLength(4);
  });

  it('stay for an hour when the issuer does not answer', async () => {
    expect(await outcome(await token())).toBe('ada');
    isDown = true;
    clock.now += 60 * MINUTE_MS;
    expect(await outcome(await token())).toBe('ada');
    clock.now += 1;
    expect(await outcome(await token())).toBe('keysUnavailable');
    isDown = false;
    clock.now += MINUTE_MS;
    expect(await outcome(await token())).toBe('ada');
  });

  it('are no longer taken once the issuer has withdrawn them', async () => {
    const old = await token();
    expect(await outcome(old)).toBe('ada');
    keys = new Map([['two', newKey()]]);
    clock.now += 11 * MINUTE_MS;
    expect(await outcome(old)).toBe('signature');
  });

  it('are not taken from a configuration that names another issuer, from far away without TLS, or from too long a list', async () => {
    configuration = { issuer: `${issuer}/`, jwks_uri: `${issuer}/keys` };
    expect(await outcome(await token())).toBe('keysUnavailable');
    configuration = { issuer, jwks_uri: 'http://example.org/keys' };
    clock.now += MINUTE_MS;
    expect(await outcome(await token())).toBe('keysUnavailable');
    configuration = { issuer, jwks_uri: `${issuer}/keys`, padding: 'x'.repeat(600_000) };
    clock.now += MINUTE_MS;
    expect(await outcome(await token())).toBe('keysUnavailable');
    configuration = { issuer, jwks_uri: `${issuer}/keys` };
    clock.now += MINUTE_MS;
    expect(await outcome(await token())).toBe('ada');
  });
});
