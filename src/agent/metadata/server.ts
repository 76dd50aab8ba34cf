import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instant } from '../../core/keys.ts';
import { messageOf } from '../failures.ts';
import { say } from '../log.ts';
import { METADATA } from '../network/network.ts';
import type { Connection } from '../identity/peers.ts';
import { answerMetadata, asksForToken, type MetadataAnswer, type MetadataNode, type MetadataRequest, SCHEDULED_EVENTS_PATH } from './handler.ts';
import type { InstanceFacts } from './instance.ts';
import { createScheduledEvents } from './scheduledEvents.ts';

/** What a node's programs are told of it. */
export interface Metadata {
  /** Of the scheduled events, without the version. */
  readonly url: string;
  /** The node is taken back at that instant. */
  preempt(notBefore: Instant): void;
  /** From now on tokens of identities are given so; nobody is given any before. */
  giveTokens(answer: TokenAnswer): void;
  close(): void;
}

/** Answers who asks for a token, as far as the connection tells whose it is. */
type TokenAnswer = (request: MetadataRequest, connection: Connection) => Promise<MetadataAnswer>;

const LARGEST_BODY_BYTES = 64 * 1024;
/** A program that asks for more at a time waits. */
const MOST_CONNECTIONS = 64;
const SLOW_REQUEST_MS = 10_000;

interface Options {
  readonly instance: InstanceFacts;
  /** Where it is served, on a free port, if `descriptor` is null. */
  readonly ipAddress: string;
  /** Of a socket that listens at `METADATA` in the node's own network; null: it has none. */
  readonly descriptor: number | null;
  readonly now: () => Instant;
  /** A program lets go of the node. */
  readonly onLetGo: () => void;
}

/** null, and a line in the log: it cannot be served, and nothing else of the node depends on it. */
export async function openMetadata({ instance, ipAddress, descriptor, now, onLetGo }: Options): Promise<Metadata | null> {
  const events = createScheduledEvents({ nodeId: instance.nodeId, now, onApproved: onLetGo });
  const giving: Giving = { tokens: null };
  try {
    const server = await serve(descriptor === null ? { host: ipAddress, port: 0 } : { fd: descriptor }, { events, instance }, giving);
    const host = descriptor === null ? `${ipAddress}:${portOf(server)}` : METADATA.address;
    return { url: `http://${host}${SCHEDULED_EVENTS_PATH}`, close: () => closeAll(server), preempt: events.preempt, giveTokens: (answer) => void (giving.tokens = descriptor === null ? null : answer) };
  } catch (error) {
    say(`metadata cannot be served: ${messageOf(error)}`);
    return null;
  }
}

/** null: nobody is given any, as on a network that others have too: there nothing tells whose a connection is. */
interface Giving {
  tokens: TokenAnswer | null;
}

async function serve(at: { readonly fd: number } | { readonly host: string; readonly port: number }, node: MetadataNode, giving: Giving): Promise<Server> {
  const server = createServer({ requestTimeout: SLOW_REQUEST_MS, headersTimeout: SLOW_REQUEST_MS, keepAliveTimeout: SLOW_REQUEST_MS }, (request, response) => {
    void answered(node, request, giving).then((answer) => send(response, answer));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(at);
  await once(server, 'listening');
  // A node that has nothing else to do ends.
  server.unref();
  return server;
}

function closeAll(server: Server): void {
  server.close();
  server.closeAllConnections();
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function answered(node: MetadataNode, message: IncomingMessage, { tokens }: Giving): Promise<MetadataAnswer> {
  const { method = '', url = '', headers, socket } = message;
  const connection = { remote: { address: plain(socket.remoteAddress), port: socket.remotePort ?? 0 }, local: { address: plain(socket.localAddress), port: socket.localPort ?? 0 } };
  const body = await textOf(message);
  if (body === null) return { status: 413, body: { error: 'Request entity too large' } };
  const request: MetadataRequest = { method, url, headers, body };
  return tokens !== null && asksForToken(request) ? tokens(request, connection) : answerMetadata(node, request);
}

/** An IPv4 address, however the socket tells it. */
function plain(address = ''): string {
  return address.replace(/^::ffff:/i, '');
}

/** null: it is too large, or was not sent whole. */
async function textOf(message: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of message as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > LARGEST_BODY_BYTES) return null;
      parts.push(part);
    }
  } catch {
    return null;
  }
  return Buffer.concat(parts).toString('utf8');
}

function send(response: ServerResponse, { status, body }: MetadataAnswer): void {
  const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  response.writeHead(status, { server: 'linarite', ...(body === null ? {} : { 'content-type': type }) });
  response.end(body === null ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}
