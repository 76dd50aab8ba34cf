import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createAudit } from '../../src/api/audit.ts';
import type { Parts } from '../../src/api/call.ts';
import { createManagementPlane } from '../../src/api/management/plane.ts';
import type { ManagementParts } from '../../src/api/management/call.ts';
import { ROLES } from '../../src/api/roles.ts';
import { serve, type Plane, type Planes } from '../../src/api/plane.ts';
import type { Principal } from '../../src/api/principal.ts';
import { BatchError } from '../../src/wire/errors.ts';
import { managementParts } from './management/support.ts';

const caller: Principal = { kind: 'sharedKey', account: { number: 1, name: 'a', keys: [] }, roles: [ROLES.reader], scope: { kind: 'account' } };

const { authority } = managementParts();
/** Nobody comes so far that its parts are asked for. */
const managementPlane = createManagementPlane({ parts: { data: {} as Parts } as ManagementParts, audit: createAudit({ info: () => undefined }, () => undefined), ...authority });

/** A plane for paths below its name, whose errors are their codes. */
function plane(name: 'own' | 'data', more: Partial<Plane> & { readonly run?: (signal: AbortSignal) => Promise<never> } = {}): Plane {
  const { run = () => Promise.reject(new BatchError('JobNotFound')), ...rest } = more;
  return {
    name,
    match: ({ target }) => (target.path.startsWith(`/${name}`) ? { operation: null, access: { right: 'read', of: 'jobs', params: {} }, handle: () => ({ timeoutMs: 0, run }) } : undefined),
    authenticate: () => caller,
    challenge: () => 'SharedKey',
    errorBody: ({ code }) => ({ contentType: 'text/plain', text: `${name}: ${code}` }),
    headers: () => ({ 'x-plane': name }),
    ...rest,
  };
}

async function answerTo(path: string, planes: readonly Plane[], gone = new AbortController().signal) {
  const observed: unknown[] = [];
  const service: Planes = { planes, clock: () => 0, monotonic: () => 0, log: pino({ level: 'silent' }), observe: (...answer) => observed.push(answer) };
  const message = { method: 'GET', headers: { host: 'here:1' } } as unknown as IncomingMessage;
  const { status, headers, body } = await serve(service, { message, rawUrl: path, scheme: 'http', gone });
  return { status, headers, body, observed };
}

describe('a request', () => {
  it('goes to the first plane that it matches, and its errors are told in the form of that', async () => {
    const both = [plane('own'), plane('data')];
    expect(await answerTo('/own/x?y', both)).toMatchObject({ status: 404, body: 'own: JobNotFound', headers: { 'x-plane': 'own', 'content-type': 'text/plain' } });
    expect(await answerTo('/data/x?y', both)).toMatchObject({ status: 404, body: 'data: JobNotFound', headers: { 'x-plane': 'data' } });
  });

  it.each(['match', 'authenticate'] as const)('that fails at %s is told so in the form of its plane', async (step) => {
    const fail = (): never => {
      throw new BatchError('AuthenticationFailed', [], { status: 401 });
    };
    expect(await answerTo('/own', [plane('own', { [step]: fail }), plane('data')])).toMatchObject({
      status: 401,
      body: 'own: AuthenticationFailed',
      headers: { 'x-plane': 'own', 'www-authenticate': 'SharedKey', connection: 'close' },
    });
  });

  it('has a request-id and is counted, whatever its plane', async () => {
    for (const [path, operation] of [['/own', null], ['/data', null], ['/subscriptions/s', 'Subscriptions_Get']] as const) {
      const { status, headers, observed } = await answerTo(path, [managementPlane, plane('own'), plane('data')]);
      expect([headers['server'], headers['request-id']]).toEqual(['Linarite', expect.stringMatching(/^[0-9a-f-]{36}$/)]);
      expect(observed).toEqual([[operation, status, 0]]);
    }
  });

  it('has a deadline, whatever its plane', async () => {
    let reason: unknown;
    const never = (signal: AbortSignal): Promise<never> => new Promise(() => signal.addEventListener('abort', () => (reason = signal.reason)));
    expect(await answerTo('/own', [plane('own', { run: never })])).toMatchObject({ status: 500, body: 'own: OperationTimedOut' });
    expect(reason).toMatchObject({ code: 'OperationTimedOut' });
  });

  it('holds its connection only with a credential', async () => {
    expect((await answerTo('/own', [plane('own')])).headers).not.toHaveProperty('connection');
    expect((await answerTo('/own', [plane('own', { authenticate: () => null })])).headers).toMatchObject({ connection: 'close' });
  });

  it('to Resource Manager is told in its form what is wrong with it', async () => {
    const { status, headers, body } = await answerTo('/Subscriptions/s?api-version=2024-07-01', [managementPlane, plane('data')]);
    expect([status, headers['content-type'], headers['x-ms-request-id'], headers['www-authenticate']?.split(' ')[0]]).toEqual([401, 'application/json; charset=utf-8', headers['request-id'], 'Bearer']);
    expect(JSON.parse(String(body))).toEqual({ error: { code: 'AuthenticationFailed', message: expect.stringContaining('header is missing') } });
    const unknown = await answerTo('/subscriptions/s/providers/Microsoft.Quantum/x/y', [managementPlane, plane('data')]);
    expect([unknown.status, JSON.parse(String(unknown.body)).error.code]).toEqual([404, 'InvalidResourceNamespace']);
  });
});
