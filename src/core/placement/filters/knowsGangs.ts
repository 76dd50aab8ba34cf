import type { Node } from '../../model.ts';
import type { Filter } from './filter.ts';

/** Its agent is not of a version from before multi-instance tasks: it would run the command line of every instance. */
export const knowsGangs: Filter<{ readonly node: Pick<Node, 'id' | 'agent'> }> = ({ node: { id, agent } }) =>
  agent?.cores === undefined ? { code: 'AgentTooOld', nodeId: id, version: agent?.version ?? '' } : null;
