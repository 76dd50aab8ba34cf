import { join } from 'node:path';
import { readIfThere, replaceFile } from '../../files.ts';
import { dataDirectoryPath, findDataDirectory } from '../../service/data/dataDirectory.ts';
import type { TaskOutcome } from '../watch/outcome.ts';
import { makespan, type Durations } from './forecast.ts';

/**
 * How long the tasks of earlier runs took, in the data directory of this machine's service: a line a run. Where there
 * is no data directory nothing is kept.
 */

/** One run. */
export interface PastRun {
  readonly at: string;
  /** Of the command as it was given, with its placeholders. */
  readonly command: string;
  readonly program: string;
  readonly vmSize: string;
  readonly tasks: number;
  readonly quantiles: Durations['quantiles'];
  readonly overheadMs: number;
}

/** What runs are alike in. */
export type Likeness = Pick<PastRun, 'command' | 'program' | 'vmSize'>;

const KEPT_RUNS = 500;
/** Of those that are alike the last so many count. */
const COUNTED_RUNS = 10;

/** What is known from runs that are alike: of the same command, or else of the same program. */
export function durationsOf(runs: readonly PastRun[], { command, program, vmSize }: Likeness): Durations | null {
  const same = runs.filter((run) => run.command === command);
  const alike = (same.length > 0 ? same : runs.filter((run) => run.program === program)).slice(-COUNTED_RUNS);
  if (alike.length === 0) return null;
  const tasks = alike.reduce((sum, run) => sum + run.tasks, 0);
  const mean = (of: (run: PastRun) => number): number => alike.reduce((sum, run) => sum + of(run) * run.tasks, 0) / tasks;
  const sizes = new Set(alike.map((run) => run.vmSize));
  const other = sizes.size === 1 && sizes.has(vmSize) ? '' : `, some on nodes of ${[...sizes].join(', ')}`;
  return {
    basis: `${tasks} tasks of ${alike.length} earlier ${alike.length === 1 ? 'run' : 'runs'} of the same ${same.length > 0 ? 'command' : 'program'}${other}`,
    quantiles: [Math.min(...alike.map(({ quantiles }) => quantiles[0])), mean((run) => run.quantiles[1]), mean((run) => run.quantiles[2]), mean((run) => run.quantiles[3]), Math.max(...alike.map(({ quantiles }) => quantiles[4]))],
    overheadMs: rangeOf(alike.map(({ overheadMs }) => overheadMs)),
  };
}

/** Of one run alone nobody knows how much it differs: half and half again as much. */
function rangeOf(overheads: readonly number[]): NonNullable<Durations['overheadMs']> {
  const likely = Math.round(overheads.reduce((sum, ms) => sum + ms, 0) / overheads.length);
  if (overheads.length === 1) return { low: likely / 2, likely, high: likely * 1.5 };
  return { low: Math.min(...overheads), likely, high: Math.max(...overheads) };
}

/** What a run that is over adds; null: none of its tasks has run to a good end. */
export function pastRunOf(likeness: Likeness, { outcomes, elapsedMs, places, at }: { readonly outcomes: readonly TaskOutcome[]; readonly elapsedMs: number; readonly places: number; readonly at: Date }): PastRun | null {
  const ran = outcomes.filter(({ succeeded, started }) => succeeded && started).map(({ runMs }) => runMs);
  const sorted = ran.toSorted((a, b) => a - b);
  if (sorted.length === 0) return null;
  const quantile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return {
    at: at.toISOString(),
    ...likeness,
    tasks: sorted.length,
    quantiles: [quantile(0), quantile(0.25), quantile(0.5), quantile(0.75), quantile(1)],
    overheadMs: Math.max(0, Math.round(elapsedMs - makespan(ran, places))),
  };
}

function fileIn(dataDir: string | undefined): string | undefined {
  const directory = findDataDirectory(dataDirectoryPath(dataDir));
  return directory === undefined ? undefined : join(directory.root, 'runs.jsonl');
}

/** Those of the data directory, the last one last; lines that are none are left out. */
export function readRuns(dataDir: string | undefined): readonly PastRun[] {
  const file = fileIn(dataDir);
  const text = file === undefined ? undefined : readIfThere(file);
  return (text ?? '').split('\n').flatMap((line) => readLine(line) ?? []);
}

function readLine(line: string): PastRun | null {
  try {
    const run = JSON.parse(line) as PastRun;
    const isWhole = typeof run.command === 'string' && typeof run.program === 'string' && run.tasks > 0 && run.quantiles.length === 5 && run.overheadMs >= 0;
    return isWhole ? run : null;
  } catch {
    return null;
  }
}

/** Keeps it for the next forecasts, where there is a data directory. */
export function keepRun(dataDir: string | undefined, run: PastRun): void {
  const file = fileIn(dataDir);
  if (file === undefined) return;
  const kept = [...readRuns(dataDir), run].slice(-KEPT_RUNS);
  replaceFile(file, kept.map((one) => `${JSON.stringify(one)}\n`).join(''));
}
