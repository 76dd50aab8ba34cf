import { messageOf } from '../../base/errors.ts';
import type { Capabilities, NodeRequest } from '../provider.ts';
import type { RemoteService } from '../remote/service.ts';
import type { ApiClient } from './api/client.ts';
import { ApiAway, ApiRefusal } from './api/errors.ts';
import { at } from './api/json.ts';
import { sentence } from './observe.ts';
import type { KubernetesOptions } from './options.ts';
import { podOf } from './pod.ts';

/** What the service has to be allowed, and what for; all of it in one namespace (`deploy/kubernetes/role.yaml`). */
export const RIGHTS = [
  { resource: 'pods', verb: 'create', for: 'a node is a pod' },
  { resource: 'pods', verb: 'get', for: 'whether a node has ended' },
  { resource: 'pods', verb: 'list', for: 'which nodes there are' },
  { resource: 'pods', verb: 'watch', for: 'what becomes of them' },
  { resource: 'pods', verb: 'patch', for: 'that we end a node ourselves is written on its pod' },
  { resource: 'pods', verb: 'delete', for: 'nodes are released' },
  { resource: 'secrets', verb: 'create', for: 'the credential of a node is a Secret' },
  { resource: 'secrets', verb: 'patch', for: 'a node that is asked for again learns of the service’s address' },
  { resource: 'events', verb: 'list', for: 'why a node waits, where its pod does not tell' },
] as const;

const ALWAYS = [
  'Files of a node go with its pod: after a reboot, and after the service was stopped, a node is as new.',
  'VM sizes bound CPU, memory and GPUs of nodes, not their disks.',
  'A pod that somebody removes by force (kubectl delete --force) counts as ended though its processes may live.',
] as const;

/**
 * Asks for each right, and for a node of each priority without making one (`dryRun`): refusals are in the cluster's
 * words.
 */
export async function probeCluster(client: ApiClient, base: string, namespace: string, service: RemoteService, options: KubernetesOptions): Promise<Capabilities> {
  const limits: string[] = [...ALWAYS];
  if (options.lowPriorityClass === undefined) limits.push('Low-priority nodes have no PriorityClass: Kubernetes takes none of them back for others.');
  try {
    const allowed = await Promise.all(RIGHTS.map((right) => isAllowed(client, namespace, right)));
    for (const [index, { verb, resource, for: purpose }] of RIGHTS.entries()) if (allowed[index] === false) limits.push(`The service may not ${verb} ${resource} in the namespace ${namespace} (${purpose}).`);
    if (allowed[0] === true) limits.push(...(await Promise.all((['dedicated', 'low'] as const).map((priority) => refusalOf(client, base, priority, service, options)))).flat());
  } catch (error) {
    if (!(error instanceof ApiAway)) throw error;
    limits.push(sentence(messageOf(error)));
  }
  return { maxNodes: options.maxNodes ?? null, lowPriority: true, limits };
}

async function isAllowed(client: ApiClient, namespace: string, { resource, verb }: { readonly resource: string; readonly verb: string }): Promise<boolean> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { namespace, verb, resource } } };
  try {
    return at(await client.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review), 'status', 'allowed') === true;
  } catch (error) {
    // Whoever may not even ask is told by the first node.
    if (error instanceof ApiRefusal) return false;
    throw error;
  }
}

async function refusalOf(client: ApiClient, base: string, priority: NodeRequest['priority'], service: RemoteService, options: KubernetesOptions): Promise<readonly string[]> {
  const tried: NodeRequest = { account: 0, node: 0, nodeId: 'probe', life: 0, pool: 0, poolId: 'probe', vmSize: 'standard_d1_v2', image: null, interNode: false, containers: false, priority, slots: 1, agentUrl: service.agentUrl, credential: '' };
  try {
    await client.ask('POST', `${base}/pods?dryRun=All`, podOf(tried, service, options));
    return [];
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error;
    return [`The cluster refuses ${priority === 'low' ? 'low-priority' : 'dedicated'} nodes: ${sentence(error.message)}`];
  }
}
