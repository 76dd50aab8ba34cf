import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Engine } from '../../agent/containers/engine.ts';
import { ENGINE_PATH, hasEngineProgram, type Trial, tryEngines } from '../../agent/containers/trial.ts';
import { mountLimits } from '../../agent/fileSystems/programs.ts';
import { loginLimit } from '../../agent/login/sshd.ts';
import type { AgentOptions, NetworkOptions, NodeLimits } from '../../agent/options.ts';
import { FOUND_ADDRESS } from '../../agent/ownAddress.ts';
import type { Isolation } from '../../agent/place/isolation.ts';
import { FIRST_UID, UID_BLOCKS, UIDS_PER_NODE } from '../../agent/users.ts';
import type { NodeObservation } from '../../core/events.ts';
import type { AccountNumber, NodeNumber, PoolNumber } from '../../core/keys.ts';
import { findVmSize } from '../../wire/sizes/find.ts';
import { endProcess } from '../../processes/end.ts';
import { isRunning, type ProcessIdentity } from '../../processes/identity.ts';
import type { ClosableProvider, NodeRequest, Observation } from '../provider.ts';
import { addressOf, hasAddresses } from './addresses.ts';
import { type AgentProcess, furnish, spawnAgent } from './agentProcess.ts';
import { type CapacityOptions, createCapacityKeeper } from './capacityKeeper.ts';
import { type Probed, probeIsolation } from './isolation.ts';
import { createNodeNetworks, type NetworksOptions } from './network/nodeNetworks.ts';
import { containerRoots, containersLimit, type ImageRoot, rootOf, systemLimit } from './images.ts';
import { probeLocal } from './probe.ts';
import { nodesThatFit } from './room.ts';
import { sizeLimits, thisMachine } from './sizeLimits.ts';
import { type NodeRecord, placeOf, readRecords, writePrivately, writeRecord } from './record.ts';
import { findAgent, sweep } from './sweep.ts';
import { openTrash } from './trash.ts';
import { createLines, createTurns } from './turns.ts';

export interface LocalProviderOptions {
  /** Holds one directory a node. As root it must be reachable by other users, whose tasks run below it. */
  readonly dataRoot: string;
  /** Starts an agent, configured by LINARITE_AGENT_CONFIG: `[process.execPath, '.../cli/main.js', 'agent']`. */
  readonly agentCommand: readonly [string, ...string[]];
  /** Nodes at a time; default: as many as fit into this machine's memory. */
  readonly maxNodes?: number;
  /** Agents that boot at a time; default: as many as this machine has cores. */
  readonly bootsAtOnce?: number;
  /** How far nodes may be places of their own, at most; default: as far as this machine lets them. */
  readonly isolation?: Isolation;
  /** Whether nodes are bounded by their VM size, where this machine has more; default: they are. */
  readonly limitsBySize?: boolean;
  /** Nodes have networks of their own; left out: they have the machine's. */
  readonly networks?: NetworksOptions;
  /** Images that are unpacked on this machine; pools of others have its own system, containers of others are pulled. */
  readonly images?: readonly ImageRoot[];
  /** Directories in which engines for containers are looked for; default: the usual ones. */
  readonly enginePath?: readonly string[];
  /** How many low-priority nodes there may be, over time; default: as many as are asked for. */
  readonly lowPriority?: CapacityOptions;
  /** Where everybody reaches the service, and so the endpoints of nodes; default: 127.0.0.1. */
  readonly publicAddress?: string;
  /**
   * The service is on another machine: the authority (PEM) that vouches for it there. Agents then find the address of
   * their nodes themselves.
   */
  readonly authority?: string;
  /**
   * Other processes of this machine have their nodes in the same directory: only nodes of accounts that this one works
   * on are looked after here. Which those are it says by asking for their list, until it lets go of them.
   */
  readonly isShared?: boolean;
  /** Called with what could not be deleted of a released node, and why. */
  readonly say?: (message: string) => void;
}

/** A life of a node that is asked for and not there yet, and what it waits for. */
interface Starting {
  readonly node: NodeNumber;
  readonly life: number;
  readonly account: AccountNumber;
  /** Of a low-priority node; null: it is dedicated. */
  readonly lowPriorityCores: number | null;
  reason: string;
}

