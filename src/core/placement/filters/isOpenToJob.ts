import type { Node } from '../../model.ts';
import type { JobTaskStatus } from '../../status.ts';
import type { Filter } from './filter.ts';

/** By the id of the node: how the job's preparation failed there. */
export type ClosedNodes = ReadonlyMap<string, JobTaskStatus>;

/** The job's preparation has not failed there. */
export const isOpenToJob: Filter<{ readonly node: Pick<Node, 'id'>; readonly closed?: ClosedNodes | undefined }> = ({ node, closed }) => {
  const failed = closed?.get(node.id);
  if (failed === undefined) return null;
  return { code: 'PreparationFailed', nodeId: node.id, exitCode: failed.exitCode, failure: failed.failure, retryCount: failed.retryCount };
};
