import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { InboundEndpoint } from '../../core/status.ts';
import { messageOf, systemCode } from '../failures.ts';
import type { EndpointWork } from '../frames.ts';
import type { NodeNetwork } from '../network/network.ts';
import { admissionBy } from './admission.ts';
import { carrierInto, directCarrier } from './carriers.ts';
import { type DatagramDoor, openDatagramDoor } from './datagrams.ts';
import { createForwarder } from './forward.ts';

/** The ways in to a node that its pool asks for. */
export interface Endpoints {
  /** Those that are open, as clients are told them. */
  readonly open: readonly InboundEndpoint[];
  /** Of those that could not be opened: why, a sentence each. */
  readonly problems: readonly string[];
  /** Nobody comes in any more, and who is in goes. */
  close(): void;
}

export interface EndpointsOptions {
  /** Where everybody reaches the service, and so the nodes: an address of this machine, or all of them. */
  readonly publicAddress: string;
  /** Of the node, where its programs listen. */
  readonly address: string;
  /** Which that is in; null: the machine's. */
  readonly network: NodeNetwork | null;
  readonly stateDirectory: string;
  /** The value of the node's mark. */
  readonly mark: string;
  readonly say: (message: string) => void;
}

/** Of an endpoint at a time. */
const MOST_CONNECTIONS = 256;
const ALL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Listens for each endpoint at the first free port of its range, and hands connections on to the node's own port. A
 * port that the node had in an earlier life is tried first.
 */
export async function openEndpoints(asked: readonly EndpointWork[], options: EndpointsOptions): Promise<Endpoints> {
  const path = join(options.stateDirectory, 'endpoints.json');
  const before = readPorts(path);
  const forwarder = createForwarder(options);
  const doors: { close(): void }[] = [];
  const open: InboundEndpoint[] = [];
  const problems: string[] = [];
  for (const endpoint of asked) {
    const { name, protocol, firstPort, backendPort } = endpoint;
    const onError = (error: Error): void => options.say(`the endpoint ${name} has an error: ${messageOf(error)}`);
    try {
      const { door, port } = await atFreePort(endpoint, before[name] ?? null, options.publicAddress, (port) =>
        protocol === 'udp' ? openForDatagrams(endpoint, port, options, onError) : listen(endpoint, port, options.publicAddress, (socket) => forwarder.forward(socket, backendPort), onError),
      );
      doors.push(door);
      open.push({ name, ...(protocol === 'udp' ? { protocol } : null), index: port - firstPort, ...publicNames(options.publicAddress), frontendPort: port, backendPort });
    } catch (error) {
      problems.push(`The endpoint ${endpoint.name} could not be opened: ${messageOf(error)}.`);
    }
  }
  // The next life tries these first; without them it takes what is free.
  try {
    if (open.length > 0) keepPorts(path, open);
  } catch (error) {
    options.say(`the ports of endpoints are not kept: ${messageOf(error)}`);
  }
  return {
    open,
    problems,
    close: () => {
      for (const door of doors) door.close();
      forwarder.close();
    },
  };
}

/** `open`: at a port. Rejects where no port of the range is to be had. */
async function atFreePort<Door>({ name, firstPort, lastPort }: EndpointWork, before: number | null, host: string, open: (port: number) => Promise<Door>): Promise<{ readonly door: Door; readonly port: number }> {
  const range = Array.from({ length: lastPort - firstPort + 1 }, (_, index) => firstPort + index);
  const known = before !== null && range.includes(before) ? [before] : [];
  for (const port of [...known, ...range]) {
    try {
      return { door: await open(port), port };
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE' && systemCode(error) !== 'EACCES') throw error;
    }
  }
  throw new Error(`no port from ${firstPort} to ${lastPort} of ${name} is free at ${host}`);
}

async function listen({ rules }: EndpointWork, port: number, host: string, admit: (socket: Socket) => void, onError: (error: Error) => void): Promise<Server> {
  const isAdmitted = admissionBy(rules);
  // Who takes the connection over reads what has come.
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    const { remoteAddress = '', remotePort = 0 } = socket;
    if (isAdmitted({ address: remoteAddress.replace(/^::ffff:/, ''), port: remotePort })) admit(socket);
    else socket.destroy();
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  return server.removeAllListeners('error').on('error', onError).unref();
}

function openForDatagrams({ rules, backendPort }: EndpointWork, port: number, { publicAddress, address, network, mark }: EndpointsOptions, onError: (error: Error) => void): Promise<DatagramDoor> {
  const carrier = network === null ? directCarrier(address, backendPort) : carrierInto(network, address, backendPort, mark);
  return openDatagramDoor({ host: publicAddress, port, carrier, isAdmitted: admissionBy(rules), onError });
}

/** Where it listens at all addresses, the first that others may reach stands for them. */
function publicNames(address: string): Pick<InboundEndpoint, 'publicAddress' | 'publicName'> {
  if (!ALL_ADDRESSES.has(address)) return { publicAddress: address, publicName: address.startsWith('127.') || address === '::1' ? 'localhost' : hostname() };
  const outward = Object.values(networkInterfaces()).flatMap((list) => list ?? []).find(({ internal, family }) => !internal && family === 'IPv4');
  return { publicAddress: outward?.address ?? '127.0.0.1', publicName: outward === undefined ? 'localhost' : hostname() };
}

function keepPorts(path: string, open: readonly InboundEndpoint[]): void {
  writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(open.map(({ name, frontendPort }) => [name, frontendPort]))), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function readPorts(path: string): Readonly<Record<string, number>> {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}
