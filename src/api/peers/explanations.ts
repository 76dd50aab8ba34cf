import { NoOwner } from '../../base/notOwned.ts';
import type { AccountNumber } from '../../core/keys.ts';
import type { Explanations } from '../../ports.ts';
import { routed, type Routing } from './routed.ts';

/** Rules of this process, and those of others: asked there, they answer the same. */
export function routedExplanations(routing: Routing, local: Explanations): Explanations {
  const ask = async <T>(account: AccountNumber, what: object, here: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      return await routed(routing, account, {
        here,
        // JSON has no undefined: an owner that is not ready says nothing.
        there: async (peer) => ((await routing.client.ask(peer, 'explain', { account, ...what })) as { readonly found?: T }).found,
      });
    } catch (error) {
      if (error instanceof NoOwner) return undefined;
      throw error;
    }
  };
  return {
    task: (account, job, task) => ask(account, { kind: 'task', job, task }, () => local.task(account, job, task)),
    job: (account, job) => ask(account, { kind: 'job', job }, () => local.job(account, job)),
    pool: (account, pool) => ask(account, { kind: 'pool', pool }, () => local.pool(account, pool)),
    node: (account, node) => ask(account, { kind: 'node', node }, () => local.node(account, node)),
  };
}
