import { WebSocket, type RawData } from 'ws';
import { during } from './activity.ts';
import type { AgentFrame, OwnerFrame } from './frames.ts';
import type { AgentOptions } from './options.ts';

export interface ChannelOptions {
  /** Asked at each try: the provider may have learnt of another address meanwhile. */
  readonly address: () => Pick<AgentOptions, 'agentUrl' | 'authority' | 'credential'>;
  readonly hello: () => AgentFrame;
  readonly onFrame: (frame: OwnerFrame) => void;
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

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
/** Answered by the other side's WebSocket; keeps the lease and finds dead connections. */
const PING_MS = 10_000;
const LARGEST_FRAME_BYTES = 64 << 20;

export function openChannel(options: ChannelOptions): Channel {
  let socket: WebSocket | null = null;
  let welcomed = false;
  let closed = false;
  let epoch = -1;
  let retryMs = FIRST_RETRY_MS;
  const lease = createLease(options.onLeaseEnd);

  const dial = (): void => {
    if (closed) return;
    const { agentUrl, authority, credential } = options.address();
    const opening = new WebSocket(agentUrl, {
      headers: { authorization: `Bearer ${credential}` },
      ...(authority === undefined ? {} : { ca: authority }),
      perMessageDeflate: false,
      maxPayload: LARGEST_FRAME_BYTES,
      handshakeTimeout: 10_000,
      followRedirects: true,
    });
    socket = opening;
    let pingedAt = 0;
    let answered = true;
    const beat = setInterval(() => {
      if (!answered) return opening.terminate();
      if (opening.readyState !== WebSocket.OPEN) return;
      answered = false;
      pingedAt = performance.now();
      opening.ping();
    }, Math.min(PING_MS, (lease.ms ?? PING_MS * 4) / 4));
    opening.on('open', () => {
      pingedAt = performance.now();
      opening.send(JSON.stringify(options.hello()));
    });
    opening.on('pong', () => {
      answered = true;
      // Before the welcome it is some process that answers, not our owner: it counts the lease until it has welcomed
      // us.
      if (welcomed) lease.renew(pingedAt);
    });
    opening.on('message', (data) => receive(opening, during('reading frames', () => parse(data)), pingedAt));
    // 'close' follows every error.
    opening.on('error', () => {});
    opening.on('close', () => {
      clearInterval(beat);
      if (socket !== opening) return;
      welcomed = false;
      socket = null;
      setTimeout(dial, retryMs);
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    });
  };

  const receive = (from: WebSocket, frame: OwnerFrame | null, saidHelloAt: number): void => {
    if (from !== socket) return;
    if (frame === null || frame.epoch < epoch) {
      if (frame?.kind === 'welcome') from.close();
      return;
    }
    epoch = frame.epoch;
    if (frame.kind === 'welcome') {
      welcomed = true;
      retryMs = FIRST_RETRY_MS;
      lease.start(frame.leaseMs, saidHelloAt);
    }
    if (welcomed) options.onFrame(frame);
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
