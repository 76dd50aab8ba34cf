import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { NodeObservation } from '../../core/events.ts';
import type { NodeNumber } from '../../core/keys.ts';
import { EngineAway } from '../away.ts';
import { createLines } from '../local/turns.ts';
import type { ClosableProvider, NodeRequest, Observation } from '../provider.ts';
import type { RemoteService } from '../remote/service.ts';
import { createApiClient } from './api/client.ts';
import type { Cluster } from './api/cluster.ts';
import { ApiAway, isGone, isThere } from './api/errors.ts';
import { follow, listAll } from './api/follow.ts';
import { newestWarning } from './events.ts';
import { ANNOTATION, podName, selectorOf } from './names.ts';
import { goneOf, hasEnded, isUntold, observe, sentence } from './observe.ts';
import type { KubernetesOptions } from './options.ts';
import { podOf, secretData, secretOf } from './pod.ts';
import { probeCluster } from './probe.ts';
import { readPod, type SeenPod } from './seenPod.ts';

export interface KubernetesProviderOptions {
  readonly service: RemoteService;
  readonly options: KubernetesOptions;
  readonly cluster: Cluster;
  /** Called with what is worth a line of the log: the API server is away, or back. */
  readonly say?: (message: string) => void;
  /** How often the events of pods that wait are looked at. */
  readonly eventsEveryMs?: number;
  /** A kubelet that answers has ended a pod so long after its grace time. */
  readonly endedWithinMs?: number;
}

/** A life that is being asked for; the API server may not have it yet. */
interface Wanted {
  readonly request: NodeRequest;
  reason: string;
}

const ASKED = 'Kubernetes is being asked for its pod.';
/** What the API server is away for is asked again after this, then after twice as long each time. */
const ASK_AGAIN_FIRST_MS = 500;
const ASK_AGAIN_MOST_MS = 15_000;
const ENDED_WITHIN_MS = 30_000;
const LOOK_FIRST_MS = 100;
const LOOK_MOST_MS = 1_000;
const EARLIER_WITHIN_MS = 5_000;
const EVENTS_EVERY_MS = 5_000;
const EVENTS_AT_A_TIME = 20;
const NO_CONTAINERS = 'Nodes on Kubernetes are containers themselves, which start no others: pools with a container configuration get none. The image of the nodes is the one that the provider’s configuration names for the pool’s.';

/**
 * Nodes as pods, one for each life. What is true stands with the API server alone: pods are found by label, followed by
 * version, and a name belongs to one life, so that asking twice makes one. asked for -> pod -> its Secret -> pending
 * (in the words of the scheduler, the kubelet, Kueue) -> running -> ended, or taken back.
 *
 * A pod that ends though we have not asked for it is taken back (`preempting`, `preempted`) where its node is of low
 * priority. Before we end one we write so on it: what comes after us reads it there.
 *
 * A kubelet that is silent proves no death: the agents have a lease. A pod that stays although it was to go is removed
 * from the API server by force only when its agent's lease is over.
 */
