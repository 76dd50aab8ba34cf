import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { TokenRefused } from '../../../src/api/identity/tokenRefused.ts';
import { createTokens, issuerAt, type Tokens } from '../../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';

const ISSUER = issuerAt('http://127.0.0.1:10800');
const NOW = Date.UTC(2026, 10, 20, 12);
const HOUR_MS = 3_600_000;

let directory: string;
let keyFile: string;
let tokens: Tokens;
let token: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-tokens-'));
  keyFile = join(directory, 'tokens.pem');
  tokens = createTokens({ keyFile });
  token = await issued();
});

function issued(change: { readonly identity?: Identity; readonly issuer?: string } = {}): Promise<string> {
  return tokens.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: ISSUER, now: NOW, ...change });
}

afterAll(() => rmSync(directory, { recursive: true }));

function verified(text: string, { audiences = [BATCH_AUDIENCE], now = NOW }: { audiences?: readonly string[]; now?: number } = {}): Promise<Identity> {
  return tokens.verify(text, { audiences, now });
}

async function refusalOf(verifying: Promise<unknown>): Promise<string> {
  const thrown: unknown = await verifying.then(() => 'taken', (error: unknown) => error);
  return thrown instanceof TokenRefused ? thrown.refusal : String(thrown);
}

/** Header and claims of a token, changed. */
function changed(part: 0 | 1, change: Readonly<Record<string, unknown>>): string {
  const parts = token.split('.');
  const read: object = JSON.parse(Buffer.from(parts[part] ?? '', 'base64url').toString());
  parts[part] = Buffer.from(JSON.stringify({ ...read, ...change })).toString('base64url');
  return parts.join('.');
}

describe('a token of the service', () => {
  it('names whom it was made for: an application, a managed identity, a user', async () => {
    const managed: Identity = { objectId: 'o', tenantId: TENANT_ID, kind: 'managedIdentity', name: 'mine', appId: 'a', resourceId: '/subscriptions/s/mine' };
    const user: Identity = { objectId: 'u', tenantId: TENANT_ID, kind: 'user', name: 'ada@example.org', appId: 'cli' };
    for (const identity of [OPERATOR, managed, user]) {
      expect(await verified(await issued({ identity }))).toEqual(identity);
    }
  });

  it('is taken for its audience, with a slash at the end or without, and for no other', async () => {
    expect(await verified(token, { audiences: ['https://batch.core.windows.net'] })).toEqual(OPERATOR);
    expect(await verified(token, { audiences: [...MANAGEMENT_AUDIENCES, BATCH_AUDIENCE] })).toEqual(OPERATOR);
    expect(await refusalOf(verified(token, { audiences: MANAGEMENT_AUDIENCES }))).toBe('audience');
  });

  it('lasts an hour, and not one second before or after', async () => {
    expect(await verified(token, { now: NOW + HOUR_MS - 1_000 })).toEqual(OPERATOR);
    expect(await refusalOf(verified(token, { now: NOW + HOUR_MS }))).toBe('expired');
    expect(await refusalOf(verified(token, { now: NOW - 1_000 }))).toBe('notYetValid');
  });

  it('is refused when a claim was changed, or it is signed by somebody else', async () => {
    expect(await refusalOf(verified(changed(1, { oid: 'another' })))).toBe('signature');
    const [header = '', claims = ''] = token.split('.');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const forged = sign('sha256', Buffer.from(`${header}.${claims}`), privateKey).toString('base64url');
    expect(await refusalOf(verified(`${header}.${claims}.${forged}`))).toBe('signature');
  });

  it('is refused without a signature (alg none)', async () => {
    const [header = '', claims = ''] = changed(0, { alg: 'none' }).split('.');
    expect(await refusalOf(verified(`${header}.${claims}.`))).toBe('signature');
    expect(await refusalOf(verified(changed(0, { alg: 'none' })))).toBe('signature');
  });

  it('is refused when the public key was taken for a shared secret (alg HS256)', async () => {
    const [header = '', claims = ''] = changed(0, { alg: 'HS256' }).split('.');
    const pem = createPublicKey(readFileSync(keyFile)).export({ format: 'pem', type: 'spki' });
    const mac = createHmac('sha256', pem).update(`${header}.${claims}`).digest('base64url');
    expect(await refusalOf(verified(`${header}.${claims}.${mac}`))).toBe('signature');
  });

  it('is refused when it is of another issuer, or is no token at all', async () => {
    const other = createTokens({ keyFile: join(directory, 'other.pem') });
    const theirs = await other.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: ISSUER, now: NOW });
    expect(await refusalOf(verified(theirs))).toBe('issuer');
    expect(await refusalOf(verified(await issued({ issuer: 'https://127.0.0.1:10800/another-tenant/' })))).toBe('issuer');
    for (const text of ['', 'x', 'a.b.c', `${token}.`, 'opaque-token']) expect(await refusalOf(verified(text))).toBe('malformed');
  });

  it('outlives the process: the key is kept, for its owner alone', async () => {
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(await createTokens({ keyFile }).verify(token, { audiences: [BATCH_AUDIENCE], now: NOW })).toEqual(OPERATOR);
  });

  it('can be verified with the public keys, which hold nothing private', async () => {
    const { keys } = await tokens.publicKeys(NOW);
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([['alg', 'e', 'kid', 'kty', 'n', 'use']]);
  });
});

