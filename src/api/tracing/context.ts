import { randomBytes } from 'node:crypto';

/** Where a trace comes from: W3C Trace Context, "traceparent". */
export interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly isSampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const LONGEST_STATE = 512;

/** null: there is none, or none that can be read; then a trace begins here. */
export function parentOf(traceparent: unknown): Parent | null {
  const [, version = 'ff', traceId = '', spanId = '', flags = '', more] = TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '') ?? [];
  if (version === 'ff' || (version === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** What other systems keep beside it; '': nothing, or more than has to be handed on. */
export function stateOf(tracestate: unknown): string {
  return typeof tracestate === 'string' && tracestate.length <= LONGEST_STATE ? tracestate : '';
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/** Whether a trace is kept. `ratio`: of traces that begin here; of others the parent says, where `isParentBased`. */
export interface Sampler {
  readonly isParentBased: boolean;
  readonly ratio: number;
}

/** The same for all that take part in a trace. */
export function isKept({ isParentBased, ratio }: Sampler, traceId: string, parent: Parent | null): boolean {
  if (isParentBased && parent !== null) return parent.isSampled;
  return Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52;
}
