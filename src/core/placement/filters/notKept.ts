import type { Keeping } from '../../model.ts';
import type { Filter } from './filter.ts';
import { mayBeKept, type MayBeKept } from './mayBeKept.ts';

/** The node is not kept free for a task on several nodes that goes before this one. */
export const notKept: Filter<{ readonly node: MayBeKept; readonly keeping?: Keeping | undefined }> = ({ node, keeping }) =>
  keeping !== undefined && mayBeKept(keeping.job, node) ? { code: 'KeptForTask', nodeId: node.id, jobId: keeping.job.intent.id, instances: keeping.instances } : null;
