import type { AccountNumber } from '../../core/keys.ts';
import { isKept, newSpanId, newTraceId, parentOf, stateOf } from './context.ts';
import { Exporter } from './exporter.ts';
import type { Tracing, TracingOptions } from './port.ts';
import { readSettings } from './settings.ts';
import { TaskTraces, type RequestContext } from './taskTraces.ts';

interface RequestTrace extends RequestContext {
  readonly parentSpanId: string | null;
}

/** Traces to the collector that the environment names. Asks nothing of it, so it may come later. */
export function startTracing({ env, version, commits, log }: TracingOptions): Tracing {
  const { settings, warnings } = readSettings(env);
  for (const warning of warnings) log.warn({ reason: warning }, 'a setting of traces is not followed');
  log.info({ url: new URL(settings.url).origin }, 'traces are sent');
  const exporter = new Exporter(settings, { version, log });
  const requests = new Map<string, RequestTrace>();
  const tasks = new TaskTraces((span) => exporter.add(span), () => void (exporter.dropped += 1));
  const listening = new Map<AccountNumber, () => void>();
  return {
    begin: (requestId, headers) => {
      const parent = parentOf(headers['traceparent']);
      const traceId = parent?.traceId ?? newTraceId();
      if (!isKept(settings.sampler, traceId, parent)) return;
      requests.set(requestId, { traceId, spanId: newSpanId(), parentSpanId: parent?.spanId ?? null, traceState: parent === null ? '' : stateOf(headers['tracestate']) });
    },
    end: (requestId, { operation, method, path, status, startedAt, tookMs }) => {
      const trace = requests.get(requestId);
      if (trace === undefined) return;
      requests.delete(requestId);
      const attributes = { 'http.request.method': method, 'url.path': path, 'http.response.status_code': status, 'linarite.operation': operation ?? 'unknown', 'linarite.request.id': requestId };
      exporter.add({ ...trace, name: operation ?? method, kind: 'server', startMs: startedAt, endMs: startedAt + tookMs, attributes, error: status >= 500 ? `status ${status}` : null });
    },
    adding: (requestId, added) => {
      const trace = requests.get(requestId);
      if (trace === undefined) return () => undefined;
      const { number } = added.account;
      if (!listening.has(number)) listening.set(number, commits.listen(number, (news) => tasks.hear(number, news)));
      return tasks.add(trace, added);
    },
    spans: exporter,
    close: async () => {
      for (const stop of listening.values()) stop();
      await exporter.close();
    },
  };
}
