import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A span as it was received; times in milliseconds. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly failed: boolean;
}

/** A collector of traces (OTLP over HTTP, JSON). */
export interface Collector {
  readonly endpoint: string;
  readonly spans: ReceivedSpan[];
  readonly requests: { readonly path: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: unknown }[];
  /** What it answers. */
  status: number;
  /** Resolves when the spans that have come are as asked. */
  until(isThere: (spans: readonly ReceivedSpan[]) => boolean): Promise<readonly ReceivedSpan[]>;
  close(): Promise<void>;
}

export async function collector(): Promise<Collector> {
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Body;
    it.requests.push({ path: request.url ?? '', headers: request.headers, body });
    if (it.status === 200) it.spans.push(...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(received))));
    response.writeHead(it.status, { 'content-type': 'application/json' }).end('{}');
    for (const look of waiting) look();
  });
  await new Promise<void>((settle) => void server.listen(0, '127.0.0.1', settle));
  const it: Collector = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: [],
    requests: [],
    status: 200,
    until: (isThere) =>
      new Promise((settle) => {
        const look = (): void => {
          if (!isThere(it.spans)) return;
          waiting.delete(look);
          settle(it.spans);
        };
        waiting.add(look);
        look();
      }),
    close: () => {
      server.closeAllConnections();
      return new Promise((settle) => void server.close(() => settle()));
    },
  };
  return it;
}

interface Body {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Sent[] }[] }[];
}
interface Sent {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string; readonly intValue?: string } }[];
  readonly status?: { readonly code: number };
}

function received({ traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano, attributes, status }: Sent): ReceivedSpan {
  const values = Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? '']));
  return { traceId, spanId, ...(parentSpanId === undefined ? {} : { parentSpanId }), name, startMs: Number(BigInt(startTimeUnixNano) / 1_000n) / 1_000, endMs: Number(BigInt(endTimeUnixNano) / 1_000n) / 1_000, attributes: values, failed: status?.code === 2 };
}
