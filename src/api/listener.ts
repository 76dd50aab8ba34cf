import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Server as TlsServer, createSecureContext, createServer as createTlsServer, type SecureContext } from 'node:tls';
import type { TlsIdentity } from './certificates.ts';

/** What listens, for whom. */
export interface ListenerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: TlsIdentity;
  /** The certificate for a name that a client asks for (lower case); undefined: `tls` is for it, or for nobody else. */
  readonly tlsFor?: (name: string) => Promise<TlsIdentity> | undefined;
  /** Every request of both kinds; `request.socket` has `encrypted: true` when it came over TLS. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** WebSocket and other upgrades; without it they are served as plain requests. The taker closes what it took. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** One open port. */
export interface Listener {
  readonly host: string;
  /** The real one when 0 was asked for. */
  readonly port: number;
  /** New connections get this certificate. */
  replaceCertificate(tls: TlsIdentity): void;
  /** Takes no more connections, lets requests under way end for `graceMs`, then cuts what is left. */
  close(options: { graceMs: number }): Promise<void>;
}

/** Thrown by `listen` when somebody else has the port. */
export class PortTakenError extends Error {
  readonly port: number;
  constructor(host: string, port: number) {
    super(`port ${port} on ${host} is taken`);
    this.port = port;
  }
}

/** A TLS connection begins with a handshake record, type 22 (RFC 8446, 5.1); no HTTP method begins with that byte. */
const TLS_HANDSHAKE = 0x16;
/** Time for the first byte, and for the headers of a request. */
const HEADERS_TIMEOUT_MS = 60_000;
/** Longer than the idle time after which the usual clients drop a connection, so that the clients close it. */
const KEEP_ALIVE_MS = 120_000;
const MAX_CONNECTIONS = 20_000;

/** Opens one port for TLS and plain HTTP: the first byte of a connection decides. Throws `PortTakenError`. */
export async function listen(options: ListenerOptions): Promise<Listener> {
  // No limit on a whole request: files stream for as long as they take; the API bounds its own bodies.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: 0 }, options.onRequest);
  if (options.onUpgrade !== undefined) server.on('upgrade', options.onUpgrade);
  server.maxConnections = MAX_CONNECTIONS;
  const tls = createTlsServer({ cert: options.tls.chain, key: options.tls.key, ALPNProtocols: ['http/1.1'], handshakeTimeout: HEADERS_TIMEOUT_MS, ...(options.tlsFor === undefined ? {} : { SNICallback: contextFor(options.tlsFor) }) });
  const sockets = splitByFirstByte(server, tls);
  await open(server, options);
  const address = server.address();
  return {
    host: options.host,
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    replaceCertificate: ({ chain, key }) => tls.setSecureContext({ cert: chain, key }),
    close: ({ graceMs }) => closeGracefully(server, sockets, graceMs),
  };
}

/** What Node.js asks for a certificate by name: no context, the usual one. */
type NameCallback = (name: string, done: (error: Error | null, context?: SecureContext) => void) => void;

function contextFor(tlsFor: NonNullable<ListenerOptions['tlsFor']>): NameCallback {
  return (name, done) => {
    const asked = tlsFor(name.toLowerCase());
    if (asked === undefined) done(null);
    else void give(asked, done);
  };
}

async function give(asked: Promise<TlsIdentity>, done: Parameters<NameCallback>[1]): Promise<void> {
  const made = await asked.then(
    ({ chain, key }) => createSecureContext({ cert: chain, key }),
    (error: unknown) => (error instanceof Error ? error : new Error('there is no certificate for the name')),
  );
  if (made instanceof Error) done(made);
  else done(null, made);
}

/**
 * Puts a look at the first byte before what the HTTP server does with a connection. Returns the open sockets, kept up
 * to date.
 */
function splitByFirstByte(server: Server, tls: TlsServer): Set<Socket> {
  const sockets = new Set<Socket>();
  const serveHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  const serve = (socket: Duplex): void => {
    for (const listener of serveHttp) Reflect.apply(listener, server, [socket]);
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    lookAtFirstByte(socket, (first) => {
      if (first === TLS_HANDSHAKE) tls.emit('connection', socket);
      else serve(socket);
    });
  });
  tls.on('secureConnection', serve);
  // A client that does not trust us or talks nonsense: nobody here can do anything about it.
  tls.on('tlsClientError', (_error, socket) => socket.destroy());
  return sockets;
}

function lookAtFirstByte(socket: Socket, decide: (first: number) => void): void {
  const drop = (): void => {
    socket.destroy();
  };
  const look = (): void => {
    const chunk: unknown = socket.read();
    // Null: nothing yet, or the other side has gone; then `end` and `close` follow.
    if (!Buffer.isBuffer(chunk)) return;
    socket.off('readable', look);
    socket.off('error', drop);
    socket.off('timeout', drop);
    socket.off('end', drop);
    socket.setTimeout(0);
    socket.unshift(chunk);
    decide(chunk[0] ?? 0);
  };
  socket.setTimeout(HEADERS_TIMEOUT_MS);
  socket.on('timeout', drop);
  socket.on('error', drop);
  socket.on('end', drop);
  socket.on('readable', look);
}

async function open(server: Server, { host, port }: ListenerOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      reject('code' in error && error.code === 'EADDRINUSE' ? new PortTakenError(host, port) : error);
    };
    server.once('error', fail);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

async function closeGracefully(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  // A connection whose request ends now would stay open for the next one; the server closes only those idle at this
  // moment.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}
