import { execFileSync } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerAsk } from '../../src/agent/files.ts';
import { type FileAnswer, type FileAsk, type FileProperties, MOST_FRAME_BYTES } from '../../src/agent/frames.ts';
import { asUser } from '../../src/agent/users.ts';
import { relativeFilePath } from '../../src/wire/files.ts';
import { startNode, type TestNode } from './testNode.ts';

describe('files below a node’s root', () => {
  let outer: string;
  let root: string;
  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'linarite-files-'));
    root = join(outer, 'root');
    for (const directory of ['wd/b/deep', 'wd/a', 'empty']) mkdirSync(join(root, directory), { recursive: true });
    for (const [name, content] of [
      ['stdout.txt', 'said'],
      ['wd/z.txt', 'z'],
      ['wd/a/1.txt', '1'],
      ['wd/b/2.txt', '22'],
      ['wd/b/deep/3.txt', '333'],
      ['../secret', 'secret'],
    ] as const) {
      writeFileSync(join(root, name), content);
    }
    chmodSync(join(root, 'stdout.txt'), 0o640);
    utimesSync(join(root, 'stdout.txt'), 1_700_000_000, 1_700_000_000);
    return () => rmSync(outer, { recursive: true });
  });

  const list = (changes: Partial<Extract<FileAsk, { kind: 'list' }>> = {}): Promise<FileAnswer> =>
    answerAsk(root, { kind: 'list', path: '', recursive: false, prefix: '', after: '', limit: 100, ...changes });
  const names = async (changes: Partial<Extract<FileAsk, { kind: 'list' }>> = {}): Promise<readonly string[]> => {
    const answer = await list(changes);
    return answer.kind === 'list' ? answer.files.map(({ name }) => name) : [`${answer.kind}`];
  };
  const everything = ['empty', 'stdout.txt', 'wd', 'wd/a', 'wd/b', 'wd/z.txt', 'wd/a/1.txt', 'wd/b/2.txt', 'wd/b/deep', 'wd/b/deep/3.txt'];

  test('are listed breadth first, by name, directories among them', async () => {
    expect(await names()).toEqual(['empty', 'stdout.txt', 'wd']);
    expect(await names({ recursive: true })).toEqual(everything);
    expect(await names({ path: 'wd/b', recursive: true })).toEqual(['2.txt', 'deep', 'deep/3.txt']);
  });

  test.each([1, 2, 3, 7, 10, 11])('are listed in pages of %i without loss or repetition', async (limit) => {
    const seen: string[] = [];
    for (let after = '', more = true; more; ) {
      const answer = await list({ recursive: true, limit, after });
      if (answer.kind !== 'list') throw new Error(answer.kind);
      seen.push(...answer.files.map(({ name }) => name));
      after = seen.at(-1) ?? '';
      more = answer.more;
    }
    expect(seen).toEqual(everything);
  });

  test('with long paths are listed in pages that fit into a frame', async () => {
    let deep = 'long';
    for (let depth = 0; depth < 14; depth++) deep += `/${'d'.repeat(250)}`;
    mkdirSync(join(root, deep), { recursive: true });
    for (let index = 0; index < 700; index++) writeFileSync(join(root, deep, `f${index}`), '');
    let files = 0;
    for (let after = '', more = true; more; ) {
      const answer = await list({ recursive: true, limit: 1_000, after });
      if (answer.kind !== 'list') throw new Error(answer.kind);
      expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(MOST_FRAME_BYTES);
      files += answer.files.filter(({ isDirectory }) => !isDirectory).length;
      after = answer.files.at(-1)?.name ?? '';
      more = answer.more;
    }
    expect(files).toBe(705);
  });

  test.each([
    ['wd/b', ['wd/b', 'wd/b/2.txt', 'wd/b/deep', 'wd/b/deep/3.txt']],
    ['wd/b/deep/', ['wd/b/deep/3.txt']],
    ['s', ['stdout.txt']],
    ['none', []],
  ])('whose names begin with %s are found', async (prefix, expected) => {
    expect(await names({ recursive: true, prefix })).toEqual(expected);
  });

  test('have their properties', async () => {
    expect(await answerAsk(root, { kind: 'properties', path: 'stdout.txt' })).toEqual({
      kind: 'properties',
      file: { name: 'stdout.txt', isDirectory: false, sizeBytes: 4, modifiedAt: 1_700_000_000_000, createdAt: null, mode: '0o100640' },
    });
    expect(await answerAsk(root, { kind: 'properties', path: 'wd' })).toMatchObject({ file: { isDirectory: true, sizeBytes: 0, mode: expect.stringMatching(/^0o40/) } });
  });

  test('are deleted, directories only with what is in them when that was asked for', async () => {
    expect(await answerAsk(root, { kind: 'delete', path: 'wd/z.txt', recursive: false })).toEqual({ kind: 'deleted' });
    expect(await answerAsk(root, { kind: 'delete', path: 'wd/b', recursive: false })).toMatchObject({ kind: 'error', code: 'DirectoryNotEmpty' });
    expect(await answerAsk(root, { kind: 'delete', path: 'wd/b', recursive: true })).toEqual({ kind: 'deleted' });
    expect(await answerAsk(root, { kind: 'delete', path: 'empty', recursive: false })).toEqual({ kind: 'deleted' });
    expect(await names({ recursive: true })).toEqual(['stdout.txt', 'wd', 'wd/a', 'wd/a/1.txt']);
  });

  test.each([
    [{ kind: 'properties', path: 'none' }, 'FileNotFound'],
    [{ kind: 'properties', path: 'stdout.txt/x' }, 'FileNotFound'],
    [{ kind: 'properties', path: `wd/${'n'.repeat(300)}` }, 'FileNotFound'],
    [{ kind: 'list', path: 'none', recursive: false, prefix: '', after: '', limit: 1 }, 'PathNotFound'],
    [{ kind: 'list', path: 'stdout.txt', recursive: false, prefix: '', after: '', limit: 1 }, 'PathNotFound'],
    [{ kind: 'delete', path: 'none', recursive: true }, 'FileNotFound'],
    [{ kind: 'delete', path: '', recursive: true }, 'PathOutsideNode'],
    [{ kind: 'delete', path: '..', recursive: true }, 'PathOutsideNode'],
    [{ kind: 'properties', path: '../secret' }, 'PathOutsideNode'],
    [{ kind: 'properties', path: 'wd/../../secret' }, 'PathOutsideNode'],
    [{ kind: 'list', path: '..', recursive: true, prefix: '', after: '', limit: 9 }, 'PathOutsideNode'],
    [{ kind: 'properties', path: 'a\0b' }, 'PathOutsideNode'],
  ] as const satisfies readonly (readonly [Exclude<FileAsk, { kind: 'read' }>, string])[])('%j is refused as %s', async (ask, code) => {
    const answer = await answerAsk(root, ask);
    expect(answer).toMatchObject({ kind: 'error', code });
    expect(JSON.stringify(answer), 'it does not tell where the node lies').not.toContain(outer);
    expect(existsSync(join(outer, 'secret'))).toBe(true);
  });

  test('what is not there is told by the path that was asked for', async () => {
    expect(await answerAsk(root, { kind: 'properties', path: 'wd/none' })).toEqual({ kind: 'error', code: 'FileNotFound', message: 'wd/none: no such file or directory' });
    expect(await answerAsk(root, { kind: 'delete', path: 'wd/b', recursive: false })).toMatchObject({ message: 'wd/b: directory not empty' });
  });

  test('behind links count only as long as they lie below the root', async () => {
    symlinkSync('../secret', join(root, 'out'));
    symlinkSync('..', join(root, 'up'));
    symlinkSync('wd/b/2.txt', join(root, 'inside'));
    symlinkSync('loop', join(root, 'loop'));
    for (const path of ['out', 'up', 'up/secret']) {
      expect(await answerAsk(root, { kind: 'properties', path })).toMatchObject({ kind: 'error', code: 'PathOutsideNode' });
    }
    expect(await answerAsk(root, { kind: 'properties', path: 'inside' })).toMatchObject({ file: { sizeBytes: 2 } });
    expect(await answerAsk(root, { kind: 'properties', path: 'loop' })).toMatchObject({ kind: 'error', code: 'FileNotFound' });
    expect(await answerAsk(root, { kind: 'list', path: 'up', recursive: true, prefix: '', after: '', limit: 9 })).toMatchObject({ kind: 'error', code: 'PathOutsideNode' });
    symlinkSync('wd/b', join(root, 'within'));
    expect(await names({ recursive: true }), 'links are not followed, and only those listed that can be read').toEqual(
      ['inside', 'within', ...everything].sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1)),
    );
    expect(await answerAsk(root, { kind: 'delete', path: 'out', recursive: false })).toEqual({ kind: 'deleted' });
    expect(existsSync(join(outer, 'secret')), 'the link goes, what it points to stays').toBe(true);
    expect(await answerAsk(root, { kind: 'delete', path: 'up/secret', recursive: false })).toMatchObject({ code: 'PathOutsideNode' });
  });
});

