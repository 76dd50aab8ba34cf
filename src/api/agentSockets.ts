import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { AccountNumber } from '../core/keys.ts';
import { type AgentChannel, type AgentDoor, type AgentFrame, pingEveryMs } from '../ports.ts';
import { isOfThisMachine } from '../processes/machine.ts';
import { mayNodeCome } from './accountAccess.ts';
import type { Accounts } from './accounts.ts';
import { bearerOf } from './bearer.ts';
import type { AgentsElsewhere } from './peers/agents.ts';

export interface AgentSockets {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  close(): void;
}

const AGENT_PATH = '/linarite/agent';
/** Largest frame from an agent: a hello that names some ten thousand attempts. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
/** Bytes that may wait for an agent that does not read. Beyond them its connection is cut, and it connects again. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024;
/**
 * An agent that leaves one of these unanswered is cut off: well within the time after which a silent agent is given up.
 * One with a lease is not asked: it says often enough by itself that it is there (`pingEveryMs`), over a link that may
 * be narrow.
 */
const PING_EVERY_MS = 5_000;
/** So many of its own pings an agent with a lease may miss. */
const PINGS_MISSED = 3;
/** Close codes of RFC 6455, 7.4.1. */
const CLOSE_NORMAL = 1000;
const CLOSE_BAD_FRAME = 1007;

export interface AgentSocketsOptions {
  readonly door: AgentDoor;
  readonly log: Logger;
  /** From where agents of an account may come, and who hears when that is changed. */
  readonly accounts: Pick<Accounts, 'accessTo' | 'listen'>;
  /** How those come on whose account another process has. */
  readonly elsewhere?: AgentsElsewhere | undefined;
}

/** The agents' WebSockets: `GET /linarite/agent` with the node's credential as bearer. */
export function createAgentSockets({ door, log, accounts, elsewhere }: AgentSocketsOptions): AgentSockets {
  /** What to ask of each connection when rules are changed. */
  const mayStay = new Map<WebSocket, () => boolean>();
  const stopListening = accounts.listen(() => {
    for (const [webSocket, may] of mayStay) if (!may()) webSocket.terminate();
  });
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  return {
    upgrade(request, socket, head) {
      // Until `ws` takes over, nobody else listens to the socket's errors.
      const ignore = (): void => {};
      socket.on('error', ignore);
      if ((request.url ?? '').split('?')[0] !== AGENT_PATH) return reject(socket, '404 Not Found');
      const credential = bearerOf(request);
      const { remoteAddress } = request.socket;
      if (isInTheClear(request)) return reject(socket, '403 Forbidden');
      if (credential === null) return reject(socket, '401 Unauthorized');
      if (accept(credential)) return;
      if (elsewhere === undefined) return reject(socket, '401 Unauthorized');
      // The other process sees this one's address where the connection goes through here.
      const account = elsewhere.accountOf(credential);
      if (account !== null && !mayCome(account)) return refuse(account);
      elsewhere.placeOf(credential).then(
        (place) => {
          if (place === null) reject(socket, '401 Unauthorized');
          else if (place.kind === 'there') elsewhere.forward(place.peer, request, socket, head);
          else if (!accept(credential)) reject(socket, '503 Service Unavailable');
        },
        // Nobody has the account yet: the agent comes again.
        () => reject(socket, '503 Service Unavailable'),
      );

      function mayCome(account: AccountNumber): boolean {
        return mayNodeCome(accounts.accessTo({ number: account }), remoteAddress);
      }

      function refuse(account: AccountNumber): void {
        log.info({ account, remoteAddress }, 'an agent was refused: its account takes no nodes from there (nodeManagementAccess)');
        reject(socket, '403 Forbidden');
      }

      function accept(shown: string): boolean {
        const agent = door.authenticate(shown);
        if (agent === null) return false;
        const may = (): boolean => mayCome(agent.account);
        if (!may()) {
          refuse(agent.account);
          return true;
        }
        server.handleUpgrade(request, socket, head, (webSocket) => {
          socket.off('error', ignore);
          mayStay.set(webSocket, may);
          webSocket.once('close', () => mayStay.delete(webSocket));
          attach(webSocket, corkedByTurn(socket), door, agent, log);
        });
        return true;
      }
    },
    close() {
      stopListening();
      for (const webSocket of server.clients) webSocket.terminate();
      server.close();
    },
  };
}

