import type { PoolProvider } from '../../src/nodes/provider.ts';

/** Takes every request and has no nodes: for what is about something else than nodes. */
export const idleProvider: PoolProvider = {
  kind: 'simulated',
  leaseMs: null,
  probe: () => Promise.resolve({ maxNodes: null, lowPriority: true, containers: false, limits: [] }),
  acquire: () => Promise.resolve(),
  release: () => Promise.resolve(),
  halt: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  watch: () => () => undefined,
};
