import type { Node } from '../../model.ts';
import type { Filter } from './filter.ts';

/** Nothing waits on a node that a job manager has, or is to have, for itself: it may run as long as its job. */
export const notHeldByManager: Filter<{ readonly node: Pick<Node, 'id' | 'heldBy'> }> = ({ node: { id, heldBy } }) =>
  heldBy === null ? null : { code: 'HeldByJobManager', nodeId: id, jobId: heldBy.task.job.intent.id };
