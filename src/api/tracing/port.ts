import type { IncomingHttpHeaders } from 'node:http';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { Commits } from '../../ports.ts';

/** Traces of requests and of the tasks that they add; `tracing.ts` makes them, loaded where they are asked for. */
export interface Tracing {
  /** A request comes. Nothing is kept of one that is not sampled. */
  begin(requestId: string, headers: IncomingHttpHeaders): void;
  /** It was answered. */
  end(requestId: string, request: AnsweredRequest): void;
  /** It is about to add tasks. What is returned is told which of them it did not. */
  adding(requestId: string, tasks: AddedTasks): (refused: readonly string[]) => void;
  /** Spans since the process began. */
  readonly spans: { readonly exported: number; readonly dropped: number };
  /** Sends what is left, for a moment. */
  close(): Promise<void>;
}

interface AnsweredRequest {
  readonly operation: string | null;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly startedAt: Instant;
  readonly tookMs: number;
}

export interface AddedTasks {
  readonly account: { readonly number: AccountNumber; readonly name: string };
  readonly jobId: string;
  readonly taskIds: readonly string[];
  readonly at: Instant;
}

/** What traces are made of. */
export interface TracingOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly commits: Commits;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Whether traces are asked for (OpenTelemetry specification, "Environment Variable Specification"). */
export function isTracingAsked(env: NodeJS.ProcessEnv): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint = '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces = '', OTEL_SDK_DISABLED: disabled = '', OTEL_TRACES_EXPORTER: exporter = '' } = env;
  return (endpoint !== '' || traces !== '') && disabled.toLowerCase() !== 'true' && exporter !== 'none';
}
