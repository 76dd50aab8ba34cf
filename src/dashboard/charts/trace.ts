import type { Timeline } from '../../wire/own/timeline.ts';
import { OUTCOMES } from './ganttGeometry.ts';

interface TraceEvent {
  readonly name: string;
  /** `X`: from a time on, for so long; `M`: what a process is called. */
  readonly ph: 'X' | 'M';
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/** What is shown, as Chrome and Perfetto open it (Trace Event Format): a node is a process, a slot a thread of it. */
export function traceOf({ from, to, width, lanes }: Timeline): { readonly traceEvents: readonly TraceEvent[] } {
  const nodes = [...new Set(lanes.map(({ node }) => node))];
  const pxUs = ((to - from) / width) * 1_000;
  const runs = lanes.flatMap(({ node, slot, runs: own }) =>
    own.map(([px, pixels, outcome, n, , task]): TraceEvent => ({
      name: task ?? `${n} attempts`,
      ph: 'X',
      pid: nodes.indexOf(node) + 1,
      tid: slot,
      ts: Math.round(from * 1_000 + px * pxUs),
      dur: Math.round(pixels * pxUs),
      args: { outcome: OUTCOMES[outcome], attempts: n },
    })),
  );
  return { traceEvents: [...nodes.map((node, at): TraceEvent => ({ name: 'process_name', ph: 'M', pid: at + 1, tid: 0, args: { name: node } })), ...runs] };
}
