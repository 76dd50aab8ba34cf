import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PackageWork } from '../../src/agent/frames.ts';
import { LINK, zipOf, type ZipEntry } from '../support/zip.ts';
import { startNode, type TestNode } from './testNode.ts';

const isRoot = process.geteuid?.() === 0;

/** What a storage serves, by path, and how often it was asked. */
const files = new Map<string, Buffer | ((response: ServerResponse) => void)>();
const asked: string[] = [];
let server: Server;
let origin: string;
let node: TestNode;
beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    asked.push(path);
    const found = files.get(path);
    if (found === undefined) response.writeHead(404).end();
    else if (Buffer.isBuffer(found)) response.end(found);
    else found(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  node = await startNode({}, { transferRetryMs: 300 });
});
afterAll(async () => {
  await node.close();
  server.closeAllConnections();
  server.close();
});

/** A package in the storage. */
function stored(directory: string, entries: readonly ZipEntry[] | Buffer, variable = 'AZ_BATCH_APP_PACKAGE_tool'): PackageWork {
  files.set(`/${directory}`, Buffer.isBuffer(entries) ? entries : zipOf(entries));
  return { kind: 'package', application: 'tool', version: '1', variable, directory, url: `${origin}/${directory}?sig=secret` };
}

function at(...path: readonly string[]): string {
  return join(node.root, 'applications', ...path);
}

const PROGRAM = { name: 'bin/run.sh', content: '#!/bin/sh\necho "it runs as $USER"\n', mode: 0o100700 };

