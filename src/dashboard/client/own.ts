/** Our own operations, as the page reads them (docs/page.md). */
import { ask, pathOf, type Query } from './request.ts';

type Rev = string;

export type Ref =
  | { readonly kind: 'account' }
  | { readonly kind: 'pool'; readonly pool: string }
  | { readonly kind: 'node'; readonly pool: string; readonly node: string }
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'task'; readonly job: string; readonly task: string };

/** A request that mends something: data, the page invents none. */
export interface Fix {
  readonly label: string;
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body: object | null;
}

export interface Attention {
  readonly code: string;
  readonly sentence: string;
  readonly object: Ref;
  readonly since: string;
  readonly count: number;
  readonly fixes: readonly Fix[];
}

export interface Overview {
  readonly rev: Rev;
  readonly attention: readonly Attention[];
  readonly counts: Readonly<Record<'pools' | 'nodes' | 'targetNodes' | 'activeJobs' | 'running' | 'waiting' | 'failed24h', number>>;
  readonly quotas: readonly { readonly name: string; readonly used: number; readonly limit: number }[];
  readonly cost: { readonly perHour: number; readonly month: number; readonly currency: string; readonly estimated: boolean };
}

interface Reason {
  readonly code: string;
  readonly message: string;
  readonly count?: number;
  readonly example?: string;
  readonly never?: boolean;
  readonly nodes?: readonly string[];
  readonly fixes?: readonly Fix[];
}

export interface Explanation {
  readonly rev: Rev;
  readonly sentence: string;
  readonly reasons: readonly Reason[];
}

export interface Timeline {
  readonly rev: Rev;
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly { readonly node: string; readonly slot: number; readonly runs: readonly (readonly [px: number, outcome: number, n: number, task?: number | string])[] }[];
  readonly total: { readonly lanes: number; readonly attempts: number };
  readonly busy: readonly number[];
}

export interface Histogram {
  readonly of: 'run' | 'wait';
  readonly edgesS: readonly number[];
  readonly counts: readonly number[];
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
}

export interface Graph {
  readonly groups: readonly { readonly id: number; readonly rank: number; readonly first: string; readonly count: number; readonly states: readonly number[] }[];
  readonly edges: readonly (readonly [number, number])[];
  readonly total: { readonly tasks: number; readonly groups: number };
}

export interface TaskRow {
  readonly number: number;
  readonly id: string;
  readonly state: string;
  readonly since?: string;
  readonly result?: string;
  readonly exitCode?: number;
  readonly pool?: string;
  readonly node?: string;
  readonly retries: number;
  readonly createdAt?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly runMs?: number;
  readonly waitMs?: number;
  readonly requiredSlots?: number;
  readonly commandLine?: string;
}

export interface TaskRows {
  readonly rev: Rev;
  readonly total: number;
  readonly exact: boolean;
  readonly rows: readonly TaskRow[];
}

export interface History {
  readonly attempts: readonly { readonly attempt: number; readonly node?: string; readonly startedAt?: string; readonly endedAt?: string; readonly exitCode?: number; readonly result?: string; readonly failure?: { readonly code: string; readonly message: string } }[];
  readonly events: readonly { readonly time: string; readonly state: string; readonly cause: string; readonly node?: string; readonly attempt: number }[];
}

export interface BulkAnswer {
  readonly operation: string;
  readonly matched: number;
  readonly skipped: readonly { readonly reason: string; readonly count: number }[];
}

export interface Series {
  readonly times: readonly number[];
  readonly series: Readonly<Record<string, readonly (number | null)[]>>;
}

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
  tasks: (job: string, query: Query, signal: AbortSignal) => get<TaskRows>(`/linarite${pathOf('jobs', job)}/tasks`, signal, query),
  history: (job: string, task: string, signal: AbortSignal) => get<History>(`/linarite${pathOf('jobs', job, 'tasks', task)}/history`, signal),
  bulk: (job: string, body: object) => ask<BulkAnswer>(`/linarite${pathOf('jobs', job)}/bulk`, { method: 'POST', body }),
  series: (pool: string, query: Query, signal: AbortSignal) => get<Series>(`/linarite${pathOf('pools', pool)}/series`, signal, query),
  cost: (query: Query, signal: AbortSignal) => get<Cost>('/linarite/cost', signal, query),
};
