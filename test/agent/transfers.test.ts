import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OutputFileWork, ResourceFileWork } from '../../src/agent/frames.ts';
import { containerSasUrl } from '../../src/blobs/sas.ts';
import { type TemporaryBlobs, temporaryBlobs } from '../support/blobs.ts';
import { endOf, work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

const isRoot = process.geteuid?.() === 0;

describe('files that a task is given and gives back', () => {
  let node: TestNode;
  let blobs: TemporaryBlobs;
  let container: ContainerClient;
  beforeAll(async () => {
    [blobs, node] = await Promise.all([temporaryBlobs(), startNode({}, { transferRetryMs: 3_000 })]);
    container = BlobServiceClient.fromConnectionString(blobs.server.connectionString).getContainerClient('files');
    await container.create();
    for (const [name, content] of [
      ['in/a.txt', 'a'],
      ['in/deep/b.txt', 'b'],
      ['other/c.txt', 'c'],
    ] as const) {
      await container.getBlockBlobClient(name).upload(content, content.length);
    }
  });
  afterAll(async () => {
    await node.close();
    await blobs.remove();
  });

  const granted = (name = 'files', rights: Parameters<typeof containerSasUrl>[2] = ['read', 'list', 'write', 'create']): string =>
    containerSasUrl(blobs.server, name, rights, Date.now() + 600_000);
  const blobUrl = (name: string): string => granted().replace('?', `/${name}?`);
  const fromUrl = (url: string, filePath: string, fileMode: string | null = null): ResourceFileWork => ({ kind: 'url', url, filePath, fileMode });
  const fromContainer = (blobPrefix: string, filePath: string, url = granted()): ResourceFileWork => ({ kind: 'container', url, blobPrefix, filePath, fileMode: null });
  const path = (task: string, name: string): string => join(node.root, 'workitems/job1/job-1', task, name);
  const blob = async (name: string): Promise<string> => (await container.getBlobClient(name).downloadToBuffer()).toString();

  test('come from URLs and containers into the working directory, with their modes, before the command', async () => {
    const end = await node.owner.run({
      task: 'inputs',
      resourceFiles: [
        fromUrl(blobUrl('in/a.txt'), 'plain/x.txt'),
        fromUrl(blobUrl('other/c.txt'), 'run.sh', '0755'),
        fromContainer('in/', ''),
        fromContainer('in/de', 'below/here'),
      ],
      commandLine: `/bin/sh -c 'find . -type f | sort; cat plain/x.txt in/deep/b.txt below/here/in/deep/b.txt; test -O run.sh && echo " mine"'`,
    });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(readFileSync(path('inputs', 'stdout.txt'), 'utf8')).toBe(
      ['./below/here/in/deep/b.txt', './in/a.txt', './in/deep/b.txt', './plain/x.txt', './run.sh', 'abb mine', ''].join('\n'),
    );
    expect(statSync(path('inputs', 'wd/run.sh')).mode & 0o7777).toBe(0o755);
    expect(statSync(path('inputs', 'wd/plain/x.txt')).mode & 0o7777).toBe(0o770);
  });

  test('stay as the task left them when it is tried again on its node, also those that it removed', async () => {
    const files = [fromUrl(blobUrl('in/a.txt'), 'f', '0644'), fromContainer('in/', 'd')];
    const first = await node.owner.run({ task: 'twice', resourceFiles: files, commandLine: `/bin/sh -c 'echo changed > f; rm d/in/a.txt; exit 1'` });
    expect(first.outcome).toEqual({ kind: 'exited', exitCode: 1 });
    // A signature that ran out meanwhile.
    const expired = [fromUrl('http://127.0.0.1:1/gone', 'f'), fromContainer('', '', granted('missing'))];
    const again = await node.owner.run({ task: 'twice', resourceFiles: expired, commandLine: `/bin/sh -c 'cat f; ls d/in'` });
    expect(again.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(readFileSync(path('twice', 'stdout.txt'), 'utf8')).toBe('changed\ndeep\n');
  });

  test('are fetched when an attempt before could not have them all, or what it left was deleted', async () => {
    const missing = await node.owner.run({ task: 'thrice', resourceFiles: [fromUrl(blobUrl('in/a.txt'), 'f'), fromUrl(blobUrl('missing'), 'g')], commandLine: '/bin/cat f' });
    expect(missing.outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'BlobNotFound' } });
    const run = () => node.owner.run({ task: 'thrice', resourceFiles: [fromUrl(blobUrl('in/a.txt'), 'f'), fromUrl(blobUrl('other/c.txt'), 'g')], commandLine: '/bin/cat f g' });
    expect((await run()).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    rmSync(path('thrice', ''), { recursive: true });
    expect((await run()).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(readFileSync(path('thrice', 'stdout.txt'), 'utf8')).toBe('ac');
  });

  test('are fetched anew, over what is there, in the next life of the node', async () => {
    const one = await startNode();
    const files = [fromUrl(blobUrl('in/a.txt'), 'f', '0444')];
    await one.owner.run({ task: 'relived', resourceFiles: files, commandLine: `/bin/sh -c 'chmod 644 f; echo changed > f; chmod 444 f'` });
    one.agent.kill('SIGKILL');
    await one.exited();
    one.startAgent(2);
    await one.owner.until('ready again', () => one.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
    expect((await one.owner.run({ task: 'relived', resourceFiles: files, commandLine: '/bin/cat f' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(readFileSync(join(one.root, 'workitems/job1/job-1/relived/stdout.txt'), 'utf8')).toBe('a');
    await one.close();
  });

  test.each([
    ['a blob that does not exist', () => fromUrl(blobUrl('missing'), 'f'), 'BlobNotFound', 'UserError'],
    ['a blob without a signature', () => fromUrl(blobUrl('in/a.txt').replace(/\?.*/, ''), 'f'), /Blob(NotFound|AccessDenied)/, 'UserError'],
    ['a blob with a broken signature', () => fromUrl(blobUrl('in/a.txt').replace(/sig=[^&]*/, 'sig=x'), 'f'), 'BlobAccessDenied', 'UserError'],
    ['a server that nobody runs', () => fromUrl('http://127.0.0.1:1/x', 'f'), 'BlobDownloadMiscError', 'ServerError'],
    ['a container that does not exist', () => fromContainer('', '', granted('missing')), 'ResourceContainerNotFound', 'UserError'],
    ['a container without the right to list', () => fromContainer('', '', granted('files', ['read'])), 'ResourceContainerAccessDenied', 'UserError'],
    ['a container nobody serves', () => fromContainer('', '', 'http://127.0.0.1:1/c?x=1'), 'ResourceContainerListMiscError', 'ServerError'],
    ['a path that climbs out', () => fromUrl(blobUrl('in/a.txt'), '../escaped'), 'ResourceFileCreateFailed', 'ServerError'],
    ['a path that climbs out further down', () => fromUrl(blobUrl('in/a.txt'), 'x/../../escaped'), 'ResourceFileCreateFailed', 'ServerError'],
    ['an absolute path', () => fromUrl(blobUrl('in/a.txt'), '/tmp/escaped'), 'ResourceFileCreateFailed', 'ServerError'],
    ['a mode that is no number', () => fromUrl(blobUrl('in/a.txt'), 'f', 'rwx'), 'ResourceFileCreateFailed', 'ServerError'],
  ])('%s: the task says so and nothing has run', async (_what, file, code, category) => {
    const { outcome } = await node.owner.run({ resourceFiles: [file()], commandLine: '/bin/sh -c "echo ran > $AZ_BATCH_NODE_SHARED_DIR/ran"' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { category, code: code instanceof RegExp ? expect.stringMatching(code) : code } });
    expect(JSON.stringify(outcome), 'signatures are credentials').not.toContain('sig=');
    expect(existsSync(join(node.root, 'shared/ran'))).toBe(false);
  });

  test('many single files come several at a time', async () => {
    const held: ServerResponse[] = [];
    const server = await serve((_request, response) => {
      held.push(response);
      // Nobody is answered before all have been asked for.
      if (held.length === 8) for (const [index, each] of held.entries()) each.end(String(index));
    });
    const names = Array.from({ length: 8 }, (_, index) => `many/f${index}`);
    const { outcome } = await node.owner.run({ task: 'many', resourceFiles: names.map((name) => fromUrl(server.url, name)), commandLine: '/bin/true' });
    expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(names.map((name) => readFileSync(path('many', `wd/${name}`), 'utf8')).toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    server.close();
  });

  test('of files with the same name the later one wins, however slow the earlier', async () => {
    const server = await serve((request, response) => void setTimeout(() => response.end(request.url), request.url === '/file?first' ? 100 : 0));
    const { outcome } = await node.owner.run({
      task: 'same',
      resourceFiles: [fromUrl(`${server.url}?first`, 'd/same'), fromUrl(`${server.url}?other`, 'd/other'), fromUrl(`${server.url}?second`, 'd/./same'), fromUrl(blobUrl('in/a.txt'), 'in/a.txt'), fromContainer('in/', '')],
      commandLine: '/bin/true',
    });
    expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(['d/same', 'd/other', 'in/a.txt'].map((name) => readFileSync(path('same', `wd/${name}`), 'utf8'))).toEqual(['/file?second', '/file?other', 'a']);
    server.close();
  });

  test('a signature that ran out, and a blob that is not there: the task names the blob, the path and why', async () => {
    const expired = containerSasUrl(blobs.server, 'files', ['read', 'write', 'create'], Date.UTC(2020, 0, 2, 3, 4, 5));
    const run = async (url: string) => (await node.owner.run({ task: 'named', resourceFiles: [fromUrl(url, 'sub/x.txt')], commandLine: '/bin/true' })).outcome;
    const details = (name: string, message: RegExp) => [
      { name: 'BlobSource', value: `${blobs.server.endpoint}/files/${name}` },
      { name: 'FilePath', value: path('named', 'wd/sub/x.txt') },
      { name: 'Message', value: expect.stringMatching(message) },
    ];
    expect(await run(expired.replace('?', '/in/a.txt?'))).toMatchObject({ failure: { code: 'BlobAccessDenied', details: details('in/a.txt', /answered 403 .*signature in the URL \(SAS\) ended at 2020-01-02T03:04:05Z/) } });
    expect(await run(blobUrl('none'))).toMatchObject({ failure: { code: 'BlobNotFound', details: details('none', /answered 404 BlobNotFound/) } });
    const { outcome } = await node.owner.run({ commandLine: '/bin/sh -c "echo x > made"', outputFiles: [{ ...output('made', null), containerUrl: expired }] });
    expect(outcome).toMatchObject({ kind: 'uploadFailed', failure: { code: 'FileUploadAccessDenied', details: expect.arrayContaining([{ name: 'Message', value: expect.stringMatching(/ended at 2020-01-02T03:04:05Z/) }]) } });
  });

  test('a URL that hangs: the task says so within the time limit, and other tasks run meanwhile', async () => {
    const hanging = await serve(() => {});
    const impatient = await startNode({}, { transferIdleMs: 1_000, transferRetryMs: 1_500 });
    const waiting = impatient.owner.run({ resourceFiles: [fromUrl(hanging.url, 'f')], commandLine: '/bin/true' });
    expect((await impatient.owner.run({ commandLine: '/bin/true' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect((await waiting).outcome).toMatchObject({ kind: 'notStarted', failure: { category: 'ServerError', code: 'BlobDownloadTimedOut' } });
    hanging.close();
    await impatient.close();
  });

  test('a URL of another protocol: the task says so at once, for it will not be another one later', async () => {
    const patient = await startNode();
    const { outcome } = await patient.owner.run({ resourceFiles: [fromUrl('ftp://127.0.0.1/x', 'f')], commandLine: '/bin/true' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'BlobDownloadMiscError', details: [{ name: 'BlobSource', value: 'ftp://127.0.0.1/x' }, { name: 'FilePath', value: expect.stringMatching(/^\/.*\/wd\/f$/) }, { value: 'ftp: is no protocol for files' }] } });
    await patient.close();
  });

  test('a wall clock that runs out during a transfer is a timeout without exit code', async () => {
    const hanging = await serve(() => {});
    const { outcome } = await node.owner.run({ resourceFiles: [fromUrl(hanging.url, 'f')], commandLine: '/bin/true', wallClockMs: 300 });
    expect(outcome).toEqual({ kind: 'timedOut', exitCode: null });
    hanging.close();
  });

  test('of a container of which one cannot be had: when the task says so, the others are no longer asked for', async () => {
    const asked: string[] = [];
    const held: ServerResponse[] = [];
    const names = Array.from({ length: 20 }, (_, index) => `b${index}`);
    const server = await serve((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
      if (searchParams.get('comp') === 'list') return void response.end(names.map((name) => `<Blob><Name>${name}</Name></Blob>`).join(''));
      asked.push(pathname);
      if (pathname === '/file/b0') response.writeHead(404).end();
      else if (pathname.startsWith('/file/b')) held.push(response);
      else response.end();
    });
    const { outcome } = await node.owner.run({ resourceFiles: [fromContainer('', '', server.url)], commandLine: '/bin/true' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'BlobNotFound' } });
    for (const response of held) response.end('late');
    await node.owner.run({ resourceFiles: [fromUrl(server.url, 'another')], commandLine: '/bin/true' });
    // Those that were under way may be seen by the server at any time.
    const underWay = names.slice(0, 8).map((name) => `/file/${name}`);
    expect(asked.filter((path) => !underWay.includes(path))).toEqual(['/file']);
    server.close();
  });

  const output = (filePattern: string, pathInContainer: string | null, condition: OutputFileWork['condition'] = 'taskcompletion'): OutputFileWork => ({
    filePattern,
    containerUrl: granted(),
    path: pathInContainer,
    headers: [{ name: 'x-ms-blob-content-type', value: 'text/x-made' }],
    condition,
  });

  test('are uploaded by pattern and condition, and the logs say what was done', async () => {
    const end = await node.owner.run({
      task: 'outputs',
      environment: [{ name: 'WHERE', value: 'res' }],
      commandLine: `/bin/sh -c 'echo said; mkdir -p res/deep; echo 1 > res/1.txt; echo 2 > res/deep/2.txt; echo no > res/.hidden.txt; echo one > single; ln -s /etc/passwd res/link.txt; exit 3'`,
      outputFiles: [
        output('$WHERE/**/*.txt', 'up'),
        output('../std*.txt', 'logs/'),
        output('single', 'renamed/it'),
        output('single', null),
        output('single', 'only-on-success', 'tasksuccess'),
        output('single', 'only-on-failure', 'taskfailure'),
        output('matches-nothing-*', 'none'),
        output('is-not-there', 'none'),
      ],
    });
    expect(end.outcome).toEqual({ kind: 'exited', exitCode: 3 });
    expect(await blob('up/1.txt')).toBe('1\n');
    expect(await blob('up/deep/2.txt')).toBe('2\n');
    expect(await blob('logs/stdout.txt')).toBe('said\n');
    expect(await blob('renamed/it')).toBe('one\n');
    expect(await blob('single')).toBe('one\n');
    expect(await blob('only-on-failure')).toBe('one\n');
    for (const name of ['only-on-success', 'up/.hidden.txt', 'none']) expect(await container.getBlobClient(name).exists(), name).toBe(false);
    expect((await container.getBlobClient('single').getProperties()).contentType).toBe('text/x-made');
    const log = readFileSync(path('outputs', 'fileuploadout.txt'), 'utf8');
    expect(log).toContain('res/deep/2.txt');
    expect(log).not.toContain('sig=');
    expect(readFileSync(path('outputs', 'fileuploaderr.txt'), 'utf8')).toBe('');
  });

  test.runIf(isRoot)('that the task itself could not read are not uploaded through a link (needs root)', async () => {
    const { outcome } = await node.owner.run({ task: 'thief', commandLine: '/bin/ln -s /etc/shadow loot.txt', outputFiles: [output('*.txt', 'stolen')] });
    expect(outcome).toMatchObject({ kind: 'uploadFailed', exitCode: 0, failure: { code: 'FileUploadMiscError' } });
    expect(await container.getBlobClient('stolen/loot.txt').exists()).toBe(false);
    expect(readFileSync(path('thief', 'fileuploaderr.txt'), 'utf8')).toContain('EACCES');
  });

  test('of a task whose wall clock ran out are uploaded under their condition', async () => {
    const { outcome } = await node.owner.run({ commandLine: `/bin/sh -c 'echo partial > p; sleep 100'`, wallClockMs: 3_000, outputFiles: [output('p', 'partial', 'taskfailure')] });
    expect(outcome).toEqual({ kind: 'timedOut', exitCode: 137 });
    expect(await blob('partial')).toBe('partial\n');
  });

  test.each([
    ['a container that does not exist', () => granted('missing'), 'FileUploadContainerNotFound', 'UserError'],
    ['a container without the right to write', () => granted('files', ['read']), 'FileUploadAccessDenied', 'UserError'],
    ['a container nobody serves', () => 'http://127.0.0.1:1/c?sig=s', 'FileUploadMiscError', 'ServerError'],
  ])('%s: the task fails with its exit code kept, and all other entries are uploaded', async (_what, containerUrl, code, category) => {
    const { outcome } = await node.owner.run({
      commandLine: '/bin/sh -c "echo x > made"',
      outputFiles: [{ ...output('made', 'm'), containerUrl: containerUrl() }, output('made', `after/${code}`)],
    });
    expect(outcome).toMatchObject({ kind: 'uploadFailed', exitCode: 0, failure: { category, code } });
    expect(JSON.stringify(outcome)).not.toContain('sig=');
    expect(await blob(`after/${code}`)).toBe('x\n');
  });

  test('of which there are many, to a server that is away: it is waited for once, not for each of them', async () => {
    const tries = new Map<string, number>();
    const away = await serve((request) => {
      const name = basename(new URL(request.url ?? '', 'http://x').pathname);
      tries.set(name, (tries.get(name) ?? 0) + 1);
      request.socket.destroy();
    });
    const { outcome } = await node.owner.run({
      commandLine: `/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9; do : > f$i; done'`,
      outputFiles: [{ ...output('f*', null), containerUrl: away.url }, { ...output('f9', 'again'), containerUrl: away.url }],
    });
    expect(outcome).toMatchObject({ kind: 'uploadFailed', exitCode: 0, failure: { code: 'FileUploadMiscError' } });
    expect(tries.get('f1')).toBeGreaterThan(1);
    expect(Object.fromEntries(tries)).toMatchObject({ f5: 1, f6: 1, f7: 1, f8: 1, f9: 1, again: 1 });
    away.close();
  });

  test('get the very name that was asked for, blanks and dots included', async () => {
    const names = ['with blank', ' before', 'a..b', '...', 'end.', 'd./x', 'per%20cent', 'a+b#c?d&e', 'ü'];
    const { outcome } = await node.owner.run({
      commandLine: `/bin/sh -c 'echo x > made; echo y > "in blank .txt"'`,
      outputFiles: [...names.map((name) => output('made', `named/${name}`)), output('*.txt', 'named/wild ')],
    });
    expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const found: string[] = [];
    for await (const { name } of container.listBlobsFlat({ prefix: 'named/' })) found.push(name);
    expect(found.sort()).toEqual([...names.map((name) => `named/${name}`), 'named/wild /in blank .txt'].sort());
  });

  test.each([
    ['a/../b', 'made', /segment \. or \.\./],
    ['../x', 'made', /segment/],
    ['d/../e', '*.txt', /segment/],
    ['x\\y', 'made', /backslash/],
    ['back', 'slash*', /backslash/],
    ['no/', 'bytes*', /not UTF-8/],
  ])('as %s, from %s, are refused with the reason, and none gets another name', async (name, pattern, reason) => {
    const { outcome } = await node.owner.run({
      commandLine: `/bin/sh -c 'echo x > made; echo x > a.txt; echo x > "slash\\\\x"; echo x > "$(printf "bytes\\\\377")"'`,
      outputFiles: [output(pattern, name), output('made', `after-${pattern.length}`)],
    });
    expect(outcome).toMatchObject({
      kind: 'uploadFailed',
      exitCode: 0,
      failure: { code: 'FileUploadMiscError', details: [{ name: 'FilePath' }, { name: 'BlobName', value: expect.stringContaining(name.replace(/\/$/, '')) }, { value: expect.stringMatching(reason) }] },
    });
    expect(await blob(`after-${pattern.length}`)).toBe('x\n');
    const found: string[] = [];
    for await (const one of container.listBlobsFlat()) found.push(one.name);
    expect(found.filter((one) => ['b', 'x', 'e/a.txt', 'x/y', 'slash/x', 'back/slash/x'].includes(one))).toEqual([]);
  });

  test('named by a pattern that is none: the task says so, with its exit code', async () => {
    const { outcome } = await node.owner.run({ commandLine: '/bin/sh -c "exit 2"', outputFiles: [output('[z-a]', 'x')] });
    expect(outcome).toMatchObject({ kind: 'uploadFailed', exitCode: 2, failure: { code: 'FileUploadMiscError', details: [{ name: 'FilePattern', value: '[z-a]' }, { name: 'Message' }] } });
  });

  test('of a task that is ended during its uploads: it is killed, its exit code kept', async () => {
    const hanging = await serve(() => {});
    const key = { job: 9, task: 1, attempt: 1, instance: 0 };
    node.owner.command({ kind: 'offer', key, work: work({ task: 'late', commandLine: '/bin/sh -c "echo x > made; exit 6"', outputFiles: [{ ...output('made', null), containerUrl: hanging.url }] }) });
    await hanging.asked;
    node.owner.command({ kind: 'end', key, reason: 'terminate' });
    const end = await node.owner.until('the end', () => endOf(node.owner, key));
    expect(end.outcome).toEqual({ kind: 'killed', exitCode: 6, reason: 'terminate' });
    hanging.close();
  });

  test('are not uploaded when no process started', async () => {
    const { outcome } = await node.owner.run({ commandLine: 'no-such-program', outputFiles: [output('../*.txt', 'never')] });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'CommandProgramNotFound' } });
  });

  test('of a task that put pipes in the place of the logs are uploaded, and the node lives on', async () => {
    const { outcome } = await node.owner.run({ commandLine: `/bin/sh -c 'mkfifo ../fileuploadout.txt ../fileuploaderr.txt; echo x > file'`, outputFiles: [output('file', 'unlogged')] });
    expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(await blob('unlogged')).toBe('x\n');
  });

  test('pipes, directories and links to nothing among them are left out and nothing hangs', async () => {
    const { outcome } = await node.owner.run({
      commandLine: '/bin/sh -c "mkfifo pipe; mkdir dir; ln -s nowhere dangling; ln -s circle circle; echo x > file"',
      outputFiles: [output('*', 'kinds')],
    });
    expect(outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(await blob('kinds/file')).toBe('x\n');
  });
});

describe.runIf(isRoot)('a node whose disk is full (needs root: it mounts a small one)', () => {
  test('says so in the task, lives on, and runs again once there is room', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'linarite-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,nr_inodes=200,mode=0711', 'tmpfs', disk]);
    const node = await startNode({}, { rootDirectory: join(disk, 'root'), stateDirectory: join(disk, 'state') });
    const large = await serve((_request, response) => void response.end(Buffer.alloc(8 << 20)));
    try {
      const files: ResourceFileWork[] = [{ kind: 'url', url: large.url, filePath: 'large', fileMode: null }];
      const first = await node.owner.run({ task: 'fills', resourceFiles: files, commandLine: '/bin/true' });
      expect(first.outcome).toMatchObject({ kind: 'notStarted', failure: { category: 'ServerError', code: 'DiskFull' } });
      writeFileSync(join(disk, 'rest'), '');
      for (let inode = 0; inode < 300; inode++) {
        try {
          writeFileSync(join(disk, `inode-${inode}`), '');
        } catch {
          break;
        }
      }
      const second = await node.owner.run({ task: 'no-room', commandLine: '/bin/true' });
      expect(second.outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'DiskFull' } });
      execFileSync('/bin/sh', ['-c', `rm -rf ${disk}/inode-* ${disk}/root/workitems/job1/job-1/fills`]);
      const third = await node.owner.run({ task: 'room', commandLine: '/bin/true' });
      expect(third.outcome).toEqual({ kind: 'exited', exitCode: 0 });
    } finally {
      large.close();
      await node.close();
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });

  test('says of a task that ran out of disk that it did, also if it removed what it could not finish, and of no other', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'linarite-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0711', 'tmpfs', disk]);
    const node = await startNode({}, { rootDirectory: join(disk, 'root') });
    try {
      const run = (task: string, script: string) => node.owner.run({ task, commandLine: `/bin/sh -c '${script}'` });
      expect((await run('other', 'echo no more >&2; exit 3')).outcome).toEqual({ kind: 'exited', exitCode: 3 });
      const full = { category: 'ServerError', code: 'DiskFull', details: [{ name: 'Message', value: expect.stringContaining('exit code 1') }, { name: 'AdditionalErrorCode', value: 'FailureExitCode' }] };
      expect((await run('tidy', 'echo begins >&2; LC_ALL=C dd if=/dev/zero of=big bs=1M || { rm big; exit 1; }')).outcome).toMatchObject({ kind: 'exited', exitCode: 1, failure: full });
      expect((await run('fills', 'dd if=/dev/zero of=big bs=1M 2>/dev/null || exit 1')).outcome).toMatchObject({ kind: 'exited', exitCode: 1, failure: full });
      expect((await run('succeeds', 'true')).outcome.kind, 'its script lies elsewhere').not.toBe('lost');
      expect(node.agent.exitCode).toBeNull();
    } finally {
      await node.close();
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });

  test('becomes ready once there is room, though it began without any', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'linarite-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=8,mode=0711', 'tmpfs', disk]);
    for (let inode = 0; inode < 6; inode++) writeFileSync(join(disk, `inode-${inode}`), '');
    const node = await startNode({}, { rootDirectory: join(disk, 'root') });
    try {
      const unusable = await node.owner.until('it says so', () => node.owner.reports.find(({ kind }) => kind === 'unusable'));
      expect(unusable).toMatchObject({ errors: [{ code: 'DiskFull' }] });
      execFileSync('mount', ['-o', 'remount,nr_inodes=200', disk]);
      await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
      expect((await node.owner.run({ commandLine: '/bin/true' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    } finally {
      await node.close();
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

async function serve(listener: RequestListener): Promise<{ readonly url: string; readonly asked: Promise<void>; close(): void }> {
  const server = createServer(listener);
  const asked = new Promise<void>((resolve) => {
    server.once('request', () => resolve());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
