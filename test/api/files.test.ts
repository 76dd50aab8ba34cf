import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AgentDoor, FileAnswer, FileAsk, FileProperties, NodeFiles } from '../../src/ports.ts';
import type { BlobAccount } from '../../src/blobs/account.ts';
import { TransferError } from '../../src/blobs/transferError.ts';
import { postgresLogArchive } from '../../src/store/logArchive.ts';
import { until } from '../support/deadline.ts';
import { NODE_ACTIVITY } from '../../src/store/status/nodeActivity.ts';
import { statuses, type Statuses } from './statuses.ts';
import { noStorage, signed, testApi, UBUNTU, withVersion, type TestApi } from './support.ts';

/** A node with these files; it notes what it was asked. */
const CONTENT: Readonly<Record<string, string>> = { 'stdout.txt': 'hello from a task\n', 'stderr.txt': '', 'wd/x y.txt': 'spaced', 'wd/data.bin': '\u0000\u0001' };
const asks: FileAsk[] = [];
let unreachable = false;
/** Retention has taken the task's directory. */
let cleaned = false;
let aborted = false;

function properties(name: string, text: string): FileProperties {
  return {
    name,
    isDirectory: false,
    sizeBytes: Buffer.byteLength(text),
    modifiedAt: Date.UTC(2026, 10, 20, 11),
    createdAt: null,
    mode: '0o100644',
  };
}
function directory(name: string): FileProperties {
  return { ...properties(name, ''), isDirectory: true, mode: '0o40755' };
}

/** Paths come below the node's root: the task's directory stands in front. */
function local(path: string): string {
  return path.replace(/^workitems\/(?:j\/job-1\/t|files\/job-1\/files)\/?/, '');
}
function fileAt(path: string): FileProperties | null {
  const text = CONTENT[path];
  if (text === undefined) return null;
  return { ...properties(path, text), ...(path === 'wd/data.bin' ? { sizeBytes: Number.MAX_SAFE_INTEGER } : {}) };
}
const NOT_FOUND = { kind: 'error', code: 'FileNotFound', message: 'workitems/none.txt: no such file or directory' } as const satisfies FileAnswer;
const FORBIDDEN = { kind: 'error', code: 'Failed', message: 'workitems/secret: permission denied' } as const satisfies FileAnswer;
const NOT_EMPTY: FileAnswer = { kind: 'error', code: 'DirectoryNotEmpty', message: 'workitems/wd: directory not empty' };

/** What nodes say when they are to upload their logs. */
let uploaded: FileAnswer = { kind: 'uploaded', files: 1 };

const files: NodeFiles = {
  ask(_account, _node, ask): Promise<FileAnswer> {
    asks.push(ask);
    if (unreachable) return Promise.resolve({ kind: 'error', code: 'NodeNotReady', message: 'gone' });
    if (ask.kind === 'uploadLogs') return Promise.resolve(uploaded);
    if (cleaned) return Promise.resolve(ask.kind === 'list' ? { kind: 'error', code: 'PathNotFound', message: 'no such directory' } : NOT_FOUND);
    const path = local(ask.path);
    if (path === '' && ask.kind === 'properties') return Promise.resolve({ kind: 'properties', file: directory('') });
    if (ask.kind === 'list') {
      const listed = ['stderr.txt', 'stdout.txt', 'wd', ...(ask.recursive ? ['wd/data.bin', 'wd/x y.txt'] : [])]
        .filter((name) => name.startsWith(ask.prefix) && (ask.after === '' || name > ask.after))
        .map((name) => (CONTENT[name] === undefined ? directory(name) : properties(name, CONTENT[name])));
      return Promise.resolve({ kind: 'list', files: listed.slice(0, ask.limit), more: listed.length > ask.limit });
    }
    if (ask.kind === 'delete') return Promise.resolve(path === 'wd' && !ask.recursive ? NOT_EMPTY : { kind: 'deleted' });
    if (path === 'wd') return Promise.resolve({ kind: 'properties', file: directory('wd') });
    if (path === 'secret') return Promise.resolve(FORBIDDEN);
    const file = fileAt(path);
    return Promise.resolve(file === null ? NOT_FOUND : { kind: 'properties', file });
  },
  read(_account, _node, ask, signal) {
    asks.push(ask);
    if (unreachable) return Promise.resolve({ kind: 'error', code: 'NodeNotReady', message: 'gone' });
    const path = local(ask.path);
    if (path === 'wd') return Promise.resolve({ kind: 'error', code: 'IsDirectory', message: 'workitems/wd is a directory' });
    if (path === 'secret') return Promise.resolve(FORBIDDEN);
    const file = cleaned ? null : fileAt(path);
    if (file === null) return Promise.resolve(NOT_FOUND);
    const text = CONTENT[path] ?? '';
    const bytes = Buffer.from(text).subarray(ask.start, ask.end === null ? undefined : ask.end + 1);
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        if (path !== 'wd/data.bin') return yield bytes;
        // Endless: only a reader that goes away stops it.
        for (;;) yield Buffer.alloc(64 * 1024);
      } finally {
        aborted = aborted || path === 'wd/data.bin';
      }
    }
    if (signal.aborted) return Promise.resolve({ kind: 'error', code: 'Failed', message: 'aborted' });
    return Promise.resolve({ kind: 'file', file, body: body() });
  },
};

