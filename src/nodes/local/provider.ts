import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { nodeMark } from '../../agent/environment.ts';
import { killEnclosure } from '../../agent/killing.ts';
import { leftCgroup } from '../../agent/node.ts';
import type { AgentOptions } from '../../agent/options.ts';
import { markedProcesses } from '../../agent/processes.ts';
import { removeTrees } from '../../agent/removal.ts';
import { firstUid, uidBlocks, uidsPerNode } from '../../agent/users.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { endProcess } from '../../processes/end.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../processes/identity.ts';
import { yieldToUs } from '../../processes/priority.ts';
import type { NodeRequest, Observation, PoolProvider } from '../provider.ts';
import { probeLocal } from './probe.ts';
import { bootPace, nodesThatFit } from './room.ts';
import { placeOf, readRecords, writePrivately, writeRecord, type NodeRecord } from './record.ts';

export interface LocalProviderOptions {
  /** Holds one directory a node. As root it must be reachable by other users, whose tasks run below it. */
  readonly dataRoot: string;
  /** Starts an agent, configured by LINARITE_AGENT_CONFIG: `[process.execPath, '.../cli/main.js', 'agent']`. */
  readonly agentCommand: readonly [string, ...string[]];
  /** Nodes at a time; default: as many as fit into this machine's memory. */
  readonly maxNodes?: number;
  /** What could not be deleted of a released node, and why. */
  readonly say?: (message: string) => void;
  /** Waited for before each agent is started; default: `bootPace`. */
  readonly mayBoot?: () => Promise<void>;
}

export interface LocalProvider extends PoolProvider {
  /** Stops looking after the agents and leaves them running: the service restarts. Resolves when no deletion is under way. */
  close(): Promise<void>;
}

interface LocalNode {
  readonly record: NodeRecord & { readonly agent: ProcessIdentity };
  /** Adopted agents are no children of ours: they have to be looked at. */
  readonly isChild: boolean;
  /** Settles once nothing of the node is alive. */
  ending: Promise<void> | null;
}

const adoptedPollMs = 250;
const killedWithinMs = 10_000;
const nicerThanService = 5;
const configVariable = 'LINARITE_AGENT_CONFIG';

/**
 * Nodes as processes of this machine. An agent is detached, in a session of its own, and outlives the service, which finds it again by pid and start time.
 * acquired -> running -> (agent dead -> everything that carries the node's mark or is in its control group is killed) -> ended.
 * Only then is `ended` said, so that whatever ran there may run again elsewhere: death is proved here, no lease is needed.
 */
