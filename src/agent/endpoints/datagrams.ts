import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DatagramCarrier, DatagramRoute } from './carriers.ts';
import type { Source } from './admission.ts';

/**
 * Hands datagrams on. Each source has a route of its own to the node's port, by which answers find back to it, as a
 * load balancer keeps flows: until nothing has come or gone on it for a while, or others need its place.
 */
export interface DatagramDoor {
  close(): void;
}

export interface DatagramDoorOptions {
  readonly host: string;
  readonly port: number;
  readonly carrier: DatagramCarrier;
  readonly isAdmitted: (source: Source) => boolean;
  readonly onError: (error: Error) => void;
  readonly mostFlows?: number;
  readonly idleMs?: number;
}

/** Of an endpoint at a time. */
const MOST_FLOWS = 256;
/** As Azure's load balancers (documentation, "Load Balancer TCP reset and idle timeout": 4 minutes). */
const IDLE_MS = 240_000;

interface Flow {
  readonly route: DatagramRoute;
  readonly idle: NodeJS.Timeout;
}

/** Resolves once it listens. Rejects with the system's error. */
export async function openDatagramDoor({ host, port, carrier, isAdmitted, onError, mostFlows = MOST_FLOWS, idleMs = IDLE_MS }: DatagramDoorOptions): Promise<DatagramDoor> {
  const socket: Socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  /** By their sources, the one that was used longest ago first. */
  const flows = new Map<string, Flow>();

  const end = (name: string): void => {
    const flow = flows.get(name);
    flows.delete(name);
    clearTimeout(flow?.idle);
    flow?.route.close();
  };

  /** null: the machine has no room for another. */
  const begin = (name: string, { address, port }: Source): Flow | null => {
    for (const oldest of flows.keys()) if (flows.size >= mostFlows) end(oldest);
    const answer = (bytes: Buffer): void => {
      use(name);
      // Whoever is not there any more gets nothing.
      socket.send(bytes, port, address, () => {});
    };
    const route = carrier.open(answer);
    return route === null ? null : { route, idle: setTimeout(() => end(name), idleMs).unref() };
  };

  const use = (name: string): void => {
    const flow = flows.get(name);
    if (flow === undefined) return;
    flow.idle.refresh();
    flows.delete(name);
    flows.set(name, flow);
  };

  socket.on('message', (bytes, { address, port }) => {
    if (!isAdmitted({ address: address.replace(/^::ffff:/, ''), port })) return;
    const name = `${address} ${port}`;
    const flow = flows.get(name) ?? begin(name, { address, port });
    if (flow === null) return;
    flows.set(name, flow);
    use(name);
    flow.route.send(bytes);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port, exclusive: true }, () => resolve());
  }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  socket.removeAllListeners('error').on('error', onError).unref();
  return {
    close: () => {
      socket.close();
      for (const name of flows.keys()) end(name);
      carrier.close();
    },
  };
}