describe('another signing key', () => {
  let mine: Tokens;
  let file: string;
  let before: string;
  const of = (now: number): Promise<string> => mine.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: ISSUER, now });
  const taken = (text: string, now: number, by = mine): Promise<Identity> => by.verify(text, { audiences: [BATCH_AUDIENCE], now });
  const names = async (now: number): Promise<readonly unknown[]> => (await mine.publicKeys(now)).keys.map(({ kid }) => kid);
  const DAY_MS = 24 * HOUR_MS;

  beforeAll(async () => {
    file = join(directory, 'rotated.pem');
    mine = createTokens({ keyFile: file });
    before = await mine.issue({ identity: OPERATOR, audience: BATCH_AUDIENCE, issuer: ISSUER, now: NOW, lifetimeMs: 2 * DAY_MS });
  });

  it('signs from then on, and former tokens are taken for a day, over a restart as well', async () => {
    const [first] = await names(NOW);
    const kid = await mine.rotate({ now: NOW, forgetsOld: false });
    expect(await names(NOW)).toEqual([kid, first]);
    const after = await of(NOW);
    expect(JSON.parse(Buffer.from(after.split('.')[0] ?? '', 'base64url').toString()).kid).toBe(kid);
    for (const one of [before, after]) {
      expect(await taken(one, NOW)).toEqual(OPERATOR);
      expect(await taken(one, NOW, createTokens({ keyFile: file }))).toEqual(OPERATOR);
    }
    expect(await taken(before, NOW + DAY_MS - 1)).toEqual(OPERATOR);
    expect(await refusalOf(taken(before, NOW + DAY_MS))).toBe('issuer');
    expect(await names(NOW + DAY_MS)).toEqual([kid]);
  });

  it('takes the place of the one before it, also when two are asked for at once; of old ones nothing private is kept', async () => {
    const [kid] = await names(NOW);
    await Promise.all([1, 2].map(() => mine.rotate({ now: NOW, forgetsOld: false })));
    expect(new Set(await names(NOW)).size).toBe(4);
    expect((await names(NOW))).toContain(kid);
    const kept = readFileSync(`${file}.retired.json`, 'utf8');
    expect(kept).not.toMatch(/"[dpq]"/);
    expect(statSync(`${file}.retired.json`).mode & 0o777).toBe(0o600);
  });

  it('ends all former tokens where the old ones are to be forgotten', async () => {
    const former = await of(NOW);
    await mine.rotate({ now: NOW, forgetsOld: true });
    expect(await refusalOf(taken(former, NOW))).toBe('issuer');
    expect(await refusalOf(taken(former, NOW, createTokens({ keyFile: file })))).toBe('issuer');
    expect(await taken(await of(NOW), NOW)).toEqual(OPERATOR);
  });
});