/** The blob of the log archive; null: it is not there. */
let object: string | null = null;
const storage: BlobAccount = {
  ...noStorage,
  writable: (url) => (url.startsWith('http://own/') ? `${url}?signed` : null),
  readBlob: (_container, _blob, { firstByte, lastByte }) => {
    if (object === null) return Promise.reject(new TransferError('notFound', 404, 'BlobNotFound', 'the storage answered 404'));
    if (object === 'away') return Promise.reject(new TransferError('misc', null, 'ECONNREFUSED', 'it is away'));
    const part = Buffer.from(object).subarray(firstByte, lastByte + 1);
    return Promise.resolve((async function* body(): AsyncGenerator<Uint8Array> {
      yield part;
    })());
  },
};

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi({ files, storage });
  write = statuses(it.pool);
});
beforeEach(async () => {
  await it.clear();
  asks.length = 0;
  unreachable = false;
  cleaned = false;
  uploaded = { kind: 'uploaded', files: 1 };
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
  const node = await write.node('p', { id: 'tvmps_1_d' });
  await write.task('j', 't', { state: 'running', attempt: 1, node, startedAt: 1 });
});
afterAll(() => it.close());

describe('files of a task', () => {
  const root = '/jobs/j/tasks/t/files';

  test('a file comes whole, with the headers of the service', async () => {
    const got = await it.ask({ url: `${root}/stdout.txt` });
    expect(got).toMatchObject({ status: 200, text: 'hello from a task\n' });
    expect(got.headers).toMatchObject({
      'content-length': '18',
      'content-type': 'text/plain',
      'last-modified': 'Fri, 20 Nov 2026 11:00:00 GMT',
      'ocp-batch-file-isdirectory': 'False',
      'ocp-batch-file-mode': '0o100644',
      'ocp-batch-file-url': encodeURIComponent('http://127.0.0.1:10800/jobs/j/tasks/t/files/stdout.txt'),
    });
    // The node is asked once: what is answered of the file comes with its bytes.
    expect(asks).toEqual([{ kind: 'read', path: 'workitems/j/job-1/t/stdout.txt', start: 0, end: null }]);
  });

  test.each(['wd/x%20y.txt', 'wd%2Fx%20y.txt', 'wd%2fx%20y.txt'])('%s names the same file', async (path) => {
    expect((await it.ask({ url: `${root}/${path}` })).text).toBe('spaced');
  });

  test('its URL is that of the file, whatever the job is called', async () => {
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'files', poolInfo: { poolId: 'p' } } });
    await it.ask({ method: 'POST', url: '/jobs/files/tasks', body: { id: 'files', commandLine: 'x' } });
    const { rows } = await it.pool.query<{ node: number }>('select node from node');
    await write.task('files', 'files', { state: 'running', attempt: 1, node: Number(rows[0]?.node) as never, startedAt: 1 });
    const got = await it.ask({ url: '/jobs/files/tasks/files/files/wd%2Fx%20y.txt' });
    expect(got.headers['ocp-batch-file-url']).toBe(encodeURIComponent('http://127.0.0.1:10800/jobs/files/tasks/files/files/wd/x%20y.txt'));
  });

  test.each(['ocp-range', 'range'])('a part of an empty file by %s is empty, too', async (name) => {
    expect(await it.ask({ url: `${root}/stderr.txt`, headers: { [name]: 'bytes=0-10' } })).toMatchObject({ status: 200, text: '' });
  });

  test('an empty file is empty', async () => {
    expect(await it.ask({ url: `${root}/stderr.txt` })).toMatchObject({ status: 200, text: '', headers: { 'content-length': '0' } });
  });

  test.each([
    ['ocp-range', 'bytes=6-9', 200, 'from', undefined],
    ['ocp-range', 'bytes=11-', 200, 'a task\n'.slice(0), undefined],
    ['ocp-range', 'bytes=0-4', 200, 'hello', undefined],
    ['range', 'bytes=6-9', 206, 'from', 'bytes 6-9/18'],
    ['range', 'bytes=-5', 206, 'task\n', 'bytes 13-17/18'],
    ['ocp-range', 'bytes=5-100', 200, ' from a task\n', undefined],
  ])('%s: %s is answered with %i', async (name, value, status, text, contentRange) => {
    const got = await it.ask({ url: `${root}/stdout.txt`, headers: { [name]: value } });
    expect(got).toMatchObject({ status, text });
    expect(got.headers['content-length']).toBe(String(text.length));
    expect(got.headers['content-range']).toBe(contentRange);
  });

  test('a range beyond the end is 416', async () => {
    expect((await it.ask({ url: `${root}/stdout.txt`, headers: { 'ocp-range': 'bytes=18-' } })).json.code).toBe('InvalidRange');
  });

  test('HEAD tells the length without reading', async () => {
    expect(await it.ask({ method: 'HEAD', url: `${root}/stdout.txt` })).toMatchObject({ status: 200, text: '', headers: { 'content-length': '18' } });
    expect(await it.ask({ method: 'HEAD', url: `${root}/wd` })).toMatchObject({ status: 200, headers: { 'ocp-batch-file-isdirectory': 'True' } });
    expect(asks.every(({ kind }) => kind === 'properties')).toBe(true);
  });

  test('what has not changed since is not sent again', async () => {
    const unchanged = await it.ask({ url: `${root}/stdout.txt`, headers: { 'if-modified-since': 'Fri, 20 Nov 2026 11:00:00 GMT' } });
    expect([unchanged.status, unchanged.headers['last-modified'], unchanged.headers['etag']]).toEqual([304, 'Fri, 20 Nov 2026 11:00:00 GMT', undefined]);
    expect((await it.ask({ url: `${root}/stdout.txt`, headers: { 'if-unmodified-since': 'Fri, 20 Nov 2026 10:59:59 GMT' } })).status).toBe(412);
  });

  test('lists show the files, those below directories when asked for, and page', async () => {
    const { json } = await it.ask({ url: root });
    expect(json.value.map(({ name }: { name: string }) => name)).toEqual(['stderr.txt', 'stdout.txt', 'wd']);
    expect(json.value[1]).toEqual({
      name: 'stdout.txt',
      url: 'http://127.0.0.1:10800/jobs/j/tasks/t/files/stdout.txt',
      isDirectory: false,
      properties: { lastModified: '2026-11-20T11:00:00Z', contentLength: '18', contentType: 'text/plain', fileMode: '0o100644' },
    });
    expect(json.value[2]).toEqual({ name: 'wd', url: expect.any(String), isDirectory: true });
    const first = (await it.ask({ url: `${root}?recursive=true&maxresults=4` })).json;
    expect(first.value).toHaveLength(4);
    const second = (await it.ask({ url: first['odata.nextLink'].replace('http://127.0.0.1:10800', '') })).json;
    expect(second.value).toMatchObject([{ name: 'wd/x y.txt', url: 'http://127.0.0.1:10800/jobs/j/tasks/t/files/wd/x%20y.txt' }]);
    expect(second).not.toHaveProperty('odata.nextLink');
    const some = await it.ask({ url: `${root}?$filter=startswith(name,%27std%27)` });
    expect(some.json.value).toHaveLength(2);
    expect(asks.at(-1)).toMatchObject({ kind: 'list', prefix: '' });
    expect((await it.ask({ url: `${root}?$filter=startswith(name,'STD')` })).json.value).toHaveLength(2);
  });

  test('a directory is deleted with what is in it only when that is asked for', async () => {
    expect((await it.ask({ method: 'DELETE', url: `${root}/wd` })).status).toBe(409);
    expect((await it.ask({ method: 'DELETE', url: `${root}/wd?recursive=true` })).status).toBe(200);
    expect((await it.ask({ method: 'DELETE', url: `${root}/stdout.txt` })).status).toBe(200);
  });

  test.each([
    ['a file that is not there', async (): Promise<void> => {}, 'none.txt', '404 FileNotFound'],
    ['a directory', async (): Promise<void> => {}, 'wd', '400 ResourceTypeMismatch'],
    ['a task that has not started', (): Promise<void> => write.task('j', 't', { state: 'offered', attempt: 1 }), 'stdout.txt', '409 OperationInvalidForCurrentState'],
    ['a task whose node has left', async (): Promise<void> => void (await it.pool.query('update node set gone_at = 1')), 'stdout.txt', '409 TaskFilesUnavailable'],
    ['a node that cannot be reached', async (): Promise<void> => void (unreachable = true), 'stdout.txt', '409 TaskFilesUnavailable'],
  ] as const)('%s', async (_name, arrange, path, answer) => {
    await arrange();
    const { status, json } = await it.ask({ url: `${root}/${path}` });
    expect(`${status} ${json.code}`).toBe(answer);
  });
});

