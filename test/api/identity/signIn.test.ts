import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATOR_USER, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { testApi, type Got, type TestApi } from '../support.ts';
import { BATCH_SCOPE, claimsOf, CLIENT, codeOf, get, operatorToken, post, SECRET, token } from './asking.ts';

const PAGE = '/organizations/oauth2/v2.0/authorize';
const RETURN = 'http://localhost:8400/';
const RIGHT_PERSON = { username: OPERATOR_USER.name, password: SECRET };
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
/** As MSAL asks it (`az login`, Batch Explorer's sign-in in the browser). */
const ASKED = {
  client_id: CLIENT,
  response_type: 'code',
  redirect_uri: RETURN,
  scope: `${BATCH_SCOPE} offline_access openid profile`,
  state: 'a state & more',
  nonce: 'once',
  code_challenge: challenge,
  code_challenge_method: 'S256',
  prompt: 'select_account',
  client_info: '1',
};

let service: TestApi;

beforeAll(async () => {
  service = await testApi();
});
afterAll(() => service.close());

function pageOf(change: Readonly<Record<string, string>> = {}, page = PAGE): string {
  const asked = Object.entries({ ...ASKED, ...change }).filter(([, value]) => value !== '');
  return `${page}?${new URLSearchParams(asked)}`;
}

/** What a browser is sent back with. */
function returnedTo({ status, headers }: Got): URL {
  expect(status).toBe(302);
  return new URL(headers['location'] ?? '');
}

async function codeOfSignIn(change: Readonly<Record<string, string>> = {}): Promise<string> {
  return returnedTo(await post(service, pageOf(change), RIGHT_PERSON)).searchParams.get('code') ?? '';
}

function redeem(code: string, change: Readonly<Record<string, string>> = {}): Promise<Got> {
  const form = { grant_type: 'authorization_code', client_id: CLIENT, code, redirect_uri: RETURN, code_verifier: verifier, client_info: '1', ...change };
  return token(service, Object.fromEntries(Object.entries(form).filter(([, value]) => value !== '')), '/organizations/oauth2/v2.0/token');
}

