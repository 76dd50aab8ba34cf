import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findSshd, loginLimit } from '../../src/agent/login/sshd.ts';
import type { NodeAnswer, NodeAsk, UserAccess } from '../../src/agent/frames.ts';
import { sha512Crypt } from '../../src/api/data/pool/passwords.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { canMakeImages, makeImageRoot } from '../support/imageRoots.ts';
import { startNode, type TestNode } from './testNode.ts';

const outer = mkdtempSync(join(tmpdir(), 'linarite-login-'));
afterAll(() => rmSync(outer, { recursive: true }));
const { isolation: possible } = await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [process.execPath] });
const isPossible = possible === 'overlays' && findSshd() !== null && existsSync('/usr/bin/ssh');
if (!isPossible) console.log(`skipped: logging in to nodes: ${loginLimit(possible) ?? 'no ssh here'}`);

const PASSWORD = 'correct horse battery';
const HASH = sha512Crypt(PASSWORD, 'salt');
const ADDRESS = '127.0.43.7';
const DAY_MS = 86_400_000;

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe.runIf(isPossible)('a node', () => {
  let node: TestNode;
  let requests = 0;
  /** Somebody else listens where a node would first. */
  const taken = createServer();
  const [own, other] = [join(outer, 'own'), join(outer, 'other')];
  beforeAll(async () => {
    taken.listen(50_000, ADDRESS);
    await once(taken, 'listening');
    for (const path of [own, other]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
    node = await startNode(
      {
        userAccounts: [{ name: 'pooled', elevation: 'nonadmin', uid: null, gid: null, passwordHash: HASH }],
        certificates: [
          { thumbprint: 'aa', format: 'pfx', data: 'YWE=', password: 'its password', visibility: ['remoteuser', 'task'] },
          { thumbprint: 'bb', format: 'cer', data: 'YmI=', password: null, visibility: ['task', 'starttask'] },
        ],
      },
      { isolation: 'overlays', nodeId: 'tvmps_0a1b2c_d', ipAddress: ADDRESS },
    );
    await ready(1);
  });
  afterAll(async () => {
    await node.close();
    taken.close();
  });

  const ready = (life: number) => node.owner.until(`life ${life} is ready`, () => node.owner.reports.filter(({ kind }) => kind === 'ready').length >= life);
  const ask = async (asked: NodeAsk): Promise<NodeAnswer> => {
    const request = `request-${++requests}`;
    node.owner.send({ kind: 'ask', epoch: 1, request, ask: asked });
    return node.owner.until(`answer to ${asked.kind}`, () => {
      const found = node.owner.frames.find(({ frame }) => frame.kind === 'answer' && frame.request === request)?.frame;
      return found?.kind === 'answer' ? found.answer : null;
    });
  };
  const publicKeyOf = (path: string): string => readFileSync(`${path}.pub`, 'utf8').trim();
  const access = (changes: Partial<UserAccess> = {}): UserAccess => ({ expiresAt: Date.now() + DAY_MS, passwordHash: null, publicKey: publicKeyOf(own), ...changes });
  const add = (name: string, changes: Partial<UserAccess> = {}, isAdmin = false) => ask({ kind: 'addUser', name, isAdmin, access: access(changes) });
  const place = async (): Promise<Extract<NodeAnswer, { kind: 'remoteLogin' }>> => {
    const answer = await ask({ kind: 'remoteLogin' });
    if (answer.kind !== 'remoteLogin') throw new Error(JSON.stringify(answer));
    return answer;
  };
  const words = async (name: string, by: 'password' | string): Promise<string[]> => {
    const { address, port, hostKey } = await place();
    const known = join(outer, 'known_hosts');
    writeFileSync(known, `[${address}]:${port} ${hostKey}\n`);
    const options = ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null', 'ConnectTimeout=20', 'NumberOfPasswordPrompts=1', 'IdentitiesOnly=yes'];
    const how = by === 'password' ? ['-o', 'PreferredAuthentications=password', '-o', 'PubkeyAuthentication=no'] : ['-o', 'PreferredAuthentications=publickey', '-i', by];
    return ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option]), ...how, '-p', String(port), `${name}@${address}`];
  };
  const askPass = join(outer, 'askpass');
  const environment = { PATH: process.env['PATH'], SSH_ASKPASS: askPass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' };
  const ssh = async (name: string, by: 'password' | string, command: string, password = PASSWORD): Promise<Said> => {
    writeFileSync(askPass, `#!/bin/sh\necho '${password}'\n`, { mode: 0o700 });
    const all = [...(await words(name, by)), command];
    return new Promise((resolve) => {
      execFile('ssh', all, { env: environment, timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout: stdout.trim(), stderr: stderr.trim() }));
    });
  };

  test('lets in whom it was asked to by key and by password, and nobody else', async () => {
    expect(await add('alice', { passwordHash: HASH })).toEqual({ kind: 'done' });
    expect(await ssh('alice', own, 'id -un; id -gn; pwd; hostname; echo ${AZ_BATCH_NODE_ID-none}')).toMatchObject({ code: 0, stdout: 'alice\n_azbatchgrp\n/home/alice\n0a1b2c-d\nnone' });
    expect(await ssh('alice', 'password', 'id -un')).toMatchObject({ code: 0, stdout: 'alice' });
    // The certificates that users who log in may see.
    for (const name of ['alice', 'pooled']) expect(await ssh(name, 'password', 'cd certs; stat -c "%a %U %n" *; cat *')).toMatchObject({ code: 0, stdout: `600 ${name} sha1-aa.pfx\n600 ${name} sha1-aa.pfx.pw\naaits password` });
    expect(await ssh('pooled', 'password', 'id -un')).toMatchObject({ code: 0, stdout: 'pooled' });
    for (const refused of [await ssh('alice', other, 'id'), await ssh('alice', 'password', 'id', 'wrong'), await ssh('root', own, 'id'), await ssh('_azbatch', own, 'id'), await ssh('stranger', 'password', 'id')]) {
      expect(refused).toMatchObject({ code: 255, stdout: '', stderr: expect.stringContaining('Permission denied') });
    }
    for (const file of ['passwd', 'shadow', 'group']) expect(readFileSync(`/etc/${file}`, 'utf8')).not.toMatch(/^(alice|pooled):/m);
    expect(existsSync('/home/alice')).toBe(false);
    // The hash stands in the node's shadow file alone.
    expect(execFileSync('grep', ['-rlF', HASH, node.state], { encoding: 'utf8' }).trim()).toBe(join(node.state, 'place/etc/upper/shadow'));
  });

  test('gives administrators root, whose changes are the node’s, and others not', async () => {
    expect(await add('boss', {}, true)).toEqual({ kind: 'done' });
    expect(await ssh('boss', own, 'id -u; sudo id -u; touch /usr/linarite-probe; pwd')).toMatchObject({ code: 0, stdout: '0\n0\n/home/boss' });
    expect(existsSync('/usr/linarite-probe')).toBe(false);
    expect((await ssh('alice', own, 'touch /usr/linarite-probe || id -u')).stdout).toMatch(/^19\d+$/);
  });

  test('refuses a user twice, one of its own, and what is asked of one that it does not have', async () => {
    const [first, second] = await Promise.all([add('twice'), add('twice')]);
    expect([first, second]).toEqual([{ kind: 'done' }, expect.objectContaining({ code: 'UserExists' })]);
    for (const name of ['alice', 'pooled', 'daemon', '_azbatch']) expect(await add(name)).toMatchObject({ kind: 'error', code: 'UserExists' });
    for (const name of ['nobody-here', 'pooled', 'daemon']) {
      expect(await ask({ kind: 'replaceUser', name, access: access() })).toMatchObject({ kind: 'error', code: 'UserNotFound' });
      expect(await ask({ kind: 'deleteUser', name })).toMatchObject({ kind: 'error', code: 'UserNotFound' });
    }
  });

  test('replaces password and key as a whole', async () => {
    await add('changed', { passwordHash: HASH });
    expect(await ask({ kind: 'replaceUser', name: 'changed', access: access({ publicKey: publicKeyOf(other) }) })).toEqual({ kind: 'done' });
    expect((await ssh('changed', own, 'id')).code).toBe(255);
    expect((await ssh('changed', 'password', 'id')).code).toBe(255);
    expect(await ssh('changed', other, 'id -un')).toMatchObject({ code: 0, stdout: 'changed' });
    await ask({ kind: 'replaceUser', name: 'changed', access: access({ publicKey: null, passwordHash: HASH }) });
    expect((await ssh('changed', other, 'id')).code).toBe(255);
    expect((await ssh('changed', 'password', 'id -un')).stdout).toBe('changed');
  });

  const session = async (name: string) => {
    const child = spawn('ssh', [...(await words(name, own)), 'echo in; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'], env: environment });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return { ended };
  };

  test('ends what somebody is in when they are deleted, and lets nobody of that name in again', async () => {
    await add('gone');
    const { ended } = await session('gone');
    expect(await ask({ kind: 'deleteUser', name: 'gone' })).toEqual({ kind: 'done' });
    expect(await ended).toBe(255);
    expect((await ssh('gone', own, 'id')).code).toBe(255);
    expect(await add('gone'), 'the name is free').toEqual({ kind: 'done' });
    expect((await ssh('gone', own, 'ls -A | wc -l; id -un')).stdout, 'with a home of its own').toMatch(/gone$/);
    await ask({ kind: 'deleteUser', name: 'gone' });
  });

  test('removes a user at the time set', async () => {
    await add('brief');
    const { ended } = await session('brief');
    expect(await ask({ kind: 'replaceUser', name: 'brief', access: access({ expiresAt: Date.now() + 500 }) })).toEqual({ kind: 'done' });
    expect(await ended, 'put out').toBe(255);
    expect((await ssh('brief', own, 'id')).code).toBe(255);
    expect(await ask({ kind: 'deleteUser', name: 'brief' })).toMatchObject({ code: 'UserNotFound' });
  });

  test('has its users again after a restart, under the same key and port, those left out that expired meanwhile', async () => {
    const before = await place();
    expect(before).toMatchObject({ address: ADDRESS, port: 50_001 });
    await add('expiring', { expiresAt: Date.now() + 500 });
    const { ended } = await session('alice');
    node.agent.kill('SIGKILL');
    await node.exited();
    node.startAgent(2);
    await ready(2);
    expect(await ended, 'nobody of the life before is left').toBe(255);
    expect(await place()).toEqual(before);
    expect(await ssh('alice', own, 'id -un')).toMatchObject({ code: 0, stdout: 'alice' });
    expect((await ssh('alice', 'password', 'id -un')).stdout).toBe('alice');
    expect(await add('expiring')).toEqual({ kind: 'done' });
  });

  test('leaves no process when it ends', async () => {
    await add('leaver');
    const { ended } = await session('leaver');
    node.agent.kill('SIGTERM');
    await node.exited();
    expect(await ended).toBe(255);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toMatch(new RegExp(`${node.state}|sshd: leaver`));
  });
});