test.each([
  ['GET', 'none.txt', 'FileNotFound', 'workitems/none.txt: no such file or directory'],
  ['GET', 'secret', 'IOError', 'workitems/secret: permission denied'],
  ['DELETE', 'wd', 'OperationInvalidForCurrentState', 'workitems/wd: directory not empty; recursive=true deletes it with all that is in it'],
] as const)('%s of %s says what is wrong, in the words of the node', async (method, path, code, reason) => {
  const { json } = await it.ask({ method, url: `/jobs/j/tasks/t/files/${path}` });
  expect([json.code, json.values?.[0].value]).toEqual([code, reason]);
});

describe('files of a task that has ended', () => {
  const requests = [
    ['GET', ''],
    ['GET', '/stdout.txt'],
    ['HEAD', '/stdout.txt'],
    ['DELETE', '/stdout.txt'],
  ] as const;
  const said = async ([method, path]: (typeof requests)[number]): Promise<string> => {
    const { status, json } = await it.ask({ method, url: `/jobs/j/tasks/t/files${path}` });
    return `${status} ${json?.code ?? ''}`.trim();
  };

  test('are told to be cleaned up once their retention is over, and to be missing only then', async () => {
    const [{ node } = { node: 0 }] = (await it.pool.query<{ node: string }>('select node from node')).rows.map((row) => ({ node: Number(row.node) }));
    await write.task('j', 't', { state: 'completed', result: 'success', exitCode: 0, attempt: 1, node: node as never, startedAt: 1, endedAt: 2 });
    expect((await it.ask({ url: '/jobs/j/tasks/t/files/none.txt' })).json.code).toBe('FileNotFound');
    cleaned = true;
    expect(await Promise.all(requests.map(said))).toEqual(['409 TaskFilesCleanedup', '409 TaskFilesCleanedup', '409', '409 TaskFilesCleanedup']);
  });

  test('are not, while the task still runs', async () => {
    cleaned = true;
    expect(await said(['GET', '/stdout.txt'])).toBe('404 FileNotFound');
  });
});

