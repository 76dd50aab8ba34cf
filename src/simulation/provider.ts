import type { NodeObservation } from '../core/events.ts';
import type { AccountNumber, Instant, NodeNumber } from '../core/keys.ts';
import type { NodeRequest, Observation, PoolProvider } from '../nodes/provider.ts';
import { type Disk, type SimulatedAgent, emptyDisk } from './agent.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

export interface SimulatedProvider extends PoolProvider {
  /** The machine of a random node goes down. */
  killOne(): void;
  /** Takes a burst of low-priority nodes back. `notice`: how long they have; null: they had none. */
  takeBack(): readonly { readonly node: NodeNumber; readonly notice: number | null }[];
  /** The agent of a random node hangs for so long; null: for good. Returns the node; null: there is none. */
  hangOne(forMs: number | null): NodeNumber | null;
  readonly agents: ReadonlyMap<NodeNumber, SimulatedAgent>;
  /** For how long all machines together were up, those that are not any more. */
  readonly upMs: () => number;
}

interface Machine {
  readonly account: AccountNumber;
  readonly isLow: boolean;
  life: number;
  /** null: asked for, not there yet, or over. */
  agent: SimulatedAgent | null;
  /** Since when this life is up; null: it is not. */
  upSince: Instant | null;
  /** This life has come up once. */
  hasBooted: boolean;
  /** What the engine would say of this life. */
  isOver: boolean;
  isTakenBack: boolean;
  /** Lives up to this one are over for good. */
  released: number;
  /** What lay there in lives up to this one is gone. */
  wiped: number;
  disk: Disk;
}

/** Resizes, restarts and whole loads go by meanwhile. */
const SLOW_BOOT_MS = [5_000, 240_000] as const;

const BOOTING = { kind: 'pending', reason: 'The simulated machine is booting.' } as const;
const GRACE_MS = [0, 5_000] as const;
const TAKEN_BACK = { kind: 'preempted', reason: 'the simulated engine took it back' } as const;
const OFF = { kind: 'ended', reason: 'the simulated machine is off' } as const;

/**
 * Nodes of a simulation. `leaseMs` null: it proves each death, as the local provider does. Else a death is seen late
 * or, half of the time, never: then only the lease tells.
 */
