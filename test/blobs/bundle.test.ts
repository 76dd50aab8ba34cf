import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BlobServiceClient, ContainerClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BlobServer, startBlobServer } from '../../src/blobs/embedded/server.ts';
import { connectionUrl, ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../support/postgres.ts';

const ACCOUNT = { accountName: 'testaccount', accountKey: Buffer.from('a key that only tests use').toString('base64') };

/** What runs as its process is the one of the build. */
vi.mock('../../src/processes/module.ts', async (original) => ({
  ...(await original<typeof import('../../src/processes/module.ts')>()),
  siblingModule: () => pathToFileURL(resolve(import.meta.dirname, '../../dist/blobs/embedded/child.js')),
}));

/** As it is built and packed: from one file, which leaves out what a blob server of ours never uses. */
describe('the embedded blob server of a build', () => {
  let database: TemporaryPostgres;
  let directory: string;
  let server: BlobServer;
  let service: BlobServiceClient;
  beforeAll(async () => {
    database = await temporaryPostgres();
    directory = mkdtempSync(join(tmpdir(), 'linarite-blobs-'));
    server = await startBlobServer({ directory, databaseUrl: connectionUrl(await ensureDatabase(database.connection, 'azurite')), ...ACCOUNT });
    service = BlobServiceClient.fromConnectionString(server.connectionString);
  });
  afterAll(async () => {
    await server.stop();
    await database.remove();
    rmSync(directory, { recursive: true, force: true });
    rmSync(`${directory}.log`, { force: true });
  });

  async function container(name: string): Promise<ContainerClient> {
    const { containerClient } = await service.createContainer(name, { metadata: { of: 'tests' } });
    return containerClient;
  }

  test('puts blocks together by their list', async () => {
    const blob = (await container('blocks')).getBlockBlobClient('a/b.txt');
    await blob.stageBlock(blockId(1), 'hello ', 6);
    await blob.stageBlock(blockId(2), 'world', 5);
    expect((await blob.getBlockList('uncommitted')).uncommittedBlocks).toHaveLength(2);
    await blob.commitBlockList([blockId(1), blockId(2)], { blobHTTPHeaders: { blobContentType: 'text/plain' }, metadata: { made: 'of blocks' }, tags: { kind: 'text' } });
    expect((await blob.downloadToBuffer()).toString()).toBe('hello world');
    expect(await blob.getProperties()).toMatchObject({ contentType: 'text/plain', contentLength: 11, metadata: { made: 'of blocks' }, blobType: 'BlockBlob' });
    expect((await blob.getTags()).tags).toEqual({ kind: 'text' });
  });

  test('gives ranges to who has a signed URL, and nothing to others', async () => {
    const client = await container('signed');
    await client.getBlockBlobClient('digits').upload('0123456789', 10);
    const url = await client.generateSasUrl({ permissions: ContainerSASPermissions.parse('rl'), expiresOn: new Date(Date.now() + 3_600_000) });
    const granted = new ContainerClient(url);
    expect((await granted.getBlobClient('digits').downloadToBuffer(3, 4)).toString()).toBe('3456');
    const range = await fetch(granted.getBlobClient('digits').url, { headers: { range: 'bytes=7-' } });
    expect([range.status, range.headers.get('content-range'), await range.text()]).toEqual([206, 'bytes 7-9/10', '789']);
    await expect(granted.getBlockBlobClient('more').upload('x', 1)).rejects.toMatchObject({ statusCode: 403, code: 'AuthorizationPermissionMismatch' });
    await expect(new ContainerClient(client.url).getProperties()).rejects.toMatchObject({ statusCode: 403 });
    const stranger = new StorageSharedKeyCredential(ACCOUNT.accountName, Buffer.from('another key').toString('base64'));
    await expect(new ContainerClient(client.url, stranger).getProperties()).rejects.toMatchObject({ statusCode: 403, code: 'AuthorizationFailure' });
  });

  test('lists containers, and blobs page by page, by folder and with metadata', async () => {
    const client = await container('listed');
    const names = ['a/1', 'a/2', 'b/ä', 'c'];
    for (const name of names) await client.getBlockBlobClient(name).upload(name, Buffer.byteLength(name), { metadata: { name: 'x' } });
    const pages: string[][] = [];
    for await (const page of client.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 3 })) pages.push(page.segment.blobItems.map(({ name, metadata }) => `${name} ${metadata?.['name']}`));
    expect(pages).toEqual([['a/1 x', 'a/2 x', 'b/ä x'], ['c x']]);
    const folders: string[] = [];
    for await (const item of client.listBlobsByHierarchy('/')) folders.push(`${item.kind} ${item.name}`);
    expect(folders.sort()).toEqual(['blob c', 'prefix a/', 'prefix b/']);
    const containers: unknown[] = [];
    for await (const item of service.listContainers({ prefix: 'listed', includeMetadata: true })) containers.push([item.name, item.metadata]);
    expect(containers).toEqual([['listed', { of: 'tests' }]]);
  });

  test('refuses to append and to write pages, which Azurite on a database does not', async () => {
    const client = await container('others');
    const log = client.getAppendBlobClient('log');
    await log.create();
    await expect(log.appendBlock('one\n', 4)).rejects.toMatchObject({ statusCode: 501, code: 'APINotImplemented' });
    const disk = client.getPageBlobClient('disk');
    await disk.create(1024);
    await expect(disk.uploadPages(Buffer.alloc(512, 'p'), 512, 512)).rejects.toMatchObject({ statusCode: 501, code: 'APINotImplemented' });
  });

  test('keeps snapshots, copies, and honours leases and conditions', async () => {
    const client = await container('states');
    const blob = client.getBlockBlobClient('b');
    await blob.upload('old', 3);
    const { snapshot, etag } = await blob.createSnapshot();
    await blob.upload('new', 3);
    expect((await blob.withSnapshot(snapshot ?? '').downloadToBuffer()).toString()).toBe('old');
    await expect(blob.upload('stale', 5, { conditions: { ifMatch: etag ?? '' } })).rejects.toMatchObject({ statusCode: 412, code: 'ConditionNotMet' });
    const copy = client.getBlockBlobClient('copy');
    await (await copy.beginCopyFromURL(blob.url)).pollUntilDone();
    expect((await copy.downloadToBuffer()).toString()).toBe('new');
    const lease = copy.getBlobLeaseClient();
    await lease.acquireLease(15);
    await expect(copy.delete()).rejects.toMatchObject({ statusCode: 412, code: 'LeaseIdMissing' });
    await lease.releaseLease();
    await copy.delete();
    await blob.delete({ deleteSnapshots: 'include' });
    expect(await blob.exists()).toBe(false);
  });

  test('deletes in batches, keeps policies, and has properties of the service', async () => {
    const client = await container('managed');
    for (const name of ['1', '2']) await client.getBlockBlobClient(name).upload(name, 1);
    const answer = await service.getBlobBatchClient().deleteBlobs([client.getBlobClient('1'), client.getBlobClient('2')]);
    expect(answer.subResponsesSucceededCount).toBe(2);
    const accessPolicy = { permissions: 'r', startsOn: new Date('2020-01-01T00:00:00Z'), expiresOn: new Date('2100-01-01T00:00:00Z') };
    await client.setAccessPolicy(undefined, [{ id: 'readers', accessPolicy }]);
    expect((await client.getAccessPolicy()).signedIdentifiers).toMatchObject([{ id: 'readers', accessPolicy: { permissions: 'r' } }]);
    const cors = [{ allowedOrigins: 'https://example.org', allowedMethods: 'GET', allowedHeaders: '*', exposedHeaders: '*', maxAgeInSeconds: 60 }];
    await service.setProperties({ cors });
    expect((await service.getProperties()).cors).toEqual(cors);
    const preflight = await fetch(client.url, { method: 'OPTIONS', headers: { origin: 'https://example.org', 'access-control-request-method': 'GET' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, 'https://example.org']);
    expect(await service.getAccountInfo()).toMatchObject({ accountKind: 'StorageV2' });
  });
});

function blockId(index: number): string {
  return Buffer.from(`block-${index}`).toString('base64');
}
