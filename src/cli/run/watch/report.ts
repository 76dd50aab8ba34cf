import { open, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hint, listOfTasks } from '../../hint.ts';
import { lastLines } from '../../lastLines.ts';
import type { RunResult } from '../ending.ts';
import { EXIT_CODES, reasonOf } from '../failure.ts';
import { sayHow, type TaskOutcome } from './outcome.ts';
import { inParallel } from '../concurrency.ts';
import { clock } from './progress.ts';

/** Failed tasks that are shown with their stderr; the others are only counted. */
const SHOWN_FAILURES = 5;
const SHOWN_LINES = 20;
const SHOWN_BYTES = 16_384;
/** Failed tasks whose stderr stands in `--json`; of all others it is in the files. */
const TOLD_FAILURES = 100;
const READS = 8;
/** The reason of a task whose program was a line for a shell, `echo hello | wc -c`. */
const BLANKS_IN_PROGRAM = /^CommandProgramNotFound\b.*No such file or directory: \S+\s+\S/s;

/** What a run's failed tasks said, read while their nodes are still there. */
export interface Told {
  /** By id: the end of stderr; undefined when it is gone. */
  readonly stderr: ReadonlyMap<string, string | undefined>;
  /** Where the streams were saved; undefined when nothing was. */
  readonly saved: string | undefined;
  /** Why some could not be. */
  readonly unsaved: string | undefined;
}

/** Saves the streams of failed tasks, whole, below `to`, and keeps the end of what the report shows. */
export async function listen({ batch, jobId, outcomes }: RunResult, to: string): Promise<Told> {
  const stderr = new Map<string, string | undefined>();
  const directory = join(to, `${jobId}-failed`);
  let saved: string | undefined;
  let unsaved: string | undefined;
  const failed = outcomes.filter(({ succeeded, started }) => !succeeded && started);
  await inParallel([...failed.entries()], READS, async ([index, { id }]) => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const pieces = await batch.taskFile(jobId, id, `${stream}.txt`);
      const { end, written, reason } = pieces === undefined ? GONE : await save(pieces, directory, `${id}.${stream}.txt`);
      if (stream === 'stderr' && index < TOLD_FAILURES) stderr.set(id, end?.toString('utf8'));
      if (written) saved = directory;
      unsaved ??= reason;
    }
  });
  return { stderr, saved, unsaved };
}

interface Saved {
  readonly end: Buffer | undefined;
  readonly written: boolean;
  /** Why it could not be written. */
  readonly reason: string | undefined;
}

const GONE: Saved = { end: undefined, written: false, reason: undefined };

/** Reads a file to its end even where it cannot be written: its end is shown. */
async function save(pieces: AsyncIterable<Buffer>, directory: string, name: string): Promise<Saved> {
  let end: Buffer = Buffer.alloc(0);
  let file: Awaited<ReturnType<typeof open>> | undefined;
  let reason: string | undefined;
  for await (const piece of pieces) {
    end = Buffer.concat([end, piece]).subarray(-SHOWN_BYTES);
    if (reason !== undefined) continue;
    try {
      if (file === undefined) await mkdir(directory, { recursive: true });
      file ??= await open(join(directory, name), 'w');
      await file.writeFile(piece);
    } catch (error) {
      reason = reasonOf(error);
    }
  }
  await file?.close();
  if (reason !== undefined && file !== undefined) await rm(join(directory, name), { force: true });
  return { end, written: file !== undefined && reason === undefined, reason };
}

