import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { DEFAULT_PATH, NODE_MARK } from '../environment.ts';
import { messageOf } from '../failures.ts';
import { wordsInNetwork } from '../network/network.ts';
import { joinSockets } from '../network/relay.ts';
import type { EndpointsOptions } from './endpoints.ts';

/** Hands connections from outside on to a port of the node. */
export interface Forwarder {
  forward(socket: Socket, port: number): void;
  /** Ends all that are open. */
  close(): void;
}

/** After standard error. */
const NAMESPACE_DESCRIPTOR = 3;
/** Processes of a node that hand connections on in a network of its own, two for each connection. */
const MOST_PROCESSES = 64;

/**
 * Joins its standard input, a connection, to a port of an address: one process for each direction, each to its own end.
 * What breaks one direction ends both.
 */
const JOIN = String.raw`
use strict; use IO::Socket::INET;
$SIG{PIPE} = "IGNORE";
my ($address, $port) = @ARGV;
my $to = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port, Proto => "tcp", Timeout => 10) or exit 1;
open(my $from, "+<&=", 0) or exit 1;
defined(my $child = fork) or exit 1;
my ($in, $out) = $child ? ($from, $to) : ($to, $from);
my $other = $child || getppid;
for (;;) {
  my $count = sysread($in, my $bytes, 65536);
  defined $count or kill(9, $other), exit 1;
  $count or last;
  for (my $done = 0; $done < $count;) {
    my $written = syswrite($out, $bytes, $count - $done, $done);
    defined $written or kill(9, $other), exit 1;
    $done += $written;
  }
}
shutdown($out, 1);
waitpid($child, 0) if $child;
`;

export function createForwarder({ address, network, mark, say }: Pick<EndpointsOptions, 'address' | 'network' | 'mark' | 'say'>): Forwarder {
  const sockets = new Set<Socket>();
  const processes = new Set<ChildProcess>();

  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };

  const forwardHere = (socket: Socket, port: number): void => {
    const to = connect({ host: address, port, allowHalfOpen: true });
    keep(socket);
    keep(to);
    joinSockets(socket, to);
  };

  const forwardInto = (socket: Socket, port: number, { namespace }: { readonly namespace: number }): void => {
    if (processes.size >= MOST_PROCESSES) return void socket.destroy();
    const [program, ...args] = wordsInNetwork(NAMESPACE_DESCRIPTOR, ['perl', '-e', JOIN, address, String(port)]);
    try {
      // A group of its own, by which both of its processes are ended.
      const child = spawn(program, args, { cwd: '/', env: { PATH: DEFAULT_PATH, [NODE_MARK]: mark }, stdio: [socket, 'ignore', 'ignore', namespace], detached: true });
      processes.add(child);
      const over = (): void => void processes.delete(child);
      child.once('error', over).once('exit', over);
    } catch (error) {
      say(`a connection could not be handed on: ${messageOf(error)}`);
    }
    // The processes have their own hold on it.
    socket.destroy();
  };

  return {
    forward: (socket, port) => (network === null ? forwardHere(socket, port) : forwardInto(socket, port, network)),
    close: () => {
      for (const socket of sockets) socket.destroy();
      for (const { pid } of processes) if (pid !== undefined) endGroup(pid);
    },
  };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
