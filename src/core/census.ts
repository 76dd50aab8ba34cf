import { works } from './activity.ts';
import type { CoreState, Node } from './model.ts';
import type { NodeState } from './status.ts';

/** What a pool has now. */
export interface PoolCensus {
  readonly id: string;
  /** Tasks of the jobs that name it. */
  readonly tasks: { readonly active: number; readonly running: number };
  /** Of nodes that work: `free` takes a task at once. */
  readonly slots: { readonly used: number; readonly free: number };
  readonly nodes: readonly { readonly state: NodeState; readonly dedicated: boolean; readonly nodes: number }[];
}

/** Counted from what the rules hold: as many steps as there are jobs and nodes. */
export function poolCensus({ pools, jobs }: CoreState): readonly PoolCensus[] {
  const tasks = new Map<unknown, { active: number; running: number }>();
  for (const { poolQueue, tasks: tally } of jobs.values()) {
    const sum = tasks.get(poolQueue) ?? { active: 0, running: 0 };
    sum.active += tally.active;
    sum.running += tally.running;
    tasks.set(poolQueue, sum);
  }
  return [...pools.values()].map(({ intent, queue, nodes }) => ({ id: intent.id, tasks: tasks.get(queue) ?? { active: 0, running: 0 }, slots: slotsOf(nodes), nodes: nodesOf(nodes) }));
}

function slotsOf(nodes: Iterable<Node>): PoolCensus['slots'] {
  let used = 0;
  let free = 0;
  for (const { state, scheduling, slots, runningSlots } of nodes) {
    used += runningSlots;
    if (works(state) && state !== 'offline' && scheduling === 'enabled') free += slots - runningSlots;
  }
  return { used, free };
}

function nodesOf(nodes: Iterable<Node>): PoolCensus['nodes'] {
  const counts = new Map<string, { readonly state: NodeState; readonly dedicated: boolean; nodes: number }>();
  for (const { state, dedicated } of nodes) {
    const key = `${state} ${dedicated}`;
    const count = counts.get(key);
    if (count === undefined) counts.set(key, { state, dedicated, nodes: 1 });
    else count.nodes += 1;
  }
  return [...counts.values()];
}
