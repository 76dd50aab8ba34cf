import type { NodeRequest, Observation, PoolProvider } from '../../src/nodes/provider.ts';

/** Takes every request and has no nodes: for what is about something else than nodes. */
export const idleProvider: PoolProvider = {
  kind: 'simulated',
  leaseOf: () => null,
  probe: () => Promise.resolve({ maxNodes: null, lowPriority: true, limits: [] }),
  acquire: () => Promise.resolve(),
  release: () => Promise.resolve(),
  halt: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  watch: () => () => undefined,
};

/**
 * An engine with the nodes of all accounts: each runs as soon as it is asked for. While it makes a list it says of each
 * once more that it runs.
 */
export function engine(): { readonly provider: PoolProvider; readonly machines: ReadonlyMap<number, NodeRequest>; readonly released: readonly number[] } {
  const machines = new Map<number, NodeRequest>();
  const released: number[] = [];
  const watchers = new Set<(observation: Observation) => void>();
  const running = ({ node, life }: NodeRequest): Observation => ({ node, life, observed: { kind: 'running' } });
  const tell = (machine: NodeRequest): void => {
    for (const watcher of watchers) watcher(running(machine));
  };
  const provider: PoolProvider = {
    kind: 'simulated',
    leaseOf: () => null,
    probe: () => Promise.resolve({ maxNodes: null, lowPriority: true, limits: [] }),
    acquire: (request) => {
      machines.set(request.node, request);
      tell(request);
      return Promise.resolve();
    },
    release: (node) => {
      machines.delete(node);
      released.push(node);
      return Promise.resolve();
    },
    halt: () => Promise.resolve(),
    list: (account) => {
      for (const machine of machines.values()) tell(machine);
      return Promise.resolve([...machines.values()].filter((machine) => account === 'all' || machine.account === account).map(running));
    },
    watch: (callback) => {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
  };
  return { provider, machines, released };
}

/** A request for a node, in which a test says what it is about. */
export function nodeRequest(change: Partial<NodeRequest> = {}): NodeRequest {
  const { node = 1 } = change;
  const image = { kind: 'marketplace', publisher: 'canonical', offer: 'ubuntu', sku: '22_04-lts', version: 'latest' } as const;
  return { account: 1, node, nodeId: `n${node}`, life: 1, pool: 1, poolId: 'p', vmSize: 'standard_d2s_v3', image, interNode: false, containers: false, priority: 'dedicated', slots: 1, agentUrl: 'ws://127.0.0.1:1/', credential: 'x', ...change };
}
