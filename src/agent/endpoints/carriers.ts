import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { DEFAULT_PATH, NODE_MARK } from '../environment.ts';
import { type NodeNetwork, wordsInNetwork } from '../network/network.ts';

/** How datagrams get to a port of the node and back. */
export interface DatagramCarrier {
  /** Another source of datagrams, with a port of its own on that side. null: there is no room for it. */
  open(onAnswer: (bytes: Buffer) => void): DatagramRoute | null;
  close(): void;
}

export interface DatagramRoute {
  /** What cannot be handed on is lost, as datagrams are. */
  send(bytes: Buffer): void;
  close(): void;
}

/** To an address that the agent reaches itself. */
export function directCarrier(address: string, port: number): DatagramCarrier {
  return {
    open: (onAnswer) => {
      const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
      let isOpen = true;
      // Nobody listens there yet.
      socket.on('error', () => {});
      // From others than the node's port nothing is handed on.
      socket.on('message', (bytes, from) => {
        if (from.port === port && from.address === address) onAnswer(bytes);
      });
      return {
        send: (bytes) => {
          if (isOpen) socket.send(bytes, port, address, () => {});
        },
        close: () => {
          isOpen = false;
          socket.close();
        },
      };
    },
    close: () => {},
  };
}

/** After standard error. */
const NAMESPACE_DESCRIPTOR = 3;
/** Number of the flow, what it is about, and how many bytes follow. */
const HEADER_BYTES = 7;
const [DATAGRAM, OVER] = [0, 1] as const;
/** What waits for a process that does not keep up; more is lost. */
const MOST_WAITING_BYTES = 1 << 20;
const BETWEEN_STARTS_MS = 1_000;

/**
 * Sends each flow's datagrams by a socket of its own, and says what comes back: frames of a header and the bytes, both
 * ways.
 */
const CARRY = String.raw`
use strict; use IO::Socket::INET; use IO::Select;
binmode STDIN; binmode STDOUT;
my ($address, $port) = @ARGV;
my (%sockets, %flows); my ($all, $frames) = (IO::Select->new(\*STDIN), "");
sub say_frame {
  for (my ($frame, $done) = ($_[0], 0); $done < length $frame;) {
    my $written = syswrite(STDOUT, $frame, length($frame) - $done, $done);
    defined $written or exit 1;
    $done += $written;
  }
}
for (;;) {
  for my $ready ($all->can_read) {
    if ($ready != \*STDIN) {
      defined $ready->recv(my $bytes, 65536) or next;
      say_frame(pack("NCn", $flows{$ready}, 0, length $bytes) . $bytes);
      next;
    }
    sysread(STDIN, $frames, 65536, length $frames) or exit 0;
    while (length $frames >= 7) {
      my ($flow, $what, $length) = unpack("NCn", $frames);
      last if length $frames < 7 + $length;
      my $bytes = substr($frames, 7, $length);
      substr($frames, 0, 7 + $length) = "";
      if ($what) {
        my $socket = delete $sockets{$flow} or next;
        $all->remove($socket); delete $flows{$socket}; close $socket;
        next;
      }
      my $socket = $sockets{$flow};
      if (!$socket) {
        $socket = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Proto => "udp") or next;
        $sockets{$flow} = $socket; $flows{$socket} = $flow; $all->add($socket);
      }
      send($socket, $bytes, 0);
    }
  }
}
`;

/**
 * To an address in a network of the node's own, by one process there for all flows, which the first datagram starts.
 * `mark`: the value of the node's mark.
 */
export function carrierInto({ namespace }: Pick<NodeNetwork, 'namespace'>, address: string, port: number, mark: string): DatagramCarrier {
  const routes = new Map<number, (bytes: Buffer) => void>();
  let flows = 0;
  let child: ChildProcess | null = null;
  let startedAt = Number.NEGATIVE_INFINITY;

  const start = (): ChildProcess => {
    const [program, ...args] = wordsInNetwork(NAMESPACE_DESCRIPTOR, ['perl', '-e', CARRY, address, String(port)]);
    const started = spawn(program, args, { cwd: '/', env: { PATH: DEFAULT_PATH, [NODE_MARK]: mark }, stdio: ['pipe', 'pipe', 'ignore', namespace], detached: true });
    const over = (): void => {
      if (child === started) child = null;
    };
    started.once('error', over).once('exit', over);
    started.stdin?.on('error', () => {});
    let frames: Buffer = Buffer.alloc(0);
    started.stdout?.on('data', (more: Buffer) => {
      frames = Buffer.concat([frames, more]);
      while (frames.length >= HEADER_BYTES && frames.length >= HEADER_BYTES + frames.readUInt16BE(5)) {
        const end = HEADER_BYTES + frames.readUInt16BE(5);
        routes.get(frames.readUInt32BE(0))?.(frames.subarray(HEADER_BYTES, end));
        frames = frames.subarray(end);
      }
    });
    return started;
  };

  const say = (flow: number, what: typeof DATAGRAM | typeof OVER, bytes: Buffer): void => {
    if (child === null) {
      // Without perl each would end at once.
      if (performance.now() < startedAt + BETWEEN_STARTS_MS) return;
      startedAt = performance.now();
      child = start();
    }
    const { stdin } = child;
    if (stdin === null || stdin.writableLength > MOST_WAITING_BYTES) return;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32BE(flow, 0);
    header.writeUInt8(what, 4);
    header.writeUInt16BE(bytes.length, 5);
    stdin.write(Buffer.concat([header, bytes]));
  };

  return {
    open: (onAnswer) => {
      const flow = (flows = (flows + 1) % 2 ** 32);
      routes.set(flow, onAnswer);
      return {
        send: (bytes) => say(flow, DATAGRAM, bytes),
        close: () => {
          routes.delete(flow);
          if (child !== null) say(flow, OVER, Buffer.alloc(0));
        },
      };
    },
    close: () => {
      child?.kill('SIGKILL');
    },
  };
}
