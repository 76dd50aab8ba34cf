import type { IncomingHttpHeaders } from 'node:http';
import type { Instant } from '../../core/keys.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { json } from '../own/json.ts';
import type { Answer } from '../answer.ts';
import { isKnownAudience } from './audiences.ts';
import type { Form } from './form.ts';
import type { Identity } from './identity.ts';
import { isSame } from './secrets.ts';
import { issuerAt, type Tokens } from './tokens.ts';

/** A request to one of the endpoints that give tokens to programs of a machine. */
export interface ManagedAsk {
  readonly form: 'imds' | 'appService';
  readonly method: string;
  /** Of the query, or of the body of a POST. */
  readonly parameters: Form;
  readonly headers: IncomingHttpHeaders;
  readonly baseUrl: string;
  readonly now: Instant;
}

export interface ManagedParts {
  readonly tokens: Tokens;
  /** Whose tokens are given: one of several has to be named. */
  readonly identities: readonly Identity[];
  /** What a program shows to get them. */
  readonly secret: string;
  /** Everybody on this machine knows the secret: those clients get tokens too that cannot show any. */
  readonly isOpen: boolean;
  readonly lifetimeMs: number;
}

/**
 * Tokens without a sign-in, as programs in Azure get them: App Service's endpoint (`IDENTITY_ENDPOINT` with the header
 * X-IDENTITY-HEADER, 2019-08-01; `MSI_ENDPOINT` with the header Secret, 2017-09-01), and the instance metadata
 * service's (with the header Metadata), which asks for no secret.
 */
export async function managedToken(ask: ManagedAsk, parts: ManagedParts): Promise<Answer> {
  const { parameters, baseUrl, now } = ask;
  const { identities, tokens, lifetimeMs } = parts;
  const refusal = refusalOf(ask, parts);
  if (refusal !== null) return refused(refusal);
  const [identity, ...others] = identities.filter((one) => !isOther(parameters, one));
  if (identity === undefined) return refused({ status: 400, error: 'invalid_request', why: 'Identity not found' });
  if (others.length > 0) return refused({ status: 400, error: 'invalid_request', why: 'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request' });
  const resource = parameters.get('resource') ?? '';
  const token = await tokens.issue({ identity, audience: resource, issuer: issuerAt(baseUrl), now, lifetimeMs });
  return json(200, { access_token: token, token_type: 'Bearer', resource, client_id: identity.appId, ...times(ask, lifetimeMs) });
}

/**
 * Clients read numbers as text here. The older form of App Service's endpoint has a date of its own (`08/31/2026
 * 09:05:00 +00:00`).
 */
function times({ form, parameters, now }: ManagedAsk, lifetimeMs: number): object {
  const begin = Math.floor(now / 1_000);
  const end = begin + lifetimeMs / 1_000;
  if (form === 'appService' && parameters.get('api-version') === '2017-09-01') return { expires_on: spelled(end * 1_000) };
  const common = { expires_on: String(end), not_before: String(begin) };
  return form === 'appService' ? common : { ...common, expires_in: String(end - begin), ext_expires_in: String(end - begin) };
}

function spelled(instant: Instant): string {
  const [date = '', time = ''] = new Date(instant).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${month}/${day}/${year} ${time.slice(0, 8)} +00:00`;
}

interface Refusal {
  readonly status: 400 | 401 | 403 | 405;
  readonly error: string;
  readonly why: string;
}

function refused({ status, error, why }: Refusal): Answer {
  return json(status, { error, error_description: why, statusCode: status, message: why });
}

function refusalOf({ form, method, parameters, headers, baseUrl }: ManagedAsk, { secret, isOpen }: ManagedParts): Refusal | null {
  if (method !== 'GET' && method !== 'POST') return { status: 405, error: 'invalid_request', why: 'Method not allowed' };
  const shown = headers['x-identity-header'] ?? headers['secret'];
  if (shown !== undefined && !isSame(String(shown), secret)) return { status: 401, error: 'unauthorized', why: 'The header that was shown is not the secret of this endpoint' };
  if (shown === undefined) {
    if (lowerAscii(String(headers['metadata'])) !== 'true') return { status: 400, error: 'invalid_request', why: form === 'imds' ? 'Required metadata header not specified' : 'Required header X-IDENTITY-HEADER not specified' };
    // Whoever can make another program send a request for it is no program of the machine.
    if (headers['x-forwarded-for'] !== undefined) return { status: 400, error: 'invalid_request', why: 'A request with the header X-Forwarded-For is not answered' };
    if (!isOpen) return { status: 403, error: 'forbidden', why: 'This service gives tokens to whom shows the secret of its endpoint: set IDENTITY_ENDPOINT and IDENTITY_HEADER' };
  }
  const resource = parameters.get('resource');
  if (resource === undefined) return { status: 400, error: 'invalid_request', why: "Required query variable 'resource' is missing" };
  if (!isKnownAudience(resource, baseUrl)) return { status: 400, error: 'invalid_resource', why: `AADSTS500011: The resource principal named ${resource.slice(0, 256)} was not found in the tenant` };
  return null;
}

/** The names of an identity that a program may ask for by itself. */
function isOther(parameters: Form, { appId, objectId, resourceId }: Identity): boolean {
  const named = [
    ['client_id', appId],
    ['clientid', appId],
    ['object_id', objectId],
    ['principal_id', objectId],
    ['mi_res_id', resourceId],
    ['msi_res_id', resourceId],
  ] as const;
  return named.some(([name, own]) => {
    const asked = parameters.get(name);
    return asked !== undefined && lowerAscii(asked) !== lowerAscii(own ?? '');
  });
}