describe('files of a completed task that are archived', () => {
  const root = '/jobs/j/tasks/t/files';
  beforeEach(async () => {
    const [{ node, job, account } = { node: '0', job: '0', account: 0 }] = (await it.pool.query<{ node: string; job: string; account: number }>('select node, job, j.account from node, job j')).rows;
    await write.task('j', 't', { state: 'completed', result: 'success', exitCode: 0, attempt: 1, node: Number(node) as never, startedAt: 1, endedAt: 2 });
    const store = postgresLogArchive(it.pool);
    const file = { leftOutBytes: 0, modifiedAt: Date.UTC(2026, 10, 20, 11), mode: '0o100644' };
    const archived = [{ ...file, name: 'stdout.txt', start: 3, sizeBytes: 5 }, { ...file, name: 'stderr.txt', start: 8, sizeBytes: 0 }, { ...file, name: 'wd/a/x.log', start: 8, sizeBytes: 2, leftOutBytes: 7 }];
    const task = { job: Number(job), task: 1, attempt: 1, dueAt: it.now.value + 1_000, files: archived };
    await store.record({ account, object: await store.begin(account, 'acct/o', 0), node: Number(node), sizeBytes: 10, now: Date.UTC(2026, 10, 20, 11, 30), tasks: [task] });
    object = '...helloxy';
  });

  const places = [
    ['its node has gone', async (): Promise<void> => void (await it.pool.query('update node set gone_at = 1'))],
    ['its node cannot be reached', async (): Promise<void> => void (unreachable = true)],
    ['its node has lost them', async (): Promise<void> => void (cleaned = true)],
  ] as const;
  test.each(places)('are answered where %s', async (_where, happens) => {
    await happens();
    const archivedAt = { 'x-linarite-archived': '2026-11-20T11:30:00Z' };
    expect(await it.ask({ url: `${root}/stdout.txt` })).toMatchObject({ status: 200, text: 'hello', headers: { ...archivedAt, 'content-length': '5', 'last-modified': 'Fri, 20 Nov 2026 11:00:00 GMT' } });
    expect(await it.ask({ url: `${root}/stdout.txt`, headers: { 'ocp-range': 'bytes=3-9' } })).toMatchObject({ status: 200, text: 'lo', headers: archivedAt });
    expect(await it.ask({ method: 'HEAD', url: `${root}/wd/a/x.log` })).toMatchObject({ status: 200, headers: { ...archivedAt, 'content-length': '2', 'x-linarite-archived-left-out': '7' } });
    const list = await it.ask({ url: `${root}?recursive=true&$filter=${encodeURIComponent("startswith(name,'wd')")}` });
    expect(list.headers).toMatchObject(archivedAt);
    expect(list.json.value.map(({ name, isDirectory }: { name: string; isDirectory: boolean }) => [name, isDirectory])).toEqual([['wd', true], ['wd/a', true], ['wd/a/x.log', false]]);
    expect((await it.ask({ url: `${root}/wd` })).json.code).toBe('ResourceTypeMismatch');
    expect((await it.ask({ url: `${root}/none.txt` })).json).toMatchObject({ code: 'FileNotFound', values: [{ key: 'Reason', value: 'none.txt: the node does not have it any more, and it was not archived' }] });
  });

  test('are those of the node as long as that has them', async () => {
    const { text: said, headers } = await it.ask({ url: `${root}/stdout.txt` });
    expect([said, headers['x-linarite-archived']]).toEqual(['hello from a task\n', undefined]);
  });

  test('are not those of an earlier attempt, nor there beyond their time', async () => {
    unreachable = true;
    const code = async (): Promise<string> => (await it.ask({ url: `${root}/stdout.txt` })).json?.code;
    await it.pool.query('update task_status set attempt = 2');
    expect(await code()).toBe('TaskFilesUnavailable');
    await it.pool.query('update task_status set attempt = 1');
    expect(await code()).toBeUndefined();
    it.now.value += 1_000;
    expect(await code()).toBe('TaskFilesUnavailable');
    it.now.value -= 1_000;
  });

  test('stay deleted, wherever they were deleted', async () => {
    expect((await it.ask({ method: 'DELETE', url: `${root}/stdout.txt` })).status).toBe(200);
    unreachable = true;
    expect((await it.ask({ url: `${root}/stdout.txt` })).json.code).toBe('FileNotFound');
    expect((await it.ask({ method: 'DELETE', url: `${root}/wd` })).json.code).toBe('OperationInvalidForCurrentState');
    expect(await it.ask({ method: 'DELETE', url: `${root}/wd?recursive=true` })).toMatchObject({ status: 200, headers: { 'x-linarite-archived': expect.any(String) as unknown } });
    expect((await it.ask({ url: `${root}?recursive=true` })).json.value).toMatchObject([{ name: 'stderr.txt' }]);
  });

  test('are unavailable where their blob is gone, and for now where the storage is away', async () => {
    unreachable = true;
    object = null;
    expect((await it.ask({ url: `${root}/stdout.txt` })).json).toMatchObject({ code: 'TaskFilesUnavailable', values: [{ value: expect.stringContaining('in the storage account no more') as unknown }] });
    object = 'away';
    expect(await it.ask({ url: `${root}/stdout.txt` })).toMatchObject({ status: 503, json: { code: 'ServerBusy', values: [{ value: 'The storage account of the log archive: it is away' }] } });
  });
});

