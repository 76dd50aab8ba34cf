import type { IncomingMessage } from 'node:http';
import type { AgentDoor, FileArrivals, FileProperties, FileRead } from '../ports.ts';
import { isInTheClear } from './agentSockets.ts';
import { bearerOf } from './bearer.ts';

/**
 * Where a client that waits for a file and the agent that has it meet. The owner calls `expect` with a request id of
 * its choosing (unguessable) and asks the agent over its channel; the agent posts the bytes to
 * `/linarite/agent/files/<request>`; they flow from that request's body straight into the client's answer, at the
 * client's pace. Whoever got the body reads it to its end or destroys it, which ends the agent's request; a transfer in
 * which no byte moves for a minute is cut.
 */
export interface FileTransfers extends FileArrivals {
  /** The agent's request: its answer is given once the body has been taken. */
  receive(message: IncomingMessage, request: string, door: AgentDoor): Promise<{ readonly status: number; readonly text: string }>;
  /** Ends all that waits and all that flows. */
  close(): void;
}

type Arrival = Extract<FileRead, { kind: 'file' }>;

interface Waiting {
  readonly arrived: (file: Arrival) => void;
  readonly fail: (message: string) => void;
}

/** Neither side moves a byte for so long: the transfer is given up. */
const IDLE_TIMEOUT_MS = 60_000;
const FILE_PROPERTIES_HEADER = 'linarite-file';

export function createFileTransfers(): FileTransfers {
  const waiting = new Map<string, Waiting>();
  const open = new Set<IncomingMessage>();
  return {
    expect(request, signal) {
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          signal.removeEventListener('abort', abort);
          waiting.delete(request);
        };
        const fail = (message: string): void => {
          settle();
          reject(new Error(message));
        };
        const abort = (): void => fail('nobody waits for the file any more');
        const arrived = (file: Arrival): void => {
          settle();
          resolve(file);
        };
        if (signal.aborted) return abort();
        signal.addEventListener('abort', abort, { once: true });
        waiting.set(request, { arrived, fail });
      });
    },

    async receive(message, request, door) {
      if (isInTheClear(message)) return { status: 403, text: 'not in the clear from another machine\n' };
      const credential = bearerOf(message);
      if (credential === null || door.authenticate(credential) === null) return { status: 401, text: 'unknown credential\n' };
      const waiter = waiting.get(request);
      if (waiter === undefined) return { status: 404, text: 'nobody waits for this file\n' };
      const file = parseProperties(message.headers[FILE_PROPERTIES_HEADER]);
      if (file === null) return { status: 400, text: `header ${FILE_PROPERTIES_HEADER} is missing or broken\n` };
      open.add(message);
      const ended = flow(message);
      waiter.arrived({ kind: 'file', file, body: message });
      const whole = await ended;
      open.delete(message);
      return whole ? { status: 204, text: '' } : { status: 410, text: 'the client has gone\n' };
    },

    close() {
      for (const { fail } of waiting.values()) fail('the service is stopping');
      for (const message of open) message.destroy();
    },
  };
}

/** Watches a body that somebody else reads: resolves with whether it was taken whole. */
function flow(message: IncomingMessage): Promise<boolean> {
  // A destroyed message loses its socket.
  const { socket } = message;
  return new Promise((resolve) => {
    const cut = (): void => {
      message.destroy();
    };
    socket.setTimeout(IDLE_TIMEOUT_MS, cut);
    message.once('close', () => {
      socket.setTimeout(0);
      socket.off('timeout', cut);
      resolve(message.readableEnded);
    });
  });
}

function parseProperties(header: string | string[] | undefined): FileProperties | null {
  if (typeof header !== 'string') return null;
  try {
    const value: unknown = JSON.parse(header);
    return isProperties(value) ? value : null;
  } catch {
    return null;
  }
}

function isProperties(value: unknown): value is FileProperties {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'isDirectory' in value &&
    typeof value.isDirectory === 'boolean' &&
    'sizeBytes' in value &&
    typeof value.sizeBytes === 'number' &&
    'modifiedAt' in value &&
    typeof value.modifiedAt === 'number'
  );
}