describe('the page to sign in at', () => {
  it('loads nothing, is in no frame, and leads to the application alone', async () => {
    const { status, headers, text } = await get(service, pageOf({ login_hint: '"><script>alert(1)</script>' }));
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; form-action 'self' http:\/\/localhost:8400; frame-ancestors 'none'; base-uri 'none'$/);
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    expect(headers['set-cookie']).toBeUndefined();
    expect(text).not.toMatch(/<script|src=|href=|https?:\/\/(?!localhost:8400)/);
    expect(text).toContain('&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  it('says so when the name or the password is wrong, and begins nothing', async () => {
    for (const wrong of [{ password: 'x' }, { username: 'ada' }, { password: '' }]) {
      const { status, text } = await post(service, pageOf(), { ...RIGHT_PERSON, ...wrong });
      expect([status, text]).toEqual([200, expect.stringContaining('is wrong')]);
      expect(text).not.toContain(SECRET);
    }
  });

  it.each([
    ['another machine', { redirect_uri: 'https://example.org/' }, 50011],
    ['a host that begins like this machine', { redirect_uri: 'http://localhost.example.org/' }, 50011],
    ['a user name that looks like this machine', { redirect_uri: 'http://localhost@example.org/' }, 50011],
    ['a script', { redirect_uri: 'javascript:alert(1)//localhost' }, 50011],
    ['a fragment of its own', { redirect_uri: `${RETURN}#x` }, 50011],
    ['nowhere', { redirect_uri: '' }, 900144],
    ['an application without an id', { client_id: 'az' }, 900023],
    ['a way that is not known', { response_mode: 'web_message' }, 70007],
  ])('sends nobody to %s', async (_where, change, number) => {
    for (const answer of [await get(service, pageOf(change)), await post(service, pageOf(change), RIGHT_PERSON)]) {
      expect([answer.status, answer.headers['location'], answer.text]).toEqual([400, undefined, expect.stringContaining(`AADSTS${number}`)]);
    }
  });

  it.each([
    ['no PKCE', { code_challenge: '' }, 'invalid_request'],
    ['PKCE that shows the verifier', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method, which is plain', { code_challenge_method: '' }, 'invalid_request'],
    ['a challenge that is no hash', { code_challenge: 'x' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['no resource', { scope: 'openid' }, 'invalid_scope'],
    ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['no page', { prompt: 'none' }, 'login_required'],
  ])('tells an application that asks for %s', async (_what, change, error) => {
    const back = returnedTo(await get(service, pageOf(change)));
    expect([back.origin, back.searchParams.get('error'), back.searchParams.get('state')]).toEqual(['http://localhost:8400', error, ASKED.state]);
    expect(returnedTo(await post(service, pageOf(change), RIGHT_PERSON)).searchParams.get('code')).toBeNull();
  });

  it('can be left, and the application hears of it', async () => {
    const back = returnedTo(await post(service, pageOf(), { answer: 'cancel' }));
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: ASKED.state });
  });

  it('answers in the fragment, or by a form that sends itself, where that is asked for', async () => {
    const fragment = returnedTo(await post(service, pageOf({ response_mode: 'fragment' }), RIGHT_PERSON));
    expect([fragment.search, new URLSearchParams(fragment.hash.slice(1)).get('state')]).toEqual(['', ASKED.state]);
    const { status, text, headers } = await post(service, pageOf({ response_mode: 'form_post', state: '"x' }), RIGHT_PERSON);
    expect([status, text]).toEqual([200, expect.stringMatching(/<form method="post" action="http:\/\/localhost:8400\/"><input type="hidden" name="code" value="[\w-]{43}"><input type="hidden" name="state" value="&quot;x">/)]);
    const script = /<script>(.*)<\/script>/.exec(text)?.[1] ?? '';
    expect(headers['content-security-policy']).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  });

  it('is the tenant’s, and has an end', async () => {
    expect((await get(service, pageOf({}, '/nobody/oauth2/v2.0/authorize'))).text).toContain('AADSTS90002');
    expect((await get(service, '/common/oauth2/v2.0/logout')).text).toContain('Signed out');
  });
});

describe('the code of a sign-in', () => {
  it('gives tokens once: for the resource that was asked for, with the nonce, and to come again', async () => {
    const back = returnedTo(await post(service, pageOf(), RIGHT_PERSON));
    expect([back.origin, back.pathname, back.searchParams.get('state')]).toEqual(['http://localhost:8400', '/', ASKED.state]);
    const code = back.searchParams.get('code') ?? '';
    const { status, json, headers } = await redeem(code);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(claimsOf(json.access_token)).toMatchObject({ oid: OPERATOR_USER.objectId, appid: CLIENT, aud: 'https://batch.core.windows.net/', scp: 'user_impersonation' });
    expect(claimsOf(json.id_token)).toMatchObject({ aud: CLIENT, nonce: 'once', tid: TENANT_ID, preferred_username: OPERATOR_USER.name });
    expect(JSON.parse(Buffer.from(json.client_info, 'base64url').toString())).toEqual({ uid: OPERATOR_USER.objectId, utid: TENANT_ID });
    const again = { grant_type: 'refresh_token', client_id: CLIENT, refresh_token: json.refresh_token, scope: 'https://management.azure.com//.default' };
    expect(claimsOf((await token(service, again)).json.access_token)['aud']).toBe('https://management.azure.com/');
    expect(codeOf(await redeem(code))).toEqual(['invalid_grant', 54005]);
  });

  it.each([
    ['the verifier of another request', { code_verifier: randomBytes(32).toString('base64url') }, ['invalid_grant', 501481]],
    ['the challenge in place of the verifier', { code_verifier: challenge }, ['invalid_grant', 501481]],
    ['another application', { client_id: TENANT_ID }, ['invalid_grant', 70000]],
    ['another address', { redirect_uri: 'http://localhost:8401/' }, ['invalid_grant', 70000]],
  ])('is refused with %s, and of no use from then on', async (_what, change, refusal) => {
    const code = await codeOfSignIn();
    expect(codeOf(await redeem(code, change))).toEqual(refusal);
    expect(codeOf(await redeem(code))).toEqual(['invalid_grant', 54005]);
  });

  it.each([
    ['no verifier', { code_verifier: '' }, ['invalid_request', 900144]],
    ['no address', { redirect_uri: '' }, ['invalid_request', 900144]],
    ['a secret, which a program of this machine cannot keep', { client_secret: SECRET }, ['invalid_client', 700025]],
    ['an assertion', { client_assertion: 'x.y.z' }, ['invalid_client', 700025]],
    ['a code that nobody was given', { code: 'x' }, ['invalid_grant', 70000]],
  ])('is refused with %s', async (_what, change, refusal) => {
    const code = await codeOfSignIn();
    expect(codeOf(await redeem(code, change))).toEqual(refusal);
    expect((await redeem(code)).status).toBe(200);
  });

  it('lasts ten minutes', async () => {
    const code = await codeOfSignIn();
    service.now.value += 10 * 60_000;
    expect(codeOf(await redeem(code))).toEqual(['invalid_grant', 70008]);
  });

  it('is redeemed by one of two who come at once', async () => {
    const code = await codeOfSignIn();
    const answers = await Promise.all([redeem(code), redeem(code)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400]);
  });
});

describe('the page for a sign-in elsewhere', () => {
  it('lets a device code through for who knows the password', async () => {
    const begun = await post(service, '/adfs/oauth2/devicecode', { client_id: CLIENT });
    const { user_code: code, device_code: device, verification_uri: where } = begun.json;
    const { pathname } = new URL(where);
    expect((await get(service, `${pathname}?user_code=${code}`)).text).toContain(`value="${code}"`);
    const redeemed = (): Promise<Got> => token(service, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: CLIENT, device_code: device });
    expect((await post(service, pathname, { ...RIGHT_PERSON, code, password: 'x' })).text).toContain('is wrong');
    expect((await post(service, pathname, { ...RIGHT_PERSON, code: 'NOBODYSCO' })).text).toContain('No sign-in waits');
    expect(codeOf(await redeemed())).toEqual(['authorization_pending', 70016]);
    expect((await post(service, pathname, { ...RIGHT_PERSON, code: code.toLowerCase() })).text).toContain('Signed in');
    expect((await redeemed()).status).toBe(200);
  });
});

