import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { containerSasUrl } from '../../src/blobs/sas.ts';
import { blobUrl, download, listBlobs, putFile, retrying } from '../../src/blobs/transfer.ts';
import { TransferError } from '../../src/blobs/transferError.ts';
import { type TemporaryBlobs, temporaryBlobs } from '../support/blobs.ts';

const options = { idleMs: 20_000, retryMs: 5_000, signal: new AbortController().signal };
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
async function all(chunks: AsyncIterable<Buffer>): Promise<string> {
  return Buffer.concat(await collect(chunks)).toString();
}
function names(url: string, prefix = ''): Promise<string[]> {
  return collect(listBlobs(url, prefix, options));
}

describe('transfers with what a container URL grants', () => {
  let blobs: TemporaryBlobs;
  let directory: string;
  let container: ContainerClient;
  beforeAll(async () => {
    blobs = await temporaryBlobs();
    directory = mkdtempSync(join(tmpdir(), 'linarite-transfer-'));
    container = BlobServiceClient.fromConnectionString(blobs.server.connectionString).getContainerClient('usual');
    await container.create();
  });
  afterAll(async () => {
    await blobs.remove();
    rmSync(directory, { recursive: true });
  });
  const url = (rights: Parameters<typeof containerSasUrl>[2], name = 'usual', expiresAt = Date.now() + 60_000): string =>
    containerSasUrl(blobs.server, name, rights, expiresAt);
  const put = async (containerUrl: string, name: string, content: string, headers = {}): Promise<void> => {
    const path = join(directory, 'file');
    writeFileSync(path, content);
    const file = openSync(path, 'r');
    try {
      await putFile({ ...options, url: blobUrl(containerUrl, name), file, sizeBytes: Buffer.byteLength(content), headers });
    } finally {
      closeSync(file);
    }
  };

  test.each(['plain.txt', 'a folder/ä & <b>#?%.txt', "it's", 'deep/er/est/1'])('a file is put as %s, listed and read again', async (name) => {
    const granted = url(['read', 'list', 'write', 'create']);
    await put(granted, name, `content of ${name}`);
    expect(await names(granted, name.slice(0, 4))).toContain(name);
    const blob = new URL(granted);
    blob.pathname += `/${name.split('/').map(encodeURIComponent).join('/')}`;
    expect(await all(download(blob.href, options))).toBe(`content of ${name}`);
  });

  test('an empty file is an empty blob, with the headers that were asked for', async () => {
    await put(url(['write']), 'empty', '', { 'x-ms-blob-content-type': 'text/x-nothing', 'x-ms-meta-who': 'us' });
    const { contentLength, contentType, metadata } = await container.getBlobClient('empty').getProperties();
    expect({ contentLength, contentType, metadata }).toEqual({ contentLength: 0, contentType: 'text/x-nothing', metadata: { who: 'us' } });
  });

  test('a file of more than 256 MiB goes in blocks', async () => {
    const path = join(directory, 'large');
    writeFileSync(path, 'first');
    truncateSync(path, 257 * 2 ** 20);
    const file = openSync(path, 'r');
    await putFile({ ...options, url: blobUrl(url(['write']), 'large'), file, sizeBytes: 257 * 2 ** 20, headers: { 'x-ms-meta-k': 'v' } });
    closeSync(file);
    const { contentLength, metadata } = await container.getBlobClient('large').getProperties();
    expect({ contentLength, metadata }).toEqual({ contentLength: 257 * 2 ** 20, metadata: { k: 'v' } });
    expect((await container.getBlobClient('large').downloadToBuffer(0, 8)).toString()).toBe('first\0\0\0');
  });

  test('a listing of more than one page is whole', async () => {
    const many = BlobServiceClient.fromConnectionString(blobs.server.connectionString).getContainerClient('many');
    await many.create();
    const wanted = Array.from({ length: 40 }, (_, index) => `p/${String(index).padStart(3, '0')}`);
    await Promise.all(wanted.map((name) => many.getBlockBlobClient(name).upload('x', 1)));
    const server = createServer((request, response) => {
      const asked = new URL(request.url ?? '', 'http://x');
      const target = new URL(url(['list'], 'many'));
      for (const [key, value] of asked.searchParams) target.searchParams.set(key, value);
      target.searchParams.set('maxresults', '7');
      void fetch(target, { headers: { 'x-ms-version': '2021-12-02' } })
        .then((answer) => answer.text())
        .then((text) => response.end(text));
    });
    const address = await listen(server);
    expect(await names(`${address}/many`, 'p/')).toEqual(wanted);
    server.close();
  });

  test.each([
    ['a container that does not exist', () => put(url(['write'], 'missing'), 'x', 'x'), 'notFound', 'ContainerNotFound'],
    ['a right that was not given', () => put(url(['read']), 'x', 'x'), 'accessDenied', /Authorization/],
    ['a signature out of time', () => names(url(['list'], 'usual', Date.now() - 60_000)), 'accessDenied', /Auth/],
    ['a container that cannot be listed because it does not exist', () => names(url(['list'], 'missing')), 'notFound', 'ContainerNotFound'],
    ['a blob that does not exist', () => all(download(url(['read']).replace('?', '/nothing?'), options)), 'notFound', 'BlobNotFound'],
    ['nobody listening', () => all(download('http://127.0.0.1:1/x', options)), 'misc', 'ECONNREFUSED'],
    ['no URL', () => all(download('not a url', options)), 'misc', 'InvalidUri'],
    ['another protocol', () => all(download('file:///etc/passwd', options)), 'misc', ''],
  ])('%s is told', async (_what, action: () => Promise<unknown>, kind, code) => {
    const error = await action().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind, code: code instanceof RegExp ? expect.stringMatching(code) : code });
    expect(String(error)).not.toMatch(/sig=/);
  });
});

