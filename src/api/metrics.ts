import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { countNodesByState, countPreemptions, countQuarantined, countTasksByState } from '../store/intents/totals.ts';
import type { Database } from '../store/intents/statement.ts';
import type { OperationId } from '../wire/operations.ts';

export interface Metrics {
  observe(operation: OperationId | null, status: number, durationMs: number): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/** Metrics of one API, in a registry of their own. Labels are closed sets: operations of the table and statuses. */
export function createMetrics(database: Database): Metrics {
  const registry = new Registry();
  const requests = new Counter({
    name: 'linarite_requests_total',
    help: 'Requests answered by the data plane.',
    labelNames: ['operation', 'status'] as const,
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'linarite_request_duration_seconds',
    help: 'Time from a request to its answer, without what is streamed afterwards.',
    labelNames: ['operation'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers: [registry],
  });
  void new Gauge({
    name: 'linarite_tasks',
    help: 'Tasks that owners have taken in, of jobs that are there, by state.',
    labelNames: ['state'] as const,
    registers: [registry],
    async collect() {
      const totals = await countTasksByState(database);
      for (const [state, count] of Object.entries(totals)) this.set({ state }, count);
    },
  });
  void new Gauge({
    name: 'linarite_nodes',
    help: 'Nodes of pools, by state and kind.',
    labelNames: ['state', 'kind'] as const,
    registers: [registry],
    async collect() {
      this.reset();
      for (const { state, dedicated, nodes } of await countNodesByState(database)) this.set({ state, kind: dedicated ? 'dedicated' : 'low_priority' }, nodes);
    },
  });
  void new Gauge({
    name: 'linarite_preemptions',
    help: 'How often low-priority nodes of the pools that are there were taken back.',
    registers: [registry],
    async collect() {
      this.set(await countPreemptions(database));
    },
  });
  void new Gauge({
    name: 'linarite_quarantine',
    help: 'Pools, jobs, tasks, nodes and reports that the service failed on and goes on without.',
    registers: [registry],
    async collect() {
      this.set(await countQuarantined(database));
    },
  });
  return {
    observe(operation, status, durationMs) {
      const name = operation ?? 'unknown';
      requests.inc({ operation: name, status: String(status) });
      durations.observe({ operation: name }, durationMs / 1000);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
