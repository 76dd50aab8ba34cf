import type { Bar, Outcome } from '../../charts/lanes.ts';
import { taskState } from '../../charts/states.ts';
import { own, type TaskRow } from '../../client/own.ts';

const MOST = 1_000;

/** The latest attempts of a job's tasks, for the gantt; at most a thousand. */
export async function loadAttempts(job: string, signal: AbortSignal): Promise<{ readonly bars: readonly Bar[]; readonly total: number }> {
  const { rows, total } = await own.tasks(job, { sort: '-started', from: 0, count: MOST }, signal);
  return { bars: rows.flatMap(barOf), total };
}

function barOf(row: TaskRow): readonly Bar[] {
  const { id, node, startedAt, endedAt } = row;
  if (node === undefined || startedAt === undefined) return [];
  const state = taskState(row);
  const outcome: Outcome = state === 'failed' ? 'failed' : state === 'succeeded' ? 'succeeded' : 'running';
  return [{ task: id, node, from: Date.parse(startedAt), to: outcome === 'running' || endedAt === undefined ? null : Date.parse(endedAt), outcome }];
}