describe('files of a node', () => {
  test('start at the root of the node', async () => {
    expect((await it.ask({ url: '/pools/p/nodes/tvmps_1_d/files' })).status).toBe(200);
    expect(asks.at(-1)).toMatchObject({ kind: 'list', path: '' });
    expect((await it.ask({ url: '/pools/p/nodes/TVMPS_1_D/files/workitems%2Fj%2Fjob-1%2Ft%2Fstdout.txt' })).text).toBe('hello from a task\n');
  });

  test('of a node that is being made are not there yet', async () => {
    await it.pool.query(`update node_activity set state = ${NODE_ACTIVITY.columns.state.choices.creating}`);
    unreachable = true;
    expect((await it.ask({ url: '/pools/p/nodes/tvmps_1_d/files' })).json.code).toBe('NodeBeingCreated');
  });
});

describe('over sockets', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer(it.api.handler).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test.each(['..%2F..%2Fsecret', '../../secret', '%2e%2e/%2e%2e/secret', 'wd/../../../x', '%2Fetc%2Fpasswd', 'a%00b', '..%5C..%5Csecret'])('%s leaves the directory and never reaches the node', async (path) => {
    const url = withVersion(`/jobs/j/tasks/t/files/${path}`);
    const answer = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ port, host: '127.0.0.1', path: url, headers: signed('GET', url, { host: 'x' }, it.now.value) }, resolve).end();
    });
    answer.resume();
    expect(answer.statusCode).toBe(404);
    expect(asks).toEqual([]);
  });

  test('a client that goes away ends the reading', async () => {
    aborted = false;
    const url = withVersion('/jobs/j/tasks/t/files/wd/data.bin');
    const answer = await new Promise<IncomingMessage>((resolve) => {
      httpRequest({ port, host: '127.0.0.1', path: url, headers: signed('GET', url, { host: 'x' }, it.now.value) }, resolve).end();
    });
    answer.once('error', () => {});
    answer.destroy();
    await until('the body is given up', () => aborted);
  });
});