describe('application packages of a task', () => {
  test('are there before its command, found by their variables, shared with tasks of other users, and written by none', async () => {
    const tool = stored('shared1', [PROGRAM, { name: 'lib/', mode: 0o040700 }, { name: 'lib/data', content: 'data', mode: 0o100600, deflate: true }, { name: 'run', content: 'bin/run.sh', mode: LINK }]);
    const other = stored('shared2', [{ name: 'x', content: 'x' }], 'AZ_BATCH_APP_PACKAGE_tool_1_0');
    const commandLine = `/bin/sh -c '$AZ_BATCH_APP_PACKAGE_tool/run && cat $AZ_BATCH_APP_PACKAGE_tool/lib/data $AZ_BATCH_APP_PACKAGE_tool_1_0/x && ! touch $AZ_BATCH_APP_PACKAGE_tool/lib/data $AZ_BATCH_APP_PACKAGE_tool/new'`;
    const users = isRoot ? (['pool', 'task'] as const) : (['pool'] as const);
    for (const scope of users) {
      const task = `uses-${scope}`;
      const end = await node.owner.run({ task, commandLine: isRoot ? commandLine : commandLine.replace(/ && ! touch .*'$/, "'"), packages: [tool, other], user: { kind: 'auto', scope, elevation: 'nonadmin' } });
      expect(end.outcome).toEqual({ kind: 'exited', exitCode: 0 });
      expect(readFileSync(join(node.root, 'workitems/job1/job-1', task, 'stdout.txt'), 'utf8')).toMatch(/^it runs as .*\ndatax$/);
    }
    expect(asked).toEqual(['/shared1', '/shared2']);
    expect(['bin/run.sh', 'lib', 'lib/data'].map((path) => statSync(at('shared1', path)).mode & 0o7777)).toEqual([0o755, 0o755, 0o644]);
    // From Windows, which knows no rights.
    expect(statSync(at('shared2/x')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(at()).toSorted()).toEqual(['shared1', 'shared2']);
    expect(readdirSync(join(node.root, 'volatile/trash')).filter((name) => name.startsWith('package-'))).toEqual([]);
  });

  test('are downloaded once for tasks that begin at the same time, and a task that is ended meanwhile takes nothing from the others', async () => {
    const held: ServerResponse[] = [];
    const tool = stored('slow', [PROGRAM]);
    const archive = files.get('/slow');
    const arrived = new Promise<void>((resolve) => {
      files.set('/slow', (response) => {
        held.push(response);
        resolve();
      });
    });
    const before = asked.length;
    const packages = [tool];
    const tasks = ['slow1', 'slow2'].map((task) => node.owner.run({ task, packages, commandLine: '/bin/sh -c "$AZ_BATCH_APP_PACKAGE_tool/bin/run.sh"' }));
    const ended = node.owner.run({ task: 'ended', packages, commandLine: '/bin/true', wallClockMs: 50 });
    expect((await ended).outcome).toEqual({ kind: 'timedOut', exitCode: null });
    await arrived;
    held[0]?.end(archive);
    for (const task of tasks) expect((await task).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(asked.slice(before)).toEqual(['/slow']);
  });

  test('have a directory for each activation, so that what runs keeps its own', async () => {
    const run = async (directory: string, content: string) => (await node.owner.run({ packages: [stored(directory, [{ name: 'which', content }])], commandLine: `/bin/sh -c 'grep -q ${content} $AZ_BATCH_APP_PACKAGE_tool/which'` })).outcome;
    expect(await run('tool12026-11-01-10-00-7', 'first')).toEqual({ kind: 'exited', exitCode: 0 });
    expect(await run('tool12026-11-01-10-00-8', 'second')).toEqual({ kind: 'exited', exitCode: 0 });
    expect(readFileSync(at('tool12026-11-01-10-00-7/which'), 'utf8')).toBe('first');
  });

  test('that a try could not get are asked for again by the next', async () => {
    const tool = stored('later', [PROGRAM]);
    const archive = files.get('/later') as Buffer;
    files.delete('/later');
    const first = await node.owner.run({ packages: [tool], commandLine: '/bin/true' });
    const details = [{ name: 'ApplicationId', value: 'tool' }, { name: 'Version', value: '1' }, { name: 'Message', value: `Its zip file is not in the storage any more: ${origin}/later answered 404` }];
    expect(first.outcome).toEqual({ kind: 'notStarted', failure: { category: 'UserError', code: 'ApplicationPackageError', message: 'One of the specified application packages could not be installed', details } });
    files.set('/later', archive);
    expect((await node.owner.run({ packages: [tool], commandLine: '/bin/true' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
  });

  test('come from a storage that fails for a moment', async () => {
    const tool = stored('moment', [PROGRAM]);
    const archive = files.get('/moment') as Buffer;
    files.set('/moment', (response) => {
      files.set('/moment', (next) => {
        files.set('/moment', archive);
        next.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 20), () => next.destroy());
      });
      response.writeHead(503).end();
    });
    const patient = await startNode({}, { transferRetryMs: 20_000 });
    expect((await patient.owner.run({ packages: [tool], commandLine: '/bin/sh -c "$AZ_BATCH_APP_PACKAGE_tool/bin/run.sh"' })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    await patient.close();
  });

  test('that there are not fail the task with the reason', async () => {
    const missing: PackageWork = { kind: 'missing', application: 'other', version: null, reason: 'There is none.' };
    const { outcome } = await node.owner.run({ packages: [missing], commandLine: '/bin/sh -c "echo ran > $AZ_BATCH_NODE_SHARED_DIR/ran"' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'ApplicationPackageError', details: [{ name: 'ApplicationId', value: 'other' }, { name: 'Message', value: 'There is none.' }] } });
    expect(existsSync(join(node.root, 'shared/ran'))).toBe(false);
  });

  const file = (name: string, more: Partial<ZipEntry> = {}): ZipEntry => ({ name, content: 'content', ...more });
  const link = (name: string, content: string): ZipEntry => ({ name, content, mode: LINK });
  const bomb = Buffer.alloc(40 << 20);
  test.each<[string, readonly ZipEntry[] | Buffer, RegExp]>([
    ['a file above its directory', [file('../escaped')], /invalid relative path: \.\.\/escaped/],
    ['a file above, further down', [file('a/../../escaped')], /invalid relative path/],
    ['a file above, with backslashes', [file('a\\..\\..\\escaped')], /invalid relative path/],
    ['an absolute path', [file('/tmp/escaped')], /absolute path/],
    ['a drive', [file('C:/escaped')], /absolute path/],
    ['a link out', [link('out', '../../escaped')], /^out: it is a link that leaves the package/],
    ['an absolute link', [link('out', '/etc/passwd')], /^out: it is a link that leaves/],
    // Taken by its words it stays within; by way of the other it leads to where the archive itself was downloaded to.
    ['a link out by another', [file('a/b/c'), link('a/l', '..'), link('out', 'a/l/../zip')], /^out: it is a link that leaves the package/],
    ['a link to nothing', [link('out', 'nothing')], /^out: it is a link to nothing/],
    ['links in a circle', [link('a', 'b'), link('b', 'a')], /^a: it is a link to nothing/],
    ['a file below a link', [link('l', '.'), file('l/inside')], /^l: it is in the archive twice/],
    ['a file twice', [file('a'), file('a')], /^a: it is in the archive twice/],
    ['a file that is a directory', [file('a'), file('a/b')], /the archive has it as a directory, and as something else/],
    ['a pipe', [file('p', { mode: 0o010644 })], /^p: it is neither a file nor a directory nor a link/],
    ['a device', [file('d', { mode: 0o020644 })], /^d: it is neither/],
    ['an encrypted file', [file('secret', { deflate: true, says: { flags: 1 } })], /^secret: it is encrypted/],
    ['an unknown method', [file('new', { says: { method: 93 } })], /^new: it is packed by a method that is not known here \(93\)/],
    ['a file that is longer than it says', [file('long', { content: bomb.subarray(0, 1 << 20), deflate: true, says: { sizeBytes: 10 } })], /^long: it cannot be unpacked: too many bytes/],
    ['a bomb that says so', Array.from({ length: 20 }, (_, index) => file(`bomb${index}`, { content: bomb.subarray(0, 1 << 10), deflate: true, says: { sizeBytes: 100 << 20 } })), /more than 200 times as much is not taken/],
    ['a file that is broken', [file('broken', { says: { crc32: 1 } })], /^broken: it cannot be unpacked: its checksum \(CRC-32\) is wrong/],
    ['a truncated archive', zipOf([PROGRAM, file('x')]).subarray(0, 60), /no zip archive that can be unpacked: End of central directory/],
    ['no archive', Buffer.from('storage blob test sample file'), /no zip archive/],
    ['a gzipped one', Buffer.from('1f8b0800000000000003', 'hex'), /no zip archive/],
    ['an empty file', Buffer.alloc(0), /no zip archive/],
  ])('with %s are refused, and nothing of them is left', async (name, content, said) => {
    const directory = `refused-${name.replaceAll(' ', '-')}`;
    const { outcome } = await node.owner.run({ packages: [stored(directory, content)], commandLine: '/bin/true' });
    expect(outcome).toMatchObject({ kind: 'notStarted', failure: { code: 'ApplicationPackageError' } });
    const details = outcome.kind === 'notStarted' ? outcome.failure.details : undefined;
    expect(details?.find((detail) => detail.name === 'Message')?.value).toMatch(said);
    expect(existsSync(at(directory))).toBe(false);
    expect([at('..', 'escaped'), at('escaped'), join(node.root, '..', 'escaped'), '/tmp/escaped'].filter((path) => existsSync(path))).toEqual([]);
    expect(readdirSync(join(node.root, 'volatile/trash')).filter((left) => left.startsWith('package-'))).toEqual([]);
  });
});

describe('application packages of a pool', () => {
  test('are there for the start task and for all tasks, and stay for the next life of the node', async () => {
    const tool = stored('pool1', [PROGRAM], 'AZ_BATCH_APP_PACKAGE_pooled_1');
    const commandLine = '/bin/sh -c "$AZ_BATCH_APP_PACKAGE_pooled_1/bin/run.sh"';
    const startTask = { commandLine, environment: [], resourceFiles: [], outputFiles: [], user: { kind: 'auto', scope: 'pool', elevation: 'nonadmin' }, wallClockMs: null, retentionMs: null, waitForSuccess: true, maxTaskRetryCount: 0 } as const;
    const pooled = await startNode({ startTask, packages: [tool] });
    expect((await pooled.owner.run({ commandLine, environment: [{ name: 'AZ_BATCH_APP_PACKAGE_pooled_1', value: '/none' }] })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    const before = asked.length;
    pooled.agent.kill('SIGKILL');
    await pooled.exited();
    pooled.startAgent(2);
    await pooled.owner.until('ready again', () => pooled.owner.reports.filter(({ kind }) => kind === 'ready').length === 2);
    expect((await pooled.owner.run({ task: 'again', commandLine })).outcome).toEqual({ kind: 'exited', exitCode: 0 });
    expect(asked.slice(before)).toEqual([]);
    await pooled.close();
  });

  test.each<[string, () => PackageWork, string, string]>([
    ['that is missing', () => ({ kind: 'missing', application: 'gone', version: '3', reason: 'The specified application package does not exist.' }), 'ApplicationPackageError', 'The specified application package does not exist.'],
    ['that is broken', () => stored('brokenInPool', Buffer.from('x')), 'ApplicationPackageError', 'no zip archive'],
  ])('one %s makes the node unusable, which says why', async (_what, one, code, said) => {
    const unusable = await startNode({ packages: [one()] });
    const report = await unusable.owner.until('unusable', () => unusable.owner.reports.find(({ kind }) => kind === 'unusable'));
    expect(report).toMatchObject({ errors: [{ code, message: expect.any(String), values: expect.arrayContaining([{ name: 'Message', value: expect.stringContaining(said) }]) }] });
    expect(unusable.owner.reports.some(({ kind }) => kind === 'ready')).toBe(false);
    await unusable.close();
  });
});
