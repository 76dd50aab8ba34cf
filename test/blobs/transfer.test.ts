import { createHash } from 'node:crypto';
import dns from 'node:dns';
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TransferOptions } from '../../src/blobs/exchange.ts';
import { containerSasUrl } from '../../src/blobs/sas.ts';
import { fetchFile } from '../../src/blobs/fetchFile.ts';
import { listBlobs } from '../../src/blobs/list.ts';
import { putFile } from '../../src/blobs/putFile.ts';
import { blobUrl } from '../../src/blobs/storageUrls.ts';
import { TransferError } from '../../src/blobs/transferError.ts';
import { type TemporaryBlobs, temporaryBlobs } from '../support/blobs.ts';

const MIB = 2 ** 20;
const options = { idleMs: 20_000, retryMs: 5_000, signal: new AbortController().signal };
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
/** What is behind a URL, by way of a file. */
async function fetched(url: string, changes: Partial<TransferOptions> = {}): Promise<Buffer> {
  const path = join(mkdtempSync(join(tmpdir(), 'linarite-fetched-')), 'file');
  const file = openSync(path, 'wx+');
  try {
    await fetchFile({ ...options, ...changes, url, file });
    return readFileSync(path);
  } finally {
    closeSync(file);
    rmSync(dirname(path), { recursive: true });
  }
}
async function text(url: string, changes: Partial<TransferOptions> = {}): Promise<string> {
  return (await fetched(url, changes)).toString();
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
    expect(await text(blob.href)).toBe(`content of ${name}`);
  });

  test('an empty file is an empty blob, with the headers that were asked for', async () => {
    await put(url(['write']), 'empty', '', { 'x-ms-blob-content-type': 'text/x-nothing', 'x-ms-meta-who': 'us' });
    const { contentLength, contentType, metadata } = await container.getBlobClient('empty').getProperties();
    expect({ contentLength, contentType, metadata }).toEqual({ contentLength: 0, contentType: 'text/x-nothing', metadata: { who: 'us' } });
  });

  test('a large file goes in blocks and comes in parts, with the headers that were asked for', async () => {
    const path = join(directory, 'large');
    const sizeBytes = 65 * MIB + 1;
    writeFileSync(path, 'first');
    truncateSync(path, sizeBytes);
    appendFileSync(path, 'last');
    const file = openSync(path, 'r');
    const granted = url(['read', 'write']);
    await putFile({ ...options, url: blobUrl(granted, 'large'), file, sizeBytes: sizeBytes + 4, headers: { 'x-ms-meta-k': 'v', 'content-type': 'text/x-large' } });
    closeSync(file);
    const { contentLength, contentType, metadata } = await container.getBlobClient('large').getProperties();
    expect({ contentLength, contentType, metadata }).toEqual({ contentLength: sizeBytes + 4, contentType: 'text/x-large', metadata: { k: 'v' } });
    const content = await fetched(blobUrl(granted, 'large'));
    expect(content.length).toBe(sizeBytes + 4);
    expect(md5Of(content)).toBe(md5Of(readFileSync(path)));
  });

  test('a signature out of time is named, with the time that it says', async () => {
    const expired = url(['list'], 'usual', Date.UTC(2020, 1, 3, 4, 5, 6));
    await expect(names(expired)).rejects.toThrow(/answered 403 Auth\w*: the signature in the URL \(SAS\) ended at 2020-02-03T04:05:06Z$/);
    const early = new URL(url(['list']));
    early.searchParams.set('st', '2999-01-01T00:00:00Z');
    await expect(names(early.href)).rejects.toThrow(/is good only from 2999-01-01T00:00:00Z on$/);
  });

  test('what is asked of a Data Lake is asked of its blobs', async () => {
    const { port } = new URL(blobs.server.endpoint);
    const asked: string[] = [];
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((host: string, given: { all?: boolean }, done: (error: null, found: unknown, family?: number) => void) => {
      asked.push(host);
      if (given.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
      else done(null, '127.0.0.1', 4);
    }) as typeof dns.lookup);
    try {
      const lake = new URL(url(['read', 'list', 'write', 'create']));
      lake.host = `testaccount.dfs.core.windows.net:${port}`;
      lake.pathname = '/usual';
      await put(lake.href, 'lake/deep.txt', 'of the lake');
      expect(await names(lake.href, 'lake/')).toEqual(['lake/deep.txt']);
      expect(await text(lake.href.replace('/usual?', '/usual/lake/deep.txt?'))).toBe('of the lake');
      expect((await container.getBlobClient('lake/deep.txt').downloadToBuffer()).toString()).toBe('of the lake');
      expect(new Set(asked)).toEqual(new Set(['testaccount.blob.core.windows.net']));
    } finally {
      lookup.mockRestore();
    }
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
    ['a blob that does not exist', () => text(url(['read']).replace('?', '/nothing?')), 'notFound', 'BlobNotFound'],
    ['nobody listening', () => text('http://127.0.0.1:1/x', { retryMs: 0 }), 'misc', 'ECONNREFUSED'],
    ['no URL', () => text('not a url'), 'misc', 'InvalidUri'],
    ['another protocol', () => text('file:///etc/passwd'), 'misc', ''],
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
  const kindOf = async (url: string, idleMs = 10_000): Promise<string> => {
    const error: unknown = await text(url, { idleMs, retryMs: 0 }).catch((caught: unknown) => caught);
    return error instanceof TransferError ? `${error.kind} ${error.isTransient}` : String(error);
  };

  test('never answering is timedOut', async () => {
    expect(await kindOf(await serve(() => {}), 300)).toBe('timedOut true');
  });
  test('hanging in the middle is timedOut', async () => {
    expect(await kindOf(await serve((_request, response) => void response.writeHead(200, { 'content-length': 10 }).write('half')), 300)).toBe('timedOut true');
  });
  test('breaking off in the middle is misc and transient', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 10 }).write('half');
      setImmediate(() => response.destroy());
    });
    expect(await kindOf(url)).toBe('misc true');
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
    expect(await text(`${url}/once`)).toBe('there');
    expect(await kindOf(`${url}/again`)).toBe('misc false');
  });
  test('failing twice and then answering is no failure when tried again', async () => {
    let asked = 0;
    const url = await serve((_request, response) => response.writeHead(++asked < 3 ? 503 : 200).end('at last'));
    expect(await text(url)).toBe('at last');
  });
  test('is left at once when the wait is given up', async () => {
    const url = await serve(() => {});
    const giveUp = new AbortController();
    const waiting = text(url, { signal: giveUp.signal }).catch((error: unknown) => error);
    giveUp.abort();
    expect(await waiting).toBeInstanceOf(TransferError);
  });
});

