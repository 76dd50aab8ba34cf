import { expect, test } from 'vitest';
import { withSubscriptionCores } from '../../src/control/subscriptionCores.ts';
import type { NodeRequest } from '../../src/nodes/provider.ts';

const NODE = { account: 1, node: 7, vmSize: 'standard_d4s_v3' } as NodeRequest;

test('a node that the subscription has cores for is asked of the engine; one that it has none for is not, and says why', async () => {
  const asked: number[] = [];
  const engine = { acquire: (request: NodeRequest) => Promise.resolve(void asked.push(request.node)) };
  const counted: number[] = [];
  const provider = withSubscriptionCores(engine, 6, ({ node, cores }) => {
    counted.push(cores);
    return Promise.resolve(node === 7 ? null : { region: 'eastus', inUse: 4 });
  });
  await provider.acquire(NODE);
  await expect(provider.acquire({ ...NODE, node: 8 })).rejects.toThrow('The subscription has a quota of 6 cores in eastus for accounts in user subscription mode: 4 are in use, and the node has 4.');
  expect([asked, counted]).toEqual([[7], [4, 4]]);
});
