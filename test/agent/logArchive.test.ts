import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ArchiveAsk, Archived, ArchivedTask } from '../../src/agent/frames.ts';
import { work } from './scriptedOwner.ts';
import { startNode, type TestNode } from './testNode.ts';

/** What was put, by path. */
const objects = new Map<string, Buffer>();
const keep: RequestListener = (request, response) => {
  void buffer(request).then((bytes) => {
    objects.set(request.url ?? '', bytes);
    response.writeHead(201, { 'content-md5': createHash('md5').update(bytes).digest('base64') }).end();
  });
};
let storage: Server;
let onPut = keep;
let node: TestNode;
let asked = 0;

beforeAll(async () => {
  storage = createServer((request, response) => onPut(request, response));
  await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
  node = await startNode();
});
beforeEach(() => {
  objects.clear();
  onPut = keep;
});
afterAll(async () => {
  await node.close();
  storage.closeAllConnections();
  storage.close();
});

function url(name: string): string {
  return `http://127.0.0.1:${(storage.address() as AddressInfo).port}/${name}`;
}

/** Asks as an owner does; `isRecorded` false: it dies before it has written down what came of it. */
async function archive(changes: Partial<ArchiveAsk> = {}, isRecorded = true): Promise<Archived> {
  asked += 1;
  const request = `r${asked}`;
  const { owner } = node;
  owner.send({ kind: 'archive', epoch: 1, request, ask: { url: url('object'), patterns: [], maxFileBytes: 1_000, withinMs: 10_000, yields: false, ...changes } });
  const archived = await owner.until('the node has archived', () => {
    const answer = owner.frames.find(({ frame }) => frame.kind === 'archived' && frame.request === request)?.frame;
    return answer?.kind === 'archived' ? answer.archived : null;
  });
  if (isRecorded) owner.send({ kind: 'archiveRecorded', epoch: 1, request });
  return archived;
}

/** By name, what lies in the object of each file of a task. */
function contents({ files }: ArchivedTask): Readonly<Record<string, string>> {
  const object = objects.get('/object') ?? Buffer.alloc(0);
  return Object.fromEntries(files.map(({ name, start, sizeBytes }) => [name, object.subarray(start, start + sizeBytes).toString()]));
}

