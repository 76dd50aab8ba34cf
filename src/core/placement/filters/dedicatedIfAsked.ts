import type { Node } from '../../model.ts';
import type { Filter } from './filter.ts';

/** A job manager with `allowLowPriorityNode` false runs on dedicated nodes alone. */
export const dedicatedIfAsked: Filter<{ readonly node: Pick<Node, 'id' | 'dedicated'>; readonly dedicatedOnly?: boolean | undefined }> = ({ node, dedicatedOnly }) =>
  dedicatedOnly === true && !node.dedicated ? { code: 'LowPriorityNode', nodeId: node.id } : null;
