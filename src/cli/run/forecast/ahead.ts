import type { BatchAccount, PoolSeen } from '../account/batchAccount.ts';
import { poolMadeAgain, type JoinedJob } from '../join.ts';
import type { RunOptions } from '../workflow.ts';
import type { Durations, Work } from './forecast.ts';

/** Where the tasks of a run will run, as far as that is known before it is submitted. */
export interface Ahead {
  readonly pool: Work['pool'];
  /** Its nodes are there, or on their way: they need not be waited for. */
  readonly exists: boolean;
}

/** Why nothing is forecast, in a sentence. */
export interface NoForecast {
  readonly none: string;
}

/** The pool that is made for the run; else the one that is named, or that its job is bound to, as it is now. */
export async function aheadOf(options: RunOptions, joined: JoinedJob | undefined, batch: Pick<BatchAccount, 'pool'>): Promise<Ahead | NoForecast> {
  const { pool, poolWish } = options;
  if (joined === undefined && pool === undefined) return { pool: poolWish, exists: false };
  const id = joined?.poolId ?? pool ?? '';
  const seen = await batch.pool(id);
  if (seen !== undefined && seen.state?.toLowerCase() !== 'deleting') return asItIs(id, seen);
  const again = joined === undefined ? undefined : poolMadeAgain(options, joined);
  return again === undefined ? { none: `there is no pool ${id}` } : { pool: again, exists: false };
}

/** With the nodes that it has; in the middle of a resize with those that it is to have. */
function asItIs(id: string, seen: PoolSeen): Ahead | NoForecast {
  const { vmSize = '', taskSlotsPerNode = 1, allocationState, currentDedicatedNodes = 0, currentLowPriorityNodes = 0, targetDedicatedNodes = 0, targetLowPriorityNodes = 0 } = seen;
  const isSteady = allocationState?.toLowerCase() === 'steady';
  const [nodes, lowPriorityNodes] = isSteady ? [currentDedicatedNodes, currentLowPriorityNodes] : [targetDedicatedNodes, targetLowPriorityNodes];
  if (nodes + lowPriorityNodes > 0) return { pool: { nodes, lowPriorityNodes, slots: taskSlotsPerNode, vmSize }, exists: true };
  return { none: `the pool ${id} has no nodes now${seen.enableAutoScale === true ? ', and its formula says when it has' : ''}` };
}

/** What of a run's time its tasks take, where nothing has to start before them. */
export function onNodesThatAreUp({ basis, quantiles }: Durations, { nodes, lowPriorityNodes }: Ahead['pool']): Durations {
  const count = nodes + lowPriorityNodes;
  return { basis: `${basis}; on the ${count === 1 ? 'node' : `${count} nodes`} that the pool has now, as if nothing else ran there`, quantiles, overheadMs: { low: 0, likely: 0, high: 0 } };
}