/** The run as one object, for `--json`. Call it after the clean-up, so that it says what is left. */
export function jsonOf(result: RunResult, { stderr, saved }: Told, to: string): Record<string, unknown> {
  const { outcomes, tasks, jobId, poolId, connection, failure, message, made, downloads, decision, elapsedMs, unfetched } = result;
  return {
    result: failure ?? 'succeeded',
    exitCode: EXIT_CODES[failure ?? 'succeeded'],
    ...(message === undefined ? {} : { message }),
    job: jobId,
    pool: poolId,
    endpoint: connection.batch.endpoint,
    seconds: Math.round(elapsedMs / 10) / 100,
    ...(decision === undefined ? {} : { interrupted: decision }),
    ...(result.notes === undefined ? {} : { notes: result.notes }),
    tasks: { total: tasks.length, succeeded: outcomes.filter(({ succeeded }) => succeeded).length, failed: outcomes.filter(({ succeeded }) => !succeeded).length, ...(before(result) === 0 ? {} : { before: before(result) }) },
    failed: outcomes.flatMap((outcome, index) => (outcome.succeeded ? [] : [{ ...failedJson(outcome), from: tasks[index]?.item.label, stderr: tailOf(stderr.get(outcome.id)) }])),
    outputs: downloads.map(({ taskId, target, bytes }) => ({ task: taskId, file: join(to, target), bytes })),
    ...(unfetched.length === 0 ? {} : { unfetched }),
    ...(saved === undefined ? {} : { logs: saved }),
    kept: { ...(made.job === undefined ? {} : { job: made.job }), ...(made.pool === undefined ? {} : { pool: made.pool }), containers: [...made.containers] },
  };
}

/** How many of the tasks had succeeded before the run. */
function before({ tasks }: RunResult): number {
  return tasks.filter(({ found }) => found === 'succeeded').length;
}

function failedJson({ id, exitCode, reason, retries }: TaskOutcome): Record<string, unknown> {
  return { task: id, ...(exitCode === undefined ? {} : { exitCode }), ...(reason === undefined ? {} : { reason }), retries };
}

function tailOf(text: string | undefined): string | undefined {
  return (text === undefined ? undefined : lastLines(text, SHOWN_LINES).join('\n'));
}

/** The run as lines for people. Call it after the clean-up, so that it says what is left. */
export function linesOf(result: RunResult, told: Told, to: string): string[] {
  switch (result.failure) {
    case 'ended':
      return [howEnded(result), ...(result.notes ?? []), ...leftovers(result)];
    default:
      if (result.tasks.length === 0) return [...(result.notes ?? []), ...leftovers(result)];
      if (result.outcomes.length > 0) return ended(result, told, to);
      return [...howItGoesOn(result), ...(result.notes ?? []), ...howToLook(result), ...leftovers(result)];
  }
}

function howItGoesOn({ failure, jobId, poolId, tasks, ...where }: RunResult): string[] {
  const back = `come back to it: ${runHint(`--attach ${jobId}`, where)}`;
  switch (failure) {
    case undefined:
      return [`job ${jobId} on pool ${poolId} runs: ${tasks.length} tasks`, back];
    case 'leftRunning':
      return [`the job ${jobId} goes on`, back];
    default:
      return [];
  }
}

function howEnded({ jobId, made: { stage, job }, endedTasks = 0, ...where }: RunResult): string {
  if (endedTasks > 0) return `${endedTasks} ${endedTasks === 1 ? 'task' : 'tasks'} of the job ${jobId} ${endedTasks === 1 ? 'was' : 'were'} ended; the job stays`;
  if (stage === 'over') return `the download was broken off; the job ${jobId} is over; ${howToFetch(jobId, where)}`;
  return job === undefined ? 'ended before there was a job' : `the job ${jobId} was ended`;
}

