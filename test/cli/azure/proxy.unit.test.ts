import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startProxy, type Proxy } from '../../../src/cli/azure/proxy.ts';

/** Two servers that say who they are and what they were told: the service, and one of somebody else. */
let service: Server;
let elsewhere: Server;
let proxy: Proxy;

beforeAll(async () => {
  [service, elsewhere] = await Promise.all([serving('service'), serving('elsewhere')]);
  proxy = await startProxy({ service: { host: '127.0.0.1', port: portOf(service) }, suffix: 'lab.test' });
});
afterAll(() => {
  proxy.close();
  service.close();
  elsewhere.close();
});

async function serving(name: string): Promise<Server> {
  const server = createServer((socket) => socket.once('data', (said) => socket.end(`${name} heard ${said.toString()}`))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** What is answered to a request, and what the host at the other end says to `hello`. */
async function asked(request: string): Promise<string> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1').setEncoding('utf8');
  let said = '';
  socket.on('data', (chunk) => {
    said += String(chunk);
    if (said === ESTABLISHED) socket.write('hello');
  });
  socket.write(`${request}\r\nHost: x\r\n\r\n`);
  await once(socket, 'end');
  return said;
}

it.each(['acc.westeurope.batch.azure.com', 'acc.blob.core.windows.net', 'MANAGEMENT.azure.com', 'login.microsoftonline.com', 'acc.eastus.batch.lab.test'])('leads what is meant for %s to the service, whatever the port', async (host) => {
  expect(await asked(`CONNECT ${host}:443 HTTP/1.1`)).toBe(`${ESTABLISHED}service heard hello`);
});

it('leads what is meant for anybody else to them', async () => {
  expect(await asked(`CONNECT 127.0.0.1:${portOf(elsewhere)} HTTP/1.1`)).toBe(`${ESTABLISHED}elsewhere heard hello`);
});

it('says 502 of a host that does not answer', async () => {
  const gone = await serving('gone');
  const port = portOf(gone);
  gone.close();
  await once(gone, 'close');
  expect(await asked(`CONNECT 127.0.0.1:${port} HTTP/1.1`)).toBe('HTTP/1.1 502 Bad Gateway\r\n\r\n');
});

it('says 400 of what names no host and port, and 501 of what is no CONNECT', async () => {
  expect(await asked('CONNECT nowhere HTTP/1.1')).toBe('HTTP/1.1 400 Bad Request\r\n\r\n');
  expect(await asked('GET http://acc.blob.core.windows.net/ HTTP/1.1')).toMatch(/^HTTP\/1\.1 501 [^]*this proxy serves CONNECT alone\n/);
});

it('ends what is open when it is closed', async () => {
  const other = await startProxy({ service: { host: '127.0.0.1', port: portOf(service) }, suffix: 'lab.test' });
  const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
  socket.write('CONNECT acc.blob.core.windows.net:443 HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  const closed = once(socket, 'close');
  other.close();
  await closed;
});