/** Another machine's, without TLS: what it has shown already anybody may have read, and nothing is answered to it. */
export function isInTheClear({ socket }: IncomingMessage): boolean {
  return !('encrypted' in socket && socket.encrypted === true) && !isOfThisMachine(socket.remoteAddress ?? '');
}

function reject(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/**
 * To be called before each frame: all that is sent in a turn leaves in one write, such as the acknowledgement and the
 * commands that follow a commit. Writes are the dearest that a busy service does (a fifth of its time).
 */
function corkedByTurn(socket: Duplex): () => void {
  let isCorked = false;
  return () => {
    if (isCorked) return;
    isCorked = true;
    socket.cork();
    process.nextTick(() => {
      isCorked = false;
      socket.uncork();
    });
  };
}

function attach(webSocket: WebSocket, cork: () => void, door: AgentDoor, agent: { readonly node: number; readonly life: number }, log: Logger): void {
  const channel: AgentChannel = {
    send(frame) {
      if (webSocket.readyState !== webSocket.OPEN) return;
      if (webSocket.bufferedAmount > MAX_BUFFERED_BYTES) {
        log.warn({ node: agent.node, bufferedBytes: webSocket.bufferedAmount }, 'agent does not read; connection cut');
        webSocket.terminate();
        return;
      }
      cork();
      if (frame.kind === 'welcome' && frame.leaseMs !== null) listenFor(PINGS_MISSED * pingEveryMs(frame.leaseMs));
      webSocket.send(JSON.stringify(frame));
    },
    // A close reason has at most 123 bytes.
    close: (reason) => webSocket.close(CLOSE_NORMAL, reason.slice(0, 120)),
  };
  const { onFrame, onClose } = door.connect(agent.node, agent.life, channel);
  let heardAt = performance.now();
  let alive = true;
  const hear = (): void => {
    heardAt = performance.now();
    alive = true;
  };
  // What came while this process was held up is read before it is judged.
  const judge = (): void => (alive ? ask() : webSocket.terminate());
  const ask = (): void => {
    alive = false;
    webSocket.ping();
  };
  let mostUnheardMs = 2 * PING_EVERY_MS;
  let pings = setInterval(() => (alive ? ask() : setImmediate(judge)), PING_EVERY_MS);
  /** Without asking. */
  const listenFor = (ms: number): void => {
    clearInterval(pings);
    mostUnheardMs = ms;
    const cutIfSilent = (): void => {
      if (performance.now() - heardAt > ms) webSocket.terminate();
    };
    pings = setInterval(() => setImmediate(cutIfSilent), ms / PINGS_MISSED);
  };
  webSocket.on('pong', hear);
  webSocket.on('ping', hear);
  webSocket.on('message', (data) => {
    hear();
    const frame = parseFrame(data);
    if (frame === null) webSocket.close(CLOSE_BAD_FRAME, 'not a frame of this protocol');
    else onFrame(frame);
  });
  webSocket.on('error', (error) => log.info({ node: agent.node, error }, 'agent connection failed'));
  webSocket.once('close', () => {
    clearInterval(pings);
    // One that was held up itself has heard nothing for longer than that, and knows nothing of it.
    onClose(Math.min(performance.now() - heardAt, mostUnheardMs));
  });
}

const FRAME_KINDS: ReadonlySet<unknown> = new Set(Object.keys({ hello: true, reports: true, fileAnswer: true, answer: true, archived: true, measured: true } satisfies Record<AgentFrame['kind'], true>));

/** Agents are ours and have shown a credential. This checks only that the message is a frame at all. */
function parseFrame(data: RawData): AgentFrame | null {
  try {
    const frame: unknown = JSON.parse(data.toString());
    return isFrame(frame) ? frame : null;
  } catch {
    return null;
  }
}

function isFrame(frame: unknown): frame is AgentFrame {
  return typeof frame === 'object' && frame !== null && 'kind' in frame && FRAME_KINDS.has(frame.kind);
}
