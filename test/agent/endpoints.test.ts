import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointWork } from '../../src/agent/frames.ts';
import type { InboundEndpoint } from '../../src/core/status.ts';
import { startNode, type TestNode } from './testNode.ts';

const FIRST_PORT = 31_400;
let node: TestNode | null = null;
const servers: Server[] = [];

afterEach(async () => {
  await node?.close();
  node = null;
  for (const server of servers.splice(0)) server.close();
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

  test('of UDP is not open, and the node says so', async () => {
    node = await startNode({ endpoints: [web(1, { protocol: 'udp' })] });
    const { owner } = node;
    const notice = await owner.until('the notice', () => owner.reports.find((report) => report.kind === 'notice'));
    expect(notice).toMatchObject({ errors: [{ code: 'EndpointError', message: 'The endpoint web is not open: it asks for UDP, and nothing here hands on datagrams.' }] });
  });

  test('that has no free port is no reason not to work, and the node says so', async () => {
    await listen('127.0.0.1', FIRST_PORT, 'other');
    node = await startNode({ endpoints: [web(1, { lastPort: FIRST_PORT })] });
    const { owner } = node;
    const notice = await owner.until('the notice', () => owner.reports.find((report) => report.kind === 'notice'));
    expect(notice).toMatchObject({ errors: [{ code: 'EndpointError', message: `The endpoint web could not be opened: no port from ${FIRST_PORT} to ${FIRST_PORT} of web is free at 127.0.0.1.` }] });
  });
});
