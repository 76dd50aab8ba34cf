import type { Histogram } from '../../base/histogram.ts';
import { countNodesByState, countPreemptions, countQuarantined, countTasksByState, countWebhooks, type WebhookTotals } from '../../store/intents/totals.ts';
import { ping, type Database } from '../../store/intents/statement.ts';
import type { Figures } from '../../ports.ts';
import { EXPOSITION_TYPE, expose, type Series } from './exposition.ts';
import { kindOf, nodeSeries, poolsShown, slotSeries, taskSeries } from './pools.ts';
import { cpuSeconds, heapUsedBytes, residentBytes, startedAtSeconds, watchEventLoop } from './process.ts';
import { Requests } from './requests.ts';
import { METRICS, type MetricName } from './table.ts';
import type { Tracing } from '../tracing/port.ts';

export interface Metrics {
  observe(operation: string | null, status: number, durationMs: number): void;
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

type Found = readonly Series[] | Promise<readonly Series[]>;

/**
 * Metrics of one API and of the owners beside it. While nobody asks, requests and tasks are counted; all else is
 * counted when it is asked for. A database that is away leaves out what it alone knows.
 */
export function createMetrics(database: Database, figures: Figures, tracing?: Pick<Tracing, 'spans'>): Metrics {
  const requests = new Requests();
  const eventLoop = watchEventLoop();
  const { counted } = figures;
  const sources = (accounts: ReturnType<Figures['accounts']>): Readonly<Record<MetricName, () => Found>> => {
    const pools = poolsShown(accounts);
    let asked: Promise<WebhookTotals> | undefined;
    const webhooks = (): Promise<WebhookTotals> => (asked ??= countWebhooks(database));
    return {
      linarite_requests_total: () => requests.answered(),
      linarite_request_duration_seconds: () => requests.durations(),
      linarite_tasks: async () => Object.entries(await countTasksByState(database)).map(([state, value]) => ({ labels: [state], value: Number(value) })),
      linarite_pool_tasks: () => taskSeries(pools),
      linarite_task_wait_seconds: () => one(counted.waitSeconds),
      linarite_task_run_seconds: () => byResult(counted.runSeconds),
      linarite_task_turnaround_seconds: () => byResult(counted.turnaroundSeconds),
      linarite_nodes: async () => (await countNodesByState(database)).map(({ state, dedicated, nodes }) => ({ labels: [state, kindOf(dedicated)], value: nodes })),
      linarite_pool_nodes: () => nodeSeries(pools),
      linarite_pool_slots: () => slotSeries(pools),
      linarite_preemptions: async () => one(await countPreemptions(database)),
      linarite_agents_connected: () => accounts.map(({ account, connectedAgents }) => ({ labels: [account], value: connectedAgents })),
      linarite_ticks_total: () => one(counted.ticks),
      linarite_tick_events_total: () => one(counted.events),
      linarite_turn_duration_seconds: () => one(counted.turnSeconds),
      linarite_commit_duration_seconds: () => one(counted.commitSeconds),
      linarite_database_ping_seconds: () => pingSeries(database),
      linarite_database_connections: () => connectionSeries(database),
      linarite_webhooks: async () => {
        const { working, failing, disabled } = await webhooks();
        return Object.entries({ working, failing, disabled }).map(([state, value]) => ({ labels: [state], value }));
      },
      linarite_webhook_queue_ticks: async () => one((await webhooks()).queued),
      linarite_trace_spans_total: () => (tracing === undefined ? [] : Object.entries({ exported: tracing.spans.exported, dropped: tracing.spans.dropped }).map(([outcome, value]) => ({ labels: [outcome], value }))),
      linarite_quarantine: async () => one(await countQuarantined(database)),
      process_resident_memory_bytes: () => one(residentBytes()),
      process_cpu_seconds_total: () => one(cpuSeconds()),
      process_start_time_seconds: () => one(startedAtSeconds()),
      nodejs_heap_used_bytes: () => one(heapUsedBytes()),
      nodejs_eventloop_delay_seconds: () => eventLoop.series(),
    };
  };
  return {
    observe: (operation, status, durationMs) => requests.observe(operation, status, durationMs),
    text: async () => {
      const all = Object.entries(sources(figures.accounts()));
      const texts = await Promise.all(all.map(async ([name, find]) => expose(name, METRICS[name as MetricName], await found(find))));
      return texts.join('');
    },
    contentType: EXPOSITION_TYPE,
    close: () => eventLoop.stop(),
  };
}

/** Nothing where the database does not answer: `linarite_database_ping_seconds` is then missing as well. */
async function found(find: () => Found): Promise<readonly Series[]> {
  try {
    return await find();
  } catch {
    return [];
  }
}

function one(value: number | Histogram): readonly Series[] {
  return [{ labels: [], value }];
}

function byResult({ success, failure }: Readonly<Record<'success' | 'failure', Histogram>>): readonly Series[] {
  return [{ labels: ['success'], value: success }, { labels: ['failure'], value: failure }];
}

async function pingSeries(database: Database): Promise<readonly Series[]> {
  const begunAt = performance.now();
  return (await ping(database)) ? one((performance.now() - begunAt) / 1_000) : [];
}

function connectionSeries({ totalCount, idleCount, waitingCount }: Database): readonly Series[] {
  return [{ labels: ['busy'], value: totalCount - idleCount }, { labels: ['idle'], value: idleCount }, { labels: ['waiting'], value: waitingCount }];
}
