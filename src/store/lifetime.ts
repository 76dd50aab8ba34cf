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

/** Adds rows of `sums` (account, vm_size, dedicated) to the tallies of their accounts. */
export function tallyNodes(sums: string): string {
  return `insert into lifetime_nodes (account, vm_size, dedicated) select account, vm_size, dedicated from ${sums}
    on conflict (account, vm_size) do update set dedicated = lifetime_nodes.dedicated + excluded.dedicated`;
}
