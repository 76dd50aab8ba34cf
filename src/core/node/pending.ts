import type { Node } from '../model.ts';

/** How many different reasons are told. */
const MOST_REASONS = 3;

/** Why the provider has not given these nodes yet, in its words: each reason once, in the order of the nodes. */
export function pendingReasons(nodes: Iterable<Node>): readonly string[] {
  const reasons = new Set<string>();
  for (const { pending } of nodes) {
    if (pending !== null) reasons.add(pending);
    if (reasons.size === MOST_REASONS) break;
  }
  return [...reasons];
}
