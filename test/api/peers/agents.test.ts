import { Accounts } from '../../../src/api/accounts.ts';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openChannel, type Channel } from '../../../src/agent/channel.ts';
import type { OwnerFrame } from '../../../src/agent/frames.ts';
import { createAgentSockets, type AgentSockets } from '../../../src/api/agentSockets.ts';
import { agentsElsewhere, type AgentsElsewhere } from '../../../src/api/peers/agents.ts';
import { PeerClient } from '../../../src/api/peers/client.ts';
import { PeerSignatures } from '../../../src/api/peers/signature.ts';
import type { AgentDoor, AgentFrame, Peer, Place, Places } from '../../../src/ports.ts';
import { freePort, until } from '../../support/linarite.ts';

const log = pino({ level: 'silent' });
const CREDENTIAL = 'of-a-node';
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A process that has the account, or another one. */
interface Process {
  readonly url: string;
  readonly heard: AgentFrame[];
  readonly upgrades: IncomingMessage['headers'][];
}

async function startProcess(has: boolean, elsewhere?: AgentsElsewhere): Promise<Process> {
  const heard: AgentFrame[] = [];
  const upgrades: IncomingMessage['headers'][] = [];
  const door: AgentDoor = {
    authenticate: (credential) => (has && credential === CREDENTIAL ? { account: 1, node: 1, life: 1 } : null),
    connect: (_node, _life, channel) => ({
      onFrame: (frame) => {
        heard.push(frame);
        channel.send({ kind: 'acknowledge', epoch: 1, sequence: 7 } as OwnerFrame);
      },
      onClose: () => undefined,
    }),
  };
  const sockets: AgentSockets = createAgentSockets({ door, log, accounts: new Accounts([]), elsewhere });
  const server: Server = createServer((request, response) => {
    if (elsewhere === undefined) {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => response.writeHead(201, { 'content-type': 'text/plain' }).end(`${request.headers.authorization} sent ${text}`));
    } else void elsewhere.placeOf(CREDENTIAL).then((place) => place?.kind === 'there' && elsewhere.hand(place.peer, request, response));
  });
  server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    upgrades.push(request.headers);
    sockets.upgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    sockets.close();
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, upgrades };
}

function elsewhereAt(peer: Peer, redirectTo = peer): AgentsElsewhere {
  const place: Place = { kind: 'there', peer };
  const places: Places = { of: () => Promise.resolve(place), known: () => place, wrong: () => Promise.resolve(), watch: () => () => undefined };
  const client = new PeerClient({ signatures: new PeerSignatures(Buffer.from('secret'), Date.now), authority: () => undefined });
  const real = agentsElsewhere({ routing: { places, client }, accountOf: (credential) => (credential === CREDENTIAL ? 1 : null), log });
  return { ...real, forward: (to, request, socket, head) => real.forward(request.headers['linarite-redirect'] === undefined ? to : redirectTo, request, socket, head) };
}

function dial(url: string): { readonly channel: Channel; readonly told: OwnerFrame[] } {
  const told: OwnerFrame[] = [];
  const hello = { kind: 'hello', protocol: 1, nodeId: 'n', sequence: 0 } as unknown as AgentFrame;
  const channel = openChannel({ address: () => ({ agentUrl: `${url.replace('http', 'ws')}/linarite/agent`, credential: CREDENTIAL }), hello: () => hello, onFrame: (frame) => void told.push(frame), onLeaseEnd: () => undefined });
  closing.push(() => channel.close());
  return { channel, told };
}

test('an agent that dials the wrong process is sent to the right one, and shows its credential there', async () => {
  const owner = await startProcess(true);
  const other = await startProcess(false, elsewhereAt({ process: 'p', url: owner.url }));
  dial(other.url);
  await until('the owner hears the agent', 60_000, async () => owner.heard[0]);
  expect(owner.upgrades).toMatchObject([{ authorization: `Bearer ${CREDENTIAL}`, host: new URL(owner.url).host }]);
});

test('an agent that cannot reach the right process comes through the one that it dialled', async () => {
  const owner = await startProcess(true);
  const nowhere = { process: 'p', url: `http://127.0.0.1:${await freePort()}` };
  const other = await startProcess(false, elsewhereAt({ process: 'p', url: owner.url }, nowhere));
  dial(other.url);
  await until('the owner hears the agent', 60_000, async () => owner.heard[0]);
  expect(other.upgrades.map((headers) => headers['linarite-redirect'])).toEqual(['follow', undefined]);
});

test('an agent of a release that follows nothing comes through the process that it dialled, both ways', async () => {
  const owner = await startProcess(true);
  const other = await startProcess(false, elsewhereAt({ process: 'p', url: owner.url }));
  const socket = new WebSocket(`${other.url.replace('http', 'ws')}/linarite/agent`, { headers: { authorization: `Bearer ${CREDENTIAL}` } });
  closing.push(() => socket.terminate());
  const answer = new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
  socket.once('open', () => socket.send(JSON.stringify({ kind: 'hello' })));
  expect(JSON.parse(await answer)).toMatchObject({ kind: 'acknowledge', sequence: 7 });
});

test('a stranger is refused wherever it dials', async () => {
  const owner = await startProcess(true);
  const other = await startProcess(false, elsewhereAt({ process: 'p', url: owner.url }));
  const refused = new Promise<Error>((resolve) => new WebSocket(`${other.url.replace('http', 'ws')}/linarite/agent`, { headers: { authorization: 'Bearer nobody' } }).once('error', resolve));
  expect((await refused).message).toContain('401');
});

test('bytes of a file that come to the wrong process are handed on with their credential, and the answer comes back', async () => {
  const owner = await startProcess(true);
  const other = await startProcess(false, elsewhereAt({ process: 'p', url: owner.url }));
  const answer = await fetch(`${other.url}/linarite/agent/files/7`, { method: 'POST', body: 'bytes', headers: { authorization: `Bearer ${CREDENTIAL}` } });
  expect([answer.status, await answer.text()]).toEqual([201, `Bearer ${CREDENTIAL} sent bytes`]);
});
