import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssignedRoles } from '../../../src/api/identity/assignedRoles.ts';
import type { Identity } from '../../../src/api/identity/identity.ts';
import { issuerAt } from '../../../src/api/identity/tokens.ts';
import { OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { managementAuthority } from '../../../src/api/management/authentication.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import { IDENTITY, testApi, type Got, type TestApi } from '../support.ts';
import { SUBSCRIPTION } from './support.ts';

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
const ASSIGNMENTS = '/providers/Microsoft.Authorization/roleAssignments';
const HOST = '127.0.0.1:10800';

let service: TestApi;

beforeAll(async () => {
  const authority = managementAuthority({ tokens: IDENTITY.tokens, roles: { at: (...asked) => createAssignedRoles(service.pool).at(...asked) }, wallClock: () => service.now.value });
  service = await testApi({ management: { authority } });
  await insertResource(service.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'westeurope' } }, 0);
});
afterAll(() => service.close());

async function ask(method: string, path: string, { body, as = OPERATOR, query = '' }: { readonly body?: unknown; readonly as?: Identity; readonly query?: string } = {}): Promise<Got> {
  const token = await IDENTITY.tokens.issue({ identity: as, audience: 'https://management.azure.com/', issuer: issuerAt(`https://${HOST}`), now: service.now.value });
  const text = body === undefined ? undefined : JSON.stringify(body);
  return service.askPlainly({
    method,
    url: `${path}?api-version=2022-04-01${query}`,
    headers: { host: HOST, authorization: `Bearer ${token}`, ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(text.length) }) },
    ...(text === undefined ? {} : { body: text }),
  });
}

/** Answers to requests that meet: nothing is written before all of them wait for it. */
async function atOnce(asks: readonly (() => Promise<Got>)[]): Promise<readonly unknown[]> {
  const holder = await service.pool.connect();
  await holder.query('begin');
  await holder.query('lock table resource in share row exclusive mode');
  const answers = asks.map((one) => one());
  const waiting = async (): Promise<number> => (await service.pool.query<{ count: number }>(`select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rows[0]?.count ?? 0;
  try {
    await expect.poll(waiting, { timeout: 15_000 }).toBe(asks.length);
  } finally {
    await holder.query('commit');
    holder.release();
  }
  return (await Promise.all(answers)).map(({ status, json }) => json.error?.code ?? status).toSorted();
}

function properties(role: keyof typeof ROLES, principalId: string = randomUUID()): { readonly properties: { readonly roleDefinitionId: string; readonly principalId: string } } {
  return { properties: { roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${ROLES[role].id}`, principalId } };
}