const BOOTS = 'It is being started on this machine.';
const ONE_ADDRESS = 'No loopback address but 127.0.0.1: all nodes have this one, so that servers of tasks on several nodes need ports of their own.';

/** Nothing of the machine's firewall is touched, and without a network of its own a node has no other. */
const MACHINE_NETWORK = "Nodes have this machine's network: their tasks reach all that it reaches. On a machine of a cloud that is also 169.254.169.254, which gives out the machine's own identity; --node-isolation network keeps them from it.";

/** A life of a node that is on disk. */
interface LocalNode {
  readonly node: NodeNumber;
  readonly life: number;
  readonly account: AccountNumber;
  /** Of a low-priority node; null: it is dedicated. */
  readonly lowPriorityCores: number | null;
  /** There is no capacity for this life any more. */
  isTakenBack: boolean;
  /** null: its start was cut short, and nothing of it runs. */
  readonly agent: ProcessIdentity | null;
  readonly linkedTo: PoolNumber | null;
  /** Adopted agents are no children of ours: they have to be looked at. */
  readonly isChild: boolean;
  /** Settles once nothing of the node is alive. */
  ending: Promise<void> | null;
}

const TRY_AFTER_MS = 60_000;
const ADOPTED_POLL_MS = 250;
/** A hundred nodes may end at once: each look at a process costs some ten microseconds. */
const ENDING_POLL_MS = 50;
/**
 * Agents that are told to end at a time, for each that boots at a time, and how long one keeps the next waiting: a
 * hundred at once would leave the service no processor.
 */
const ENDS_A_BOOT = 2;
const END_TURN_MS = 250;
const KILLED_WITHIN_MS = 10_000;

/**
 * Nodes as processes of this machine. An agent is detached, in a session of its own, and outlives the service, which
 * finds it again by pid and start time. acquired -> (its turn) -> running -> (agent dead -> everything that carries the
 * node's mark or is in its control group is killed) -> ended. Only then is `ended` said, so that whatever ran there may
 * run again elsewhere: death is proved here, no lease is needed.
 *
 * Starting is work in the background: as many agents boot at a time as there are cores, and a life that is released
 * before its turn never starts. What concerns one node goes on in the order in which it was asked. The records on disk
 * are read once; from then on what is in memory is what is true.
 */