test('a list shows what can be read, whatever a task made, and nothing else', async () => {
  const root = mkdtempSync(join(tmpdir(), 'linarite-odd-'));
  const named = (name: string): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);
  const made = ['a\\b', 'xy:z', 'new\nline', '?#%2e', '-r', '...'];
  /** What requests may not ask for: clients on Windows would take them for other paths. */
  const refused = ['a\\..\\b', '..\\x', '\\first', 'C:\\x'];
  try {
    for (const name of [...made, ...refused]) writeFileSync(join(root, name), name);
    writeFileSync(join(root, 'odd\ufffd'), 'replaced');
    writeFileSync(named('odd\xff'), 'not UTF-8');
    mkdirSync(named('directory\xff'));
    execFileSync('/bin/sh', ['-c', `mkfifo ${root}/pipe`]);
    symlinkSync('pipe', join(root, 'to-pipe'));
    const socket = createServer().listen(join(root, 'socket'));
    await once(socket, 'listening');
    const answer = await answerAsk(root, { kind: 'list', path: '', recursive: true, prefix: '', after: '', limit: 100 });
    const listed = answer.kind === 'list' ? answer.files.map(({ name }) => name) : [];
    expect(listed.toSorted()).toEqual([...made, 'odd\ufffd'].sort());
    for (const name of listed) expect(await answerAsk(root, { kind: 'properties', path: relativeFilePath(name) ?? 'refused' })).toMatchObject({ kind: 'properties', file: { name } });
    expect(refused.map(relativeFilePath)).toEqual(refused.map(() => undefined));
    for (const path of ['pipe', 'to-pipe', 'socket']) {
      expect(await answerAsk(root, { kind: 'properties', path })).toEqual({ kind: 'error', code: 'FileNotFound', message: `${path} is neither a file nor a directory` });
    }
    expect(await answerAsk(root, { kind: 'delete', path: 'pipe', recursive: false })).toEqual({ kind: 'deleted' });
    socket.close();
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe.runIf(process.geteuid?.() === 0)('asks about files while the agent acts as a task’s user (needs root)', () => {
  test('are answered as ever, though that user could see nothing of the node', async () => {
    const outer = mkdtempSync(join(tmpdir(), 'linarite-closed-'));
    const root = join(outer, 'root');
    mkdirSync(join(root, 'wd/deep'), { recursive: true });
    for (const name of ['a', 'b', 'deep/c']) writeFileSync(join(root, 'wd', name), name);
    const user = { uid: 1_900_000_002, gid: 1_900_000_002, filesGid: 1_900_000_002, name: 'task', isShared: false };
    const asks = [
      { kind: 'list', path: 'wd', recursive: true, prefix: '', after: '', limit: 100 },
      { kind: 'properties', path: 'wd/deep/c' },
    ] as const;
    const wrong: FileAnswer[] = [];
    try {
      for (let round = 0; round < 2; round++) {
        // What an ask leaves to other threads, they do once they have nothing else to do, which is when the agent acts
        // as the user.
        for (let thread = 0; thread < 4; thread++) pbkdf2('', '', 100_000, 8, 'sha256', () => {});
        const answering = Array.from({ length: 50 }, (_, index) => answerAsk(root, asks[index % 2 === 0 ? 0 : 1]));
        asUser(user, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400));
        wrong.push(...(await Promise.all(answering)).filter((answer) => answer.kind === 'error' || (answer.kind === 'list' && answer.files.length !== 4)));
      }
      expect(wrong).toEqual([]);
    } finally {
      rmSync(outer, { recursive: true });
    }
  });
});

describe('the bytes of a file on a node', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
    writeFileSync(join(node.root, 'shared/ten'), '0123456789');
    writeFileSync(join(node.root, 'shared/empty'), '');
    writeFileSync(join(node.root, 'shared/grün ✓'), 'x');
    writeFileSync(join(node.root, '../secret'), 'secret');
    symlinkSync('../../secret', join(node.root, 'shared/out'));
    execFileSync('/bin/sh', ['-c', `mkfifo ${node.root}/shared/pipe`]);
    writeFileSync(join(node.root, 'shared/large'), Buffer.alloc(64 << 20, 'L'));
  });
  afterAll(() => node.close());

  let requests = 0;
  /** What the service would hand to the client: body and properties, or the answer over the channel. */
  const read = async (path: string, start = 0, end: number | null = null): Promise<{ readonly body: string; readonly file: FileProperties } | FileAnswer> => {
    const request = `request-${++requests}`;
    let arrived: { readonly body: string; readonly file: FileProperties } | null = null;
    node.owner.onFileBody = (message, response) => {
      expect(message.url).toBe(`/linarite/agent/files/${request}`);
      expect(message.headers.authorization).toBe('Bearer secret-of-the-node');
      void textOf(message).then((body) => {
        response.writeHead(204).end();
        arrived = { body, file: JSON.parse(String(message.headers['linarite-file'])) as FileProperties };
        node.owner.look();
      });
    };
    node.owner.send({ kind: 'file', epoch: 1, request, ask: { kind: 'read', path, start, end } });
    return node.owner.until('an answer', () => {
      const found = node.owner.frames.find(({ frame }) => frame.kind === 'fileAnswer' && frame.request === request);
      return arrived ?? (found?.frame.kind === 'fileAnswer' ? found.frame.answer : null);
    });
  };

  test.each([
    [0, null, '0123456789'],
    [3, null, '3456789'],
    [2, 4, '234'],
    [8, 100, '89'],
    [9, 9, '9'],
  ])('from %i to %s arrive with the properties of the whole', async (start, end, body) => {
    expect(await read('shared/ten', start, end)).toMatchObject({ body, file: { name: 'shared/ten', sizeBytes: 10, isDirectory: false } });
  });

  test('of an empty file, and of one with a name beyond ASCII, arrive', async () => {
    expect(await read('shared/empty')).toMatchObject({ body: '', file: { sizeBytes: 0 } });
    expect(await read('shared/grün ✓')).toMatchObject({ body: 'x', file: { name: 'shared/grün ✓' } });
  });

  test.each([
    ['shared/ten', 10, 'InvalidRange'],
    ['shared/none', 0, 'FileNotFound'],
    ['shared/pipe', 0, 'FileNotFound'],
    ['shared', 0, 'IsDirectory'],
    ['shared/out', 0, 'PathOutsideNode'],
    ['../secret', 0, 'PathOutsideNode'],
  ])('of %s from %i are refused as %s', async (path, start, code) => {
    expect(await read(path, start)).toMatchObject({ kind: 'error', code });
  });

  test('wait for a slow reader and stop when it goes: the agent holds neither the file nor its content', async () => {
    const message = await new Promise<IncomingMessage>((resolve) => {
      node.owner.onFileBody = resolve;
      node.owner.send({ kind: 'file', epoch: 1, request: 'slow', ask: { kind: 'read', path: 'shared/large', start: 0, end: null } });
    });
    await new Promise((resolve) => message.once('readable', resolve));
    expect(message.socket.bytesRead).toBeLessThan(16 << 20);
    message.destroy();
    expect((await node.owner.run({ commandLine: '/bin/true' })).outcome.kind).toBe('exited');
    expect(await read('shared/ten')).toMatchObject({ body: '0123456789' });
  });
});

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
