import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, type ServerResponse, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, provideCertificates } from '../../src/api/certificates.ts';
import { type Listener, PortTakenError, listen } from '../../src/api/listener.ts';

let directory: string;
let certificates: Certificates;
const open: Listener[] = [];
const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-listener-'));
  certificates = await provideCertificates({ directory, now: new Date() });
});
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close({ graceMs: 0 });
});
afterAll(() => {
  agents.http.destroy();
  agents.https.destroy();
  rmSync(directory, { recursive: true });
});

async function start(onRequest: (request: IncomingMessage, response: ServerResponse) => void, port = 0): Promise<Listener> {
  const listener = await listen({ host: '127.0.0.1', port, tls: certificates, onRequest });
  open.push(listener);
  return listener;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly reused: boolean;
}

function send(url: string, body = ''): Promise<Answer> {
  const secure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', ...(secure ? { agent: agents.https, ca: readFileSync(certificates.authorityFile) } : { agent: agents.http }) };
    const request = (secure ? httpsRequest : httpRequest)(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), reused: request.reusedSocket }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('x-encrypted', String('encrypted' in request.socket));
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => response.end(`${'encrypted' in request.socket ? 'TLS' : 'plain'} ${Buffer.concat(chunks).toString()}`));
}

describe('one port for TLS and plain HTTP', () => {
  test('serves both, each kind keeping its connection', async () => {
    const { port } = await start(echo);
    for (const reused of [false, true]) {
      expect(await send(`http://127.0.0.1:${port}/`, 'hello')).toEqual({ status: 200, body: 'plain hello', reused });
      expect(await send(`https://127.0.0.1:${port}/`, 'hello')).toEqual({ status: 200, body: 'TLS hello', reused });
    }
  });

  test('large bodies arrive whole over both', async () => {
    const { port } = await start(echo);
    const body = 'x'.repeat(3_000_000);
    expect((await send(`http://127.0.0.1:${port}/`, body)).body).toBe(`plain ${body}`);
    expect((await send(`https://127.0.0.1:${port}/`, body)).body).toBe(`TLS ${body}`);
  });

  test('a request that comes a byte at a time is understood', async () => {
    const { port } = await start(echo);
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    let answer = '';
    const ended = new Promise((resolve) => socket.on('close', resolve));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    for (const letter of 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab') {
      await new Promise((resolve) => socket.write(letter, resolve));
    }
    await ended;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*plain ab/);
  });

  test('a taken port is named', async () => {
    const { port } = await start(echo);
    const second = start(echo, port);
    await expect(second).rejects.toThrow(PortTakenError);
    await expect(second).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  });

  test('a renewed certificate is shown to new connections', async () => {
    const listener = await start(echo);
    const other = mkdtempSync(join(tmpdir(), 'linarite-listener-'));
    listener.replaceCertificate(await provideCertificates({ directory: other, now: new Date() }));
    rmSync(other, { recursive: true });
    await expect(send(`https://127.0.0.1:${listener.port}/`)).rejects.toThrow(/certificate/);
  });

  test('closing lets a request under way end and sends idle clients away at once', async () => {
    let answerLate: (() => void) | undefined;
    let isAsked: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    const listener = await start((request, response) => {
      if (request.url !== '/slow') return void response.end('quick');
      answerLate = () => response.end('late');
      isAsked();
    });
    const silent = connect(listener.port, '127.0.0.1');
    const silentClosed = new Promise((resolve) => silent.on('close', resolve));
    silent.on('error', () => {});
    await send(`http://127.0.0.1:${listener.port}/`);
    const slow = send(`http://127.0.0.1:${listener.port}/slow`);
    await asked;
    // Longer than a test may take.
    const closed = listener.close({ graceMs: 3_600_000 });
    await silentClosed;
    answerLate?.();
    expect((await slow).body).toBe('late');
    await closed;
  });

  test('what does not end in time is cut', async () => {
    const listener = await start(() => {});
    const hanging = send(`http://127.0.0.1:${listener.port}/`);
    hanging.catch(() => {});
    await expect.poll(() => agents.http.sockets[`127.0.0.1:${listener.port}:`]?.[0]?.bytesWritten ?? 0).toBeGreaterThan(0);
    await listener.close({ graceMs: 50 });
    await expect(hanging).rejects.toThrow(/hang up|ECONNRESET/);
  });
});
