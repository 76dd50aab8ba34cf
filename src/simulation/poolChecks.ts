import type { AccountNumber, AttemptKey, NodeNumber, PoolNumber } from '../core/keys.ts';
import type { NodeState, NodeStatus } from '../core/status.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { Tables } from './memoryStore.ts';

/**
 * What must hold of pools: one that has come to rest has as many nodes as its targets, or an error that says why not;
 * and none of those that it was asked to let go. A node that leaves, or is to end a life, is given no task, and one
 * that is deallocated has none.
 */
export function createPoolChecks({ account, tables, violated }: { readonly account: AccountNumber; readonly tables: () => Tables; readonly violated: (what: string) => void }): (tick: TickCommit) => void {
  return ({ decisions }) => {
    // What is in quarantine the rules do not see.
    if (tables().quarantine(account).length > 0) return;
    const changed = new Map(decisions.nodes.map((row) => [row.node, row]));
    const stateOf = (node: NodeNumber): NodeState | undefined => (changed.get(node) ?? tables().nodes.get(node)?.status)?.state;
    for (const command of decisions.commands) {
      if (command.kind !== 'offer' || isAgain(command.key, command.node, tables())) continue;
      const state = stateOf(command.node);
      if (state !== undefined && TAKES_NONE.has(state)) violated(`node ${command.node} is ${state} and is given a task`);
    }
    for (const { node, state, runningTasks, offers } of decisions.nodes) if (state === 'deallocated' && runningTasks + offers.length > 0) violated(`node ${node} is deallocated and has tasks`);
    for (const { pool, autoScale, targetDedicated, targetLowPriority } of decisions.pools) {
      const results = `$TargetDedicatedNodes=${targetDedicated};$TargetLowPriorityNodes=${targetLowPriority};`;
      if (autoScale && !autoScale.results.startsWith(results)) violated(`pool ${pool} works towards ${results} though its formula gave ${autoScale.results}`);
    }
    for (const { pool, allocationState, resizeErrors, resizeSequence, targetDedicated, targetLowPriority } of decisions.pools) {
      const intent = tables().pools.get(pool)?.intent;
      if (intent === undefined || intent.deletedAt !== null || allocationState !== 'steady' || resizeErrors.length > 0 || decisions.gone.pools.includes(pool)) continue;
      const nodes = staying(pool, decisions.nodes, tables());
      const dedicated = nodes.filter((node) => node.dedicated).length;
      const [have, want] = [`${dedicated} and ${nodes.length - dedicated}`, `${targetDedicated} and ${targetLowPriority}`];
      if (have !== want) violated(`pool ${pool} is steady with ${have} nodes, its targets are ${want}, and no error says why`);
      // A stop keeps those that still wait for their tasks.
      const left = intent.resizeSequence === resizeSequence && intent.stopSequence < resizeSequence ? nodes.filter(({ node }) => intent.removing?.includes(node)) : [];
      if (left.length > 0) violated(`pool ${pool} is steady and has still nodes that were to be removed: ${left.map(({ node }) => node).join(', ')}`);
    }
  };
}

/** It was out before: its agent, which has come back, has not heard of it. */
function isAgain({ job, task, attempt }: AttemptKey, node: NodeNumber, { jobs, nodes }: Tables): boolean {
  const isOffered = nodes.get(node)?.status.offers.some((offer) => offer.job === job && offer.task === task && offer.attempt === attempt) === true;
  return isOffered || (jobs.get(job)?.tasks.get(task)?.status?.attempt ?? 0) >= attempt;
}

const TAKES_NONE: ReadonlySet<NodeState> = new Set(['leavingpool', 'rebooting', 'reimaging', 'deallocating', 'deallocated', 'unusable', 'starttaskfailed']);

function staying(pool: PoolNumber, changed: readonly NodeStatus[], { nodes }: Tables): NodeStatus[] {
  const rows = new Map([...nodes.values()].map(({ status }) => [status.node, status]));
  for (const node of changed) rows.set(node.node, node);
  return [...rows.values()].filter((node) => node.pool === pool && node.goneAt === null && node.state !== 'leavingpool');
}
