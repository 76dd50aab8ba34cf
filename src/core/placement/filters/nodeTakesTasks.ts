import type { Node } from '../../model.ts';
import type { Filter } from './filter.ts';

/** Its agent is there, ready and not told to leave or to stop taking tasks. */
export const nodeTakesTasks: Filter<{ readonly node: Pick<Node, 'id' | 'state' | 'connected' | 'scheduling' | 'startTask' | 'errors' | 'notice'> }> = ({ node }) => {
  const { id: nodeId, state, connected, scheduling, startTask, errors, notice } = node;
  if (notice !== null) return { code: 'NodeBeingPreempted', nodeId };
  if (connected && scheduling === 'enabled' && (state === 'idle' || state === 'running')) return null;
  if (state === 'starttaskfailed') return { code: 'StartTaskFailed', nodeId, exitCode: startTask?.exitCode ?? null, failure: startTask?.failure ?? null };
  return { code: 'NodeNotReady', nodeId, state, schedulingState: scheduling, connected, errors };
};