/** 65 MiB that no two parts of have the same. */
const LARGE = Buffer.concat(Array.from({ length: 65 }, (_, index) => Buffer.alloc(MIB, `part ${index} `)));

/** Serves ranges of one version, as blobs are served. `unless` may do something else with a request. */
function serveRanges(unless: (request: IncomingMessage, range: readonly [number, number] | null, response: ServerResponse) => boolean, headers: Record<string, string> = {}): RequestListener {
  return (request, response) => {
    const found = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const range = found === null ? null : ([Number(found[1]), Number(found[2])] as const);
    if (unless(request, range, response)) return;
    const common = { etag: '"one"', 'accept-ranges': 'bytes', ...headers };
    if (range === null) response.writeHead(200, { ...common, 'content-length': LARGE.length }).end(LARGE);
    else response.writeHead(206, { ...common, 'content-range': `bytes ${range[0]}-${range[1]}/${LARGE.length}` }).end(LARGE.subarray(range[0], range[1] + 1));
  };
}

describe('a large file from a server that fails in between', () => {
  let server: Server | undefined;
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener);
    return listen(server);
  };
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  test('goes on in each part where it broke off', async () => {
    const asked: (readonly [number, number] | null)[] = [];
    let broken = 0;
    const url = await serve(
      serveRanges((request, range, response) => {
        asked.push(range);
        if (range !== null) expect(request.headers['if-match']).toBe('"one"');
        if (range?.[0] !== 32 * MIB || broken > 0) return false;
        broken += 1;
        response.writeHead(206, { 'content-range': `bytes ${range[0]}-${range[1]}/${LARGE.length}`, 'content-length': range[1] + 1 - range[0] }).write(LARGE.subarray(range[0], range[0] + 24 * MIB), () => response.destroy());
        return true;
      }, { 'content-md5': md5Of(LARGE) }),
    );
    expect(md5Of(await fetched(url))).toBe(md5Of(LARGE));
    const starts = asked.map((range) => range?.[0] ?? null).sort((one, other) => Number(one) - Number(other));
    expect([starts[0], starts[1], starts[3]]).toEqual([null, 32 * MIB, 64 * MIB]);
    // All that was on its way at most was lost: far less than what sockets hold.
    expect(starts[2]).toBeGreaterThan(33 * MIB);
    expect(starts[2]).toBeLessThanOrEqual(56 * MIB);
    expect(starts).toHaveLength(4);
  });

  test('is fetched anew, and in one go, when another version took its place', async () => {
    let whole = 0;
    const url = await serve(
      serveRanges((_request, range, response) => {
        if (range === null) whole += 1;
        else response.writeHead(412).end();
        return range !== null;
      }),
    );
    expect(md5Of(await fetched(url))).toBe(md5Of(LARGE));
    expect(whole).toBe(2);
  });

  test('is fetched in one go from a server that promises ranges and gives none', async () => {
    const url = await serve(serveRanges((_request, range, response) => range !== null && response.writeHead(200).end('other') !== undefined));
    expect(md5Of(await fetched(url))).toBe(md5Of(LARGE));
  });

  test('is fetched again when its MD5 is not what was said, and refused if it stays so', async () => {
    let asked = 0;
    const small = Buffer.from('small');
    const url = await serve((_request, response) => response.writeHead(200, { 'content-md5': md5Of(small) }).end(++asked === 1 ? 'wrong' : small));
    expect(await text(url)).toBe('small');
    expect(asked).toBe(2);
    const wrong = await serve(serveRanges(() => false, { 'content-md5': md5Of(small) }));
    await expect(text(wrong, { retryMs: 0 })).rejects.toMatchObject({ code: 'Md5Mismatch', isTransient: true });
  });

  test.each([
    ['7', 7_000],
    ['0', 250],
    ['nonsense', 250],
    ['600', 20_000],
  ])('is tried again when the server says so: Retry-After %s', async (retryAfter, waitedMs) => {
    const giveUp = new AbortController();
    const told: number[] = [];
    const url = await serve((_request, response) => response.writeHead(429, { 'retry-after': retryAfter }).end());
    const onRetry = (error: TransferError, waitMs: number): void => {
      told.push(error.status ?? 0, waitMs);
      giveUp.abort();
    };
    await fetched(url, { signal: giveUp.signal, retryMs: 20_000, onRetry }).catch(() => {});
    expect(told).toEqual([429, expect.closeTo(waitedMs, -3)]);
  });

  test('is tried again at the date that the server says', async () => {
    const giveUp = new AbortController();
    const told: number[] = [];
    const url = await serve((_request, response) => response.writeHead(503, { 'retry-after': new Date(Date.now() + 50_000).toUTCString() }).end());
    const onRetry = (_error: TransferError, waitMs: number): void => {
      told.push(waitMs);
      giveUp.abort();
    };
    await fetched(url, { signal: giveUp.signal, retryMs: 60_000, onRetry }).catch(() => {});
    expect(told[0]).toBeGreaterThan(10_000);
    expect(told[0]).toBeLessThanOrEqual(50_000);
  });
});

