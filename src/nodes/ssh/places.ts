import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import type { NodeObservation } from '../../core/events.ts';
import type { SshHost } from './hosts.ts';

/** Where a life of a node is, as its host last said. */
export interface Placed {
  readonly host: SshHost;
  readonly node: NodeNumber;
  readonly life: number;
  readonly account: AccountNumber;
  observed: NodeObservation;
}

/** What is known of one host. */
export interface HostState {
  readonly host: SshHost;
  /** Since when it has not answered, on a clock that only grows; null: it has. */
  awaySince: number | null;
  /** Why it takes no node now; null: it does, as far as is known. */
  reason: string | null;
  tries: number;
  /** It is asked again then. */
  lookAt: number;
  answeredAt: number;
  /** Lives that went on elsewhere, or were released, while the host was away: they end when it is back. */
  readonly leftovers: Map<NodeNumber, number>;
}

export function unknownHost(host: SshHost): HostState {
  return { host, awaySince: null, reason: null, tries: 0, lookAt: 0, answeredAt: Number.NEGATIVE_INFINITY, leftovers: new Map() };
}

/**
 * Where a node may be put, the best first: where it was before, since its files are there, then where the fewest are.
 * Hosts that take none now, or have no room, are left out.
 */
export function candidates(states: readonly HostState[], placed: readonly Placed[], node: NodeNumber, most: number): readonly HostState[] {
  const count = new Map<string, number>();
  for (const { host, node: other } of placed) if (other !== node) count.set(host.text, (count.get(host.text) ?? 0) + 1);
  const before = placed.find((one) => one.node === node)?.host.text;
  const nodesOn = ({ host }: HostState): number => (host.text === before ? -1 : (count.get(host.text) ?? 0));
  return states.filter((state) => state.reason === null && nodesOn(state) < most).sort((one, other) => nodesOn(one) - nodesOn(other));
}

/** Why there is no place for a node. */
export function whyNone(states: readonly HostState[], most: number): string {
  const unfit = states.flatMap(({ reason }) => (reason === null ? [] : [reason]));
  const rest = states.length - unfit.length;
  if (states.length === 0) return 'There are no hosts.';
  const full = rest === 0 ? [] : [`${rest === 1 ? 'The host' : `The ${rest} hosts`} that can be reached ${rest === 1 ? 'has' : 'have'} as many nodes as fit: ${rest * most}.`];
  return [...full, ...unfit.slice(0, MOST_REASONS), ...(unfit.length > MOST_REASONS ? [`${unfit.length - MOST_REASONS} hosts more take none.`] : [])].join(' ');
}

const MOST_REASONS = 3;