export function createLocalProvider(options: LocalProviderOptions): ClosableProvider {
  const { dataRoot, maxNodes = nodesThatFit(), bootsAtOnce = availableParallelism(), limitsBySize = true, images = [], enginePath = ENGINE_PATH } = options;
  const nodes = new Map<NodeNumber, LocalNode>();
  /** The lives that are about to start: asked for, and not taken back since. */
  const starting = new Map<NodeNumber, Starting>();
  const callbacks = new Set<(observation: Observation) => void>();
  const bootTurn = createTurns(bootsAtOnce);
  const waitsForTurn = `Nodes boot on this machine ${bootsAtOnce} at a time: it waits for its turn.`;
  const endTurn = createTurns(bootsAtOnce * ENDS_A_BOOT);
  const trash = openTrash(dataRoot, options.say ?? (() => undefined));
  const inLine = createLines<NodeNumber>();
  const networks = options.networks === undefined ? null : createNodeNetworks(options.networks);
  let isClosed = false;
  let probing: Promise<Probed> | null = null;
  let addressing: Promise<boolean> | null = null;
  const ownAddresses = (): Promise<boolean> => (addressing ??= hasAddresses());
  const probe = (): Promise<Probed> => {
    const programs = options.agentCommand.filter((word) => word.startsWith('/'));
    probing ??= probeIsolation({ dataRoot, programs, ...(options.isolation === undefined ? {} : { most: options.isolation }) });
    return probing;
  };

  let trying: Promise<Trial> | null = null;
  /** Tried again when somebody asks again where none works: it may have been installed since. */
  const tried = (): Promise<Trial> => {
    trying ??= tryEngines({ directory: dataRoot, environment: process.env, path: enginePath, agentCommand: options.agentCommand }).then((trial) => {
      if (trial.engine === null) trying = null;
      return trial;
    });
    return trying;
  };
  const asked = new AbortController();
  const engineFor = async ({ containers }: NodeRequest): Promise<Engine | null> => {
    if (!containers) return null;
    asked.abort();
    const { engine, limits } = await tried();
    if (engine === null) throw new Error(limits.join(' '));
    return engine.kind === 'runtime' ? { ...engine, unpacked: containerRoots(images) } : engine;
  };

  const found = async (request: NodeRequest): Promise<Found> => {
    const [{ isolation }, hasAddress, engine, network] = await Promise.all([probe(), ownAddresses(), engineFor(request), networks?.optionsOf(request) ?? null]);
    return { isolation, hasAddress, engine, network, imageRoot: rootOf(images, request.image), limits: limitsBySize ? sizeLimits(request.vmSize, thisMachine(dataRoot)) : {} };
  };

  /** Those by which a service that was started again finds a pool's switch. */
  const linkedAgents = (pool: PoolNumber | null): readonly number[] =>
    [...nodes.values()].flatMap((node) => (node.linkedTo === pool && node.agent !== null && lives(node) ? [node.agent.pid] : []));

  const tell = (observation: Observation): void => {
    if (!isClosed) for (const callback of callbacks) callback(observation);
  };

  const readDisk = async (): Promise<void> => {
    for (const record of await readRecords(dataRoot)) {
      const found = await adopted(dataRoot, record);
      if (!nodes.has(record.node)) nodes.set(record.node, found);
    }
  };
  let reading: Promise<void> | null = null;
  const known = async (): Promise<void> => {
    if (options.isShared !== true) await (reading ??= readDisk().then(() => keeper?.look()));
  };

  /** What another process has made of an account's nodes meanwhile. */
  const takeOver = async (account: AccountNumber | 'all'): Promise<void> => {
    if (options.isShared !== true) return;
    const records = (await readRecords(dataRoot)).filter((record) => account === 'all' || record.account === account);
    for (const record of records) {
      const present = nodes.get(record.node);
      // What is here already has been looked after since: its record is this process's own.
      if (present === undefined || present.life < record.life) nodes.set(record.node, await adopted(dataRoot, record));
    }
    keeper?.look();
  };

  const die = (node: LocalNode, reason: string): Promise<void> => {
    // One that is another process's now is swept by that one, which may have started its next life.
    if (options.isShared === true && nodes.get(node.node) !== node) return Promise.resolve();
    node.ending ??= sweep(placeOf(dataRoot, node.node)).then(() => {
      if (nodes.get(node.node) === node) tell({ node: node.node, life: node.life, observed: deathOf(node, reason) });
    });
    return node.ending;
  };

  const lookAfterAdopted = setInterval(() => {
    for (const node of nodes.values()) if (!node.isChild && node.ending === null && !lives(node)) void die(node, 'the agent has ended');
  }, ADOPTED_POLL_MS);
  lookAfterAdopted.unref();

  const failed = ({ node, life }: NodeRequest, reason: string): void => tell({ node, life, observed: { kind: 'failed', reason } });

  /** When it is its turn, unless the life was released meanwhile. */
  const startInTurn = async (request: NodeRequest): Promise<void> => {
    const { node, life, account } = request;
    if (!nodes.has(node) && nodes.size + starting.size >= maxNodes) return failed(request, `All nodes that this machine has memory for are taken: ${maxNodes}.`);
    const lowPriorityCores = lowPriorityCoresOf(request);
    const refusal = lowPriorityCores === null ? null : (keeper?.refuses(lowPriorityCores) ?? null);
    if (refusal !== null) return failed(request, refusal);
    const asked: Starting = { node, life, account, lowPriorityCores, reason: BOOTS };
    starting.set(node, asked);
    const isWanted = (): boolean => !isClosed && starting.get(node) === asked;
    const over = await bootTurn(() => {
      asked.reason = waitsForTurn;
      tell(pending(asked));
    });
    asked.reason = BOOTS;
    if (!isWanted()) return over();
    await inLine(node, async () => {
      if (!isWanted()) return over();
      try {
        const { booted } = await start(request);
        void booted.then(over);
      } catch (error) {
        over();
        failed(request, messageOf(error));
      } finally {
        callOff(node, life);
      }
    });
  };

  const start = async (request: NodeRequest): Promise<AgentProcess> => {
    const { node, life, account } = request;
    const machine = await found(request);
    const place = placeOf(dataRoot, node);
    await furnish(dataRoot, place, agentOptions({ dataRoot, publicAddress: options.publicAddress, authority: options.authority }, request, machine));
    const linkedTo = networks?.linkedTo(request) ?? null;
    const lowPriorityCores = lowPriorityCoresOf(request);
    const record = { node, life, account, linkedTo, ...(lowPriorityCores === null ? {} : { lowPriorityCores }) };
    await writeRecord(dataRoot, { ...record, agent: null });
    const network = (await networks?.open(request, linkedAgents(linkedTo))) ?? null;
    const agent = await spawnAgent(options.agentCommand, place, machine.isolation, network).finally(() => network?.close());
    const started: LocalNode = { node, life, account, linkedTo, lowPriorityCores, isTakenBack: false, agent: agent.identity, isChild: true, ending: null };
    nodes.set(node, started);
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => void die(started, `the agent ended with ${signal ?? `code ${code}`}`);
    agent.child.once('exit', ended);
    // Before it can be said to have ended.
    tell({ node, life, observed: { kind: 'running' } });
    // It may have ended before anybody listened.
    if (agent.child.exitCode !== null || agent.child.signalCode !== null) ended(agent.child.exitCode, agent.child.signalCode);
    await writeRecord(dataRoot, { ...record, agent: agent.identity });
    // It may have waited for its turn while capacity fell.
    keeper?.look();
    return agent;
  };

  /** Ends the agent, with a grace of its own to end its tasks, and proves that nothing is left. */
  const end = async (node: LocalNode, graceMs: number): Promise<void> => {
    if (node.agent !== null) {
      const steps = [
        { signal: 'SIGTERM', waitMs: graceMs },
        { signal: 'SIGKILL', waitMs: KILLED_WITHIN_MS },
      ] as const;
      const over = await endTurn();
      const passedOn = setTimeout(over, END_TURN_MS);
      await endProcess(node.agent, steps, ENDING_POLL_MS).finally(() => {
        clearTimeout(passedOn);
        over();
      });
    }
    await die(node, 'released');
  };

  /** Of this life and those before it. */
  const callOff = (node: NodeNumber, life: number): void => {
    if ((starting.get(node)?.life ?? Infinity) <= life) starting.delete(node);
  };

  /** Ends this life and those before it. Returns false if a later life has begun, which stays. */
  const endLife = async (node: NodeNumber, life: number, graceMs: number): Promise<boolean> => {
    const present = nodes.get(node);
    if (present !== undefined && present.life > life) return false;
    if (present !== undefined) await end(present, graceMs);
    else if (existsSync(placeOf(dataRoot, node).directory)) await sweep(placeOf(dataRoot, node));
    return true;
  };

  const forget = async (node: NodeNumber): Promise<void> => {
    const pool = nodes.get(node)?.linkedTo ?? null;
    nodes.delete(node);
    if (pool !== null && ![...nodes.values()].some(({ linkedTo }) => linkedTo === pool)) networks?.forget(pool);
    await trash.put(placeOf(dataRoot, node).directory);
  };

  const keeper = options.lowPriority === undefined ? null : createCapacityKeeper({
    ...options.lowPriority,
    present: () => [...nodes.values()].flatMap(({ node, life, lowPriorityCores, ending }) => (lowPriorityCores === null || ending !== null ? [] : [{ node, life, cores: lowPriorityCores }])),
    coming: () => [...starting.values()].flatMap(({ node, life, lowPriorityCores }) => (lowPriorityCores === null || nodes.get(node)?.life === life ? [] : [{ cores: lowPriorityCores }])),
    notify: ({ node, life }, graceMs, reason) => tell({ node, life, observed: { kind: 'preempting', graceMs, reason } }),
    // Its record and its directory stay until it is released: whoever asks meanwhile has to hear why it ended.
    takeBack: ({ node, life }) => {
      inLine(node, async () => {
        const present = nodes.get(node);
        if (present?.life !== life) return;
        const { account, linkedTo, agent, lowPriorityCores } = present;
        await writeRecord(dataRoot, { node, life, account, linkedTo, agent, ...(lowPriorityCores === null ? {} : { lowPriorityCores }), isTakenBack: true });
        present.isTakenBack = true;
        await end(present, 0);
      }).catch((error: unknown) => options.say?.(messageOf(error)));
    },
  });

  return {
    kind: 'local',
    leaseOf: () => null,
    probe: async () => {
      const [local, { isolation, limits }, hasAddress] = await Promise.all([probeLocal(dataRoot, limitsBySize), probe(), ownAddresses()]);
      const login = loginLimit(isolation);
      await networks?.tryOut().catch((error: unknown) => {
        throw new Error(`nodes cannot have networks of their own here: ${messageOf(error)}`, { cause: error });
      });
      const unmounted = isolation === 'none' ? null : mountLimits();
      return { ...local, isolation, network: networks === null ? 'machine' : 'own', limits: [...local.limits, ...limits, ...(unmounted === null ? [] : [unmounted]), systemLimit(images), ...(hasAddress ? [] : [ONE_ADDRESS]), ...(networks === null ? [MACHINE_NETWORK] : []), ...(login === null ? [] : [login])], maxNodes };
    },

    containers: async () => {
      // To try costs a second of a processor: not while a service starts, unless a pool asks for it.
      if (hasEngineProgram(enginePath)) await delay(TRY_AFTER_MS, undefined, { ref: false, signal: asked.signal }).catch(() => {});
      const { engine, limits } = await tried();
      const unused = containersLimit(images, engine);
      return { engine: engine === null ? null : nameOf(engine), limits: unused === null ? limits : [...limits, unused] };
    },

    acquire: async (request) => {
      const { node, life } = request;
      await known();
      const isStarted = await inLine(node, async () => {
        const present = nodes.get(node);
        if (present === undefined) return false;
        if (!lives(present)) await die(present, 'the agent has ended');
        else if (present.life > life) return true;
        else if (present.life === life) {
          // The service may have another address since: the agent reads the file again whenever it has to dial.
          await writePrivately(placeOf(dataRoot, node).config, agentOptions({ dataRoot, publicAddress: options.publicAddress, authority: options.authority }, request, await found(request)));
          tell({ node, life, observed: { kind: 'running' } });
          return true;
        } else await end(present, 0);
        return false;
      });
      if (!isStarted && (starting.get(node)?.life ?? 0) < life) await startInTurn(request);
    },

    release: async (node, life, graceMs) => {
      await known();
      callOff(node, life);
      await inLine(node, async () => {
        // What was asked for before it may have come so far meanwhile.
        callOff(node, life);
        if (!(await endLife(node, life, graceMs))) return;
        await forget(node);
        tell({ node, life, observed: { kind: 'ended', reason: 'released' } });
      });
    },

    halt: async (node, life, graceMs) => {
      await known();
      callOff(node, life);
      await inLine(node, async () => {
        // What was asked for before it may have come so far meanwhile.
        callOff(node, life);
        // Of one that is there it is said where it dies.
        const isSaid = nodes.get(node)?.life === life;
        if ((await endLife(node, life, graceMs)) && !isSaid) tell({ node, life, observed: { kind: 'ended', reason: 'halted' } });
      });
    },

    readdress: (node, life, agentUrl) =>
      inLine(node, async () => {
        const present = nodes.get(node);
        if (present?.life !== life || !lives(present)) return;
        const { config } = placeOf(dataRoot, node);
        const options = JSON.parse(await readFile(config, 'utf8')) as AgentOptions;
        if (options.agentUrl !== agentUrl) await writePrivately(config, { ...options, agentUrl });
      }),

    disown: (account) => {
      if (options.isShared !== true) return;
      for (const { node, account: of } of nodes.values()) if (of === account) nodes.delete(node);
      for (const { node, account: of } of starting.values()) if (of === account) starting.delete(node);
    },

    list: async (account) => {
      await known();
      await takeOver(account);
      const isListed = (one: { readonly account: AccountNumber }): boolean => account === 'all' || one.account === account;
      const there = await Promise.all(
        [...nodes.values()].filter(isListed).map(async (node): Promise<Observation> => {
          if (lives(node)) return { node: node.node, life: node.life, observed: { kind: 'running' } };
          await die(node, 'the agent has ended');
          return { node: node.node, life: node.life, observed: deathOf(node, 'the agent has ended') };
        }),
      );
      const onTheirWay = [...starting.values()].filter((asked) => isListed(asked) && nodes.get(asked.node)?.life !== asked.life);
      return [...there, ...onTheirWay.map(pending)];
    },

    watch: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },

    close: async () => {
      isClosed = true;
      clearInterval(lookAfterAdopted);
      networks?.close();
      keeper?.close();
      await trash.settle();
    },
  };
}

