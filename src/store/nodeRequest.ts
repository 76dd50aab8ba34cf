import type { NodeIntent } from '../core/intent.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Of `node_request nr`, which may be missing (`left join`): then all are null. */
export const NODE_REQUEST_COLUMNS = 'nr.node as nr_node, nr.scheduling_disabled as nr_scheduling_disabled, nr.restart as nr_restart, nr.restart_sequence as nr_restart_sequence';

export interface NodeRequestRow {
  readonly nr_node: NodeNumber | null;
  readonly nr_scheduling_disabled: NodeIntent['schedulingDisabled'];
  /** JSON, as text where the API reads it. */
  readonly nr_restart: NodeIntent['restart'] | string;
  readonly nr_restart_sequence: number | null;
}

/** null: nothing was ever asked of it. */
export function nodeIntent({ nr_node: node, nr_scheduling_disabled: schedulingDisabled, nr_restart: restart, nr_restart_sequence: sequence }: NodeRequestRow): NodeIntent | null {
  if (node === null) return null;
  return { node, schedulingDisabled, restart: typeof restart === 'string' ? (JSON.parse(restart) as NodeIntent['restart']) : restart, restartSequence: sequence ?? 0 };
}
