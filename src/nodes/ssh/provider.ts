import { messageOf } from '../../base/errors.ts';
import type { NodeObservation } from '../../core/events.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { EngineAway } from '../away.ts';
import { createLines, createTurns } from '../local/turns.ts';
import type { Capabilities, ClosableProvider, NodeRequest, Observation } from '../provider.ts';
import { createHostCalls, HostFailed, HostUnfit } from './calls.ts';
import type { HostAct, HostAnswer, ListedNode } from './host/words.ts';
import { type HostSource, hostsOf, type SshHost } from './hosts.ts';
import { candidates, type HostState, type Placed, unknownHost, whyNone } from './places.ts';
import { type BroughtProgram, broughtProgram } from './program.ts';
import { createSsh, HostAway } from './ssh.ts';

export interface SshProviderOptions {
  readonly hosts: HostSource;
  /** Left out: whoever runs the service. */
  readonly user?: string;
  readonly port: number;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  readonly nodesPerHost: number;
  /** On the hosts; left out: one of ours below /var/tmp. */
  readonly directory?: string;
  /** Whose directory that is then. */
  readonly directoryUser: string;
  /** Node.js on the hosts. */
  readonly node: string;
  /** ssh(1). */
  readonly sshProgram: string;
  /** Tells this provider's control sockets from those of others. */
  readonly id: string;
  /** Tells nodes of this service from those of others on the same hosts. */
  readonly cluster: string;
  /** Where agents reach the service from the hosts; left out: as requests say. */
  readonly agentUrl?: string;
  /** By which it proves itself there, PEM. */
  readonly authority: string;
  readonly leaseMs: number;
  readonly say: (message: string) => void;
  readonly program?: () => BroughtProgram;
  /** How often hosts with nodes are looked at; default: 5 s. */
  readonly lookEveryMs?: number;
}

const LOOK_EVERY_MS = 5_000;
const LONGEST_LOOK_MS = 60_000;
const HOSTS_EVERY_MS = 60_000;
/** Hosts that are asked at a time. */
const ASKED_AT_ONCE = 16;
/** The agent counts its lease by its own clock. */
const LEASE_MARGIN_MS = 5_000;
/** An answer is so new that the host need not be tried before it is given a node. */
const FRESH_MS = 5_000;
const NOTHING: HostAnswer = { seen: [] };

/** A request for which there is no place yet. */
interface Waiting {
  readonly request: NodeRequest;
  reason: string;
  /** Its host did not say whether it has begun there: it goes nowhere else. Since when, on a clock that only grows. */
  tied: { readonly state: HostState; readonly since: number } | null;
}

/**
 * Nodes on machines that are there anyway. Each host has the records of its agents: after a restart the hosts are asked
 * for them. A host that does not answer has its nodes' lease to come back; then they go on elsewhere, and what the
 * host still has of them ends when it is back. All that concerns one host is asked in turn.
 */