describe('the signing key', () => {
  const rotate = (bearer: string, query = ''): Promise<Got> => service.askPlainly({ method: 'POST', url: `/linarite/identity/keys/rotate${query}`, headers: { host: '127.0.0.1:10800', authorization: `Bearer ${bearer}` } });
  const isTaken = async (bearer: string): Promise<boolean> => (await service.askPlainly({ url: '/subscriptions?api-version=2022-12-01', headers: { host: '127.0.0.1:10800', authorization: `Bearer ${bearer}` } })).status === 200;

  it('is replaced by the operator’s service principal alone', async () => {
    const { json: person } = await redeem(await codeOfSignIn(), { scope: 'https://management.azure.com/.default' });
    for (const other of ['x', person.access_token, await operatorToken(service, 'https://storage.azure.com')]) expect((await rotate(other)).status).toBe(401);
    const old = await operatorToken(service, 'https://management.azure.com');
    const { status, json } = await rotate(old);
    expect(status).toBe(200);
    const { keys } = (await get(service, '/common/discovery/v2.0/keys')).json;
    expect(keys.map(({ kid }: { kid: string }) => kid)[0]).toBe(json.kid);
    expect(keys).toHaveLength(2);
    expect((await rotate(old, '?old=forgotten')).status).toBe(200);
    expect((await rotate(old)).status).toBe(401);
    expect((await get(service, '/common/discovery/v2.0/keys')).json.keys).toHaveLength(1);
    expect(await isTaken(old)).toBe(false);
  });
});
