import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nameBlobHosts } from '../../src/agent/identity/blobHosts.ts';
import { type Connection, holderOf } from '../../src/agent/identity/peers.ts';
import { createNodeTokens } from '../../src/agent/identity/tokens.ts';

const IDENTITY = { header: 'secret of one attempt', blobHosts: [], authority: null };
const REQUEST = { method: 'GET', url: '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r', headers: { metadata: 'true' }, body: '' };

describe.skipIf(process.platform !== 'linux')('whose a connection is', () => {
  let server: Server;
  let other: ChildProcess;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    server = createServer((socket) => sockets.push(socket)).listen(0, '::');
    await once(server, 'listening');
    other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6); console.log("up")'], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (other.stdout !== null) await once(other.stdout, 'data');
  });
  afterAll(() => {
    other.kill('SIGKILL');
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  /** A connection of this process, as its server sees it. */
  async function connected(host: string): Promise<Connection> {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, 'connection');
    sockets.push(connect({ host, port }));
    const [socket] = (await accepted) as [Socket];
    const plain = (address = ''): string => address.replace('::ffff:', '');
    return { remote: { address: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }, local: { address: plain(socket.localAddress), port: socket.localPort ?? 0 } };
  }
  const groups = (): readonly (readonly [string, readonly number[]])[] => [['other', [other.pid ?? 0]], ['mine', [process.pid]]];
  const holder = async (connection: Connection, of = groups()): Promise<string | undefined> => (await holderOf(connection, of, ([, pids]) => pids))?.[0];

  it.each(['127.0.0.1', '::ffff:127.0.0.1'])('is told by the kernel, for a client that calls %s', async (host) => {
    expect(await holder(await connected(host))).toBe('mine');
  });

  it('is nobody’s where none of them has it, more than one has, or there is none', async () => {
    const connection = await connected('127.0.0.1');
    expect(await holder(connection, groups().slice(0, 1))).toBeUndefined();
    expect(await holder(connection, [...groups(), ['twin', [process.pid]]])).toBeUndefined();
    expect(await holder({ ...connection, remote: { ...connection.remote, port: 1 } })).toBeUndefined();
    expect(await holder(connection, [['gone', [2 ** 22 + 1]]])).toBeUndefined();
    expect(await holder(connection, [])).toBeUndefined();
  });

  it('decides whose secret a token is asked for with, as long as the attempt runs', async () => {
    const connection = await connected('127.0.0.1');
    const asked: [string, string][] = [];
    const tokens = createNodeTokens({
      service: () => ({ agentUrl: 'ws://127.0.0.1:1/linarite/agent' }),
      membersOf: (attempt) => (attempt === 'mine' ? [process.pid] : null),
      get: (url, { headers }) => {
        asked.push([String(url), headers['x-identity-header'] ?? '']);
        return Promise.resolve({ status: 200, body: { access_token: 't' } });
      },
    });
    tokens.begin({ attempt: 'of another', identity: { ...IDENTITY, header: 'another secret' } });
    expect(await tokens.answer(REQUEST, connection)).toMatchObject({ status: 400, body: { error_description: 'Identity not found' } });
    tokens.begin({ attempt: 'mine', identity: IDENTITY });
    expect(await tokens.answer(REQUEST, connection)).toEqual({ status: 200, body: { access_token: 't' } });
    expect(asked).toEqual([['http://127.0.0.1:1/metadata/identity/oauth2/token?api-version=2018-02-01&resource=r', IDENTITY.header]]);
    tokens.end('mine');
    expect(await tokens.answer(REQUEST, connection)).toMatchObject({ status: 400 });
  });
});

describe('the names of blobs on a node', () => {
  it('stand in its list of names once, and who signs for them beside the system’s authorities', () => {
    const etc = mkdtempSync(join(tmpdir(), 'linarite-etc-'));
    try {
      mkdirSync(join(etc, 'ssl/certs'), { recursive: true });
      writeFileSync(join(etc, 'ssl/certs/ca-certificates.crt'), 'of the system');
      writeFileSync(join(etc, 'hosts'), '127.0.0.1\tlocalhost\n');
      const identity = { ...IDENTITY, blobHosts: ['one.blob.core.localhost', 'two.blob.core.localhost'], authority: 'our own' };
      let variables = nameBlobHosts(identity, { etc, service: '127.0.0.1' });
      variables = nameBlobHosts(identity, { etc, service: '127.0.0.1' });
      expect(readFileSync(join(etc, 'hosts'), 'utf8')).toBe('127.0.0.1\tlocalhost\n127.0.0.1\tone.blob.core.localhost\n127.0.0.1\ttwo.blob.core.localhost\n');
      expect(variables).toContainEqual({ name: 'REQUESTS_CA_BUNDLE', value: '/etc/linarite/authorities.pem' });
      expect(readFileSync(join(etc, 'linarite/authorities.pem'), 'utf8')).toBe('of the system\nour own');
      expect(readFileSync(join(etc, 'linarite/authority.pem'), 'utf8')).toBe('our own');
      nameBlobHosts(identity, { etc, service: 'service.example' });
      expect(readFileSync(join(etc, 'hosts'), 'utf8')).not.toContain('service.example');
    } finally {
      rmSync(etc, { recursive: true });
    }
  });
});
