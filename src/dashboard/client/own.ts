/** Our own operations, as the page reads them (docs/own-operations.md). */
import type { BulkOperation } from '../../wire/own/bulk.ts';
import type { CostBy } from '../../wire/own/cost.ts';
import type { Explanation } from '../../wire/own/explanation.ts';
import type { FormulaChecked } from '../../wire/own/formula.ts';
import type { Graph, GraphTasks } from '../../wire/own/graph.ts';
import type { Histogram } from '../../wire/own/histogram.ts';
import type { TaskHistory } from '../../wire/own/history.ts';
import type { NodeHistory, NodeUsage } from '../../wire/own/node.ts';
import type { Overview } from '../../wire/own/overview.ts';
import type { PoolEvaluations, PoolSeries } from '../../wire/own/series.ts';
import type { Simulation } from '../../wire/own/simulation.ts';
import type { TaskRows } from '../../wire/own/tasks.ts';
import type { Timeline } from '../../wire/own/timeline.ts';
import { ask, pathOf, type Query } from './request.ts';

export type { Attention, Overview } from '../../wire/own/overview.ts';
export type { Fix, Ref } from '../../wire/own/common.ts';
export type { Graph } from '../../wire/own/graph.ts';
export type { Histogram } from '../../wire/own/histogram.ts';
export type { TaskRow } from '../../wire/own/tasks.ts';

export interface Cost {
  readonly currency: string;
  readonly lines: readonly { readonly pool: string; readonly size: string; readonly kind: string; readonly nodeSeconds: number; readonly idleSeconds?: number; readonly idleShare?: number; readonly lostSeconds: number; readonly hourlyPrice: number | null; readonly cost: number | null }[];
  readonly total: { readonly nodeSeconds: number; readonly idleShare?: number; readonly lostSeconds: number; readonly cost: number; readonly unknownPrices: readonly string[] };
}

function get<Answer>(path: string, signal: AbortSignal, query: Query = {}): Promise<Answer> {
  return ask(path, { signal, query });
}

export const own = {
  overview: (signal: AbortSignal) => get<Overview>('/linarite/overview', signal),
  explain: (path: string, signal: AbortSignal) => get<Explanation>(`/linarite/explain/${path}`, signal),
  timeline: (job: string, query: Query, signal: AbortSignal) => get<Timeline>(`/linarite${pathOf('jobs', job)}/timeline`, signal, query),
  histogram: (job: string, of: Histogram['of'], signal: AbortSignal) => get<Histogram>(`/linarite${pathOf('jobs', job)}/histogram`, signal, { of, bins: 36 }),
  graph: (job: string, signal: AbortSignal) => get<Graph>(`/linarite${pathOf('jobs', job)}/graph`, signal),
  graphTasks: (job: string, query: Query, signal: AbortSignal) => get<GraphTasks>(`/linarite${pathOf('jobs', job)}/graph/tasks`, signal, query),
  tasks: (job: string, query: Query, signal: AbortSignal) => get<TaskRows>(`/linarite${pathOf('jobs', job)}/tasks`, signal, query),
  history: (job: string, task: string, signal: AbortSignal) => get<TaskHistory>(`/linarite${pathOf('jobs', job, 'tasks', task)}/history`, signal),
  series: (pool: string, query: Query, signal: AbortSignal) => get<PoolSeries>(`/linarite${pathOf('pools', pool)}/series`, signal, query),
  nodeUsage: (pool: string, node: string, signal: AbortSignal) => get<NodeUsage>(`/linarite${pathOf('pools', pool, 'nodes', node)}/usage`, signal),
  nodeHistory: (pool: string, node: string, signal: AbortSignal) => get<NodeHistory>(`/linarite${pathOf('pools', pool, 'nodes', node)}/history`, signal),
  evaluations: (pool: string, signal: AbortSignal) => get<PoolEvaluations>(`/linarite${pathOf('pools', pool)}/evaluations`, signal, { count: 50 }),
  checkFormula: (formula: string, { over, ...samples }: object & { readonly over?: number | undefined }, signal: AbortSignal) => ask<FormulaChecked>('/linarite/autoscale/evaluate', { method: 'POST', body: { formula, samples, ...(over === undefined ? {} : { over }) }, signal }),
  simulate: (body: object, signal: AbortSignal) => ask<Simulation>('/linarite/simulations', { method: 'POST', body, signal }),
  bulk: (job: string, body: object) => ask<BulkOperation>(`/linarite${pathOf('jobs', job)}/bulk`, { method: 'POST', body }),
  operation: (id: string) => ask<BulkOperation>(`/linarite${pathOf('operations', id)}`),
  costBy: (query: Query, signal: AbortSignal) => get<CostBy>('/linarite/cost', signal, query),
  cost: (query: Query, signal: AbortSignal) => get<Cost>('/linarite/cost', signal, query),
};