function pending({ node, life, reason }: Starting): Observation {
  return { node, life, observed: { kind: 'pending', reason } };
}

function lives({ agent }: LocalNode): boolean {
  return agent !== null && isRunning(agent);
}

async function adopted(dataRoot: string, { node, life, account, lowPriorityCores, isTakenBack = false, agent, linkedTo }: NodeRecord): Promise<LocalNode> {
  return {
    node,
    life,
    account,
    linkedTo,
    lowPriorityCores: lowPriorityCores ?? null,
    isTakenBack,
    agent: agent ?? (await findAgent(placeOf(dataRoot, node).config)),
    isChild: false,
    ending: null,
  };
}

function deathOf({ isTakenBack }: LocalNode, reason: string): NodeObservation {
  return isTakenBack ? { kind: 'preempted', reason: 'There is no capacity for it any more.' } : { kind: 'ended', reason };
}

/** Of a low-priority node; null: it is dedicated. */
function lowPriorityCoresOf({ priority, vmSize }: NodeRequest): number | null {
  return priority === 'low' ? (findVmSize(vmSize)?.cores ?? 1) : null;
}

function nameOf(engine: Engine): string {
  switch (engine.kind) {
    case 'podman':
      return `podman ${engine.version} with ${basename(engine.runtime)}`;
    case 'docker':
      return `docker ${engine.version}`;
    case 'runtime':
      return `${basename(engine.runtime)} ${engine.version}`;
  }
}

