import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { StorageAccounts } from '../../../src/blobs/accounts.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { testApi, type TestApi } from '../support.ts';
import { asking } from './asked.ts';
import { managementParts, SUBSCRIPTION } from './support.ts';

/** A client is slow with its body, and the group that it makes something in is deleted meanwhile. */

let it: TestApi;
let server: Server;
/** Called with the path of each request as it is permitted: its group is looked for next. */
let permitted: (path: string) => void = () => undefined;
const first = { accountName: 'mystorageaccount', accountKey: 'a2V5', endpoint: 'http://127.0.0.1:1/mystorageaccount' };
beforeAll(async () => {
  const authority = { ...managementParts().authority, permits: async (_identity: unknown, _action: string, path: string) => (permitted(path), true) };
  const storages = Object.assign(new StorageAccounts({ first, serve: () => Promise.resolve(), now: Date.now }), { empty: () => Promise.resolve() });
  it = await testApi({ management: { authority }, storages });
  server = createServer(it.api.handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await it.close();
});

const { ask, polled } = asking(() => it);

interface Held {
  /** Resolves when its group has been looked for, or is about to be. */
  readonly isBegun: Promise<void>;
  /** Sends the body, and resolves with the answer. */
  send(): Promise<{ readonly status: number | undefined; readonly body: unknown }>;
}

function hold(path: string, body: object, version: string): Held {
  const payload = JSON.stringify(body);
  const isBegun = new Promise<void>((resolve) => {
    permitted = (one) => {
      if (one === path) resolve();
    };
  });
  const headers = { host: '127.0.0.1:10800', authorization: 'Bearer operator', 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
  const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method: 'PUT', path: `${path}?api-version=${version}`, headers, agent: false });
  sent.flushHeaders();
  return {
    isBegun,
    send: async () => {
      const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
      sent.end(payload);
      const [answer] = await answered;
      return { status: answer.statusCode, body: await json(answer) };
    },
  };
}

const TEMPLATE = { properties: { mode: 'Incremental', template: { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [] } } };
const ASSIGNMENT = { properties: { principalId: randomUUID(), roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/${ROLES.reader.id}` } };

describe('what is sent late into a group that is gone', () => {
  test.each([
    ['Microsoft.Batch/batchAccounts/lateaccount', { location: 'westeurope' }, '2024-02-01', 'ResourceGroupNotFound'],
    ['Microsoft.Storage/storageAccounts/latestorage', { location: 'westeurope', kind: 'StorageV2', sku: { name: 'Standard_LRS' } }, '2023-01-01', 'ResourceGroupNotFound'],
    ['Microsoft.ManagedIdentity/userAssignedIdentities/late', { location: 'westeurope' }, '2023-01-31', 'ResourceGroupNotFound'],
    ['Microsoft.Resources/deployments/late', TEMPLATE, '2022-09-01', 'ResourceGroupNotFound'],
    [`Microsoft.Authorization/roleAssignments/${randomUUID()}`, ASSIGNMENT, '2022-04-01', 'ResourceNotFound'],
  ])('is not made: %s', async (resource, body, version, code) => {
    const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g${randomUUID().slice(0, 8)}`;
    const path = `${group}/providers/${resource}`;
    expect((await ask('PUT', group, { location: 'westeurope' })).status).toBe(201);
    const held = hold(path, body, version);
    await held.isBegun;
    // It waits for its body by then.
    expect((await ask('GET', group)).status).toBe(200);
    expect((await polled(await ask('DELETE', group))).status).toBe(200);
    expect(await held.send()).toMatchObject({ status: 404, body: { error: { code } } });
    expect((await it.pool.query('select from resource where starts_with(id_key, lower($1))', [group])).rowCount).toBe(0);
    // Nobody has taken its name.
    expect((await ask('PUT', group, { location: 'westeurope' })).status).toBe(201);
    expect((await ask('PUT', path, body, version)).status).toBeOneOf([200, 201, 202]);
  });
});