describe('what ended tasks have left', () => {
  test('is put into one object, file after file, once', async () => {
    await node.owner.run({ task: 'a', commandLine: "/bin/sh -c 'echo one; echo two >&2; echo three > x.log; echo four > .y.log'", retentionMs: 60_000 });
    await node.owner.run({ task: 'b', commandLine: '/bin/sh -c "echo five; exit 1"' });
    const { tasks, sizeBytes, more } = await archive({ patterns: ['wd/*.log', 'nothing/**'] });
    expect(more).toBe(false);
    expect(sizeBytes).toBe(objects.get('/object')?.length);
    expect(tasks.map(({ job, attempt, dueAt }) => [job, attempt, dueAt === null])).toEqual([[1, 1, false], [1, 1, true]]);
    expect(tasks.map(contents)).toEqual([{ 'stdout.txt': 'one\n', 'stderr.txt': 'two\n', 'wd/x.log': 'three\n' }, { 'stdout.txt': 'five\n', 'stderr.txt': '' }]);
    expect(await archive()).toEqual({ tasks: [], sizeBytes: 0, more: false });
  });

  test('comes again as long as its owner has nothing of it on record, and when the task has run again', async () => {
    await node.owner.run({ task: 'c', commandLine: '/bin/sh -c "echo first"' });
    expect((await archive({}, false)).tasks.map(contents)).toMatchObject([{ 'stdout.txt': 'first\n' }]);
    expect((await archive()).tasks.map(contents)).toMatchObject([{ 'stdout.txt': 'first\n' }]);
    await node.owner.run({ task: 'c', commandLine: '/bin/sh -c "echo second"' });
    const { tasks } = await archive();
    expect(tasks).toMatchObject([{ attempt: 2 }]);
    expect(tasks.map(contents)).toMatchObject([{ 'stdout.txt': 'second\n' }]);
  });

  test('is archived from its end where it is too large', async () => {
    await node.owner.run({ task: 'd', commandLine: "/bin/sh -c 'for i in $(seq 1000); do printf %04d $i; done'" });
    const { tasks: [task] } = await archive();
    expect(task?.files).toMatchObject([{ name: 'stdout.txt', sizeBytes: 1_000, leftOutBytes: 3_000 }, { name: 'stderr.txt' }]);
    expect(contents(task as ArchivedTask)['stdout.txt']).toMatch(/^0751.*1000$/);
  });

  test('is no file of the machine’s, and nothing that could be waited for', async () => {
    const script = 'rm ../stdout.txt ../stderr.txt; ln -s /etc/passwd ../stdout.txt; mkfifo ../stderr.txt; ln -s / up; mkdir d.log; echo fine > e.log';
    await node.owner.run({ task: 'e', commandLine: `/bin/sh -c '${script}'` });
    const { tasks } = await archive({ patterns: ['wd/*.log', 'wd/up/etc/*'] });
    expect(tasks.map(contents)).toEqual([{ 'wd/e.log': 'fine\n' }]);
  });

  test('of other instances than the primary stays', async () => {
    const gang = { hosts: [{ address: '127.0.0.1', cores: 1 }], coordinationCommandLine: 'true', commonResourceFiles: [] };
    for (const instance of [0, 1]) {
      const key = { job: 9, task: 1 + instance, attempt: 1, instance };
      node.owner.command({ kind: 'offer', key, work: work({ task: `g${instance}`, commandLine: 'true', gang: { instance, ...gang } }) });
      node.owner.command(instance === 0 ? { kind: 'proceed', key } : { kind: 'end', key, reason: 'terminate' });
      await node.owner.until('its end', () => node.owner.reports.some((report) => report.kind === 'ended' && report.end.key.job === 9 && report.end.key.instance === instance));
    }
    expect((await archive()).tasks).toMatchObject([{ job: 9, task: 1 }]);
  });

  test('waits for tasks that run where they go first', async () => {
    await node.owner.run({ task: 'f', commandLine: 'true' });
    const key = { job: 1, task: 500, attempt: 1, instance: 0 };
    node.owner.command({ kind: 'offer', key, work: work({ task: 'long', commandLine: 'sleep 1000' }) });
    await node.owner.until('it runs', () => node.owner.reports.some((report) => report.kind === 'started' && report.key.task === 500));
    expect(await archive({ yields: true })).toEqual({ tasks: [], sizeBytes: 0, more: true });
    expect((await archive()).tasks).toHaveLength(1);
    node.owner.command({ kind: 'end', key, reason: 'terminate' });
    await node.owner.until('it has ended', () => node.owner.reports.some((report) => report.kind === 'ended' && report.end.key.task === 500));
    expect((await archive()).tasks).toMatchObject([{ task: 500 }]);
  });

  test('stays where the storage refuses it or does not answer, which takes no longer than it may', async () => {
    await node.owner.run({ task: 'h', commandLine: 'true' });
    onPut = (_request, response) => response.writeHead(403).end();
    expect(await archive()).toMatchObject({ tasks: [], more: false, problem: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/object answered 403$/) as unknown });
    onPut = () => undefined;
    expect(await archive({ withinMs: 300 })).toMatchObject({ tasks: [], problem: 'not within 300 ms' });
    onPut = keep;
    expect((await archive()).tasks).toHaveLength(1);
  });

  test('is archived by the next life of the node, but for what was archived before', async () => {
    await node.owner.run({ task: 'i', commandLine: '/bin/sh -c "echo old"' });
    await archive();
    await node.owner.run({ task: 'k', commandLine: '/bin/sh -c "echo kept"' });
    node.agent.kill('SIGKILL');
    await node.exited();
    node.startAgent(2);
    await node.owner.until('the next life says hello', () => node.owner.frames.some(({ frame }) => frame.kind === 'hello' && frame.report.life === 2 && frame.archives === true));
    const { tasks } = await archive();
    expect(tasks.map(contents)).toMatchObject([{ 'stdout.txt': 'kept\n' }]);
    expect((await archive()).tasks).toEqual([]);
  });
});
