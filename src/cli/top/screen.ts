import { duration } from '../resources/nouns.ts';

/** What is seen of an account at one moment. */
export interface Sight {
  readonly at: number;
  readonly endpoint: string;
  readonly pools: readonly PoolSeen[];
  /** Active jobs, the newest first. */
  readonly jobs: readonly JobSeen[];
  /** Active jobs that are not among these. */
  readonly moreJobs: number;
}

interface PoolSeen {
  readonly id: string;
  readonly state: string;
  /** By state, those of none left out; both kinds of nodes together. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly target: number;
}

export interface JobSeen {
  readonly id: string;
  readonly pool: string;
  readonly createdAt: number;
  readonly waiting: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
}

const BAR_CELLS = 30;

/** Lines of a screen that is `columns` wide and `rows` high. `before`: what was seen last, which gives the rate. */
export function screenOf(now: Sight, before: Sight | null, { columns, rows }: { readonly columns: number; readonly rows: number }): readonly string[] {
  const lines = [
    `${now.endpoint}   ${new Date(now.at).toISOString().slice(11, 19)} UTC`,
    '',
    ...now.pools.map(poolLine),
    ...(now.pools.length === 0 ? ['no pools'] : []),
    '',
    ...now.jobs.flatMap((job) => jobLines(job, now, before)),
    ...(now.jobs.length === 0 ? ['no active jobs'] : []),
    ...(now.moreJobs > 0 ? [`and ${now.moreJobs} more active jobs`] : []),
  ];
  const shown = lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} lines more`];
  return shown.map((line) => [...line].slice(0, columns).join(''));
}

function poolLine({ id, state, nodes, target }: PoolSeen): string {
  const all = Object.values(nodes).reduce((sum, count) => sum + count, 0);
  const words = Object.entries(nodes).map(([name, count]) => `${count} ${name}`);
  return `pool ${id} [${state}]  ${all}${all === target ? '' : ` of ${target}`} nodes${words.length === 0 ? '' : `: ${words.join(', ')}`}`;
}

function jobLines(job: JobSeen, now: Sight, before: Sight | null): readonly string[] {
  const { id, pool, waiting, running, succeeded, failed, createdAt } = job;
  const all = waiting + running + succeeded + failed;
  const done = succeeded + failed;
  return [`job ${id} on ${pool}, for ${duration(now.at - createdAt)}`, `  ${bar(job, all)} ${done} of ${all}, ${running} running, ${failed} failed${etaOf(job, now, before)}`];
}

/** Succeeded, failed, running, waiting: told apart by their marks, so that no colour is needed. */
function bar({ succeeded, failed, running }: JobSeen, all: number): string {
  if (all === 0) return `[${' '.repeat(BAR_CELLS)}]`;
  const cells = (count: number): number => (count === 0 ? 0 : Math.max(1, Math.round((count / all) * BAR_CELLS)));
  const marks = `${'x'.repeat(cells(failed))}${'#'.repeat(cells(succeeded))}${'>'.repeat(cells(running))}`.slice(0, BAR_CELLS);
  return `[${marks.padEnd(BAR_CELLS, '.')}]`;
}

/** By what ended since the last look. */
function etaOf(job: JobSeen, now: Sight, before: Sight | null): string {
  const earlier = before?.jobs.find(({ id }) => id === job.id);
  if (earlier === undefined || before === null) return '';
  const [ended, ms] = [job.succeeded + job.failed - earlier.succeeded - earlier.failed, now.at - before.at];
  const left = job.waiting + job.running;
  if (ended <= 0 || ms <= 0 || left === 0) return '';
  return `, ${((ended / ms) * 1_000).toFixed(1)}/s, ${duration((left / ended) * ms)} left`;
}
