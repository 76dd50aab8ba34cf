import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMetrics } from '../../../src/api/metrics/metrics.ts';
import { expose } from '../../../src/api/metrics/exposition.ts';
import { MOST_POOLS, poolsShown, taskSeries } from '../../../src/api/metrics/pools.ts';
import { METRICS, type MetricRow } from '../../../src/api/metrics/table.ts';
import { Histogram } from '../../../src/base/histogram.ts';
import { Counting } from '../../../src/control/figures/counted.ts';
import type { Database } from '../../../src/store/intents/statement.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NAMES = Object.keys(METRICS);

test('the page on metrics has a line for each, with its kind, labels and words', () => {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const lines = [...page.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \| (.*?) ?\| (.*) \|$/gm)].map(([, name, type, labels = '', help]) => [name, type, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label), help]);
  expect(lines).toEqual(Object.entries<MetricRow>(METRICS).map(([name, { type, labels, help }]) => [name, type, labels, help]));
});

test('the board asks for metrics that there are, by labels that they have, and for each of them', () => {
  const board = JSON.parse(readFileSync(join(ROOT, 'docs/grafana/linarite.json'), 'utf8')) as { readonly panels: readonly { readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[] }[] };
  const asked = new Set<string>();
  for (const { expr, legendFormat } of board.panels.flatMap(({ targets }) => targets)) {
    const named = [...expr.matchAll(/\b(?:linarite|process|nodejs)_\w+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, (suffix) => (NAMES.includes(name) ? suffix : '')));
    expect(named.filter((name) => !NAMES.includes(name)), expr).toEqual([]);
    const labels: readonly string[] = named.flatMap((name) => METRICS[name as keyof typeof METRICS].labels);
    const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g), ...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')).filter((label) => label !== 'le');
    expect(used.filter((label) => !labels.includes(label)), expr).toEqual([]);
    for (const name of named) asked.add(name);
  }
  expect(NAMES.filter((name) => !asked.has(name))).toEqual([]);
});

/** A database that is away. */
const away = { totalCount: 3, idleCount: 2, waitingCount: 1, connect: () => Promise.reject(new Error('away')), query: () => Promise.reject(new Error('away')) } as unknown as Database;

describe('what is answered', () => {
  test('has every metric described, and of a database that is away no series', async () => {
    const counting = new Counting();
    counting.turn({ ticks: 2, events: 5, ms: 40 });
    const census = { id: 'p', tasks: { active: 3, running: 1 }, slots: { used: 1, free: 7 }, nodes: [{ state: 'idle', dedicated: false, nodes: 2 }] } as const;
    const metrics = createMetrics(away, { counted: counting, accounts: () => [{ account: 'a', pools: [census], connectedAgents: 2 }] });
    metrics.observe('Task_Add', 201, 3);
    metrics.observe(null, 404, 1);
    const text = await metrics.text();
    metrics.close();
    expect([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name, type])).toEqual(Object.entries(METRICS).map(([name, { type }]) => [name, type]));
    for (const line of [
      'linarite_requests_total{operation="Task_Add",status="201"} 1',
      'linarite_requests_total{operation="unknown",status="404"} 1',
      'linarite_request_duration_seconds_bucket{operation="Task_Add",le="0.0025"} 0',
      'linarite_request_duration_seconds_bucket{operation="Task_Add",le="0.005"} 1',
      'linarite_pool_tasks{account="a",pool="p",state="active"} 3',
      'linarite_pool_slots{account="a",pool="p",state="free"} 7',
      'linarite_pool_nodes{account="a",pool="p",state="idle",kind="low_priority"} 2',
      'linarite_agents_connected{account="a"} 2',
      'linarite_ticks_total 2',
      'linarite_tick_events_total 5',
      'linarite_turn_duration_seconds_bucket{le="0.05"} 1',
      'linarite_database_connections{state="busy"} 1',
    ]) expect(text).toContain(`${line}\n`);
    expect(text).not.toMatch(/^linarite_(tasks|nodes|quarantine|preemptions|database_ping_seconds)\b/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  test('is in the text format of Prometheus, whatever names hold', () => {
    const histogram = new Histogram([1, 2]);
    for (const value of [0.5, 1, 1.5, 3]) histogram.observe(value);
    expect(expose('m', { type: 'histogram', labels: ['a'], help: 'H.' }, [{ labels: ['x"\\\n'], value: histogram }])).toBe(
      ['# HELP m H.', '# TYPE m histogram', ...[['1', 2], ['2', 3], ['+Inf', 4]].map(([bound, count]) => `m_bucket{a="x\\"\\\\\\n",le="${bound}"} ${count}`), 'm_sum{a="x\\"\\\\\\n"} 6', 'm_count{a="x\\"\\\\\\n"} 4', ''].join('\n'),
    );
  });

  test('has series of the pools with most tasks and nodes alone, and sums up the others', () => {
    const pools = Array.from({ length: MOST_POOLS + 2 }, (_, index) => ({ id: `p${index}`, tasks: { active: index, running: 0 }, slots: { used: 0, free: 0 }, nodes: [] }));
    const shown = poolsShown([{ account: 'a', pools, connectedAgents: 0 }]);
    expect(shown).toHaveLength(MOST_POOLS + 1);
    expect(taskSeries(shown).at(-2)).toEqual({ labels: ['', 'other', 'active'], value: 1 });
    expect(taskSeries(shown).reduce((sum, { value }) => sum + Number(value), 0)).toBe(pools.reduce((sum, { tasks }) => sum + tasks.active, 0));
  });
});
