import type { OwnerFrame } from '../agent/frames.ts';
import type { NodeNumber } from '../core/keys.ts';
import type { AgentChannel, AgentFrame } from '../ports.ts';
import type { Line } from './agent.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** A service process as agents reach it. */
export interface Host {
  readonly isUp: () => boolean;
  accept(credential: string, channel: AgentChannel): { readonly node: NodeNumber; onFrame(frame: AgentFrame): void; onClose(unheardMs: number): void } | null;
}

interface Callbacks {
  readonly opened: (line: Line) => void;
  readonly onFrame: (frame: OwnerFrame) => void;
  readonly closed: () => void;
}

export interface Network {
  dial(host: Host, credential: string, callbacks: Callbacks): void;
  /** A line picked at random goes down; each end learns of it in its own time, what was on the way is lost. */
  breakOne(): void;
  /** The owner's end gives up the line of a node that does not answer. */
  cut(node: NodeNumber): void;
  /** All lines of a host, at once. */
  breakAll(host: Host): void;
}

interface Connection {
  readonly host: Host;
  /** undefined: it was not let in. */
  readonly node: () => NodeNumber | undefined;
  readonly breakDown: () => void;
}

/** Ends learn of a broken line late: half-open connections are the rule, not the exception. */
const NOTICE_MS = [0, 3_000] as const;

/** Lines that deliver in order, late, sometimes twice, and lose what is on the way when they break. */
export function createNetwork(world: World, faults: () => Faults): Network {
  const connections = new Set<Connection>();

  /** One direction: in order, each frame a copy of what was sent. */
  const direction = <Frame>(isUp: () => boolean, deliver: (frame: Frame) => void) => {
    let lastAt = world.now();
    return (frame: Frame): void => {
      const text = JSON.stringify(frame);
      const times = world.chance(faults().frameDoubled) ? 2 : 1;
      lastAt = Math.max(lastAt, world.now() + world.between(...faults().messageMs));
      world.after(lastAt - world.now(), () => {
        for (let time = 0; time < times; time += 1) if (isUp()) deliver(JSON.parse(text) as Frame);
      });
    };
  };

  const dial = (host: Host, credential: string, callbacks: Callbacks): void => {
    world.after(world.between(...faults().messageMs), () => {
      if (!host.isUp()) return world.after(world.between(...faults().messageMs), callbacks.closed);
      connect(host, credential, callbacks);
    });
  };

  const connect = (host: Host, credential: string, callbacks: Callbacks): void => {
    const ends = { agent: true, owner: true };
    /** Nothing passes any more. */
    let up = true;
    const closeAgentEnd = (): void => {
      if (!ends.agent) return;
      ends.agent = false;
      callbacks.closed();
    };
    const closeOwnerEnd = (): void => {
      if (!ends.owner) return;
      ends.owner = false;
      connections.delete(connection);
      if (host.isUp()) accepted?.onClose(0);
    };
    const connection: Connection = {
      host,
      node: () => accepted?.node,
      breakDown: () => {
        up = false;
        connections.delete(connection);
        world.after(world.between(...NOTICE_MS), closeAgentEnd);
        world.after(world.between(...NOTICE_MS), closeOwnerEnd);
      },
    };
    const toAgent = direction<OwnerFrame>(() => up && ends.agent, callbacks.onFrame);
    const toOwner = direction<AgentFrame>(() => up && ends.owner && host.isUp(), (frame) => accepted?.onFrame(frame));
    // What was sent before a close still arrives, as with a WebSocket.
    const accepted = host.accept(credential, {
      send: (frame) => {
        if (ends.owner) toAgent(frame);
      },
      close: () => {
        if (!ends.owner) return;
        world.after(0, closeOwnerEnd);
        world.after(faults().messageMs[1] + 1, closeAgentEnd);
      },
    });
    if (accepted === null) return callbacks.closed();
    connections.add(connection);
    callbacks.opened({
      send: (frame) => {
        if (ends.agent) toOwner(frame);
      },
      close: () => {
        ends.agent = false;
        world.after(faults().messageMs[1] + 1, closeOwnerEnd);
        world.after(0, callbacks.closed);
      },
    });
  };

  return {
    dial,
    breakOne: () => world.pick([...connections])?.breakDown(),
    cut: (node) => {
      for (const connection of connections) if (connection.node() === node) connection.breakDown();
    },
    breakAll: (host) => {
      for (const connection of connections) if (connection.host === host) connection.breakDown();
    },
  };
}