export const createLocalProvider = (options: LocalProviderOptions): LocalProvider => {
  const { dataRoot, maxNodes = nodesThatFit(), mayBoot = bootPace() } = options;
  const nodes = new Map<NodeNumber, LocalNode>();
  /** The lives that are about to start: asked for, and not taken back since. */
  const starting = new Map<NodeNumber, number>();
  const callbacks = new Set<(observation: Observation) => void>();
  const deletions = new Set<Promise<void>>();
  let isClosed = false;

  const tell = (observation: Observation): void => {
    if (!isClosed) for (const callback of callbacks) callback(observation);
  };

  const die = (node: LocalNode, reason: string): Promise<void> => {
    node.ending ??= sweep(dataRoot, node.record.node).then(() => {
      if (nodes.get(node.record.node) === node) tell({ node: node.record.node, life: node.record.life, observed: { kind: 'ended', reason } });
    });
    return node.ending;
  };

  const adopt = (record: NodeRecord): LocalNode | null => {
    const known = nodes.get(record.node);
    if (known !== undefined) return known;
    const agent = record.agent ?? findAgent(placeOf(dataRoot, record.node).config);
    if (agent === null) return null;
    const node: LocalNode = { record: { ...record, agent }, isChild: false, ending: null };
    nodes.set(record.node, node);
    return node;
  };

  const lookAfterAdopted = setInterval(() => {
    for (const node of nodes.values()) if (!node.isChild && node.ending === null && !isRunning(node.record.agent)) void die(node, 'the agent has ended');
  }, adoptedPollMs);
  lookAfterAdopted.unref();

  const failed = ({ node, life }: NodeRequest, reason: string): void => tell({ node, life, observed: { kind: 'failed', reason } });

  /** When the machine has room, unless the node was released meanwhile. */
  const startInTurn = async (request: NodeRequest): Promise<void> => {
    const { node, life } = request;
    if (!nodes.has(node) && nodes.size + starting.size >= maxNodes) return failed(request, `All nodes that this machine has memory for are taken: ${maxNodes}.`);
    starting.set(node, life);
    await mayBoot();
    if (isClosed || starting.get(node) !== life) return;
    await start(request).finally(() => callOff(node, life));
  };

  const start = async (request: NodeRequest): Promise<void> => {
    const place = placeOf(dataRoot, request.node);
    mkdirSync(place.state, { recursive: true, mode: 0o711 });
    for (const directory of [dataRoot, place.directory, place.state]) chmodSync(directory, 0o711);
    writePrivately(place.config, agentOptions(dataRoot, request));
    writeRecord(dataRoot, { node: request.node, life: request.life, agent: null });
    const log = openSync(place.log, 'a', 0o600);
    const [program, ...args] = options.agentCommand;
    const child = spawn(program, args, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NODE_ENV: process.env['NODE_ENV'], [configVariable]: place.config },
    });
    closeSync(log);
    // The service shares the machine with its nodes, and has to answer while they work.
    if (child.pid !== undefined) yieldToUs(child.pid, nicerThanService);
    const spawned = await new Promise<Error | null>((resolve) => {
      child.once('spawn', () => resolve(null));
      child.once('error', resolve);
    });
    const agent = child.pid === undefined ? null : identifyProcess(child.pid) ?? null;
    if (spawned !== null || agent === null) return failed(request, spawned?.message ?? 'the agent ended at once');
    const record = { node: request.node, life: request.life, agent };
    writeRecord(dataRoot, record);
    const node: LocalNode = { record, isChild: true, ending: null };
    nodes.set(request.node, node);
    child.once('exit', (code, signal) => void die(node, `the agent ended with ${signal ?? `code ${code}`}`));
    child.unref();
    tell({ node: request.node, life: request.life, observed: { kind: 'running' } });
  };

  /** Ends the agent, with a grace of its own to end its tasks, and proves that nothing is left. */
  const end = async (node: LocalNode, graceMs: number): Promise<void> => {
    await endProcess(node.record.agent, [
      { signal: 'SIGTERM', waitMs: graceMs },
      { signal: 'SIGKILL', waitMs: killedWithinMs },
    ]);
    await die(node, 'released');
  };

  /** Of this life and those before it. */
  const callOff = (node: NodeNumber, life: number): void => {
    if ((starting.get(node) ?? Infinity) <= life) starting.delete(node);
  };

  /** null: a later life has begun, which is not meant. */
  const findLife = (node: NodeNumber, life: number): { readonly present: LocalNode | null } | null => {
    const record = readRecords(dataRoot).find((one) => one.node === node);
    if (record !== undefined && record.life > life) return null;
    return { present: record === undefined ? null : adopt(record) };
  };

  const forget = (node: NodeNumber): void => {
    const { directory } = placeOf(dataRoot, node);
    const trash = join(dataRoot, `trash-${node}-${process.pid}-${Math.trunc(performance.now())}`);
    if (!existsSync(directory)) return;
    renameSync(directory, trash);
    remove(trash);
  };

  const remove = (directory: string): void => {
    const deletion = removeTrees([directory])
      // It stays in the trash, where the next service tries again.
      .catch((error: unknown) => options.say?.(error instanceof Error ? error.message : String(error)))
      .finally(() => deletions.delete(deletion));
    deletions.add(deletion);
  };

  mkdirSync(dataRoot, { recursive: true, mode: 0o711 });
  for (const name of readdirSync(dataRoot)) if (name.startsWith('trash-')) remove(join(dataRoot, name));

  return {
    kind: 'local',
    leaseMs: null,
    probe: async () => ({ ...(await probeLocal(dataRoot)), maxNodes }),

    acquire: async (request) => {
      const record = readRecords(dataRoot).find(({ node }) => node === request.node);
      const present = record === undefined ? null : adopt(record);
      if (present !== null && isRunning(present.record.agent)) {
        if (present.record.life > request.life) return;
        if (present.record.life === request.life) {
          // The service may have another address since: the agent reads the file again whenever it has to dial.
          writePrivately(placeOf(dataRoot, request.node).config, agentOptions(dataRoot, request));
          tell({ node: request.node, life: request.life, observed: { kind: 'running' } });
          return;
        }
        await end(present, 0);
      } else if (present !== null) await die(present, 'the agent has ended');
      await startInTurn(request);
    },

    release: async (node, life, graceMs) => {
      const found = findLife(node, life);
      if (found === null) return;
      callOff(node, life);
      await (found.present === null ? sweep(dataRoot, node) : end(found.present, graceMs));
      nodes.delete(node);
      forget(node);
      tell({ node, life, observed: { kind: 'ended', reason: 'released' } });
    },

    halt: async (node, life, graceMs) => {
      const found = findLife(node, life);
      callOff(node, life);
      if (found !== null) await (found.present === null ? sweep(dataRoot, node) : end(found.present, graceMs));
    },

    list: async () =>
      Promise.all(
        readRecords(dataRoot).map(async (record): Promise<Observation> => {
          const node = adopt(record);
          if (node !== null && isRunning(node.record.agent)) return { node: record.node, life: record.life, observed: { kind: 'running' } };
          await (node === null ? sweep(dataRoot, record.node) : die(node, 'the agent has ended'));
          return { node: record.node, life: record.life, observed: { kind: 'ended', reason: 'the agent has ended' } };
        }),
      ),

    watch: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },

    close: async () => {
      isClosed = true;
      clearInterval(lookAfterAdopted);
      await Promise.all(deletions);
    },
  };
};

/** Kills what a dead agent left behind, until nothing is left. */
const sweep = async (dataRoot: string, node: NodeNumber): Promise<void> => {
  const place = placeOf(dataRoot, node);
  while (!(await killEnclosure({ cgroup: leftCgroup(place.state), groups: [], marks: [`${nodeMark}=${place.root}`] })));
};

/** An agent whose start was cut short between spawn and record. */
const findAgent = (config: string): ProcessIdentity | null => {
  const pid = markedProcesses([`${configVariable}=${config}`])[0];
  return pid === undefined ? null : identifyProcess(pid) ?? null;
};

const agentOptions = (dataRoot: string, request: NodeRequest): AgentOptions => {
  const place = placeOf(dataRoot, request.node);
  return {
    nodeId: request.nodeId,
    life: request.life,
    agentUrl: request.agentUrl,
    credential: request.credential,
    rootDirectory: place.root,
    stateDirectory: place.state,
    ipAddress: '127.0.0.1',
    uidBase: process.geteuid?.() === 0 ? uidBaseOf(dataRoot, request.node) : null,
  };
};

/** Nodes of one service get blocks one after the other; another service on this machine begins elsewhere. */
const uidBaseOf = (dataRoot: string, node: NodeNumber): number => {
  const offset = createHash('sha256').update(dataRoot).digest().readUInt32BE(0);
  return firstUid + ((offset + node) % uidBlocks) * uidsPerNode;
};
