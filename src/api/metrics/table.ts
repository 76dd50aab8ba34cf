/** One metric, as `/metrics` gives it and docs/metrics.md has it. Names follow Prometheus' rules; times are seconds. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

/** Every metric there is. A label's values are a closed set, or bounded (`MOST_POOLS`). */
export const METRICS = {
  linarite_requests_total: { type: 'counter', labels: ['operation', 'status'], help: 'Requests answered, by operation; unknown: none was found.' },
  linarite_request_duration_seconds: { type: 'histogram', labels: ['operation'], help: 'Time from a request to its answer, without what is streamed afterwards.' },
  linarite_tasks: { type: 'gauge', labels: ['state'], help: 'Tasks that owners have taken in, of jobs that are there, by state.' },
  linarite_pool_tasks: { type: 'gauge', labels: ['account', 'pool', 'state'], help: 'Tasks of jobs on a pool that have not ended, active or running.' },
  linarite_task_wait_seconds: { type: 'histogram', labels: [], help: 'Time that a try of a task was active before a node began it.' },
  linarite_task_run_seconds: { type: 'histogram', labels: ['result'], help: 'Time from the start of the last try of a task to its end.' },
  linarite_task_turnaround_seconds: { type: 'histogram', labels: ['result'], help: 'Time from when the last try of a task was active to its end.' },
  linarite_nodes: { type: 'gauge', labels: ['state', 'kind'], help: 'Nodes of pools, by state and kind.' },
  linarite_pool_nodes: { type: 'gauge', labels: ['account', 'pool', 'state', 'kind'], help: 'Nodes of a pool, by state and kind.' },
  linarite_pool_slots: { type: 'gauge', labels: ['account', 'pool', 'state'], help: 'Slots of the nodes of a pool: used by tasks, or free on nodes that take tasks.' },
  linarite_preemptions: { type: 'gauge', labels: [], help: 'How often low-priority nodes of the pools that are there were taken back.' },
  linarite_agents_connected: { type: 'gauge', labels: ['account'], help: 'Agents of nodes that are connected.' },
  linarite_ticks_total: { type: 'counter', labels: [], help: 'Ticks of the owners of accounts.' },
  linarite_tick_events_total: { type: 'counter', labels: [], help: 'Requests, reports and observations that ticks took in.' },
  linarite_turn_duration_seconds: { type: 'histogram', labels: [], help: 'Time that a turn of an owner took: one tick, or several that went ahead of their commits.' },
  linarite_commit_duration_seconds: { type: 'histogram', labels: [], help: 'Time that the database took for the commit of a tick.' },
  linarite_database_ping_seconds: { type: 'gauge', labels: [], help: 'Time that the database took to answer while the metrics were asked for.' },
  linarite_database_connections: { type: 'gauge', labels: ['state'], help: 'Connections of the API to the database: busy or idle; waiting: requests that wait for one.' },
  linarite_webhooks: { type: 'gauge', labels: ['state'], help: 'Webhooks of all accounts: working, failing (their last attempt was not taken), disabled.' },
  linarite_webhook_queue_ticks: { type: 'gauge', labels: [], help: 'Ticks with changes that webhooks have still to be told of, at most 1000 of each, summed up.' },
  linarite_trace_spans_total: { type: 'counter', labels: ['outcome'], help: 'Spans of traces that were exported or dropped; none where nothing is traced.' },
  linarite_quarantine: { type: 'gauge', labels: [], help: 'Pools, jobs, tasks, nodes and reports that the service failed on and goes on without.' },
  process_resident_memory_bytes: { type: 'gauge', labels: [], help: 'Resident memory of the process of the service, without the database and the blob server.' },
  process_cpu_seconds_total: { type: 'counter', labels: [], help: 'Processor time of the process.' },
  process_start_time_seconds: { type: 'gauge', labels: [], help: 'When the process began, in seconds since 1970.' },
  nodejs_heap_used_bytes: { type: 'gauge', labels: [], help: 'Heap of JavaScript objects in use.' },
  nodejs_eventloop_delay_seconds: { type: 'gauge', labels: ['quantile'], help: 'How late the event loop was since the metrics were asked for last; quantile 1: at most.' },
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof METRICS;