describe('bytes from an agent meet who waits for them', () => {
  const door: AgentDoor = {
    authenticate: (credential) => (credential === 'good' ? { account: 1, node: 1, life: 1 } : null),
    connect: () => ({ onFrame: () => {}, onClose: () => {} }),
  };
  let api: TestApi;
  let server: Server;
  beforeAll(async () => {
    api = await testApi({ door });
    server = createServer(api.api.handler).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await api.close();
  });

  const send = (id: string, body: AsyncIterable<Uint8Array> | string, headers: Readonly<Record<string, string>> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const file = JSON.stringify(properties('stdout.txt', 'x'));
      const path = `/linarite/agent/files/${id}`;
      const sent = httpRequest({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method: 'POST', path, headers: { authorization: 'Bearer good', 'linarite-file': file, ...headers } }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
      });
      sent.once('error', reject);
      if (typeof body === 'string') sent.end(body);
      else void pump(body, sent);
    });

  async function pump(body: AsyncIterable<Uint8Array>, into: NodeJS.WritableStream): Promise<void> {
    for await (const part of body) if (!into.write(part)) await new Promise((resolve) => into.once('drain', resolve));
    into.end();
  }

  test('they flow as the reader takes them', async () => {
    const waiting = api.api.transfers.expect('request-1', new AbortController().signal);
    const answered = send('request-1', 'some bytes');
    const { file, body } = await waiting;
    let text = '';
    for await (const part of body) text += Buffer.from(part).toString();
    expect([text, file.name, await answered]).toEqual(['some bytes', 'stdout.txt', 204]);
  });

  test('an agent that nobody waits for, or with a wrong credential, or without properties, is told so', async () => {
    expect(await send('nobody', 'x')).toBe(404);
    const gone = new AbortController();
    const waiting = api.api.transfers.expect('request-2', gone.signal);
    expect(await send('request-2', 'x', { authorization: 'Bearer bad' })).toBe(401);
    expect(await send('request-2', 'x', { 'linarite-file': '{}' })).toBe(400);
    gone.abort();
    await expect(waiting).rejects.toThrow();
    expect(await send('request-2', 'x')).toBe(404);
  });

  test('a reader that stops ends the agent’s sending', async () => {
    const waiting = api.api.transfers.expect('request-3', new AbortController().signal);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(1024 * 1024);
    }
    const answered = send('request-3', endless()).catch(() => 'cut');
    const { body } = await waiting;
    for await (const part of body) if (part.length > 0) break;
    expect(await answered).not.toBe(204);
  });
});