interface Found {
  /** It has a loopback address of its own. */
  readonly hasAddress: boolean;
  readonly isolation: Isolation;
  /** null: its pool asks for no containers. */
  readonly engine: Engine | null;
  readonly limits: NodeLimits;
  /** null: it has its machine's. */
  readonly network: NetworkOptions | null;
  /** null: its tasks have the machine's root. */
  readonly imageRoot: string | null;
}

function agentOptions({ dataRoot, publicAddress, authority }: { readonly dataRoot: string; readonly publicAddress: string | undefined; readonly authority: string | undefined }, request: NodeRequest, { isolation, engine, hasAddress, limits, network, imageRoot }: Found): AgentOptions {
  const place = placeOf(dataRoot, request.node);
  return {
    nodeId: request.nodeId,
    life: request.life,
    agentUrl: request.agentUrl,
    credential: request.credential,
    rootDirectory: place.root,
    stateDirectory: place.state,
    ipAddress: authority === undefined ? addressOf(request.node, hasAddress) : FOUND_ADDRESS,
    ...(authority === undefined ? {} : { authority }),
    ...(publicAddress === undefined ? {} : { publicAddress }),
    nodesDirectory: dataRoot,
    limits,
    uidBase: process.geteuid?.() === 0 ? uidBaseOf(dataRoot, request.node) : null,
    ...(request.priority === 'low' ? { lowPriority: true } : {}),
    ...(isolation === 'none' ? {} : { isolation }),
    ...(engine === null ? {} : { engine }),
    ...(network === null ? {} : { network }),
    instance: { vmSize: findVmSize(request.vmSize)?.displayName ?? request.vmSize, image: request.image?.kind === 'marketplace' ? request.image : null },
    ...(imageRoot === null ? {} : { imageRoot }),
  };
}

/** Nodes of one service get blocks one after the other; another service on this machine begins elsewhere. */
function uidBaseOf(dataRoot: string, node: NodeNumber): number {
  const offset = createHash('sha256').update(dataRoot).digest().readUInt32BE(0);
  return FIRST_UID + ((offset + node) % UID_BLOCKS) * UIDS_PER_NODE;
}
