import { spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Cgroup, isPopulated, makeChildCgroup, NO_CGROUP, pathsOf, removeCgroup } from '../cgroups.ts';
import { DEFAULT_PATH, NODE_MARK } from '../environment.ts';
import { messageOf, systemCode } from '../failures.ts';
import { machineSweeper } from '../killing.ts';
import { enclosureOf } from '../nets.ts';
import { type NodeNetwork, wordsInNetwork } from '../network/network.ts';
import type { ProcessBounds } from '../processBounds.ts';
import { makeEmptyDirectory } from './sshd.ts';

/** The way in to a node: it listens, and hands each connection to an sshd of its own. */
export interface Door {
  readonly port: number;
  /** Ends all that somebody has open or left behind. */
  end(name: string): Promise<void>;
  /** Ends everything. */
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly server: string;
  readonly configuration: string;
  readonly address: string;
  /** Tried before all others; null: none is. */
  readonly port: number | null;
  /** Of which sessions are, whatever network they come by; null: the machine's. */
  readonly network: NodeNetwork | null;
  readonly nodeCgroup: Cgroup;
  readonly bounds: ProcessBounds;
  /** The value of the node's mark. */
  readonly mark: string;
  /** Whether somebody may be in: asked when sshd has let them in. */
  readonly isWelcome: (name: string) => boolean;
  readonly say: (message: string) => void;
}

/**
 * As on the real service (recorded, `SSHRule`). Not 22: an sshd of the machine itself could no longer start while a
 * node had it on one of the machine's addresses.
 */
const FIRST_PORT = 50_000;
const PORTS = 1_000;
/** Of a node at a time, those that have not logged in yet included; sshd gives these half a minute. */
const MOST_CONNECTIONS = 64;
/** Lines in the agent's log of who came in and what went wrong, in the agent's life: anybody may connect. */
const MOST_LINES = 1_000;

interface Connection {
  readonly cgroup: Cgroup;
  readonly pid: number;
  /** null: nobody has logged in yet. */
  user: string | null;
  isOver: boolean;
}

/** After standard error. */
const NAMESPACE_DESCRIPTOR = 3;
/** A process enters its control groups before it is sshd: nothing of a session is outside of them. */
const ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 1; shift; done; shift; exec "$@"';

/** Rejects with the system's error if there is no port to listen on. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const connections = new Set<Connection>();
  let count = 0;
  let lines = 0;

  const admit = (socket: Socket): void => {
    socket.on('error', () => {});
    const living = [...connections].filter(({ isOver }) => !isOver).length;
    if (living >= MOST_CONNECTIONS) return void socket.destroy();
    try {
      begin(socket, `login-${++count}`);
    } catch (error) {
      options.say(`nobody can log in now: ${messageOf(error)}`);
    }
    // The process has its own hold on it.
    socket.destroy();
  };

  const begin = (socket: Socket, name: string): void => {
    makeEmptyDirectory();
    const cgroup = options.nodeCgroup === NO_CGROUP ? NO_CGROUP : makeChildCgroup(options.nodeCgroup, name, options.bounds.perAttempt);
    const groups = pathsOf(cgroup).map((path) => join(path, 'cgroup.procs'));
    const words = ['/bin/sh', '-c', ENTER, 'linarite-login', ...groups, '--', options.server, '-i', '-e', '-f', options.configuration] as const;
    const [program, ...args] = options.network === null ? words : wordsInNetwork(NAMESPACE_DESCRIPTOR, words);
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: DEFAULT_PATH, [NODE_MARK]: options.mark },
      stdio: [socket, socket, 'pipe', ...(options.network === null ? [] : [options.network.namespace])],
      detached: true,
    });
    const connection: Connection = { cgroup, pid: child.pid ?? 0, user: null, isOver: false };
    connections.add(connection);
    const over = (): void => {
      connection.isOver = true;
      forgetEmpty();
    };
    child.once('error', over).once('exit', over);
    if (child.stderr !== null) listen(connection, child.stderr);
  };

  /** sshd says who it let in; what else it says may hold a password that was typed as a name. */
  const listen = (connection: Connection, stderr: NodeJS.ReadableStream): void => {
    let rest = '';
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => {
      const all = `${rest}${text}`.split('\n');
      rest = (all.pop() ?? '').slice(0, LONGEST_LINE);
      for (const line of all) {
        const [, how, name] = /^Accepted (\S+) for (\S+) from /.exec(line) ?? [];
        if (name === undefined) {
          if (/^(fatal|error): /.test(line) && ++lines <= MOST_LINES) options.say(`sshd: ${line.slice(0, LONGEST_LINE)}`);
          continue;
        }
        connection.user = name;
        if (++lines <= MOST_LINES) options.say(`${name} logged in by ${how}`);
        if (!options.isWelcome(name)) void kill([connection]);
      }
    });
  };

  /** What somebody left running in the background lives on. */
  const forgetEmpty = (): void => {
    for (const connection of connections) {
      if (!connection.isOver || isPopulated(connection.cgroup)) continue;
      removeCgroup(connection.cgroup);
      connections.delete(connection);
    }
  };

  const kill = async (some: readonly Connection[]): Promise<void> => {
    await Promise.all(some.map(({ cgroup, pid, isOver }) => machineSweeper.kill(enclosureOf(cgroup, isOver || pid === 0 ? [] : [pid], []))));
    forgetEmpty();
  };

  const server = await listenOn(options, admit);
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    end: (name) => kill([...connections].filter(({ user }) => user === name)),
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await kill([...connections]);
    },
  };
}

const LONGEST_LINE = 1_000;

async function listenOn({ address, port }: DoorOptions, admit: (socket: Socket) => void): Promise<Server> {
  const ports = [...(port === null ? [] : [port]), ...Array.from({ length: PORTS }, (_, index) => FIRST_PORT + index)];
  for (const tried of ports) {
    // Nobody here may read what is for sshd.
    const server = createServer({ pauseOnConnect: true }, admit);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: address, port: tried }, resolve);
      });
      server.removeAllListeners('error');
      server.on('error', () => {});
      return server;
    } catch (error) {
      if (systemCode(error) !== 'EADDRINUSE' && systemCode(error) !== 'EACCES') throw error;
    }
  }
  throw new Error(`no port from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} is free on ${address}`);
}
