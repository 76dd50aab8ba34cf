import { messageOf } from '../../base/errors.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { accountOf } from '../../core/node/numbers.ts';
import { EngineAway } from '../away.ts';
import type { Capabilities, ClosableProvider, ContainerSupport, Observation } from '../provider.ts';
import type { Asked } from './choice.ts';

/**
 * Several providers as one: each node comes from the one that the rules choose for its pool, and stays there for all
 * its lives, whatever the rules say later. Where a node is stands nowhere but with the engines: after a restart they
 * are asked. A node that none of them is known to have is ended at all of them.
 */
export function providersByPool(named: ReadonlyMap<string, ClosableProvider>, choose: (asked: Asked) => string): ClosableProvider {
  const all = [...named.values()];
  const where = new Map<NodeNumber, { readonly provider: ClosableProvider; readonly life: number }>();
  const callbacks = new Set<(observation: Observation) => void>();
  /** Lives that every engine is asked to end: the word of one of them proves nothing. */
  const endedByAll = new Set<string>();

  /** The latest life counts: one that is on its way out may be elsewhere. */
  const note = ({ node, life }: { readonly node: NodeNumber; readonly life: number }, provider: ClosableProvider): void => {
    if ((where.get(node)?.life ?? 0) <= life) where.set(node, { provider, life });
  };

  const tell = (observation: Observation): void => {
    for (const callback of callbacks) callback(observation);
  };
  const stops = all.map((provider) =>
    provider.watch((observation) => {
      if (endedByAll.has(lifeOf(observation))) return;
      // The end of one that was released may be told late: its number is free again.
      if (observation.observed.kind !== 'ended' || where.has(observation.node)) note(observation, provider);
      tell(observation);
    }),
  );

  const endEverywhere = async (node: NodeNumber, life: number, end: (provider: ClosableProvider) => Promise<void>): Promise<void> => {
    const key = lifeOf({ node, life });
    endedByAll.add(key);
    try {
      const failed = (await Promise.allSettled(all.map(end))).find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      endedByAll.delete(key);
    }
    tell({ node, life, observed: { kind: 'ended', reason: 'no engine has it' } });
  };

  const byName = (name: string): ClosableProvider => {
    const provider = named.get(name);
    if (provider === undefined) throw new Error(`there is no provider ${name}`);
    return provider;
  };

  return {
    kind: all[0]?.kind ?? 'local',
    /** One that no engine has told of yet may be anybody's. */
    leaseOf: (node) => {
      const known = where.get(node);
      if (known !== undefined) return known.provider.leaseOf(node);
      const leases = all.map((one) => one.leaseOf(node)).filter((lease) => lease !== null);
      return leases.length === 0 ? null : Math.max(...leases);
    },
    probe: async () => together(await Promise.all([...named].map(async ([name, provider]) => [name, await provider.probe()] as const))),
    containers: async () => containersOf(await Promise.all([...named].map(async ([name, provider]) => [name, (await provider.containers?.()) ?? { engine: null, limits: [] }] as const))),
    acquire: async (request) => {
      const provider = where.get(request.node)?.provider ?? byName(choose(request));
      note(request, provider);
      await provider.acquire(request);
    },
    release: async (node, life, graceMs) => {
      const known = where.get(node);
      if (known === undefined) return endEverywhere(node, life, (one) => one.release(node, life, graceMs));
      await known.provider.release(node, life, graceMs);
      if ((where.get(node)?.life ?? 0) <= life) where.delete(node);
    },
    halt: async (node, life, graceMs) => {
      const known = where.get(node);
      if (known === undefined) return endEverywhere(node, life, (one) => one.halt(node, life, graceMs));
      await known.provider.halt(node, life, graceMs);
    },
    list: async (account) => {
      const seen: Observation[] = [];
      const away: string[] = [];
      await Promise.all(
        [...named].map(async ([name, provider]) => {
          try {
            for (const observation of await provider.list(account)) {
              note(observation, provider);
              seen.push(observation);
            }
          } catch (error) {
            // A fault of ours is none of an engine's.
            if (!(error instanceof EngineAway)) throw error;
            seen.push(...error.seen);
            away.push(`${name}: ${messageOf(error)}`);
          }
        }),
      );
      if (away.length > 0) throw new EngineAway(away.join(' '), seen);
      return seen;
    },
    readdress: async (node, life, agentUrl) => where.get(node)?.provider.readdress?.(node, life, agentUrl),
    disown: (account) => {
      for (const provider of all) provider.disown?.(account);
      for (const node of where.keys()) if (accountOf(node) === account) where.delete(node);
    },
    watch: (callback) => {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    close: async () => {
      for (const stop of stops) stop();
      await Promise.all(all.map((provider) => provider.close()));
    },
  };
}

function lifeOf({ node, life }: { readonly node: NodeNumber; readonly life: number }): string {
  return `${node}.${life}`;
}

/** How far nodes are places of their own is asked of this machine's alone: others are so by their engine. */
function together(each: readonly (readonly [name: string, capabilities: Capabilities])[]): Capabilities {
  const rooms = each.map(([, { maxNodes }]) => maxNodes);
  const isolation = each.find(([, one]) => one.isolation !== undefined)?.[1].isolation;
  const network = each.find(([, one]) => one.network !== undefined)?.[1].network;
  return {
    maxNodes: rooms.some((room) => room === null) ? null : rooms.reduce<number>((sum, room) => sum + (room ?? 0), 0),
    lowPriority: each.some(([, { lowPriority }]) => lowPriority),
    ...(isolation === undefined ? {} : { isolation }),
    ...(network === undefined ? {} : { network }),
    limits: each.flatMap(([name, { limits }]) => limits.map((limit) => `${name}: ${limit}`)),
  };
}

function containersOf(each: readonly (readonly [name: string, support: ContainerSupport])[]): ContainerSupport {
  const engines = each.flatMap(([name, { engine }]) => (engine === null ? [] : [`${name}: ${engine}`]));
  return { engine: engines.length === 0 ? null : engines.join(', '), limits: each.flatMap(([name, { limits }]) => limits.map((limit) => `${name}: ${limit}`)) };
}
