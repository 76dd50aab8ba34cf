import type { NodeState } from '../../../core/status.ts';
import type { ErrorCode } from '../../../wire/errors.ts';

/** Why a node of that state cannot be asked, if its agent does not answer. */
export function unreachableNode(state: NodeState): ErrorCode {
  return CODES[state] ?? 'NodeStateUnusable';
}

const CODES: Readonly<Partial<Record<NodeState, ErrorCode>>> = {
  creating: 'NodeBeingCreated',
  starting: 'NodeBeingStarted',
  rebooting: 'NodeBeingRebooted',
  reimaging: 'NodeBeingReimaged',
  deallocated: 'OperationInvalidForCurrentState',
};
