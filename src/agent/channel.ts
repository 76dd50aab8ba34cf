import { WebSocket, type RawData } from 'ws';
import { during } from './activity.ts';
import { messageOf } from './failures.ts';
import { type AgentFrame, type OwnerFrame, pingEveryMs } from './frames.ts';
import { say } from './log.ts';
import type { AgentOptions } from './options.ts';
import { retryAfterMs } from './reconnecting.ts';
import { type ProvedConnection, provedConnection } from './serviceProof.ts';

export interface ChannelOptions {
  /** Asked at each try: the provider may have learnt of another address meanwhile. */
  readonly address: () => Pick<AgentOptions, 'agentUrl' | 'credential' | 'authority'>;
  readonly hello: () => AgentFrame;
  /** `since`: when the hello left to which a `welcome` is the answer, on the clock of `performance`. */
  readonly onFrame: (frame: OwnerFrame, since: number) => void;
  /** The lease has run out: nobody may rely on this node any more. */
  readonly onLeaseEnd: () => void;
}

/**
 * The one connection to the owner, dialled out and dialled again for as long as the agent lives. Frames with an epoch
 * below the highest seen come from an owner that has been replaced: they are dropped, and a `welcome` of that kind
 * closes the connection.
 */
export interface Channel {
  /**
   * False: no owner has welcomed us on the present connection; what is to be sent comes again after the next welcome.
   */
  readonly isOpen: boolean;
  send(frame: AgentFrame): void;
  /** A frame that is JSON already. */
  sendText(frame: string): void;
  close(): void;
}

const HANDSHAKE_MS = 10_000;
const LARGEST_FRAME_BYTES = 64 << 20;

