import type { IncomingMessage } from 'node:http';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Parts } from '../../src/api/call.ts';
import { createDataPlane } from '../../src/api/data/plane.ts';
import { OWN_OPERATIONS } from '../../src/api/own/operations.ts';
import { createOwnPlane } from '../../src/api/own/plane.ts';
import { serve, type Plane, type Planes } from '../../src/api/plane.ts';
import { authorize, sharedKeyPrincipal, type AccountPrincipal, type Scope } from '../../src/api/principal.ts';
import { type Role, ROLES } from '../../src/api/roles.ts';
import { operations, type Operation } from '../../src/wire/operations.ts';
import { nobody } from './nobody.ts';
import { codeOf } from '../wire/fixtures.ts';

const account = { number: 1, name: 'a', keys: [] };
const WHOLE: Scope = { kind: 'account' };
function caller(roles: readonly Role[], scope: Scope = WHOLE): AccountPrincipal {
  return { kind: 'sharedKey', account, roles, scope };
}
/** A principal that lacks the right. */
function without({ right }: Pick<Operation, 'right'>): AccountPrincipal {
  return caller(right === 'read' ? [] : [ROLES.reader]);
}

const log = pino({ level: 'silent' });
const options = { parts: {} as Parts, authorities: nobody, log };
function asked(plane: Plane, principal: AccountPrincipal): Plane {
  return { ...plane, authenticate: () => principal };
}

async function answerTo(method: string, path: string, principal: AccountPrincipal) {
  const planes = [createOwnPlane(options), createDataPlane(options)].map((plane) => asked(plane, principal));
  const service: Planes = { planes, clock: () => 0, monotonic: () => 0, log, observe: () => undefined };
  const message = { method, headers: { host: 'here:1' } } as unknown as IncomingMessage;
  const { status, body } = await serve(service, { message, rawUrl: `${path}?api-version=2025-06-01`, scheme: 'http', gone: new AbortController().signal });
  return { status, code: (JSON.parse(String(body)) as { readonly code: string }).code };
}

function pathOf({ path }: Pick<Operation, 'path'>): string {
  return path.replaceAll(/\{\w+\}/g, 'x');
}
const DENIED = { status: 403, code: 'InsufficientAccountPermissions' };

/** What a reader may do although it is no GET: it changes nothing of the account. */
const HARMLESS: ReadonlySet<string> = new Set(['DELETE /linarite/sessions/current', 'POST /linarite/autoscale/evaluate', 'POST /linarite/simulations']);

describe('a right', () => {
  test.each(operations.map((operation) => [operation.id, operation] as const))('that %s needs is asked for before all else', async (_id, operation) => {
    expect(await answerTo(operation.method, pathOf(operation), without(operation))).toEqual(DENIED);
  });

  test.each(OWN_OPERATIONS.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))('that %s needs is asked for before all else', async (_name, operation) => {
    expect(await answerTo(operation.method, pathOf(operation), without(operation))).toEqual(DENIED);
  });

  test.each(OWN_OPERATIONS.filter(({ path }) => !path.includes('{jobId}')).map((operation) => [`${operation.method} ${operation.path}`, operation] as const))('of a job is not enough for %s', async (_name, operation) => {
    expect(await answerTo(operation.method, pathOf(operation), caller([ROLES.contributor], { kind: 'job', jobId: 'x' }))).toEqual(DENIED);
  });

  test.each(operations.map((operation) => [operation.id, operation] as const))('to %s comes with a shared key', (_id, { right }) => {
    expect(() => authorize(sharedKeyPrincipal(account), { right, of: 'jobs', params: {} })).not.toThrow();
  });

  test('to change anything is no reader’s', () => {
    for (const { id, method, right } of operations) {
      const reads = method === 'GET' || method === 'HEAD' || id === 'Pool_EvaluateAutoScale';
      expect([id, right === 'read']).toEqual([id, reads]);
    }
    for (const { method, path, right } of OWN_OPERATIONS) expect([method, path, right === 'read']).toEqual([method, path, method === 'GET' || HARMLESS.has(`${method} ${path}`)]);
  });
});

describe('a scope of one job', () => {
  const ofJob = caller([ROLES.contributor], { kind: 'job', jobId: 'Mine' });
  const reach = (params: Readonly<Record<string, string>>) => () => authorize(ofJob, { right: 'write', of: 'jobs', params });

  test('reaches that job, however its id is written, and what is in it', () => {
    expect(reach({ jobId: 'mine' })).not.toThrow();
    expect(reach({ jobId: 'MINE', taskId: 't' })).not.toThrow();
  });

  test('reaches neither other jobs nor anything beside jobs', () => {
    expect(codeOf(reach({ jobId: 'other' }))).toBe('InsufficientAccountPermissions');
    expect(codeOf(reach({ poolId: 'mine' }))).toBe('InsufficientAccountPermissions');
    expect(codeOf(reach({}))).toBe('InsufficientAccountPermissions');
  });
});
