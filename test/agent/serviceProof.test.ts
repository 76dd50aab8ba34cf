import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Channel, openChannel } from '../../src/agent/channel.ts';
import { sendBody } from '../../src/agent/fileBodies.ts';
import { AGENT_PROTOCOL, type AgentFrame } from '../../src/agent/frames.ts';
import { provedConnection } from '../../src/agent/serviceProof.ts';
import { provideCertificates } from '../../src/api/certificates.ts';
import { until } from '../support/deadline.ts';
import { nodeSetup } from './scriptedOwner.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** An authority of its own, and a certificate by it for 127.0.0.1. */
async function authority(): Promise<{ readonly ca: string; readonly chain: string; readonly key: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-proof-'));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const { authorityFile, chain, key } = await provideCertificates({ directory, now: new Date() });
  return { ca: readFileSync(authorityFile, 'utf8'), chain, key };
}

interface Service {
  readonly url: string;
  /** What was shown to it, in the order of requests. */
  readonly shown: (string | undefined)[];
  /** Connections. */
  readonly tried: () => number;
}

/** One that welcomes, or that sends agents elsewhere. */
async function service(tls: { readonly chain: string; readonly key: string } | null, elsewhere?: string): Promise<Service> {
  const server: Server = tls === null ? createHttp() : createHttps({ cert: tls.chain, key: tls.key });
  const shown: (string | undefined)[] = [];
  let tried = 0;
  server.on('connection', () => (tried += 1));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    shown.push(request.headers.authorization);
    if (elsewhere !== undefined) return socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${elsewhere}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (opened) => {
      opened.on('message', () => opened.send(JSON.stringify({ kind: 'welcome', epoch: 1, leaseMs: null, node: nodeSetup(), acknowledged: 0 })));
    });
  });
  server.on('request', (request: IncomingMessage, response) => {
    shown.push(request.headers.authorization);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return { url: `${tls === null ? 'ws' : 'wss'}://127.0.0.1:${(server.address() as AddressInfo).port}/linarite/agent`, shown, tried: () => tried };
}

const HELLO: AgentFrame = { kind: 'hello', protocol: AGENT_PROTOCOL, nodeId: 'n1', sequence: 0, report: { kind: 'hello', life: 1, version: '1', ipAddress: '127.0.0.1', held: [], startTask: null, ready: false } };

function agentOf(agentUrl: string, pinned?: string): Channel {
  const channel = openChannel({ address: () => ({ agentUrl, credential: 'secret', ...(pinned === undefined ? {} : { authority: pinned }) }), hello: () => HELLO, onFrame: () => undefined, onLeaseEnd: () => undefined });
  cleanups.push(() => channel.close());
  return channel;
}

test('an agent is sent to the process that has its node, and shows its credential there as well, if that proves itself by the same authority', async () => {
  const ours = await authority();
  const owner = await service(ours);
  const first = await service(ours, owner.url);
  const channel = agentOf(first.url, ours.ca);
  await until('it is welcomed', () => channel.isOpen);
  expect([first.shown, owner.shown]).toEqual([['Bearer secret'], ['Bearer secret']]);
});

test.each(['in the clear', 'another authority'])('it shows its credential to nobody where it is sent to %s', async (whom) => {
  const ours = await authority();
  const stranger = await service(whom === 'in the clear' ? null : await authority());
  const first = await service(ours, stranger.url);
  const channel = agentOf(first.url, ours.ca);
  await until('it has been sent there twice', () => first.shown.length === 2, 60_000);
  expect([stranger.shown, channel.isOpen]).toEqual([[], false]);
});

test('a service that proves itself by an authority that is not the pinned one is shown nothing', async () => {
  const stranger = await service(await authority());
  const { ca } = await authority();
  const channel = agentOf(stranger.url, ca);
  await until('it has tried twice', () => stranger.tried() === 2, 60_000);
  expect([stranger.shown, channel.isOpen]).toEqual([[], false]);
});

test('nothing goes to another machine in the clear, whatever it is called', async () => {
  expect(() => provedConnection(new URL('ws://192.0.2.1:10800/linarite/agent'), undefined)).toThrow('192.0.2.1 is another machine: nothing goes there in the clear, its address must begin with wss:');
  for (const own of ['ws://127.0.0.9:1/', 'ws://[::1]:1/', 'wss://192.0.2.1:1/']) expect(() => provedConnection(new URL(own), 'pinned')).not.toThrow();
  const { lookup } = provedConnection(new URL('ws://localhost:1/'), undefined);
  const found = await new Promise((resolve) => lookup?.('localhost', { all: true }, (error, addresses) => resolve(error ?? addresses)));
  expect(found).not.toBeInstanceOf(Error);
});

test('files go over the same proved connection as all else', async () => {
  const ours = await authority();
  const owner = await service(ours);
  const root = mkdtempSync(join(tmpdir(), 'linarite-body-'));
  cleanups.push(() => rmSync(root, { recursive: true }));
  const ask = { kind: 'read', path: 'file', start: 0, end: null } as const;
  writeFileSync(join(root, 'file'), 'what a task wrote');
  expect(await sendBody('r1', ask, { rootDirectory: root, agentUrl: owner.url, credential: 'secret', authority: ours.ca })).toBeNull();
  expect(owner.shown).toEqual(['Bearer secret']);
  await sendBody('r2', ask, { rootDirectory: root, agentUrl: owner.url, credential: 'secret', authority: (await authority()).ca });
  expect(owner.shown).toHaveLength(1);
});
