/** A part of a trace that is over. Times in milliseconds since 1970. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** null: the trace begins with it. */
  readonly parentSpanId: string | null;
  readonly traceState: string;
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  /** Why it failed; null: it did not. */
  readonly error: string | null;
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** The numbers of opentelemetry/proto/trace/v1/trace.proto. */
const KINDS = { internal: 1, server: 2 } as const;
const ERROR = 2;

/** The body of a request to a collector (OTLP specification 1.x, JSON encoding). */
export function requestOf(spans: readonly Span[], resource: Attributes, version: string): object {
  return { resourceSpans: [{ resource: { attributes: attributesOf(resource) }, scopeSpans: [{ scope: { name: 'linarite', version }, spans: spans.map(jsonOf) }] }] };
}

function jsonOf({ traceId, spanId, parentSpanId, traceState, name, kind, startMs, endMs, attributes, error }: Span): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === null ? {} : { parentSpanId }),
    ...(traceState === '' ? {} : { traceState }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)),
    attributes: attributesOf(attributes),
    ...(error === null ? {} : { status: { code: ERROR, message: error } }),
  };
}

/** As text: numbers of JSON do not reach so far. */
function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1_000)}000`;
}

function attributesOf(attributes: Attributes): readonly object[] {
  return Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value } }]));
}