describe('a web server that misbehaves', () => {
  let server: Server | undefined;
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener);
    return listen(server);
  };
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  const kindOf = async (url: string, idleMs = 300): Promise<string> => {
    const error: unknown = await all(download(url, { ...options, idleMs })).catch((caught: unknown) => caught);
    return error instanceof TransferError ? `${error.kind} ${error.isTransient}` : String(error);
  };

  test('never answering is timedOut', async () => {
    expect(await kindOf(await serve(() => {}))).toBe('timedOut true');
  });
  test('hanging in the middle is timedOut', async () => {
    expect(await kindOf(await serve((_request, response) => void response.writeHead(200, { 'content-length': 10 }).write('half')))).toBe('timedOut true');
  });
  test('breaking off in the middle is misc and transient', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half');
      setImmediate(() => response.destroy());
    });
    expect(await kindOf(url, 10_000)).toBe('misc true');
  });
  test.each([
    [404, 'notFound false'],
    [403, 'accessDenied false'],
    [400, 'misc false'],
    [500, 'misc true'],
    [503, 'misc true'],
    [429, 'misc true'],
  ])('answering %i is %s', async (status, kind) => {
    expect(await kindOf(await serve((_request, response) => response.writeHead(status).end('<Error><Code>Something</Code></Error>')))).toBe(kind);
  });
  test('redirecting is followed, not for ever', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/end') response.end('there');
      else response.writeHead(302, { location: request.url === '/once' ? '/end' : '/again' }).end();
    });
    expect(await all(download(`${url}/once`, options))).toBe('there');
    expect(await kindOf(`${url}/again`)).toBe('misc false');
  });
  test('failing twice and then answering is no failure when tried again', async () => {
    let asked = 0;
    const url = await serve((_request, response) => response.writeHead(++asked < 3 ? 503 : 200).end('at last'));
    expect(await retrying(options, () => all(download(url, options)))).toBe('at last');
  });
  test('is left at once when the wait is given up', async () => {
    const url = await serve(() => {});
    const giveUp = new AbortController();
    const waiting = all(download(url, { ...options, signal: giveUp.signal })).catch((error: unknown) => error);
    giveUp.abort();
    expect(await waiting).toBeInstanceOf(TransferError);
  });
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