describe.runIf(isPossible && canMakeImages)('a node whose system is an image', () => {
  test('has whoever logs in in that system, by a name that it knows', async () => {
    const image = join(outer, 'image');
    makeImageRoot(image, 'Tiny');
    const key = join(outer, 'image-key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const node = await startNode({}, { isolation: 'overlays', nodeId: 'tvmps_0a1b2d_d', ipAddress: '127.0.43.8', imageRoot: image });
    await node.owner.until('it is ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'));
    const answered = (request: string, ask: NodeAsk) => {
      node.owner.send({ kind: 'ask', epoch: 1, request, ask });
      return node.owner.until(request, () => node.owner.frames.map(({ frame }) => (frame.kind === 'answer' && frame.request === request ? frame.answer : null)).find((one) => one !== null));
    };
    const access = { expiresAt: Date.now() + DAY_MS, passwordHash: null, publicKey: readFileSync(`${key}.pub`, 'utf8').trim() };
    expect(await answered('own name', { kind: 'addUser', name: 'image', isAdmin: false, access })).toMatchObject({ code: 'UserExists' });
    expect(await answered('add', { kind: 'addUser', name: 'alice', isAdmin: false, access })).toEqual({ kind: 'done' });
    const way = await answered('way', { kind: 'remoteLogin' });
    const port = way?.kind === 'remoteLogin' ? String(way.port) : '';
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'BatchMode=yes'].flatMap((option) => ['-o', option]);
    const seen = execFileSync('ssh', ['-F', '/dev/null', ...options, '-i', key, '-p', port, 'alice@127.0.43.8', 'whoami; pwd; cat /etc/os-release'], { encoding: 'utf8', timeout: 30_000 });
    expect(seen).toBe('alice\n/home/alice\nPRETTY_NAME="Tiny"\n');
    expect(await answered('delete', { kind: 'deleteUser', name: 'alice' })).toEqual({ kind: 'done' });
    expect(await answered('again', { kind: 'addUser', name: 'alice', isAdmin: false, access })).toEqual({ kind: 'done' });
    await node.close();
  });
});

describe('a node that shares the users of its machine', () => {
  test('says that it cannot have users of its own', async () => {
    const node = await startNode();
    await node.owner.until('it is ready', () => node.owner.reports.some(({ kind }) => kind === 'ready'));
    node.owner.send({ kind: 'ask', epoch: 1, request: 'r', ask: { kind: 'remoteLogin' } });
    const answer = await node.owner.until('an answer', () => node.owner.frames.find(({ frame }) => frame.kind === 'answer')?.frame);
    expect(answer).toMatchObject({ answer: { kind: 'error', code: 'NotPossible', message: expect.stringContaining('share the users') } });
    await node.close();
  });
});