describe('logs of a node that are uploaded', () => {
  const upload = (body: unknown, node = 'tvmps_1_d') => it.ask({ method: 'POST', url: `/pools/p/nodes/${node}/uploadbatchservicelogs`, body });
  const asked = { containerUrl: 'http://own/logs?sv=1&sig=SECRET', startTime: '2026-11-20T10:00:00Z' };
  const identityReference = { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine' };

  test('lie below a directory that names account, pool, node and request, as recorded', async () => {
    const { status, headers, json } = await upload({ ...asked, endTime: '2026-11-20T11:00:00Z' });
    const directory = `mybatchaccount-0000000000000001/p/tvmps_1_d/${headers['request-id']}`;
    expect([status, json]).toEqual([200, { 'odata.metadata': expect.stringMatching(/\$metadata#Microsoft.Azure.Batch.Protocol.Entities.UploadBatchServiceLogsResult$/), virtualDirectoryName: directory, numberOfFilesUploaded: 1 }]);
    expect(headers).not.toHaveProperty('dataserviceid');
    expect(asks).toEqual([{ kind: 'uploadLogs', containerUrl: asked.containerUrl, directory, from: Date.UTC(2026, 10, 20, 10), to: Date.UTC(2026, 10, 20, 11) }]);
  });

  test('have no end where none is named, and a signature of the service where an identity is', async () => {
    expect((await upload({ ...asked, containerUrl: 'http://own/logs', identityReference })).status).toBe(200);
    expect(asks).toMatchObject([{ containerUrl: 'http://own/logs?signed', to: null }]);
    expect((await upload({ ...asked, containerUrl: 'http://elsewhere/logs', identityReference })).json).toMatchObject({ code: 'InvalidPropertyValue', values: [{ value: 'identityReference' }, { value: identityReference.resourceId }, {}] });
    expect(asks).toHaveLength(1);
  });

  test.each([
    ['no container', { startTime: asked.startTime }],
    ['what is no URL', { ...asked, containerUrl: 'logs?sig=SECRET' }],
    ['what is no URL of HTTP', { ...asked, containerUrl: 'file:///etc?sig=SECRET' }],
    ['no time', { containerUrl: asked.containerUrl }],
    ['a time that is none', { ...asked, startTime: 'yesterday' }],
    ['an end before the beginning', { ...asked, endTime: '2026-11-20T09:59:59Z' }],
    ['a property that there is not', { ...asked, end: asked.startTime }],
  ])('are refused with %s', async (_, body) => {
    const { status, text } = await upload(body);
    expect([status, asks]).toEqual([400, []]);
    expect(text).not.toContain('SECRET');
  });

  test('are 404 of a node that there is not; of one that cannot be reached the state says why', async () => {
    expect((await upload(asked, 'none')).json).toMatchObject({ code: 'NodeNotFound' });
    unreachable = true;
    for (const [state, code] of [['creating', 'NodeBeingCreated'], ['deallocated', 'OperationInvalidForCurrentState'], ['unknown', 'NodeStateUnusable']] as const) {
      await write.node('p', { id: `tvmps_${state}_d`, state });
      expect([(await upload(asked, `tvmps_${state}_d`)).status, (await upload(asked, `tvmps_${state}_d`)).json]).toMatchObject([409, { code }]);
    }
  });

  test('that the container does not take are refused with what it said, and without the signature', async () => {
    uploaded = { kind: 'error', code: 'NotUploaded', message: 'http://own/logs/x answered 403 AuthenticationFailed' };
    const { status, json, text } = await upload(asked);
    expect([status, json]).toMatchObject([400, { code: 'InvalidPropertyValue', values: [{ value: 'containerUrl' }, { value: 'http://own/logs' }, { value: expect.stringContaining('403 AuthenticationFailed') }] }]);
    expect(text).not.toContain('SECRET');
  });
});

describe('extensions of a node', () => {
  const url = '/pools/p/nodes/tvmps_1_d/extensions';

  test('are none, as nothing can be installed there; each by name is 404', async () => {
    expect(await it.ask({ url })).toMatchObject({ status: 200, json: { value: [] } });
    expect(await it.ask({ url: `${url}/batchkv` })).toMatchObject({ status: 404, json: { code: 'ResourceNotFound' } });
    const extensions = [{ name: 'BatchKv', publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux' }];
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'q', vmSize: 'standard_d1_v2', virtualMachineConfiguration: { ...UBUNTU, extensions } } });
    await write.node('q', { id: 'tvmps_9_d' });
    expect((await it.ask({ url: '/pools/q/nodes/tvmps_9_d/extensions?maxresults=5&$select=provisioningState' })).json).toMatchObject({ value: [] });
    expect((await it.ask({ url: '/pools/q/nodes/tvmps_9_d/extensions/batchkv' })).json).toMatchObject({ code: 'ResourceNotFound', values: [{ key: 'Reason', value: expect.stringContaining('nothing can be installed') }] });
  });

  test('are 404 of a pool or node that there is not, and their tokens are checked', async () => {
    for (const path of ['/extensions', '/extensions/x']) {
      expect((await it.ask({ url: `/pools/none/nodes/x${path}` })).json).toMatchObject({ code: 'PoolNotFound' });
      expect((await it.ask({ url: `/pools/p/nodes/none${path}` })).json).toMatchObject({ code: 'NodeNotFound' });
    }
    expect((await it.ask({ url: `${url}?$skiptoken=x` })).json).toMatchObject({ code: 'InvalidQueryParameterValue' });
  });
});
