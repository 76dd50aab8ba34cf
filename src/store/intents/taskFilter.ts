import type { Filter } from '../../wire/odata.ts';
import { compileFilter, type Condition, type FilterColumn, type FilterColumns } from './filter.ts';

/** A reactivation that the owner has not seen yet reads active already (core/wireState.ts, `taskState`). */
const unseen = 't.reactivate_sequence > s.reactivate_sequence';
/** The statuses that read as each state on the wire. */
const statusesOf: Readonly<Record<string, readonly string[]>> = {
  preparing: ['preparing'],
  running: ['starting', 'running'],
  completed: ['completed'],
};
const wireState = (status: string): string =>
  `case ${status} when 'offered' then 'active' when 'starting' then 'running' else ${status} end`;
const state = `case when s.state is null or ${unseen} then 'active' else ${wireState('s.state')} end`;
const began = `${state} <> 'active'`;
const ended = `${state} = 'completed'`;
const node = (expression: string): string =>
  `case when ${began} then (select ${expression} from node n left join pool np using (pool) where n.node = s.node) end`;

const text = (sql: string): FilterColumn => ({ sql: `(${sql})`, kind: 'text' });
const number = (sql: string): FilterColumn => ({ sql: `(${sql})`, kind: 'number' });
const time = (sql: string): FilterColumn => ({ sql: `(${sql})`, kind: 'time' });

/** Every property that tasks can be filtered by (wire/filters.ts), over `t` (task) and `s` (task_status); the same facts as api/taskView.ts. */
export const taskColumns: FilterColumns = {
  id: text('t.id'),
  displayName: text("t.spec ->> 'displayName'"),
  commandLine: text("t.spec ->> 'commandLine'"),
  requiredSlots: number('t.required_slots'),
  creationTime: time('t.created'),
  lastModified: time('t.modified'),
  state: text(state),
  stateTransitionTime: time(`case when s.state is null then t.created when ${unseen} then t.modified else s.since end`),
  previousState: text(`case when ${unseen} then ${wireState('s.state')} else s.previous_state end`),
  previousStateTransitionTime: time(`case when ${unseen} then s.since else s.previous_since end`),
  'executionInfo/startTime': time(`case when ${began} then s.started_at end`),
  'executionInfo/endTime': time(`case when ${ended} then s.ended_at end`),
  'executionInfo/exitCode': number(`case when ${ended} then s.exit_code end`),
  'executionInfo/result': text(`case when ${ended} then s.result end`),
  'executionInfo/failureInfo/category': text(`case when ${ended} then s.failure ->> 'category' end`),
  'executionInfo/failureInfo/code': text(`case when ${ended} then s.failure ->> 'code' end`),
  'executionInfo/retryCount': number('coalesce(s.retry_count, 0)'),
  'executionInfo/requeueCount': number('coalesce(s.requeue_count, 0)'),
  'executionInfo/lastRetryTime': time('s.last_retry_at'),
  'executionInfo/lastRequeueTime': time('s.last_requeue_at'),
  'nodeInfo/nodeId': text(node('n.id')),
  'nodeInfo/affinityId': text(node("'TVM:' || n.id")),
  'nodeInfo/poolId': text(node("coalesce(np.id, (select j.spec -> 'poolInfo' ->> 'poolId' from job j where j.job = t.job))")),
};

/** A filter of Task_List as a condition; parameters start at `$first`. */
export function taskFilter(filter: Filter, first: number): Condition {
  const condition = compileFilter(filter, taskColumns, first);
  const narrow = demandedStatuses(filter);
  if (narrow === null) return condition;
  // Says again what the condition implies, in words the planner understands: only rows of task_status come into question, so it starts from that narrow table.
  return { text: `${condition.text} and s.state in (${narrow.map((status) => `'${status}'`).join(', ')})`, values: condition.values };
}

/** The statuses that a task must have to pass, if the filter demands a state other than active. Only fixed words come out of here. */
function demandedStatuses(filter: Filter): readonly string[] | null {
  if (filter.kind === 'and') return demandedStatuses(filter.left) ?? demandedStatuses(filter.right);
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || filter.path.join('/') !== 'state' || filter.literal.kind !== 'text') return null;
  return statusesOf[filter.literal.value.toLowerCase()] ?? null;
}
