import { expect } from 'vitest';
import { BATCH_AUDIENCE, OPERATOR } from '../../../src/api/identity/wellKnown.ts';
import { IDENTITY, type Got, type TestApi } from '../support.ts';

export const HOST = '127.0.0.1:10800';
export const CLIENT = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';
export const { operatorSecret: SECRET } = IDENTITY;
export const BATCH_SCOPE = `${BATCH_AUDIENCE}/.default`;
/** How the operator's service principal asks for a token. */
export const RIGHT = { grant_type: 'client_credentials', client_id: OPERATOR.appId, client_secret: SECRET, scope: BATCH_SCOPE };

type Texts = Readonly<Record<string, string>>;

export function get(service: TestApi, url: string, headers: Texts = {}): Promise<Got> {
  return service.askPlainly({ url, headers: { host: HOST, ...headers } });
}

export function post(service: TestApi, url: string, form: Texts, headers: Texts = {}): Promise<Got> {
  const body = new URLSearchParams(form).toString();
  return service.askPlainly({ method: 'POST', url, body, headers: { host: HOST, 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(Buffer.byteLength(body)), ...headers } });
}

export function token(service: TestApi, form: Texts, url = '/adfs/oauth2/token'): Promise<Got> {
  return post(service, url, form);
}

/** The operator's token for that audience. */
export async function operatorToken(service: TestApi, audience: string): Promise<string> {
  return (await token(service, { ...RIGHT, scope: `${audience}/.default` })).json.access_token;
}

export function claimsOf(jwt: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
}

/** Of an answer that refuses, the code and the number that clients look at. */
export function codeOf({ json }: Got): readonly [string, number] {
  expect(json.error_description).toMatch(new RegExp(`^AADSTS${json.error_codes[0]}: .* Trace ID: .* Timestamp: `));
  return [json.error, json.error_codes[0]];
}
