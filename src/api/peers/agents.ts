import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { pipeline, type Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Logger } from 'pino';
import { messageOf } from '../../base/errors.ts';
import type { AccountNumber } from '../../core/keys.ts';
import type { Peer, Place } from '../../ports.ts';
import type { Routing } from './routed.ts';

/** What agents say that dial themselves where they are sent; others are connected through this process. */
const REDIRECT_HEADER = 'linarite-redirect';

/** How agents come to the process that has their account, whichever they dial. */
export interface AgentsElsewhere {
  /** null: it is none of this database's nodes. */
  accountOf(credential: string): AccountNumber | null;
  /**
   * Where the account of a credential is worked on; null: it is none of this database's nodes. Waits while it moves.
   * @throws NoOwner
   */
  placeOf(credential: string): Promise<Place | null>;
  /** Sends an agent's upgrade to that process. */
  forward(peer: Peer, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Hands the bytes of a file on to it, and its answer back. */
  hand(peer: Peer, request: IncomingMessage, response: ServerResponse): void;
}

export interface AgentsElsewhereOptions {
  readonly routing: Routing;
  /** null: not one of ours. */
  readonly accountOf: (credential: string) => AccountNumber | null;
  readonly log: Pick<Logger, 'info'>;
}

const CONNECT_MS = 5_000;

export function agentsElsewhere({ routing: { places, client }, accountOf, log }: AgentsElsewhereOptions): AgentsElsewhere {
  return {
    accountOf,

    placeOf: async (credential) => {
      const account = accountOf(credential);
      return account === null ? null : places.of(account);
    },

    forward: (peer, request, socket, head) => {
      const url = new URL(request.url ?? '/', peer.url);
      if (request.headers[REDIRECT_HEADER] === 'follow') {
        const location = url.href.replace(/^http/, 'ws');
        socket.end(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const port = Number(url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const onward = url.protocol === 'https:' ? connectTls({ host, port, ...client.tls }) : connectTcp({ host, port });
      onward.setTimeout(CONNECT_MS, () => onward.destroy(new Error('it takes no connection')));
      onward.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        onward.setTimeout(0);
        onward.setNoDelay(true);
        onward.write(headOf(request, url.host));
        onward.write(head);
        // Each end ends the other, whichever breaks.
        pipeline(socket, onward, () => onward.destroy());
        pipeline(onward, socket, () => socket.destroy());
      });
      onward.once('error', (error) => {
        log.info({ url: peer.url, reason: messageOf(error) }, 'an agent could not be connected to the process that has its account');
        socket.destroy();
      });
    },

    hand: (peer, request, response) => {
      const onward = client.request(peer, request.url ?? '/', { method: request.method, headers: { ...request.headers, host: new URL(peer.url).host } } as Parameters<typeof httpRequest>[1]);
      onward.once('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
        pipeline(answer, response, () => undefined);
      });
      pipeline(request, onward, (error) => {
        if (error !== undefined && error !== null && !response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' }).end('the process that has the account has gone\n');
      });
    },
  };
}

/** The request as it came, for another host. */
function headOf({ method, url, rawHeaders }: IncomingMessage, host: string): string {
  const lines: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    lines.push(`${name}: ${name.toLowerCase() === 'host' ? host : (rawHeaders[at + 1] ?? '')}`);
  }
  return `${method ?? 'GET'} ${url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}