describe('a role assignment', () => {
  it('is made, shown, listed from above and below, and deleted, and so are the rights', async () => {
    const somebody: Identity = { objectId: randomUUID(), tenantId: TENANT_ID, kind: 'user', name: 'ada' };
    const id = `${GROUP}${ASSIGNMENTS}/${randomUUID()}`;
    expect((await ask('GET', GROUP, { as: somebody })).json.error.code).toBe('AuthorizationFailed');
    const made = await ask('PUT', id, { body: properties('reader', somebody.objectId) });
    expect([made.status, made.json.id, made.json.properties.scope, made.json.properties.principalId]).toEqual([201, id, GROUP, somebody.objectId]);
    expect((await ask('GET', GROUP, { as: somebody })).status).toBe(200);
    expect((await ask('PUT', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { as: somebody, body: properties('owner', somebody.objectId) })).status).toBe(403);
    expect((await ask('GET', id.toUpperCase())).json.id).toBe(id);
    const listed = async (scope: string, filter: string): Promise<readonly string[]> => {
      const { json } = await ask('GET', `${scope}${ASSIGNMENTS}`, { query: filter === '' ? '' : `&$filter=${encodeURIComponent(filter)}` });
      return json.value.map((one: { readonly id: string }) => one.id);
    };
    expect(await listed(`/subscriptions/${SUBSCRIPTION}`, '')).toContain(id);
    expect(await listed(`/subscriptions/${SUBSCRIPTION}`, 'atScope()')).not.toContain(id);
    expect(await listed(GROUP, `principalId eq '${somebody.objectId}'`)).toEqual([id]);
    expect(await listed(GROUP, `assignedTo('${OPERATOR.objectId}')`)).toEqual([]);
    expect((await ask('DELETE', id)).status).toBe(200);
    expect((await ask('DELETE', id)).status).toBe(204);
    expect((await ask('GET', id)).json.error.code).toBe('RoleAssignmentNotFound');
    expect((await ask('GET', GROUP, { as: somebody })).status).toBe(403);
  });

  it('is the same under its own name, and refused under another, or for somebody else', async () => {
    const id = `${GROUP}${ASSIGNMENTS}/${randomUUID()}`;
    const body = properties('contributor');
    expect((await ask('PUT', id, { body })).status).toBe(201);
    expect((await ask('PUT', id, { body })).status).toBe(201);
    expect((await ask('PUT', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { body })).json.error.code).toBe('RoleAssignmentExists');
    expect((await ask('PUT', id, { body: properties('reader') })).json.error.code).toBe('RoleAssignmentUpdateNotPermitted');
  });

  it('that several ask for at the same time, under names of their own, is made once', async () => {
    const body = properties('contributor');
    const answers = await atOnce(Array.from({ length: 3 }, () => () => ask('PUT', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { body })));
    expect(answers).toEqual([201, 'RoleAssignmentExists', 'RoleAssignmentExists']);
    const { json } = await ask('GET', `${GROUP}${ASSIGNMENTS}`, { query: `&$filter=${encodeURIComponent(`principalId eq '${body.properties.principalId}'`)}` });
    expect(json.value).toHaveLength(1);
  });

  it.each([
    ['a name that is no GUID', `${GROUP}${ASSIGNMENTS}/x`, properties('reader'), [400, 'InvalidRoleAssignmentId']],
    ['a scope that is not there', `${GROUP}x${ASSIGNMENTS}/${randomUUID()}`, properties('reader'), [404, 'ResourceNotFound']],
    ['another subscription', `/subscriptions/${randomUUID()}${ASSIGNMENTS}/${randomUUID()}`, properties('reader'), [404, 'SubscriptionNotFound']],
    ['a role that is not known', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { properties: { roleDefinitionId: randomUUID(), principalId: randomUUID() } }, [404, 'RoleDefinitionDoesNotExist']],
    ['no principal', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { properties: { roleDefinitionId: ROLES.reader.id } }, [400]],
    ['a condition, which nothing here would look at', `${GROUP}${ASSIGNMENTS}/${randomUUID()}`, { properties: { ...properties('reader').properties, condition: '@x' } }, [400]],
  ])('is refused with %s', async (_what, path, body, [status, code]) => {
    const refused = await ask('PUT', path, { body });
    expect(refused.status).toBe(status);
    if (code !== undefined) expect(refused.json.error.code).toBe(code);
  });

  it('is of what it was made for, and not of what has the same id later', async () => {
    const principal = randomUUID();
    const scope = `${GROUP}/providers/Microsoft.Batch/batchAccounts/later`;
    const somebody: Identity = { objectId: principal, tenantId: TENANT_ID, kind: 'user', name: 'ada' };
    const first = await insertResource(service.pool, { id: scope, type: 'Microsoft.Batch/batchAccounts', spec: {} }, service.now.value);
    expect((await ask('PUT', `${scope}${ASSIGNMENTS}/${randomUUID()}`, { body: properties('owner', principal) })).status).toBe(201);
    expect(await createAssignedRoles(service.pool).at(somebody, scope)).toEqual([ROLES.owner]);
    await service.pool.query('delete from resource where resource = $1', [first?.resource]);
    await insertResource(service.pool, { id: scope, type: 'Microsoft.Batch/batchAccounts', spec: {} }, service.now.value + 1);
    expect(await createAssignedRoles(service.pool).at(somebody, scope)).toEqual([]);
  });
});

describe('the definitions of roles', () => {
  it('are found by name and id, as clients look for them', async () => {
    const { json } = await ask('GET', `${GROUP}/providers/Microsoft.Authorization/roleDefinitions`, { query: `&$filter=${encodeURIComponent("roleName eq 'azure batch data contributor'")}` });
    expect(json.value).toHaveLength(1);
    expect(json.value[0]).toMatchObject({ name: ROLES.batchDataContributor.id, properties: { roleName: 'Azure Batch Data Contributor', type: 'BuiltInRole' } });
    expect((await ask('GET', json.value[0].id)).json).toEqual(json.value[0]);
    expect((await ask('GET', `/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`)).status).toBe(404);
  });

  it('are made once of a name, whoever asks at the same time', async () => {
    const role = { properties: { roleName: 'Made at once', permissions: [{ actions: ['*/read'] }], assignableScopes: [GROUP] } };
    const answers = await atOnce(Array.from({ length: 3 }, () => () => ask('PUT', `${GROUP}/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`, { body: role })));
    expect(answers).toEqual([201, 'RoleDefinitionWithSameNameExists', 'RoleDefinitionWithSameNameExists']);
  });

  it('are not removed as they are assigned: one of the two comes first', async () => {
    const id = `${GROUP}/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`;
    for (let round = 0; round < 4; round += 1) {
      expect((await ask('PUT', id, { body: { properties: { roleName: 'Goes', permissions: [{ actions: ['*/read'] }], assignableScopes: [GROUP] } } })).status).toBe(201);
      const name = `${GROUP}${ASSIGNMENTS}/${randomUUID()}`;
      const [gone, assigned] = await Promise.all([ask('DELETE', id), ask('PUT', name, { body: { properties: { roleDefinitionId: id, principalId: randomUUID() } } })]);
      expect([['RoleDefinitionHasAssignments', 201], [200, 'RoleDefinitionDoesNotExist']]).toContainEqual([gone.json.error?.code ?? gone.status, assigned.json.error?.code ?? assigned.status]);
      await ask('DELETE', name);
      await ask('DELETE', id);
    }
  });
});