export function simulatedProvider(options: {
  readonly world: World;
  readonly faults: () => Faults;
  readonly leaseMs: number | null;
  /** What lay on the node is gone. */
  readonly onWiped: (node: NodeNumber) => void;
  readonly boot: (request: NodeRequest, disk: Disk, onGone: () => void) => SimulatedAgent;
}): SimulatedProvider {
  const { world, faults, leaseMs } = options;
  const machines = new Map<NodeNumber, Machine>();
  const agents = new Map<NodeNumber, SimulatedAgent>();
  const watchers = new Set<(observation: Observation) => void>();

  const observe = (node: NodeNumber, life: number, observed: NodeObservation): void => {
    for (const watcher of watchers) watcher({ node, life, observed });
  };
  let upMs = 0;
  const switchOff = (machine: Machine): void => {
    machine.isOver = true;
    if (machine.upSince !== null) upMs += world.now() - machine.upSince;
    machine.upSince = null;
  };
  const end = (machine: Machine | undefined, node: NodeNumber, life: number): void => {
    if (machine?.life === life) switchOff(machine);
    observe(node, life, OFF);
  };

  const boot = (machine: Machine, request: NodeRequest): void => {
    const { node, life } = request;
    if (machine.life !== life || machine.agent !== null) return;
    // Its release may have come before it: whoever still waits for it is told.
    if (machine.released >= life) return end(machine, node, life);
    const agent = options.boot(request, machine.disk, () => {
      if (agents.get(node) === agent) agents.delete(node);
      if (machine.agent === agent) machine.agent = null;
      const seen = leaseMs === null || machine.released >= life || world.chance(0.5);
      if (seen) world.after(world.between(1, 2_000), () => end(machine, node, life));
    });
    machine.agent = agent;
    machine.hasBooted = true;
    machine.upSince = world.now();
    agents.set(node, agent);
    observe(node, life, { kind: 'running' });
  };

  /** Its machine goes with all that lies on it, whatever the rules do meanwhile. */
  const takeBackNow = (machine: Machine, node: NodeNumber, life: number): void => {
    if (machine.life !== life || machine.isOver) return;
    machine.released = Math.max(machine.released, life);
    machine.wiped = Math.max(machine.wiped, life);
    switchOff(machine);
    machine.isTakenBack = true;
    machine.agent?.die();
    observe(node, life, TAKEN_BACK);
  };
  const takeBackOne = (node: NodeNumber, machine: Machine): number | null => {
    const { life } = machine;
    if (world.chance(0.4)) {
      takeBackNow(machine, node, life);
      return null;
    }
    const graceMs = world.between(...GRACE_MS);
    observe(node, life, { kind: 'preempting', graceMs, reason: 'the simulated engine takes it back' });
    // Before its time, after it, or never: the rules release it.
    if (world.chance(0.5)) world.after(world.between(0, graceMs * 2), () => takeBackNow(machine, node, life));
    return graceMs;
  };

  return {
    kind: 'simulated',
    leaseOf: () => leaseMs,
    agents,
    probe: async () => ({ maxNodes: null, lowPriority: true, limits: [] }),
    acquire: async (request) => {
      const { node, life } = request;
      await world.sleep(world.between(...faults().messageMs));
      if (world.chance(faults().acquireFails)) throw new Error('the simulated engine is out of machines');
      const machine = machines.get(node) ?? { account: request.account, isLow: request.priority === 'low', life: 0, agent: null, upSince: null, hasBooted: false, isOver: false, isTakenBack: false, released: 0, wiped: 0, disk: emptyDisk() };
      machines.set(node, machine);
      if (life <= machine.life) return;
      machine.agent?.die();
      if (machine.wiped >= machine.life && machine.life > 0) {
        machine.disk = emptyDisk();
        options.onWiped(node);
      }
      machine.life = life;
      machine.hasBooted = false;
      machine.isOver = false;
      machine.isTakenBack = false;
      observe(node, life, BOOTING);
      const { slowBoots = 0 } = faults();
      const isSlow = slowBoots > 0 && world.chance(slowBoots);
      world.after(isSlow ? world.between(...SLOW_BOOT_MS) : world.between(10, 2_000), () => boot(machine, request));
    },
    release: async (node, life, graceMs) => {
      await world.sleep(world.between(...faults().messageMs));
      if (world.chance(faults().releaseFails)) throw new Error('the simulated engine is away');
      const machine = machines.get(node);
      if (machine !== undefined) machine.released = Math.max(machine.released, life);
      if (machine !== undefined) machine.wiped = Math.max(machine.wiped, life);
      const agent = machine?.agent;
      if (agent !== undefined && agent !== null && agent.life <= life) {
        if (!agent.hangs) agent.leave();
        else world.after(graceMs, agent.die);
      } else world.after(world.between(1, 100), () => end(machine, node, life));
    },
    halt: async (node, life) => {
      await world.sleep(world.between(...faults().messageMs));
      const machine = machines.get(node);
      // One that is still booting does not come up any more.
      if (machine !== undefined) machine.released = Math.max(machine.released, life);
      const agent = machine?.agent;
      if (agent !== undefined && agent !== null && agent.life <= life) agent.die();
      end(machine, node, life);
    },
    list: async (account) => {
      await world.sleep(world.between(...faults().messageMs));
      const listed = [...machines].filter(([, machine]) => account === 'all' || machine.account === account).map(([node, { life, isOver, isTakenBack, hasBooted }]): Observation => ({ node, life, observed: isTakenBack ? TAKEN_BACK : isOver ? OFF : hasBooted ? { kind: 'running' } : BOOTING }));
      // Things go on while the answer is on its way.
      await world.sleep(world.between(...faults().messageMs));
      return listed;
    },
    watch: (callback) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    upMs: () => upMs,
    killOne: () => world.pick([...agents.values()])?.die(),
    takeBack: () => {
      const low = [...machines].filter(([, { isLow, agent }]) => isLow && agent !== null);
      const burst = world.between(1, Math.max(1, low.length));
      return low.slice(0, burst).map(([node, machine]) => ({ node, notice: takeBackOne(node, machine) }));
    },
    hangOne: (forMs) => {
      const [node, agent] = world.pick([...agents].filter(([, one]) => !one.hangs)) ?? [];
      agent?.hang(forMs);
      return node ?? null;
    },
  };
}
