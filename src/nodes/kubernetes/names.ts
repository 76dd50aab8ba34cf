import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import type { NodeRequest } from '../provider.ts';

/**
 * By what the pods of a service are found again, and no others. Labels without a domain of somebody else's before them;
 * their values are numbers, since ids of pools may be longer than a label's 63 letters.
 */
export const LABEL = {
  manager: 'app.kubernetes.io/managed-by',
  cluster: 'linarite/cluster',
  account: 'linarite/account',
  pool: 'linarite/pool',
  node: 'linarite/node',
  life: 'linarite/life',
  priority: 'linarite/priority',
} as const;

/** For people, and when we ended a pod ourselves: what ends otherwise was taken back. */
export const ANNOTATION = { poolId: 'linarite/pool-id', nodeId: 'linarite/node-id', released: 'linarite/released' } as const;

/** The name of Kueue's label for its queue, and of its gate ("Run Plain Pods", kueue.sigs.k8s.io). */
export const KUEUE = { queue: 'kueue.x-k8s.io/queue-name', gate: 'kueue.x-k8s.io/admission' } as const;

/** Of a pod and of the Secret with its credential. Each life has one of its own: an earlier one may not be gone yet. */
export function podName(cluster: string, node: NodeNumber, life: number): string {
  return `linarite-${cluster}-${node}-${life}`;
}

export function labelsOf(cluster: string, { account, pool, node, life, priority }: NodeRequest): Readonly<Record<string, string>> {
  return {
    [LABEL.manager]: 'linarite',
    [LABEL.cluster]: cluster,
    [LABEL.account]: String(account),
    [LABEL.pool]: String(pool),
    [LABEL.node]: String(node),
    [LABEL.life]: String(life),
    [LABEL.priority]: priority,
  };
}

/** Selects the pods of a service; of one account, or of one node. */
export function selectorOf(cluster: string, of: { readonly account?: AccountNumber; readonly node?: NodeNumber } = {}): string {
  return [`${LABEL.cluster}=${cluster}`, ...(of.account === undefined ? [] : [`${LABEL.account}=${of.account}`]), ...(of.node === undefined ? [] : [`${LABEL.node}=${of.node}`])].join(',');
}
