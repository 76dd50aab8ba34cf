import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { DatagramCarrier } from '../../src/agent/endpoints/carriers.ts';
import { openDatagramDoor } from '../../src/agent/endpoints/datagrams.ts';
import type { EndpointWork } from '../../src/agent/frames.ts';
import type { InboundEndpoint } from '../../src/core/status.ts';
import { startNode, type TestNode } from './testNode.ts';

const FIRST_PORT = 31_400;
let node: TestNode | null = null;
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  await node?.close();
  node = null;
  for (const server of [...servers.splice(0), ...sockets.splice(0)]) server.close();
});

async function listen(host: string, port: number, says: string): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.write(says);
    socket.pipe(socket);
  });
  server.listen({ host, port });
  await once(server, 'listening');
  servers.push(server);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What the other side says to `text`, until it is over. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((settle) => {
    let received = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true }, () => socket.end(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    socket.on('error', () => {});
    socket.on('close', () => settle(received));
    socket.on('end', () => socket.destroy());
  });
}

/** Answers each datagram with what it said, and from which port it came. Its port. */
async function echo(host: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, { address, port }) => socket.send(Buffer.concat([bytes, Buffer.from(` from ${port}`)]), port, address));
  socket.bind(0, host);
  await once(socket, 'listening');
  sockets.push(socket);
  return socket.address().port;
}

function datagrams(): { send(port: number, text: string): void; next(): Promise<string>; readonly received: readonly string[] } {
  const socket = createSocket('udp4');
  sockets.push(socket);
  const received: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on('message', (bytes) => {
    const wanted = waiting.shift();
    if (wanted === undefined) received.push(bytes.toString());
    else wanted(bytes.toString());
  });
  return {
    received,
    send: (port, text) => socket.send(text, port, '127.0.0.1'),
    next: () => {
      const there = received.shift();
      return there === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(there);
    },
  };
}

function web(backendPort: number, changes: Partial<EndpointWork> = {}): EndpointWork {
  return { name: 'web', protocol: 'tcp', backendPort, firstPort: FIRST_PORT, lastPort: FIRST_PORT + 39, rules: [], ...changes };
}

async function endpointsOf({ owner }: TestNode, readies = 1): Promise<readonly InboundEndpoint[]> {
  return owner.until('ready', () => {
    const said = owner.reports.filter((report) => report.kind === 'ready');
    const last = said.at(-1);
    return said.length >= readies && last !== undefined && (last.endpoints ?? []);
  });
}

test('a flow of datagrams gives its place to one that is used, and ends when nothing passes', async () => {
  const log: string[] = [];
  let opened = 0;
  const carrier: DatagramCarrier = {
    open: (onAnswer) => {
      const flow = ++opened;
      log.push(`open ${flow}`);
      return { send: (bytes) => onAnswer(Buffer.from(`${flow}: ${bytes.toString()}`)), close: () => log.push(`close ${flow}`) };
    },
    close: () => log.push('closed'),
  };
  const common = { host: '127.0.0.1', port: FIRST_PORT + 90, carrier, isAdmitted: () => true, onError: (error: Error) => log.push(error.message) };
  const door = await openDatagramDoor({ ...common, mostFlows: 2 });
  const [one, two, three] = [datagrams(), datagrams(), datagrams()];
  const said = async (from: ReturnType<typeof datagrams>): Promise<string> => {
    from.send(common.port, 'x');
    return from.next();
  };
  for (const from of [one, two, one]) await said(from);
  expect(await said(three), 'the second was used longest ago').toBe('3: x');
  expect([await said(one), await said(two)]).toEqual(['1: x', '4: x']);
  door.close();
  expect(log).toEqual(['open 1', 'open 2', 'close 2', 'open 3', 'close 3', 'open 4', 'close 1', 'close 4', 'closed']);
  const short = await openDatagramDoor({ ...common, idleMs: 30 });
  expect(await said(one)).toBe('5: x');
  await expect.poll(() => log.at(-1)).toBe('close 5');
  short.close();
});

