import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isOurs } from '../../api/hostNames.ts';

/** A proxy of this machine, for as long as a shell lasts. */
export interface Proxy {
  readonly url: string;
  close(): void;
}

/** Where connections to hosts of ours go. */
export interface ProxyOptions {
  readonly service: { readonly host: string; readonly port: number };
  readonly suffix: string;
}

/**
 * An HTTP proxy (RFC 9110, 9.3.6 CONNECT) on a free port of loopback: what is meant for hosts of Azure Batch, its
 * storage, Resource Manager or sign-in goes to the service, whatever else goes where it is meant for. It sees no
 * content.
 */
export async function startProxy({ service, suffix }: ProxyOptions): Promise<Proxy> {
  const open = new Set<Duplex>();
  const server = createServer((_request, response) => {
    response.writeHead(501, { 'content-type': 'text/plain', connection: 'close' }).end('this proxy serves CONNECT alone\n');
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const target = targetOf(request.url ?? '');
    if (target === undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      return;
    }
    const { host, port } = isOurs(target.host.toLowerCase(), suffix) ? service : target;
    const other: Socket = connect(port, host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      other.write(head);
      other.pipe(socket).pipe(other);
    });
    for (const one of [socket, other]) open.add(one);
    other.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket.once('error', () => other.destroy());
    for (const [one, peer] of [[socket, other], [other, socket]] as const) {
      one.once('close', () => {
        open.delete(one);
        peer.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      for (const one of open) one.destroy();
    },
  };
}

/** `host:port`, or `[::1]:port`. */
function targetOf(authority: string): { readonly host: string; readonly port: number } | undefined {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(authority) ?? [];
  return host === undefined || port === undefined ? undefined : { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}
