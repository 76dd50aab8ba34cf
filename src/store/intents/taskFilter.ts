import type { WireTaskState } from '../../core/wireState.ts';
import type { Filter } from '../../wire/odata.ts';
import { valueSql } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { compileFilter, type Condition, type FilterColumn, type FilterColumns, type Lowering } from './filter.ts';

function of(field: keyof typeof TASK_STATUS.columns): string {
  return valueSql('s', TASK_STATUS.columns[field]);
}

/** A reactivation that the owner has not seen yet reads active already (core/wireState.ts, `taskState`). */
const UNSEEN = `t.reactivate_sequence > ${of('reactivateSequence')}`;
const WIRE_STATE = `case ${of('state')} when 'offered' then 'active' when 'starting' then 'running' else ${of('state')} end`;
const state = `case when s.state is null or ${UNSEEN} then 'active' else ${WIRE_STATE} end`;
const began = `${state} <> 'active'`;
const ended = `${state} = 'completed'`;
function node(expression: string): string {
  return `case when ${began} then (select ${expression} from node n left join pool np using (pool) where n.node = s.node) end`;
}

function text(sql: string): FilterColumn {
  return { sql: `(${sql})`, kind: 'text' };
}
function number(sql: string): FilterColumn {
  return { sql: `(${sql})`, kind: 'number' };
}
function time(sql: string): FilterColumn {
  return { sql: `(${sql})`, kind: 'time' };
}

/**
 * Every property that tasks can be filtered by (wire/filters.ts), over `t` (task) and `s` (task_status); the same facts
 * as api/data/task/view.ts.
 */
export const taskFilterColumns: FilterColumns = {
  id: text('t.id'),
  displayName: text("t.spec ->> 'displayName'"),
  commandLine: text("t.spec ->> 'commandLine'"),
  requiredSlots: number('t.required_slots'),
  creationTime: time('t.created'),
  lastModified: time('t.modified'),
  state: text(state),
  stateTransitionTime: time(`case when s.state is null then t.created when ${UNSEEN} then t.modified else s.since end`),
  previousState: text(`case when ${UNSEEN} then ${WIRE_STATE} else ${of('previousState')} end`),
  previousStateTransitionTime: time(`case when ${UNSEEN} then s.since else s.previous_since end`),
  'executionInfo/startTime': time(`case when ${began} then s.started_at end`),
  'executionInfo/endTime': time(`case when ${ended} then s.ended_at end`),
  'executionInfo/exitCode': number(`case when ${ended} then s.exit_code end`),
  'executionInfo/result': text(`case when ${ended} then ${of('result')} end`),
  'executionInfo/failureInfo/category': text(`case when ${ended} then ${of('failure')} ->> 'category' end`),
  'executionInfo/failureInfo/code': text(`case when ${ended} then ${of('failure')} ->> 'code' end`),
  'executionInfo/retryCount': number(of('retryCount')),
  'executionInfo/requeueCount': number(of('requeueCount')),
  'executionInfo/lastRetryTime': time(of('lastRetryAt')),
  'executionInfo/lastRequeueTime': time(of('lastRequeueAt')),
  'nodeInfo/nodeId': text(node('n.id')),
  'nodeInfo/affinityId': text(node("'TVM:' || n.id")),
  'nodeInfo/poolId': text(node("coalesce(np.id, (select j.spec -> 'poolInfo' ->> 'poolId' from job j where j.job = t.job))")),
};

/** A filter of Task_List as a condition over `t` and `s`; parameters start at `$first`. */
export function taskFilter(filter: Filter, first: number, lowered: Lowering): Condition {
  return compileFilter(filter, taskFilterColumns, first, lowered);
}

/** The state that a filter asks for and nothing else, or null. */
export function stateAskedFor(filter: Filter): WireTaskState | null {
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || filter.path.join('/') !== 'state' || filter.literal.kind !== 'text') return null;
  const state = filter.literal.value.toLowerCase();
  return isState(state) ? state : null;
}

function isState(state: string): state is WireTaskState {
  return Object.hasOwn(STATUSES_OF, state);
}

const STATES = TASK_STATUS.columns.state.choices;

/** The statuses, as they stand in rows, that read as each state on the wire; a task without status is active. */
export const STATUSES_OF: Readonly<Record<WireTaskState, readonly number[]>> = {
  active: [STATES.active, STATES.offered],
  preparing: [STATES.preparing],
  running: [STATES.starting, STATES.running],
  completed: [STATES.completed],
};