export function openChannel(options: ChannelOptions): Channel {
  let socket: WebSocket | null = null;
  let welcomed = false;
  let closed = false;
  let epoch = -1;
  /** Tries in a row that have come to no welcome. */
  let tries = 0;
  let refusedBecause = '';
  /** The service may be on another machine, whether or not it has said yet how long our lease is. */
  let isFar = false;
  const lease = createLease(options.onLeaseEnd);
  /** Another process has the account, and this one cannot be dialled from here: the service connects us through. */
  let isUnreachable = false;

  const dial = (): void => {
    if (closed) return;
    const { agentUrl, credential, authority } = options.address();
    const proof = proofOf(new URL(agentUrl), authority);
    isFar = authority !== undefined;
    if (proof === null) return dialLater();
    let isRedirected = false;
    let isOpened = false;
    const opening = new WebSocket(agentUrl, {
      headers: { authorization: `Bearer ${credential}`, ...(isUnreachable ? {} : { 'linarite-redirect': 'follow' }) },
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      followRedirects: true,
      ...proof,
    });
    socket = opening;
    const connection: Connection = { socket: opening, pingedAt: 0 };
    let answered = true;
    const beat = (): void => {
      if (!answered) return opening.terminate();
      if (opening.readyState !== WebSocket.OPEN) return;
      answered = false;
      connection.pingedAt = performance.now();
      opening.ping();
    };
    let beats = setInterval(beat, pingEveryMs(lease.ms));
    // Whoever has the node is asked like whoever was dialled: the credential goes along, so it must be as well proved.
    opening.on('redirect', (to, request) => {
      isRedirected = true;
      if ((agentUrl.startsWith('wss:') && !to.startsWith('wss:')) || proofOf(new URL(to), authority) === null) request.destroy(new Error('the service sends this agent where it must not go'));
    });
    opening.on('open', () => {
      isOpened = true;
      connection.pingedAt = performance.now();
      opening.send(JSON.stringify(options.hello()));
    });
    // Answered by the other side's WebSocket; keeps the lease and finds dead connections.
    opening.on('pong', () => {
      answered = true;
      // Before the welcome it is some process that answers, not our owner: it counts the lease until it has welcomed
      // us.
      if (welcomed) lease.renew(connection.pingedAt);
    });
    opening.on('message', (data) => {
      if (!receive(connection, during('reading frames', () => parse(data)))) return;
      clearInterval(beats);
      beats = setInterval(beat, pingEveryMs(lease.ms));
    });
    // 'close' follows every error.
    opening.on('error', (error) => {
      if (!isUsual(error)) complain(messageOf(error));
    });
    opening.on('close', (_code, reason) => {
      clearInterval(beats);
      isUnreachable = isRedirected && !isOpened;
      if (socket !== opening) return;
      if (!welcomed && reason.length > 0) complain(`it sends this agent away: ${reason.toString('utf8')}`);
      welcomed = false;
      socket = null;
      dialLater();
    });
  };

  const dialLater = (): void => {
    setTimeout(dial, retryAfterMs(tries, isFar ? (lease.ms ?? Infinity) : null, Math.random()));
    tries += 1;
  };

  /** Once, however often it is tried. */
  const complain = (because: string): void => {
    if (closed || because === refusedBecause) return;
    say(`the service cannot be reached: ${because}`);
    refusedBecause = because;
  };
  const proofOf = (url: URL, authority: string | undefined): ProvedConnection | null => {
    try {
      return provedConnection(url, authority);
    } catch (error) {
      complain(messageOf(error));
      return null;
    }
  };

  /** Returns whether it was the welcome. */
  const receive = ({ socket: from, pingedAt }: Connection, frame: OwnerFrame | null): boolean => {
    if (from !== socket) return false;
    if (frame === null || frame.epoch < epoch) {
      if (frame?.kind === 'welcome') from.close();
      return false;
    }
    epoch = frame.epoch;
    const isWelcome = frame.kind === 'welcome';
    if (frame.kind === 'welcome') {
      welcomed = true;
      tries = 0;
      refusedBecause = '';
      lease.start(frame.leaseMs, pingedAt);
    }
    if (welcomed) options.onFrame(frame, pingedAt);
    return isWelcome;
  };

  const sendText = (frame: string): void => {
    if (welcomed) socket?.send(frame);
  };

  dial();
  return {
    get isOpen() {
      return welcomed;
    },
    send: (frame) => sendText(JSON.stringify(frame)),
    sendText,
    close: () => {
      closed = true;
      lease.start(null, 0);
      socket?.close();
    },
  };
}

interface Connection {
  readonly socket: WebSocket;
  /** When the last thing left that is answered at once. */
  pingedAt: number;
}

/** The service is not there, or not yet: nothing to complain of. */
function isUsual(error: Error): boolean {
  return 'code' in error && ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(String(error.code));
}

/**
 * Ends `ms` after the last thing we sent that was answered: the owner counts from later moments, so it never gives our
 * work away while we still run it.
 */
function createLease(onEnd: () => void) {
  let ms: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  const renew = (sentAt: number): void => {
    clearTimeout(timer);
    if (ms !== null) timer = setTimeout(onEnd, Math.max(0, sentAt + ms - performance.now()));
  };
  return {
    get ms() {
      return ms;
    },
    renew,
    start: (leaseMs: number | null, sentAt: number) => {
      ms = leaseMs;
      renew(sentAt);
    },
  };
}

function parse(data: RawData): OwnerFrame | null {
  try {
    const read: unknown = JSON.parse(Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data as Buffer).toString('utf8'));
    return isOwnerFrame(read) ? read : null;
  } catch {
    return null;
  }
}

const KINDS = new Set<unknown>(Object.keys({ welcome: true, acknowledge: true, commands: true, file: true, ask: true, archive: true, archiveRecorded: true, leave: true } satisfies Record<OwnerFrame['kind'], true>));

/** Both ends are of one package; this only keeps what is not a frame at all from going further. */
function isOwnerFrame(value: unknown): value is OwnerFrame {
  return typeof value === 'object' && value !== null && 'kind' in value && KINDS.has(value.kind) && 'epoch' in value && typeof value.epoch === 'number';
}