export function createSshProvider(options: SshProviderOptions): ClosableProvider {
  const { nodesPerHost, leaseMs, lookEveryMs = LOOK_EVERY_MS } = options;
  const ssh = createSsh({ program: options.sshProgram, port: options.port, keyFile: options.keyFile, knownHostsFile: options.knownHostsFile, id: options.id, ...(options.user === undefined ? {} : { user: options.user }) });
  const brought = options.program ?? lazily(broughtProgram);
  const calls = createHostCalls({ ssh, program: brought, cluster: options.cluster, directory: options.directory ?? `/var/tmp/linarite-${options.directoryUser}`, isDirectoryOurs: options.directory === undefined, node: options.node, most: nodesPerHost });
  const states = new Map<string, HostState>();
  const placed = new Map<NodeNumber, Placed>();
  const waiting = new Map<NodeNumber, Waiting>();
  const callbacks = new Set<(observation: Observation) => void>();
  const perNode = createLines<NodeNumber>();
  const perHost = createLines<string>();
  const turn = createTurns(ASKED_AT_ONCE);
  let isClosed = false;
  let hostsReadAt = Number.NEGATIVE_INFINITY;

  const tell = (observation: Observation): void => {
    if (!isClosed) for (const callback of callbacks) callback(observation);
  };
  const now = (): number => performance.now();

  /** Hosts that are named no more stay as long as they have nodes. */
  const readHosts = async (): Promise<void> => {
    if (now() - hostsReadAt < HOSTS_EVERY_MS) return;
    hostsReadAt = now();
    const hosts = await hostsOf(options.hosts);
    const named = new Set(hosts.map(({ text }) => text));
    for (const host of hosts) if (!states.has(host.text)) states.set(host.text, unknownHost(host));
    for (const [text, state] of states) if (!named.has(text) && nodesOn(state).length === 0 && state.leftovers.size === 0) states.delete(text);
  };
  const nodesOn = ({ host }: HostState): readonly Placed[] => [...placed.values()].filter((one) => one.host.text === host.text);

  /** `use` is done with the answer before anything else is asked of the host. */
  const ask = <Result>(state: HostState, act: HostAct, use: (answer: HostAnswer) => Result): Promise<Result> =>
    perHost(state.host.text, async () => {
      const over = await turn();
      try {
        const answer = (await calls.ask(state.host, act)) ?? NOTHING;
        hasAnswered(state, null);
        return use(answer);
      } catch (error) {
        if (error instanceof HostAway) isAway(state, error.message);
        else if (error instanceof HostUnfit) hasAnswered(state, error.message);
        throw error;
      } finally {
        over();
      }
    });
  const hasAnswered = (state: HostState, unfitBecause: string | null): void => {
    if (state.awaySince !== null) options.say(`${state.host.text} is back`);
    state.answeredAt = now();
    state.awaySince = null;
    notFit(state, unfitBecause);
  };
  const isAway = (state: HostState, reason: string): void => {
    state.awaySince ??= now();
    notFit(state, reason);
  };
  const notFit = (state: HostState, reason: string | null): void => {
    if (reason !== null && reason !== state.reason) options.say(reason);
    state.reason = reason;
    state.tries = reason === null ? 0 : state.tries + 1;
    state.lookAt = now() + (reason === null ? lookEveryMs : Math.min(lookEveryMs * 2 ** (state.tries - 1), LONGEST_LOOK_MS));
  };
  /** Whatever ran there has ended by its lease. */
  const isGivenUp = ({ awaySince }: HostState): boolean => awaySince !== null && now() - awaySince > leaseMs + LEASE_MARGIN_MS;

  /** What a host has, in place of what was known of it. Returns what is of nodes that are nowhere else. */
  const takeIn = (state: HostState, seen: readonly ListedNode[]): readonly Placed[] => {
    for (const one of nodesOn(state)) {
      if (seen.some(({ node, life }) => node === one.node && life === one.life)) continue;
      placed.delete(one.node);
      if (one.observed.kind !== 'ended') tell({ node: one.node, life: one.life, observed: { kind: 'ended', reason: `nothing of it is on ${state.host.text} any more` } });
    }
    for (const { node, life, account = 0, observed } of seen) {
      const known = placed.get(node);
      const elsewhere = known !== undefined && known.host.text !== state.host.text && known.life >= life;
      if (elsewhere || life <= (state.leftovers.get(node) ?? -1)) state.leftovers.set(node, life);
      else put(state, { node, life, account, observed });
    }
    return nodesOn(state);
  };
  const put = (state: HostState, { node, life, account, observed }: Omit<Placed, 'host'>): void => {
    const known = placed.get(node);
    if (known !== undefined && known.host.text !== state.host.text) states.get(known.host.text)?.leftovers.set(node, known.life);
    const isNew = known?.life !== life || known.observed.kind !== observed.kind;
    placed.set(node, { host: state.host, node, life, account, observed });
    if (isNew) tell({ node, life, observed });
  };

  const look = async (state: HostState): Promise<void> => {
    await ask(state, { kind: 'list' }, ({ seen }) => takeIn(state, seen));
    for (const [node, life] of state.leftovers) {
      await ask(state, { kind: 'release', node, life, graceMs: 0 }, () => state.leftovers.delete(node));
      options.say(`${state.host.text} is cleared of life ${life} of node ${node}, which goes on elsewhere or is gone`);
    }
  };

  /** The hosts that can be asked; the reasons of others. */
  const lookAll = async (): Promise<readonly string[]> => {
    const unread = await readHosts().then(() => [], (error: unknown) => [messageOf(error)]);
    const looked = await Promise.allSettled([...states.values()].map(look));
    return [...unread, ...looked.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []))];
  };
  let reading: Promise<readonly string[]> | null = null;
  const known = (): Promise<readonly string[]> => (reading ??= lookAll());

  const startOn = async (state: HostState, request: NodeRequest): Promise<NodeObservation> => {
    // So that a host that is gone is known to have begun nothing.
    if (now() - state.answeredAt > FRESH_MS) await perHost(state.host.text, () => calls.reach(state.host)).catch((error: unknown) => {
      isAway(state, messageOf(error));
      throw new NotBegun(messageOf(error));
    });
    const { node, life, account } = request;
    return ask(state, { kind: 'acquire', request, authority: options.authority }, ({ seen }) => {
      const observed = seen.filter((one) => one.node === node && one.life === life).at(-1)?.observed ?? { kind: 'running' as const };
      if (observed.kind !== 'failed') put(state, { node, life, account, observed });
      return observed;
    });
  };

  /** Finds a place for it, or says why there is none. */
  const place = async (one: Waiting): Promise<void> => {
    const { request } = one;
    const { node, life } = request;
    const tried = new Set<HostState>();
    for (;;) {
      if (isClosed || waiting.get(node) !== one) return;
      const [state] = one.tied === null ? candidates([...states.values()], [...placed.values()], node, nodesPerHost).filter((candidate) => !tried.has(candidate)) : tried.size === 0 ? [one.tied.state] : [];
      if (state === undefined) break;
      tried.add(state);
      try {
        const observed = await startOn(state, request);
        if (observed.kind === 'failed' && observed.reason.startsWith(FULL)) continue;
        waiting.delete(node);
        if (observed.kind === 'failed') tell({ node, life, observed });
        return;
      } catch (error) {
        if (error instanceof HostAway || error instanceof HostFailed) one.tied ??= { state, since: now() };
        else if (!(error instanceof HostUnfit) && !(error instanceof NotBegun)) throw error;
      }
    }
    if (one.tied !== null && now() - one.tied.since > leaseMs + LEASE_MARGIN_MS) {
      waiting.delete(node);
      return tell({ node, life, observed: { kind: 'failed', reason: one.tied.state.reason ?? `${one.tied.state.host.text} did not say whether the node began.` } });
    }
    const reason = whyNone([...states.values()], nodesPerHost);
    if (reason === one.reason) return;
    one.reason = reason;
    tell({ node, life, observed: { kind: 'pending', reason } });
  };
  const placeWaiting = (): void => {
    for (const one of waiting.values()) perNode(one.request.node, () => place(one)).catch((error: unknown) => options.say(messageOf(error)));
  };

  /** Ends lives up to this one wherever they may be. */
  const end = async (node: NodeNumber, act: Extract<HostAct, { kind: 'release' | 'halt' }>): Promise<void> => {
    const { life } = act;
    await known();
    if ((waiting.get(node)?.request.life ?? Infinity) <= life) waiting.delete(node);
    await perNode(node, async () => {
      const tied = waiting.get(node)?.tied?.state;
      if ((waiting.get(node)?.request.life ?? Infinity) <= life) waiting.delete(node);
      const present = placed.get(node);
      if (present !== undefined && present.life > life) return;
      const where = present === undefined ? [...states.values()] : [...states.values()].filter(({ host, leftovers }) => host.text === present.host.text || leftovers.has(node));
      await Promise.all([...new Set([...where, ...(tied === undefined ? [] : [tied])])].map((state) => endOn(state, node, act)));
      if (act.kind === 'release') placed.delete(node);
      else if (present !== undefined) present.observed = { kind: 'ended', reason: 'halted' };
      tell({ node, life, observed: { kind: 'ended', reason: act.kind === 'release' ? 'released' : 'halted' } });
    });
    placeWaiting();
  };
  const endOn = async (state: HostState, node: NodeNumber, act: Extract<HostAct, { kind: 'release' | 'halt' }>): Promise<void> => {
    try {
      await ask(state, act, () => state.leftovers.delete(node));
    } catch (error) {
      if (!isGivenUp(state)) throw error;
      state.leftovers.set(node, act.life);
    }
  };

  const tick = async (): Promise<void> => {
    await readHosts().catch((error: unknown) => options.say(messageOf(error)));
    const due = [...states.values()].filter((state) => state.lookAt <= now() && (state.reason !== null || state.leftovers.size > 0 || nodesOn(state).length > 0));
    // What is wrong has been said.
    await Promise.allSettled(due.map(look));
    placeWaiting();
  };
  let ticking: Promise<void> | null = null;
  const ticks = setInterval(() => {
    if (reading === null) return;
    ticking ??= tick().finally(() => {
      ticking = null;
    });
  }, Math.min(lookEveryMs, 1_000));
  ticks.unref();

  const probeHost = async (state: HostState): Promise<readonly string[]> => {
    try {
      const limits = await ask(state, { kind: 'probe' }, ({ capabilities }) => capabilities?.limits ?? []);
      return limits.map((limit) => `${state.host.text}: ${limit}`);
    } catch (error) {
      return [`${messageOf(error).replace(/\.$/, '')}.`];
    }
  };

  return {
    kind: 'ssh',
    leaseOf: () => leaseMs,
    probe: async (): Promise<Capabilities> => {
      brought();
      await readHosts();
      const limits = (await Promise.all([...states.values()].map(probeHost))).flat();
      return { maxNodes: states.size * nodesPerHost, lowPriority: true, limits: [...limits, 'Low-priority nodes are never taken back on SSH hosts.'] };
    },
    acquire: async (request) => {
      const { node, life } = request;
      await known();
      const present = placed.get(node);
      const there = present?.life === life ? states.get(present.host.text) : undefined;
      // A life is at one place.
      const one: Waiting = { request: { ...request, agentUrl: options.agentUrl ?? request.agentUrl }, reason: '', tied: there === undefined ? null : { state: there, since: now() } };
      if (Math.max(placed.get(node)?.life ?? 0, waiting.get(node)?.request.life ?? 0) > life) return;
      if (waiting.get(node)?.request.life === life) return;
      waiting.set(node, one);
      await perNode(node, () => place(one));
    },
    release: (node, life, graceMs) => end(node, { kind: 'release', node, life, graceMs }),
    halt: (node, life, graceMs) => end(node, { kind: 'halt', node, life, graceMs }),
    list: async (account) => {
      const looking = lookAll();
      reading ??= looking;
      const away = await looking;
      const isOf = (one: { readonly account: number }): boolean => account === 'all' || one.account === account;
      const there = [...placed.values()].filter(isOf).map(({ node, life, observed }): Observation => ({ node, life, observed }));
      const coming = [...waiting.values()].filter(({ request }) => isOf(request)).map(({ request: { node, life }, reason }): Observation => ({ node, life, observed: { kind: 'pending', reason } }));
      if (away.length > 0) throw new EngineAway(away.join(' '), [...there, ...coming]);
      return [...there, ...coming];
    },
    watch: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: async () => {
      isClosed = true;
      clearInterval(ticks);
      await ticking?.catch(() => undefined);
      await ssh.close([...states.values()].map(({ host }): SshHost => host));
    },
  };
}

/** As the host's own provider says that it has as many nodes as it may: another service process may have filled it. */
const FULL = 'All nodes that this machine has memory for are taken';

/** The host did not answer before it was asked to begin. */
class NotBegun extends Error {}

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => (made ??= { value: make() }).value;
}
