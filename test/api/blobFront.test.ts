import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { request } from 'node:http';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBlobFront } from '../../src/api/blobs/front.ts';
import { StorageRefusal } from '../../src/api/blobs/refusals.ts';
import { blobAccountAt } from '../../src/api/hostNames.ts';
import { StorageAccounts } from '../../src/blobs/accounts.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../support/blobs.ts';

let blobs: TemporaryBlobs;
let server: Server;
let storages: StorageAccounts;
beforeAll(async () => {
  blobs = await temporaryBlobs();
  storages = new StorageAccounts({ first: blobs.server, serve: (more) => blobs.server.setAccounts(more), now: Date.now });
  const front = createBlobFront({
    storages,
    now: Date.now,
    // The token `reader` may read, `writer` may all; others are none.
    permits: async (token, _account, action) => {
      if (token !== 'reader' && token !== 'writer') throw new StorageRefusal('InvalidAuthenticationInfo', 'not <taken>');
      return token === 'writer' || action === 'read';
    },
  });
  server = createServer((asked, response) => void front(blobAccountAt(asked.headers.host) ?? '', asked, response)).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
  await new BlobServiceClient(blobs.server.endpoint, new StorageSharedKeyCredential(blobs.server.accountName, blobs.server.accountKey)).getContainerClient('things').create();
});
afterAll(async () => {
  await new Promise((settle) => server.close(settle));
  await blobs.remove();
});

async function ask(method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<{ status: number | undefined; text: string; headers: IncomingMessage['headers'] }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', method, path, agent: false, headers: { host: `testaccount.blob.core.localhost:${port}`, 'x-ms-version': '2021-08-06', ...headers } }, (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode, text: said, headers: answer.headers }), reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

const PUT = { 'x-ms-blob-type': 'BlockBlob', 'content-length': '5' };

test('who may write by a role writes, and who may read reads, without a key', async () => {
  expect((await ask('PUT', '/things/a%20b.txt', { ...PUT, authorization: 'Bearer writer' }, 'hello')).status).toBe(201);
  expect(await ask('GET', '/things/a%20b.txt', { authorization: 'Bearer reader' })).toMatchObject({ status: 200, text: 'hello' });
  expect((await ask('GET', '/things?restype=container&comp=list', { authorization: 'Bearer reader' })).text).toContain('a b.txt');
});

test('who has no role for it is refused, and no blob is there', async () => {
  const refused = await ask('PUT', '/things/no.txt', { ...PUT, authorization: 'Bearer reader' }, 'hello');
  expect([refused.status, refused.headers['x-ms-error-code']]).toEqual([403, 'AuthorizationPermissionMismatch']);
  expect((await ask('HEAD', '/things/no.txt', { authorization: 'Bearer writer' })).status).toBe(404);
});

test('a token that is none is told so, with a challenge', async () => {
  const refused = await ask('GET', '/things/a.txt', { authorization: 'Bearer other' });
  expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
  expect(refused.text).toContain('<Code>InvalidAuthenticationInfo</Code><Message>not &lt;taken&gt;</Message>');
});

test('without a credential nothing is read, and no other account is reached', async () => {
  expect((await ask('GET', '/things/a%20b.txt')).status).toBe(403);
  expect((await ask('GET', '/things/a.txt', { host: 'other.blob.core.localhost', authorization: 'Bearer writer' })).status).toBe(404);
});

test('a shared access signature over the host’s own path is taken', async () => {
  const { accountName, accountKey } = blobs.server;
  const { ContainerSASPermissions, generateBlobSASQueryParameters } = await import('@azure/storage-blob');
  const sas = generateBlobSASQueryParameters({ containerName: 'things', permissions: ContainerSASPermissions.parse('cw'), expiresOn: new Date(Date.now() + 60_000) }, new StorageSharedKeyCredential(accountName, accountKey));
  expect((await ask('PUT', `/things/signed.txt?${sas.toString()}`, PUT, 'hello')).status).toBe(201);
});

test('blobs of one account are reached by no key and no signature of another, whichever way they are asked for', async () => {
  const { ContainerSASPermissions, generateBlobSASQueryParameters } = await import('@azure/storage-blob');
  const other = { name: 'otheraccount', primary: Buffer.from('the first key of the other account').toString('base64'), secondary: Buffer.from('the second key of the other account').toString('base64') };
  await storages.put([{ name: other.name, keys: [other.primary, other.secondary] }]);
  const { accountName, accountKey, endpoint } = blobs.server;
  const [first, second] = [new StorageSharedKeyCredential(accountName, accountKey), new StorageSharedKeyCredential(other.name, other.primary)];
  const otherEndpoint = endpoint.replace(accountName, other.name);
  await new BlobServiceClient(otherEndpoint, second).getContainerClient('things').create();
  await new BlobServiceClient(otherEndpoint, second).getContainerClient('things').getBlockBlobClient('secret.txt').upload('hello', 5);
  const codes: (number | undefined)[] = [];
  const tried = async (asked: Promise<unknown>): Promise<void> => {
    codes.push(await asked.then(() => 200, (error: unknown) => (error as { readonly statusCode?: number }).statusCode));
  };
  for (const credential of [first, new StorageSharedKeyCredential(other.name, accountKey), new StorageSharedKeyCredential(accountName, other.primary)]) {
    const service = new BlobServiceClient(otherEndpoint, credential, { retryOptions: { maxTries: 1 } });
    const container = service.getContainerClient('things');
    await tried(service.listContainers().next());
    await tried(container.listBlobsFlat().next());
    await tried(container.getBlobClient('secret.txt').download());
    await tried(container.getBlockBlobClient('secret.txt').upload('other', 5));
    await tried(container.getBlobClient('secret.txt').delete());
    await tried(container.delete());
    await tried(service.getContainerClient('more').create());
  }
  expect(codes).toEqual(codes.map(() => 403));
  const signedBy = (credential: StorageSharedKeyCredential): string => generateBlobSASQueryParameters({ containerName: 'things', permissions: ContainerSASPermissions.parse('rwdl'), expiresOn: new Date(Date.now() + 60_000) }, credential).toString();
  const answers = async (sas: string): Promise<readonly number[]> => Promise.all([
    fetch(`${otherEndpoint}/things/secret.txt?${sas}`),
    fetch(`${otherEndpoint}/things?restype=container&comp=list&${sas}`),
    fetch(`${otherEndpoint}/things/new.txt?${sas}`, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: 'x' }),
  ].map(async (asked) => (await asked).status));
  expect([await answers(signedBy(first)), await answers(signedBy(second))]).toEqual([[403, 403, 403], [200, 200, 201]]);
});