export function createKubernetesProvider({ service, options, cluster, say = () => undefined, eventsEveryMs = EVENTS_EVERY_MS, endedWithinMs = ENDED_WITHIN_MS }: KubernetesProviderOptions): ClosableProvider {
  const client = createApiClient(cluster);
  const namespace = options.namespace ?? cluster.namespace ?? 'default';
  const base = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const leaseMs = options.leaseSeconds === undefined ? service.leaseMs : options.leaseSeconds * 1_000;
  /** As last seen, by name. */
  const pods = new Map<string, SeenPod>();
  const wanted = new Map<NodeNumber, Wanted>();
  /** What was last said of each, by name. */
  const told = new Map<string, string>();
  /** The words of the newest warning about a pod that waits. */
  const warnings = new Map<string, string>();
  /** When the events of a pod that waits were looked at last: those of others come first. */
  const lookedAt = new Map<string, number>();
  /** Pods whose end we asked for, and since when, on the monotonic clock. */
  const ending = new Map<string, number>();
  const callbacks = new Set<(observation: Observation) => void>();
  const lookers = new Set<(name: string) => void>();
  const inLine = createLines<NodeNumber>();
  const closed = new AbortController();
  let isAway = false;
  let following: Promise<void> | null = null;

  const tell = (observation: Observation): void => {
    if (!closed.signal.aborted) for (const callback of callbacks) callback(observation);
  };

  const tellOnce = (pod: SeenPod, observed: NodeObservation): void => {
    // Of a notice the time that is left differs each time.
    const said = observed.kind === 'preempting' ? observed.kind : JSON.stringify(observed);
    if (told.get(pod.name) === said) return;
    told.set(pod.name, said);
    tell({ node: pod.node, life: pod.life, observed });
  };

  const marked = (pod: SeenPod): SeenPod => (ending.has(pod.name) ? { ...pod, isReleased: true } : pod);

  const look = (name: string): void => {
    for (const looker of lookers) looker(name);
  };

  const there = (seen: SeenPod): void => {
    const pod = marked(seen);
    if (pods.get(pod.name)?.machine !== pod.machine) warnings.delete(pod.name);
    pods.set(pod.name, pod);
    if (!pod.isReleased || hasEnded(pod)) tellOnce(pod, observe(pod, warnings.get(pod.name) ?? null));
    look(pod.name);
  };

  const gone = (seen: SeenPod): void => {
    const pod = marked(seen);
    pods.delete(pod.name);
    tellOnce(pod, goneOf(pod));
    for (const kept of [told, warnings, lookedAt]) kept.delete(pod.name);
    look(pod.name);
  };

  const begin = (): void => {
    following ??= follow(client, {
      path: `${base}/pods`,
      selector: selectorOf(service.cluster),
      signal: closed.signal,
      onAll: (objects) => {
        const seen = objects.flatMap((object) => readPod(object) ?? []);
        const names = new Set(seen.map(({ name }) => name));
        for (const pod of pods.values()) if (!names.has(pod.name)) gone(pod);
        for (const pod of seen) there(pod);
      },
      onChange: ({ kind, object }) => {
        const pod = readPod(object);
        if (pod !== null) (kind === 'gone' ? gone : there)(pod);
      },
      onAway: (reason) => {
        if ((reason !== null) === isAway) return;
        isAway = reason !== null;
        say(reason ?? `The Kubernetes API server at ${cluster.server} is back.`);
      },
    });
  };

  const lookAtEvents = async (): Promise<void> => {
    const longestAgo = (one: SeenPod, other: SeenPod): number => (lookedAt.get(one.name) ?? 0) - (lookedAt.get(other.name) ?? 0);
    const untold = [...pods.values()].filter(isUntold).toSorted(longestAgo).slice(0, EVENTS_AT_A_TIME);
    for (const pod of untold) {
      lookedAt.set(pod.name, performance.now());
      const words = await newestWarning(client, base, pod);
      if (words === null || warnings.get(pod.name) === words || !pods.has(pod.name)) continue;
      warnings.set(pod.name, words);
      const now = pods.get(pod.name);
      if (now !== undefined && isUntold(now)) tellOnce(now, observe(now, words));
    }
  };
  let looking: Promise<void> | null = null;
  const eventsTimer = setInterval(() => {
    // What events would say may not be ours to read: then the pod's own words have to do.
    looking ??= lookAtEvents().catch(() => undefined).finally(() => (looking = null));
  }, eventsEveryMs);
  eventsTimer.unref();

  const isWanted = ({ request }: Wanted): boolean => !closed.signal.aborted && wanted.get(request.node)?.request === request;

  /** Asks until the API server has it, the life is not wanted any more, or the server refuses. */
  const askFor = async (asked: Wanted): Promise<void> => {
    const { request } = asked;
    for (let tries = 1; isWanted(asked); tries += 1) {
      try {
        await make(request);
        return;
      } catch (error) {
        if (!(error instanceof ApiAway)) throw error;
        asked.reason = sentence(messageOf(error));
        tell({ node: request.node, life: request.life, observed: { kind: 'pending', reason: asked.reason } });
        await delay(Math.min(ASK_AGAIN_MOST_MS, ASK_AGAIN_FIRST_MS * 2 ** (tries - 1)), undefined, { signal: closed.signal, ref: false }).catch(() => undefined);
      }
    }
  };

  /** The pod first: what we could not finish is found by its label, and the Secret goes with it. */
  const make = async (request: NodeRequest): Promise<void> => {
    const name = podName(service.cluster, request.node, request.life);
    const pod = await client.ask('POST', `${base}/pods`, podOf(request, service, options)).catch((error: unknown) => {
      if (!isThere(error)) throw error;
      return client.ask('GET', `${base}/pods/${name}`);
    });
    const seen = readPod(pod);
    if (seen?.node !== request.node || seen.life !== request.life) throw new Error(`There is a pod ${name} in the namespace ${namespace} already, which is not of this service.`);
    await client.ask('POST', `${base}/secrets`, secretOf(request, service, options, seen.uid)).catch((error: unknown) => {
      if (!isThere(error)) throw error;
      // The service may have another address since: the agent reads the file again whenever it has to dial.
      return client.ask('PATCH', `${base}/secrets/${name}`, { data: secretData(request, service, options) });
    });
    if (!pods.has(name)) there(seen);
    else tell({ node: request.node, life: request.life, observed: observe(seen, null) });
  };

  const podsOf = async (node: NodeNumber): Promise<readonly SeenPod[]> => (await listAll(client, `${base}/pods`, selectorOf(service.cluster, { node }))).objects.flatMap((object) => readPod(object) ?? []);

  /** Asks for the end of a pod, which is marked as ours to end. Returns whether there was one. */
  const askEnd = async (name: string, graceMs: number): Promise<boolean> => {
    try {
      if (!ending.has(name)) {
        ending.set(name, performance.now());
        await client.ask('PATCH', `${base}/pods/${name}`, { metadata: { annotations: { [ANNOTATION.released]: 'true' } } });
      }
      const isOverdue = performance.now() - (ending.get(name) ?? 0) > leaseMs + endedWithinMs;
      // Zero would remove the object and ask no kubelet.
      await client.ask('DELETE', `${base}/pods/${name}`, { gracePeriodSeconds: isOverdue ? 0 : Math.max(1, Math.ceil(graceMs / 1_000)) });
      return true;
    } catch (error) {
      if (!isGone(error)) {
        // What is not written on it has to be written at the next try.
        if (!pods.get(name)?.isReleased) ending.delete(name);
        throw error;
      }
      ending.delete(name);
      return false;
    }
  };

  /** Resolves with false when the pod is still there after so long. */
  const untilGone = async (name: string, withinMs: number): Promise<boolean> => {
    const by = performance.now() + withinMs;
    for (let waitMs = LOOK_FIRST_MS; ; waitMs = Math.min(LOOK_MOST_MS, waitMs * 2)) {
      const pod = await client.ask('GET', `${base}/pods/${name}`).then(readPod, (error: unknown) => {
        if (isGone(error)) return null;
        throw error;
      });
      if (pod === null || hasEnded(pod)) return true;
      if (performance.now() >= by) return false;
      await changeOf(name, waitMs);
    }
  };

  const changeOf = (name: string, withinMs: number): Promise<void> =>
    new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        lookers.delete(looker);
        resolve();
      };
      const looker = (changed: string): void => {
        if (changed === name) settle();
      };
      const timer = setTimeout(settle, withinMs);
      lookers.add(looker);
    });

  const endPod = async (name: string, graceMs: number): Promise<void> => {
    const isGoing = await askEnd(name, graceMs);
    if (isGoing && !(await untilGone(name, graceMs + endedWithinMs))) throw new Error(`The pod ${name} has not ended: the kubelet of ${pods.get(name)?.machine ?? 'its machine'} may be away.`);
    ending.delete(name);
    const left = pods.get(name);
    if (left !== undefined) pods.set(name, { ...left, isReleased: true });
  };

  const isFull = (node: NodeNumber, most: number): boolean => {
    const taken = new Set([...[...pods.values()].filter((pod) => !hasEnded(pod)).map((pod) => pod.node), ...wanted.keys()]);
    return !taken.has(node) && taken.size >= most;
  };

  const callOff = (node: NodeNumber, life: number): void => {
    if ((wanted.get(node)?.request.life ?? Infinity) <= life) wanted.delete(node);
  };

  const end = async (node: NodeNumber, life: number, graceMs: number, reason: string): Promise<void> => {
    begin();
    callOff(node, life);
    await inLine(node, async () => {
      callOff(node, life);
      const earlier = life === 1 ? [] : (await podsOf(node)).filter((pod) => pod.life < life).map(({ name }) => name);
      await Promise.all([...earlier, podName(service.cluster, node, life)].map((name) => endPod(name, graceMs)));
      tell({ node, life, observed: { kind: 'ended', reason } });
    });
  };

  return {
    kind: 'kubernetes',
    leaseOf: () => leaseMs,
    probe: () => probeCluster(client, base, namespace, service, options),
    containers: () => Promise.resolve({ engine: null, limits: [NO_CONTAINERS] }),

    acquire: async (request) => {
      begin();
      const { node, life } = request;
      if (request.containers) throw new Error(NO_CONTAINERS);
      if ((wanted.get(node)?.request.life ?? 0) > life) return;
      if (options.maxNodes !== undefined && isFull(node, options.maxNodes)) throw new Error(`All nodes that this provider may have are taken: ${options.maxNodes}.`);
      const asked: Wanted = { request, reason: ASKED };
      wanted.set(node, asked);
      try {
        await inLine(node, async () => {
          for (const pod of life === 1 ? [] : await podsOf(node)) {
            if (pod.life > life) return;
            if (pod.life < life && (await askEnd(pod.name, 0))) await untilGone(pod.name, EARLIER_WITHIN_MS);
          }
          await askFor(asked);
        });
      } finally {
        if (wanted.get(node) === asked) wanted.delete(node);
      }
    },

    release: (node, life, graceMs) => end(node, life, graceMs, 'released'),
    /** A pod's files go with it: its next life finds none, and the service says so. */
    halt: (node, life, graceMs) => end(node, life, graceMs, 'halted'),

    list: async (account) => {
      const onTheirWay = [...wanted.values()].filter(({ request }) => account === 'all' || request.account === account);
      const pending = onTheirWay.map(({ request: { node, life }, reason }): Observation => ({ node, life, observed: { kind: 'pending', reason } }));
      const { objects } = await listAll(client, `${base}/pods`, selectorOf(service.cluster, account === 'all' ? {} : { account })).catch((error: unknown) => {
        throw error instanceof ApiAway ? new EngineAway(messageOf(error), pending) : error;
      });
      const seen = objects.flatMap((object) => readPod(object) ?? []).map(marked);
      const lives = new Set(seen.map(({ node, life }) => `${node}.${life}`));
      return [...seen.filter((pod) => !(pod.isReleased && hasEnded(pod))).map(listed), ...pending.filter(({ node, life }) => !lives.has(`${node}.${life}`))];
    },

    watch: (callback) => {
      callbacks.add(callback);
      begin();
      return () => callbacks.delete(callback);
    },

    close: async () => {
      closed.abort();
      clearInterval(eventsTimer);
      client.close();
      await following;
    },
  };
}

/** A notice is given once, to those who watch. */
function listed(pod: SeenPod): Observation {
  const observed = pod.isReleased ? ({ kind: 'running' } as const) : observe(pod, null);
  return { node: pod.node, life: pod.life, observed: observed.kind === 'preempting' ? { kind: 'running' } : observed };
}
