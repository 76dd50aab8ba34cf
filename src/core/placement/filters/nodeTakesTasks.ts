import type { Node } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** Its agent is there, ready and not told to leave or to stop taking tasks. */
export const nodeTakesTasks: Filter<{ readonly node: Pick<Node, 'id' | 'state' | 'connected' | 'scheduling'> }> = {
  code: 'NodeNotReady',
  passes: ({ node }) => node.connected && node.scheduling === 'enabled' && (node.state === 'idle' || node.state === 'running'),
  message: ({ node }) => {
    if (node.scheduling === 'disabled') return `Scheduling is disabled on node ${node.id}.`;
    const cut = node.connected || node.state === 'creating' ? '' : ', and its agent is not connected';
    return `Node ${node.id} is ${node.state}${cut}.`;
  },
};
