/** Attempts side by side: for each node as many lanes as it ran at a time. */

/** What is drawn of an attempt. Times in ms. */
export interface Bar {
  readonly task: string;
  readonly node: string;
  readonly from: number;
  /** null: it runs. */
  readonly to: number | null;
  readonly outcome: Outcome;
}

export type Outcome = 'succeeded' | 'failed' | 'running' | 'preempted';

export interface Lane {
  readonly node: string;
  /** Of its node, from 0. */
  readonly slot: number;
  /** In the order of their beginnings, none over another. */
  readonly bars: readonly Bar[];
}

/** Nodes with failures first, then those that began first. */
export function lanesOf(bars: readonly Bar[]): readonly Lane[] {
  const byNode = new Map<string, Bar[]>();
  for (const bar of bars.toSorted((a, b) => a.from - b.from)) byNode.set(bar.node, [...(byNode.get(bar.node) ?? []), bar]);
  const nodes = [...byNode].toSorted(([, a], [, b]) => Number(hasFailed(b)) - Number(hasFailed(a)) || (a[0]?.from ?? 0) - (b[0]?.from ?? 0));
  return nodes.flatMap(([node, of]) => packed(of).map((lane, slot) => ({ node, slot, bars: lane })));
}

function hasFailed(bars: readonly Bar[]): boolean {
  return bars.some(({ outcome }) => outcome === 'failed');
}

/** Each bar in the first lane that is free when it begins. */
function packed(bars: readonly Bar[]): readonly (readonly Bar[])[] {
  const lanes: Bar[][] = [];
  for (const bar of bars) {
    const free = lanes.find((lane) => {
      const last = lane.at(-1);
      return last?.to !== null && (last?.to ?? 0) <= bar.from;
    });
    if (free === undefined) lanes.push([bar]);
    else free.push(bar);
  }
  return lanes;
}

/** How many bars run at each of `columns` moments of a span. */
export function busyOver(bars: readonly Bar[], { from, to }: Span, columns: number): readonly number[] {
  const changes = Array.from({ length: columns + 1 }, () => 0);
  const scale = columns / Math.max(1, to - from);
  for (const bar of bars) {
    const first = Math.max(0, Math.floor((bar.from - from) * scale));
    const last = Math.min(columns, Math.ceil(((bar.to ?? to) - from) * scale));
    if (last <= 0 || first >= columns) continue;
    changes[first] = (changes[first] ?? 0) + 1;
    changes[Math.max(last, first + 1)] = (changes[Math.max(last, first + 1)] ?? 0) - 1;
  }
  let sum = 0;
  return changes.slice(0, columns).map((change) => (sum += change));
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Of all bars, with a little air at its end. */
export function spanOf(bars: readonly Bar[], now: number): Span {
  const from = bars.reduce((least, bar) => Math.min(least, bar.from), Number.POSITIVE_INFINITY);
  const to = bars.reduce((most, bar) => Math.max(most, bar.to ?? now), 0);
  if (to <= from || !Number.isFinite(from)) return { from: now - 60_000, to: now };
  return { from, to: to + Math.max(500, (to - from) * 0.02) };
}

/** Around a moment, so many times as long; within `whole`. */
export function zoomed({ from, to }: Span, around: number, factor: number, whole: Span): Span {
  const length = Math.min(whole.to - whole.from, Math.max(200, (to - from) * factor));
  const start = around - ((around - from) / Math.max(1, to - from)) * length;
  const first = Math.min(Math.max(start, whole.from), whole.to - length);
  return { from: first, to: first + length };
}
