import type { Histogram } from '../../base/histogram.ts';
import type { MetricRow } from './table.ts';

/** One series of a metric; the labels in the order of its row. */
export interface Series {
  readonly labels: readonly string[];
  readonly value: number | Histogram;
}

/** Prometheus' text format, version 0.0.4 (prometheus.io, "Exposition formats"). */
export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One metric with all its series; one without any is still described. */
export function expose(name: string, row: MetricRow, series: readonly Series[]): string {
  const head = [`# HELP ${name} ${row.help}`, `# TYPE ${name} ${row.type}`];
  return [...head, ...series.flatMap((one) => linesOf(name, row, one))].map((line) => `${line}\n`).join('');
}

function linesOf(name: string, { labels: names }: MetricRow, { labels, value }: Series): readonly string[] {
  const pairs = names.map((label, index) => `${label}="${escaped(labels[index] ?? '')}"`);
  if (typeof value === 'number') return [`${name}${inBraces(pairs)} ${value}`];
  let below = 0;
  const buckets = value.counts.map((count, index) => {
    below += count;
    const bound = value.bounds[index];
    return `${name}_bucket${inBraces([...pairs, `le="${bound === undefined ? '+Inf' : bound}"`])} ${below}`;
  });
  return [...buckets, `${name}_sum${inBraces(pairs)} ${value.sum}`, `${name}_count${inBraces(pairs)} ${below}`];
}

function inBraces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