function ended(result: RunResult, { stderr, saved, unsaved }: Told, to: string): string[] {
  const { outcomes, tasks, downloads, elapsedMs, unfetched, jobId, failure } = result;
  const failed = outcomes.filter(({ succeeded }) => !succeeded);
  const labels = new Map(tasks.map(({ id, item }) => [id, item.label]));
  const taskMs = outcomes.reduce((sum, { runMs }) => sum + runMs, 0);
  const bytes = downloads.reduce((sum, download) => sum + download.bytes, 0);
  return [
    ...failed.slice(0, SHOWN_FAILURES).flatMap((outcome) => [`task ${outcome.id} (${labels.get(outcome.id) ?? ''}) failed: ${sayHow(outcome)}`, ...stderrLines(outcome, stderr.get(outcome.id))]),
    ...(failed.length > SHOWN_FAILURES ? [`… and ${failed.length - SHOWN_FAILURES} more failed`] : []),
    `${outcomes.length - failed.length} of ${outcomes.length} ${outcomes.length === 1 ? 'task' : 'tasks'} succeeded${before(result) > 0 ? ` (${before(result)} of them before)` : ''}${failed.length > 0 ? `, ${failed.length} failed` : ''} in ${clock(elapsedMs)} (${(taskMs / 1000).toFixed(1)} s of running tasks)`,
    ...(downloads.length > 0 ? [`${downloads.length} ${downloads.length === 1 ? 'file' : 'files'} (${sizeOf(bytes)}) in ${to}`] : []),
    ...(saved === undefined ? [] : [`stdout and stderr of the failed tasks: ${saved}`]),
    ...(unsaved === undefined ? [] : [`stdout and stderr of failed tasks could not be saved: ${unsaved}`]),
    ...(result.notes ?? []),
    ...unfetched,
    ...(unfetched.length > 0 ? [`job and pool stay, so that nothing is lost; ${howToFetch(jobId, result)}`] : []),
    ...(failure === 'leftRunning' ? howItGoesOn(result) : []),
    ...(failed.length > 0 || failure !== undefined ? howToLook(result) : []),
    ...leftovers(result),
  ];
}

/** A command that goes where the run went. */
function runHint(command: string, { accountFlags, connection }: Pick<RunResult, 'accountFlags' | 'connection'>): string {
  return accountFlags === undefined ? hint(`run ${command}`, connection.local?.dataDir) : hint(`run ${command} ${accountFlags}`, undefined);
}

function howToFetch(jobId: string, where: Pick<RunResult, 'accountFlags' | 'connection'>): string {
  return `to fetch what is there: ${runHint(`--fetch ${jobId}`, where)}`;
}

function stderrLines({ started, reason }: TaskOutcome, text: string | undefined): string[] {
  if (reason !== undefined && BLANKS_IN_PROGRAM.test(reason)) return ['  (the whole line was looked for as one program: with --shell a shell reads it)'];
  if (!started) return ['  (it never ran)'];
  if (text === undefined) return ['  (its node no longer has its stderr)'];
  return text.trim() === '' ? ['  (it wrote nothing to stderr)'] : lastLines(text, SHOWN_LINES).map((line) => `  | ${line}`);
}

function howToLook({ jobId, made, connection, open, failure, accountFlags }: RunResult): string[] {
  const again = open && failure === 'taskFailed' ? [`run again what failed: ${runHint(`--rerun-failed ${jobId}`, { connection, ...(accountFlags === undefined ? {} : { accountFlags }) })}`] : [];
  if (made.job === undefined) return again;
  const connected = connection.local === undefined ? '' : `eval "$(${hint('env', connection.local.dataDir)})"; `;
  return [...again, `look further: ${connected}${listOfTasks(jobId)}`];
}

function leftovers({ made, connection }: RunResult): string[] {
  const removals = [
    ...(made.job === undefined ? [] : [`az batch job delete --yes --job-id ${made.job}`]),
    ...(made.pool === undefined ? [] : [`az batch pool delete --yes --pool-id ${made.pool}`]),
    ...[...made.containers].map((container) => `az storage container delete --name ${container}`),
  ];
  return [
    ...(removals.length === 0 ? [] : ['left behind; to remove it:', ...removals.map((line) => `  ${line}`)]),
    ...(connection.local?.startedHere === true ? [`the service goes on at ${connection.batch.endpoint}; ${hint('down', connection.local.dataDir)} ends it`] : []),
  ];
}

/** `3.2 MB`. */
function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power] ?? ''}`;
}