describe('a large file to a server that fails in between', () => {
  let server: Server | undefined;
  let path: string;
  let file: number;
  beforeAll(() => {
    path = join(mkdtempSync(join(tmpdir(), 'linarite-put-')), 'file');
    writeFileSync(path, LARGE);
    file = openSync(path, 'r');
  });
  afterAll(() => {
    closeSync(file);
    rmSync(dirname(path), { recursive: true });
  });
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** What a storage does with blocks. `fail` may refuse one, with the number of its try. */
  const storage = async (fail: (block: number, attempt: number, response: ServerResponse) => boolean) => {
    const blocks = new Map<string, Buffer>();
    const tries = new Map<string, number>();
    const stored: Buffer[] = [];
    server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://x');
      const id = searchParams.get('blockid');
      void buffer(request)
        .then((content) => {
          if (searchParams.get('comp') === 'blocklist') {
            for (const [, block = ''] of content.toString().matchAll(/<Latest>(.*?)<\/Latest>/g)) stored.push(blocks.get(block) ?? Buffer.from('missing'));
            return response.writeHead(201).end();
          }
          const name = id ?? 'whole';
          const attempt = (tries.get(name) ?? 0) + 1;
          tries.set(name, attempt);
          if (fail(Number(Buffer.from(name, 'base64').toString().slice(-6)), attempt, response)) return undefined;
          if (request.headers['content-md5'] !== md5Of(content)) return response.writeHead(400, { 'x-ms-error-code': 'InvalidMd5' }).end();
          blocks.set(name, content);
          return response.writeHead(201).end();
        })
        .catch(() => {});
    });
    return { url: await listen(server), stored, tries };
  };

  test('is whole, though blocks are refused, cut off and received wrongly', async () => {
    const { url, stored, tries } = await storage((block, attempt, response) => {
      if (attempt > 1) return false;
      if (block === 0) response.writeHead(503, { 'x-ms-error-code': 'ServerBusy' }).end();
      else if (block === 1) response.destroy();
      else response.writeHead(400, { 'x-ms-error-code': 'Md5Mismatch' }).end();
      return true;
    });
    const retried: string[] = [];
    await putFile({ ...options, url, file, sizeBytes: LARGE.length, headers: {}, onRetry: ({ code, status }) => retried.push(code === '' ? String(status) : code) });
    expect(md5Of(Buffer.concat(stored))).toBe(md5Of(LARGE));
    expect([...tries.values()]).toEqual([2, 2, 2]);
    expect(retried.toSorted()).toEqual(['ECONNRESET', 'Md5Mismatch', 'ServerBusy']);
  });

  test('is sent again when the server says that it has received something else', async () => {
    let asked = 0;
    server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(201, { 'content-md5': ++asked === 1 ? 'another' : (request.headers['content-md5'] ?? '') }).end());
    });
    await putFile({ ...options, url: await listen(server), file, sizeBytes: MIB, headers: {} });
    expect(asked).toBe(2);
  });

  test('is refused at once, and nothing more is sent, when a block is not allowed', async () => {
    const { url, stored } = await storage((block, _attempt, response) => block === 1 && response.writeHead(403).end() !== undefined);
    await expect(putFile({ ...options, url, file, sizeBytes: LARGE.length, headers: {} })).rejects.toMatchObject({ kind: 'accessDenied' });
    expect(stored).toEqual([]);
  });

  test('that becomes shorter meanwhile is refused for that', async () => {
    const shrinking = `${path}.shrinking`;
    writeFileSync(shrinking, LARGE.subarray(0, 60 * MIB));
    const opened = openSync(shrinking, 'r');
    server = createServer((request) => {
      // Nothing is taken before: so not all of it was sent.
      truncateSync(shrinking, 0);
      request.resume();
    });
    await expect(putFile({ ...options, url: await listen(server), file: opened, sizeBytes: 60 * MIB, headers: {} })).rejects.toThrow('the file became shorter while it was sent');
    closeSync(opened);
  });
});

function md5Of(content: Buffer): string {
  return createHash('md5').update(content).digest('base64');
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
