import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way between two machines that can be broken and made bad, for whoever connects to `port`. */
export interface Way {
  readonly port: number;
  /** Which directions let nothing through; what is sent meanwhile arrives later, as TCP has it. */
  cut(directions: 'none' | 'both' | 'to' | 'from'): void;
  /** From now on each piece takes so long, and of each `oneIn` one as long again as a repetition takes; 0: none. */
  worsen(delayMs: number, oneIn: number): void;
  close(): void;
}

/** How long TCP waits before it sends again what was lost, on a way of 200 ms. */
const REPEATED_AFTER_MS = 600;

/**
 * The kernel of a small test machine has no netem: a relay of TCP is what delays and loses here. `target`: a port of
 * this machine, or the path of a socket.
 */
export async function openWay(target: number | string): Promise<Way> {
  let isCut: 'none' | 'both' | 'to' | 'from' = 'none';
  let [delayMs, oneIn, pieces] = [0, 0, 0];
  const sockets = new Set<Socket>();
  const held: (() => void)[] = [];
  const isOpen = (direction: 'to' | 'from'): boolean => isCut !== 'both' && isCut !== direction;
  const carry = (from: Socket, into: Socket, direction: 'to' | 'from'): void => {
    let order = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      pieces += 1;
      const takesMs = delayMs + (oneIn > 0 && pieces % oneIn === 0 ? REPEATED_AFTER_MS : 0);
      const arrived = new Promise<void>((resolve) => setTimeout(resolve, takesMs));
      order = order.then(() => arrived).then(async () => {
        while (!isOpen(direction)) await new Promise<void>((resolve) => held.push(resolve));
        into.write(piece);
      });
    });
  };
  const server = createServer((near) => {
    const far = typeof target === 'number' ? connect(target, '127.0.0.1') : connect(target);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    carry(near, far, 'to');
    carry(far, near, 'from');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut: (directions) => {
      isCut = directions;
      for (const go of held.splice(0)) go();
    },
    worsen: (ms, one) => {
      [delayMs, oneIn] = [ms, one];
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
