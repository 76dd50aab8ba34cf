import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Identity } from '../../src/api/identity/identity.ts';
import { issuerAt } from '../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, TENANT_ID } from '../../src/api/identity/wellKnown.ts';
import { ROLES } from '../../src/api/roles.ts';
import { insertResource } from '../../src/store/intents/resources.ts';
import { asking } from './management/asked.ts';
import { GROUP } from './management/asking.ts';
import { IDENTITY, signed, testApi, type TestApi } from './support.ts';

/** Streams that go on, and what becomes of them as who asked for them may have them no more. */

let it: TestApi;
let server: Server;
const { ask, polled } = asking(() => it);
/** Each test has its own. */
let name: string;
let account: string;
let keys: { readonly primary: string; readonly secondary: string };
beforeAll(async () => {
  it = await testApi();
  server = createServer(it.api.handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await ask('PUT', GROUP, { location: 'westeurope' });
});
beforeEach(async () => {
  name = `a${randomUUID().replaceAll('-', '').slice(0, 20)}`;
  account = `${GROUP}/providers/Microsoft.Batch/batchAccounts/${name}`;
  expect((await polled(await ask('PUT', account, { location: 'westeurope' }))).status).toBe(200);
  await it.pool.query('insert into ownership (account, epoch, tick) select account, 5, 7 from account where name = $1 on conflict (account) do nothing', [name]);
  keys = (await ask('POST', `${account}/listKeys`)).json;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await it.close();
});

const STREAMS = ['/linarite/events', '/linarite/events?form=page&view=overview'];
const HOST = '127.0.0.1:10800';

interface Stream {
  readonly status: number | undefined;
  /** Resolves when nothing comes of it any more. */
  readonly ended: Promise<void>;
  isOver: boolean;
}

async function open(path: string, headers: Readonly<Record<string, string>>): Promise<Stream> {
  const sent = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, path, headers, agent: false }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const stream: Stream = {
    status: answer.statusCode,
    isOver: false,
    ended: new Promise((resolve) => {
      // Connections that break off have an error first.
      answer.on('error', () => undefined).once('close', () => {
        stream.isOver = true;
        resolve();
      });
    }),
  };
  answer.resume();
  return stream;
}

async function opened(path: string, headers: Readonly<Record<string, string>>): Promise<Stream> {
  const stream = await open(path, headers);
  expect(stream.status).toBe(200);
  return stream;
}

function by(key: string, path: string): Readonly<Record<string, string>> {
  return signed('GET', path, { host: HOST }, it.now.value, { name, key });
}

describe.each(STREAMS)('who listens to %s', (path) => {
  test('is cut off as the key is replaced, and not who listens by the other one', async () => {
    const [first, second] = [await opened(path, by(keys.primary, path)), await opened(path, by(keys.secondary, path))];
    expect((await ask('POST', `${account}/regenerateKeys`, { keyName: 'primary' })).status).toBe(200);
    await first.ended;
    expect(second.isOver).toBe(false);
    expect((await open(path, by(keys.primary, path))).status).toBe(403);
    expect((await ask('POST', `${account}/regenerateKeys`, { keyName: 'secondary' })).status).toBe(200);
    await second.ended;
  });

  test('is cut off as the account takes nobody from there any more', async () => {
    const stream = await opened(path, by(keys.primary, path));
    expect((await ask('PATCH', account, { properties: { publicNetworkAccess: 'Disabled' } })).status).toBe(200);
    await stream.ended;
  });

  test('is cut off as the account is deleted', async () => {
    const stream = await opened(path, by(keys.primary, path));
    await polled(await ask('DELETE', account));
    await stream.ended;
  });

  test('is cut off as the role goes that gave the right, and not by another one', async () => {
    const reader: Identity = { objectId: randomUUID(), tenantId: TENANT_ID, kind: 'user', name: 'ada' };
    const [kept, lost] = [randomUUID(), randomUUID()].map((id) => `${account}/providers/Microsoft.Authorization/roleAssignments/${id}`);
    await assign(lost ?? '', reader.objectId);
    await assign(kept ?? '', randomUUID());
    const token = await IDENTITY.tokens.issue({ identity: reader, audience: BATCH_AUDIENCE, issuer: issuerAt(`http://${HOST}`), now: it.now.value });
    const stream = await opened(path, { host: `${name}.localhost:10800`, authorization: `Bearer ${token}` });
    expect((await ask('DELETE', kept ?? '', undefined, '2022-04-01')).status).toBe(200);
    expect(stream.isOver).toBe(false);
    expect((await ask('DELETE', lost ?? '', undefined, '2022-04-01')).status).toBe(200);
    await stream.ended;
  });
});

async function assign(id: string, principalId: string): Promise<void> {
  await insertResource(it.pool, { id, type: 'Microsoft.Authorization/roleAssignments', spec: { properties: { principalId, roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.reader.id}` } } }, it.now.value);
}