describe('an endpoint of a node', () => {
  test('leads to its port there, in both directions, each to its own end', async () => {
    const backendPort = await listen('127.0.0.2', 0, 'hello ');
    node = await startNode({ endpoints: [web(backendPort)] }, { ipAddress: '127.0.0.2' });
    const [endpoint] = await endpointsOf(node);
    expect(endpoint).toEqual({ name: 'web', index: 0, publicAddress: '127.0.0.1', publicName: 'localhost', frontendPort: FIRST_PORT, backendPort });
    const long = 'x'.repeat(1_000_000);
    expect(await exchange(FIRST_PORT, long)).toBe(`hello ${long}`);
  });

  test('is at the next port of its range where one is taken, and stays there over a reboot', async () => {
    const backendPort = await listen('127.0.0.2', 0, 'hello ');
    await listen('127.0.0.1', FIRST_PORT, 'other');
    node = await startNode({ endpoints: [web(backendPort)] }, { ipAddress: '127.0.0.2' });
    expect(await endpointsOf(node)).toMatchObject([{ index: 1, frontendPort: FIRST_PORT + 1 }]);
    servers.pop()?.close();
    node.agent.kill('SIGTERM');
    await node.exited();
    expect(await exchange(FIRST_PORT + 1, 'x')).toBe('');
    node.startAgent(2);
    expect(await endpointsOf(node, 2)).toMatchObject([{ index: 1, frontendPort: FIRST_PORT + 1 }]);
    expect(await exchange(FIRST_PORT + 1, 'x')).toBe('hello x');
  });

  test('lets in whom its rules allow', async () => {
    const backendPort = await listen('127.0.0.2', 0, 'hello ');
    const rules = [{ priority: 200, isAllowed: false, prefix: '127.0.0.0/8', ports: [] }, { priority: 300, isAllowed: true, prefix: '*', ports: [] }];
    node = await startNode({ endpoints: [web(backendPort, { rules }), web(backendPort, { name: 'open', firstPort: FIRST_PORT + 40, lastPort: FIRST_PORT + 79 })] }, { ipAddress: '127.0.0.2' });
    await endpointsOf(node);
    expect(await exchange(FIRST_PORT, 'x')).toBe('');
    expect(await exchange(FIRST_PORT + 40, 'x')).toBe('hello x');
  });

  test('of UDP hands on datagrams and their answers, each source apart, from whom its rules allow, beside one of TCP at the same port', async () => {
    const backendPort = await echo('127.0.0.2');
    const rules = [{ priority: 200, isAllowed: false, prefix: '127.0.0.0/8', ports: [] }, { priority: 300, isAllowed: true, prefix: '*', ports: [] }];
    const udp = (name: string, firstPort: number, changes: Partial<EndpointWork> = {}): EndpointWork => web(backendPort, { name, protocol: 'udp', firstPort, lastPort: firstPort + 39, ...changes });
    node = await startNode({ endpoints: [web(backendPort), udp('datagrams', FIRST_PORT), udp('closed', FIRST_PORT + 40, { rules })] }, { ipAddress: '127.0.0.2' });
    expect(await endpointsOf(node)).toMatchObject([{ name: 'web', frontendPort: FIRST_PORT }, { name: 'datagrams', protocol: 'udp', index: 0, frontendPort: FIRST_PORT, backendPort }, { name: 'closed' }]);
    const [one, other] = [datagrams(), datagrams()];
    const closed = datagrams();
    closed.send(FIRST_PORT + 40, 'let me in');
    one.send(FIRST_PORT, 'one');
    other.send(FIRST_PORT, 'other');
    const [first, second] = [await one.next(), await other.next()];
    expect([first, second].map((text) => text.split(' from ')[0])).toEqual(['one', 'other']);
    expect(first.split(' from ')[1], 'the node sees two sources').not.toBe(second.split(' from ')[1]);
    one.send(FIRST_PORT, '');
    expect(await one.next(), 'its source stays the same, and a datagram may be empty').toBe(` from ${first.split(' from ')[1]}`);
    const large = 'x'.repeat(60_000);
    other.send(FIRST_PORT, large);
    expect(await other.next()).toBe(`${large} from ${second.split(' from ')[1]}`);
    expect(closed.received).toEqual([]);
  });

  test('that has no free port is no reason not to work, and the node says so', async () => {
    await listen('127.0.0.1', FIRST_PORT, 'other');
    node = await startNode({ endpoints: [web(1, { lastPort: FIRST_PORT })] });
    const { owner } = node;
    const notice = await owner.until('the notice', () => owner.reports.find((report) => report.kind === 'notice'));
    expect(notice).toMatchObject({ errors: [{ code: 'EndpointError', message: `The endpoint web could not be opened: no port from ${FIRST_PORT} to ${FIRST_PORT} of web is free at 127.0.0.1.` }] });
  });
});
