import type { NodeIntent } from '../core/intent.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Of `node_request nr`, which may be missing (`left join`): then all are null. */
export const NODE_REQUEST_COLUMNS = 'nr.node as nr_node, nr.scheduling_disabled as nr_scheduling_disabled';

export interface NodeRequestRow {
  readonly nr_node: NodeNumber | null;
  readonly nr_scheduling_disabled: NodeIntent['schedulingDisabled'];
}

/** null: nothing was ever asked of it. */
export function nodeIntent({ nr_node: node, nr_scheduling_disabled: schedulingDisabled }: NodeRequestRow): NodeIntent | null {
  return node === null ? null : { node, schedulingDisabled };
}
