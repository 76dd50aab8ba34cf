import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { isInTheClear } from '../../src/api/agentSockets.ts';
import type { AgentChannel, AgentDoor, AgentFrame } from '../../src/ports.ts';
import { until } from '../support/deadline.ts';
import { ACCOUNT, manage, placed } from './management/asking.ts';
import { testApi, type TestApi } from './support.ts';

/** What the owner's side saw. */
const seen: { frames: AgentFrame[]; channel: AgentChannel | undefined; closed: number } = { frames: [], channel: undefined, closed: 0 };
const door: AgentDoor = {
  authenticate: (credential) => (credential === 'good' ? { account: 1, node: 7, life: 1 } : null),
  connect(_node, _life, channel) {
    seen.channel = channel;
    return {
      onFrame: (frame) => seen.frames.push(frame),
      onClose: () => {
        seen.closed += 1;
      },
    };
  },
};

let it: TestApi;
let server: Server;
beforeAll(async () => {
  it = await testApi({ door });
  server = createServer(it.api.handler).on('upgrade', it.api.upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await it.close();
});

function dial(path = '/linarite/agent', credential = 'good'): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { headers: { authorization: `Bearer ${credential}` } });
}
async function refusalOf(socket: WebSocket): Promise<string> {
  return String(((await once(socket, 'error')) as Error[])[0]?.message);
}

test('frames go both ways, and the owner learns of the end', async () => {
  const socket = dial();
  await once(socket, 'open');
  socket.send(JSON.stringify({ kind: 'reports', first: 1, reports: [] }));
  await until('the frame has come', () => seen.frames.length > 0);
  expect(seen.frames).toEqual([{ kind: 'reports', first: 1, reports: [] }]);
  const message = once(socket, 'message');
  seen.channel?.send({ kind: 'leave', epoch: 3 });
  expect(JSON.parse(String((await message)[0]))).toEqual({ kind: 'leave', epoch: 3 });
  seen.channel?.close('enough');
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  expect([code, String(reason)]).toEqual([1000, 'enough']);
  await until('the owner knows', () => seen.closed === 1);
});

test('frames that are sent in one turn leave together at its end, in their order', async () => {
  const upgraded = once(server, 'upgrade') as Promise<[unknown, Duplex]>;
  const socket = dial();
  const [, wire] = await upgraded;
  await once(socket, 'open');
  const epochs: number[] = [];
  socket.on('message', (data) => epochs.push((JSON.parse(String(data)) as { epoch: number }).epoch));
  const { channel } = seen;
  for (const epoch of [1, 2]) channel?.send({ kind: 'leave', epoch });
  const sizeBytes = wire.writableLength;
  expect(sizeBytes).toBeGreaterThan(0);
  await Promise.resolve().then(() => channel?.send({ kind: 'leave', epoch: 3 }));
  expect(wire.writableLength).toBeGreaterThan(sizeBytes);
  await until('all have come', () => epochs.length === 3);
  expect(epochs).toEqual([1, 2, 3]);
  socket.close();
  await once(socket, 'close');
});

test('a wrong credential is refused before anything is said', async () => {
  expect(await refusalOf(dial('/linarite/agent', 'bad'))).toContain('401');
  expect(await refusalOf(dial('/elsewhere'))).toContain('404');
});

test('what is no frame, and a frame that is too large, end the connection', async () => {
  const nonsense = dial();
  await once(nonsense, 'open');
  nonsense.send('{"kind": "unheard of"}');
  expect((await once(nonsense, 'close'))[0]).toBe(1007);
  const large = dial();
  await once(large, 'open');
  large.send(Buffer.alloc(5 * 1024 * 1024));
  expect((await once(large, 'close'))[0]).toBe(1009);
});

test('an agent with a lease is not asked whether it is there: it says so itself, and is cut off when it does not', async () => {
  const socket = dial();
  await once(socket, 'open');
  const pinged: number[] = [];
  socket.on('ping', () => pinged.push(1));
  const { closed } = seen;
  seen.channel?.send({ kind: 'welcome', epoch: 1, leaseMs: 6_000, node: {} as never, acknowledged: 0 });
  // Six to a lease; three may be missed.
  const says = setInterval(() => socket.ping(), 200);
  const gone = once(socket, 'close');
  await expect(Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 4_000, 'it is still there'))])).resolves.toBe('it is still there');
  clearInterval(says);
  await gone;
  await until('the owner knows', () => seen.closed === closed + 1);
  expect(pinged).toEqual([]);
});

test('an agent of another machine that comes in the clear is refused, whatever it shows; one of this machine may', () => {
  const from = (remoteAddress: string, encrypted = false): IncomingMessage => ({ socket: { remoteAddress, encrypted } }) as never;
  expect([from('192.0.2.1'), from('::ffff:192.0.2.1'), from('2001:db8::1'), from('')].map(isInTheClear)).toEqual([true, true, true, true]);
  expect([from('192.0.2.1', true), from('127.0.0.1'), from('::ffff:127.0.0.3'), from('::1')].map(isInTheClear)).toEqual([false, false, false, false]);
});

test('an agent comes and stays only from where its account takes nodes', async () => {
  await placed(it);
  const rule = (ipRules: readonly object[]) => manage(it, 'PATCH', ACCOUNT, { properties: { networkProfile: { nodeManagementAccess: { defaultAction: 'Deny', ipRules } } } });
  expect((await rule([{ action: 'Allow', value: '127.0.0.0/8' }])).status).toBe(200);
  const socket = dial();
  await once(socket, 'open');
  const cut = once(socket, 'close');
  expect((await rule([{ action: 'Allow', value: '192.0.2.0/24' }])).status).toBe(200);
  await cut;
  expect(await refusalOf(dial())).toContain('403');
  expect((await it.ask({ url: '/pools' })).status, 'clients are not nodes').toBe(200);
  await manage(it, 'PATCH', ACCOUNT, { properties: { networkProfile: { nodeManagementAccess: { defaultAction: 'Allow' } } } });
  await once(dial(), 'open');
});
