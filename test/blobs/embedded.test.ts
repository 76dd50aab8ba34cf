import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type BlobServer, type BlobServerOptions, startBlobServer } from '../../src/blobs/embedded/server.ts';
import { isRunning, type ProcessIdentity } from '../../src/processes/identity.ts';
import { connectionUrl, ensureDatabase } from '../../src/store/embedded/databases.ts';
import { freePort, until } from '../support/linarite.ts';
import { type TemporaryPostgres, temporaryPostgres } from '../support/postgres.ts';

const KEY = Buffer.from('a key that only tests use').toString('base64');
const OTHER = Buffer.from('another key that only tests use').toString('base64');
const THIRD = Buffer.from('a third key that only tests use').toString('base64');

let database: TemporaryPostgres;
let databaseUrl: string;
let directory: string;
const running: BlobServer[] = [];

beforeAll(async () => {
  database = await temporaryPostgres();
  databaseUrl = connectionUrl(await ensureDatabase(database.connection, 'azurite'));
  directory = mkdtempSync(join(tmpdir(), 'linarite-blobs-'));
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});
afterAll(async () => {
  await database.remove();
  rmSync(directory, { recursive: true, force: true });
  rmSync(`${directory}.log`, { force: true });
});

async function start(more: Partial<BlobServerOptions> = {}): Promise<BlobServer> {
  const server = await startBlobServer({ directory, databaseUrl, accountName: 'testaccount', accountKey: KEY, ...more });
  running.push(server);
  return server;
}

/** The port that a blob server has noted in its directory; undefined: none so far. */
function keptPort(of: string): number | undefined {
  const notes = join(of, 'server.json');
  return existsSync(notes) ? (JSON.parse(readFileSync(notes, 'utf8')) as { readonly port: number }).port : undefined;
}

async function container(server: BlobServer, name: string): Promise<ContainerClient> {
  const client = BlobServiceClient.fromConnectionString(server.connectionString).getContainerClient(name);
  await client.createIfNotExists();
  return client;
}

