import { TASK_STATUS } from './status/taskStatus.ts';

/**
 * How tasks and nodes are counted in the statistics of an account's lifetime: those that have rows in their rows, the
 * others by what is added to the account's tally in the statement that removes their rows.
 */

const { state: { choices: STATES }, result: { choices: RESULTS } } = TASK_STATUS.columns;

/** The items of `TaskUsage` in their order: `numeric`, which no agent makes overflow, whatever it says. */
export const USED = ['user_us', 'kernel_us', 'read_ops', 'write_ops', 'read_bytes', 'write_bytes'] as const;

/** Sums over `s`, a row of task_status, with `t`, its task. `now`: of what still runs, the time until then counts. */
export function taskSums(now: string): string {
  const started = 's.started_at is not null';
  const used = USED.map((name, index) => `coalesce(sum((s.used->>${index})::numeric), 0) as ${name}`).join(', ');
  const earlier = `coalesce(sum((s.seldom->>'earlier_ms')::bigint), 0)`;
  return `coalesce(sum((s.state = ${STATES.completed} and s.result = ${RESULTS.success})::int), 0)::bigint as succeeded,
    coalesce(sum((s.state = ${STATES.completed} and s.result = ${RESULTS.failure})::int), 0)::bigint as failed,
    coalesce(sum((s.seldom->>'retry_count')::int), 0)::bigint as retries,
    (${earlier} + coalesce(sum(greatest(0, coalesce(s.ended_at, ${now}) - s.started_at)) filter (where ${started} and (s.ended_at is not null or s.state in (${STATES.starting}, ${STATES.running}))), 0))::bigint as wall_clock,
    coalesce(sum(greatest(0, s.started_at - t.created)) filter (where ${started}), 0)::bigint as wait, ${used}`;
}

/** Adds the one row of `sums`, made by `taskSums`, to an account's tally. */
export function tallyTasks(account: string, sums: string): string {
  const names = ['succeeded', 'failed', 'retries', 'wall_clock', 'wait', ...USED];
  return `insert into lifetime_tasks (account, ${names.join(', ')}) select ${account}, ${names.join(', ')} from ${sums} where ${account} is not null
    on conflict (account) do update set ${names.map((name) => `${name} = lifetime_tasks.${name} + excluded.${name}`).join(', ')}`;
}

/** Milliseconds that `n`, a dedicated node, has been or was in its pool. */
export function nodeTime(now: string): string {
  return `greatest(0, coalesce(n.gone_at, ${now}) - (n.status->>'allocatedAt')::bigint)`;
}

/** Sums over `n`, dedicated nodes of one size, with `p`, their pool. What cannot be read counts as nothing. */
export function nodeSums(now: string): string {
  return `coalesce(p.spec->>'vmSize', '') as vm_size, coalesce(sum(${nodeTime(now)}), 0)::bigint as dedicated`;
}

interface Amount {
  readonly column: string;
  /** Where it stands in a `PoolMeasure`. */
  readonly path: string;
  readonly over: 'sum' | 'max';
}

/** What is kept of a `PoolMeasure`, as `withMeasure` adds it: sums, and the most on one node. */
const MEASURED: readonly Amount[] = [
  { column: 'node_ms', path: 'nodeMs', over: 'sum' },
  { column: 'cpu_ms', path: 'cpu,ms', over: 'sum' },
  { column: 'core_ms', path: 'cpu,coreMs', over: 'sum' },
  ...(['memory', 'disk'] as const).flatMap((of): Amount[] => [
    { column: `${of}_byte_ms`, path: `${of},byteMs`, over: 'sum' },
    { column: `${of}_ms`, path: `${of},ms`, over: 'sum' },
    { column: `${of}_peak`, path: `${of},peakBytes`, over: 'max' },
  ]),
  { column: 'read_bytes', path: 'io,readBytes', over: 'sum' },
  { column: 'write_bytes', path: 'io,writeBytes', over: 'sum' },
  { column: 'read_ops', path: 'io,readOps', over: 'sum' },
  { column: 'write_ops', path: 'io,writeOps', over: 'sum' },
  { column: 'in_bytes', path: 'network,inBytes', over: 'sum' },
  { column: 'out_bytes', path: 'network,outBytes', over: 'sum' },
];
const MEASURED_COLUMNS = MEASURED.map(({ column }) => column).join(', ');

/** Sums over `s`, rows of pool_status. */
export const RESOURCE_SUMS = MEASURED.map(({ column, path, over }) => `coalesce(${over}((s.resources #>> '{${path}}')::numeric), 0) as ${column}`).join(', ');

/** Adds rows of `sums` (account, and what `RESOURCE_SUMS` makes) to the tallies of their accounts. */
export function tallyResources(sums: string): string {
  const added = MEASURED.map(({ column, over }) => `${column} = ${over === 'sum' ? `lifetime_resources.${column} + excluded.${column}` : `greatest(lifetime_resources.${column}, excluded.${column})`}`);
  return `insert into lifetime_resources (account, ${MEASURED_COLUMNS}) select account, ${MEASURED_COLUMNS} from ${sums} on conflict (account) do update set ${added.join(', ')}`;
}

/** Of rows that `RESOURCE_SUMS` made or that the tally has: one `PoolMeasure`, as JSON. */
export function resourcesOf(rows: string): string {
  const sums = MEASURED.map(({ column, over }) => `coalesce(${over}(${column}), 0) as ${column}`).join(', ');
  const level = (of: string): string => `json_build_object('byteMs', ${of}_byte_ms, 'ms', ${of}_ms, 'peakBytes', ${of}_peak)`;
  return `select json_build_object('nodeMs', node_ms, 'cpu', json_build_object('ms', cpu_ms, 'coreMs', core_ms), 'memory', ${level('memory')}, 'disk', ${level('disk')},
      'io', json_build_object('readBytes', read_bytes, 'writeBytes', write_bytes, 'readOps', read_ops, 'writeOps', write_ops), 'network', json_build_object('inBytes', in_bytes, 'outBytes', out_bytes)) as resources
    from (select ${sums} from (${rows}) every) summed`;
}

/** As the tally has them. */
export const TALLIED_RESOURCES = `select ${MEASURED_COLUMNS} from lifetime_resources`;

/** Adds rows of `sums` (account, vm_size, dedicated) to the tallies of their accounts. */
export function tallyNodes(sums: string): string {
  return `insert into lifetime_nodes (account, vm_size, dedicated) select account, vm_size, dedicated from ${sums}
    on conflict (account, vm_size) do update set dedicated = lifetime_nodes.dedicated + excluded.dedicated`;
}
