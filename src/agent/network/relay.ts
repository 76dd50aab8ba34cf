import { connect, createServer, type Socket } from 'node:net';

/** Of one node at a time. A program that opens more waits. */
const MOST_CONNECTIONS = 1_024;

/**
 * Hands each connection on to what `target` names then, byte for byte in both directions, each direction to its own
 * end. `descriptor`: a socket that listens. `onError`: nobody is heard any more.
 */
export function openRelay(descriptor: number, target: () => URL | null, onError: (error: Error) => void): void {
  const server = createServer({ allowHalfOpen: true }, (socket) => relay(socket, target));
  server.maxConnections = MOST_CONNECTIONS;
  server.on('error', onError);
  server.listen({ fd: descriptor });
  // A node that has nothing else to do ends.
  server.unref();
}

function relay(from: Socket, target: () => URL | null): void {
  const url = readTarget(target);
  if (url === null) return void from.destroy();
  joinSockets(from, connect({ host: url.hostname, port: portOf(url), allowHalfOpen: true }));
}

/** Byte for byte in both directions, each to its own end; both have to allow that one end is over before the other. */
export function joinSockets(from: Socket, to: Socket): void {
  for (const [one, other] of [[from, to], [to, from]] as const) {
    one.pipe(other);
    // A side that breaks takes the other along; one that ends in order does not.
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroySoon());
  }
}

/** A URL leaves out the port that its scheme has by itself. */
export function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' || protocol === 'wss:' ? 443 : 80;
}

/** A configuration that is just being replaced cannot be read for a moment. */
function readTarget(target: () => URL | null): URL | null {
  try {
    return target();
  } catch {
    return null;
  }
}