describe('the embedded blob server', () => {
  test('serves a storage client: put, list, properties, ranges, delete', async () => {
    const client = await container(await start(), 'usual');
    const blob = client.getBlockBlobClient('a folder/ä.txt');
    await blob.upload('0123456789', 10, { metadata: { who: 'us' } });
    expect((await blob.downloadToBuffer(2, 3)).toString()).toBe('234');
    expect((await blob.getProperties()).metadata).toEqual({ who: 'us' });
    const names: string[] = [];
    for await (const item of client.listBlobsFlat()) names.push(item.name);
    expect(names).toEqual(['a folder/ä.txt']);
    await blob.delete();
    expect(await blob.exists()).toBe(false);
  });

  test('serves further accounts from the moment they are told, and none that is taken away', async () => {
    const server = await start({ more: [{ name: 'second', keys: [OTHER] }] });
    const of = (name: string, key: string) => new BlobServiceClient(`${new URL(server.endpoint).origin}/${name}`, new StorageSharedKeyCredential(name, key));
    await of('second', OTHER).getContainerClient('theirs').create();
    await server.setAccounts([{ name: 'second', keys: [OTHER] }, { name: 'third', keys: [THIRD, OTHER] }]);
    await of('third', THIRD).getContainerClient('own').create();
    expect(await of('third', OTHER).getContainerClient('own').exists()).toBe(true);
    expect(await of('third', OTHER).getContainerClient('theirs').exists()).toBe(false);
    await expect(of('third', KEY).getContainerClient('own').getProperties()).rejects.toMatchObject({ statusCode: 403 });
    await server.setAccounts([]);
    await expect(of('second', OTHER).getContainerClient('theirs').getProperties()).rejects.toThrow();
    expect(await container(server, 'usual')).toBeDefined();
  });

  test('keeps its port and its blobs over a restart', async () => {
    const first = await start();
    await (await container(first, 'kept')).getBlockBlobClient('b').upload('kept', 4);
    await first.stop();
    const second = await start();
    expect(second.endpoint).toBe(first.endpoint);
    expect((await (await container(second, 'kept')).getBlockBlobClient('b').downloadToBuffer()).toString()).toBe('kept');
  });

  test('every acknowledged blob survives kill -9 in the middle of uploads', async () => {
    const server = await start();
    const client = await container(server, 'killed');
    const acknowledged: string[] = [];
    const uploads = Array.from({ length: 200 }, async (_, index) => {
      const name = `blob-${index}`;
      await client.getBlockBlobClient(name).upload(name.repeat(1000), name.length * 1000, { abortSignal: AbortSignal.timeout(60_000) });
      acknowledged.push(name);
      if (acknowledged.length === 40) process.kill(server.pid, 'SIGKILL');
    });
    const settled = Promise.allSettled(uploads);
    await server.exited;
    const again = await start();
    const before = [...acknowledged];
    await settled;
    expect(before.length).toBeGreaterThanOrEqual(40);
    const content = await container(again, 'killed');
    for (const name of before) {
      expect((await content.getBlockBlobClient(name).downloadToBuffer()).toString()).toBe(name.repeat(1000));
    }
  });

  test('one that outlived its service is ended and followed by a new one on the same port', async () => {
    const orphan = await start();
    const next = await start();
    await orphan.exited;
    expect(next.pid).not.toBe(orphan.pid);
    expect(next.endpoint).toBe(orphan.endpoint);
  });

  test('moves when a stranger took its port', async () => {
    const first = await start();
    await first.stop();
    const port = Number(new URL(first.endpoint).port);
    const stranger = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    try {
      const moved = await start();
      expect(moved.endpoint).not.toBe(first.endpoint);
    } finally {
      stranger.close();
    }
  });

  test('looks for its first port from where it is told, and keeps it; one that it must have and cannot is an error', async () => {
    const taken = await freePort();
    const stranger = createServer().listen(taken, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    const elsewhere = join(directory, 'elsewhere');
    try {
      const first = await start({ directory: elsewhere, firstPort: taken });
      const port = Number(new URL(first.endpoint).port);
      expect(port).toBeGreaterThan(taken);
      expect(port).toBeLessThan(taken + 100);
      await first.stop();
      const second = await start({ directory: elsewhere });
      expect(second.endpoint).toBe(first.endpoint);
      await second.stop();
      await expect(start({ directory: elsewhere, port: taken })).rejects.toThrow(`port ${taken} is taken`);
    } finally {
      stranger.close();
    }
  });

  test('takes another one when somebody takes its port between the look for a free one and its use', async () => {
    const elsewhere = join(directory, 'raced');
    let tell: (url: string) => void = () => undefined;
    const told = new Promise<string>((resolve) => (tell = resolve));
    const firstPort = await freePort();
    const starting = start({ directory: elsewhere, firstPort, databaseUrl: told });
    // It listens once it has its database; its port stands there before that.
    const port = await until('the port is chosen', 60_000, async () => keptPort(elsewhere));
    const stranger = createServer().listen(port, '127.0.0.1');
    await new Promise((resolve) => stranger.once('listening', resolve));
    try {
      tell(databaseUrl);
      const moved = Number(new URL((await starting).endpoint).port);
      expect(moved).toBeGreaterThan(port);
      expect(moved).toBeLessThan(firstPort + 100);
    } finally {
      stranger.close();
    }
  });

  test('goes on when PostgreSQL goes away and comes back', async () => {
    const server = await start();
    const client = await container(server, 'outage');
    await client.getBlockBlobClient('before').upload('1', 1);
    process.kill(database.postgres.pid, 'SIGKILL');
    await database.postgres.exited;
    await database.restart();
    await client.getBlockBlobClient('after').upload('2', 1);
    expect((await client.getBlockBlobClient('before').downloadToBuffer()).toString()).toBe('1');
  });

  test.runIf(process.platform === 'linux')('shows no credential in its arguments', async () => {
    const server = await start();
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(KEY);
    expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).toContain('--disableTelemetry');
  });

  test('ends again when the database that it waits for cannot be had', async () => {
    const elsewhere = join(directory, 'elsewhere');
    try {
      const started = startBlobServer({ directory: elsewhere, databaseUrl: Promise.reject(new Error('no database today')), accountName: 'testaccount', accountKey: KEY });
      await expect(started).rejects.toThrow('no database today');
      const notes = JSON.parse(readFileSync(join(elsewhere, 'server.json'), 'utf8')) as { readonly process: ProcessIdentity };
      expect(isRunning(notes.process)).toBe(false);
    } finally {
      rmSync(elsewhere, { recursive: true });
      rmSync(`${elsewhere}.log`, { force: true });
    }
  });

  test('says what went wrong when it cannot start', async () => {
    const elsewhere = join(directory, 'elsewhere');
    try {
      const started = startBlobServer({ directory: elsewhere, databaseUrl: databaseUrl.replace('azurite', 'missing'), accountName: 'testaccount', accountKey: KEY });
      await expect(started).rejects.toThrow(/blob server did not start: [^]*missing/);
    } finally {
      rmSync(elsewhere, { recursive: true });
      rmSync(`${elsewhere}.log`, { force: true });
    }
  });
});
