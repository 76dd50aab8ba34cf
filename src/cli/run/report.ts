import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hint } from '../commands/hint.ts';
import { lastLines } from '../lastLines.ts';
import { exitCodes, reasonOf } from './failure.ts';
import { endOfStream, sayHow, type TaskOutcome } from './outcome.ts';
import { inParallel } from './parallel.ts';
import { clock } from './progress.ts';
import type { RunResult } from './workflow.ts';

/** Failed tasks that are shown with their stderr; the others are only counted. */
const SHOWN_FAILURES = 5;
const SHOWN_LINES = 20;
const SHOWN_BYTES = 16_384;
/** Failed tasks whose streams are saved, and how much of each. */
const SAVED_FAILURES = 100;
const SAVED_BYTES = 1_048_576;
/** Tasks whose stdout is printed when they have no other output. */
const PRINTED_TASKS = 100;
const READS = 8;

/** What a run's tasks said, read while their nodes are still there. */
export interface Told {
  readonly result: RunResult;
  /** Of failed tasks, by id: the end of stderr; undefined when it is gone. */
  readonly stderr: ReadonlyMap<string, string | undefined>;
  /** Of succeeded tasks without output files, by id. */
  readonly stdout: ReadonlyMap<string, string>;
  /** Of those, whose stdout is only its end. */
  readonly cut: ReadonlySet<string>;
  /** How many more succeeded without output files, whose stdout was not read. */
  readonly unprinted: number;
  /** Where the streams of failed tasks were saved; undefined when nothing was. */
  readonly saved: string | undefined;
  /** Why some could not be. */
  readonly unsaved: string | undefined;
}

/** Reads the streams of tasks that the report shows; saves those of failed ones below `to`. */
export async function listen(result: RunResult, to: string): Promise<Told> {
  const stderr = new Map<string, string | undefined>();
  const stdout = new Map<string, string>();
  const cut = new Set<string>();
  const { batch, jobId, outcomes, tasks } = result;
  const failed = outcomes.filter(({ succeeded }) => !succeeded);
  const directory = join(to, `${jobId}-failed`);
  let saved: string | undefined;
  let unsaved: string | undefined;
  await inParallel(failed.slice(0, SAVED_FAILURES), READS, async ({ id }) => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const end = await endOfStream(batch, jobId, id, stream, SAVED_BYTES);
      if (stream === 'stderr') stderr.set(id, end?.text);
      if (end === undefined || end.text === '') continue;
      try {
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, `${id}.${stream}.txt`), `${end.cut ? '(cut: the last 1 MB)\n' : ''}${end.text}`);
        saved = directory;
      } catch (error) {
        unsaved = reasonOf(error);
      }
    }
  });
  const silent = new Set(tasks.filter(({ outputs }) => outputs.length === 0).map(({ id }) => id));
  const printable = outcomes.filter(({ id, succeeded }) => succeeded && silent.has(id));
  await inParallel(printable.slice(0, PRINTED_TASKS), READS, async ({ id }) => {
    const end = await endOfStream(batch, jobId, id, 'stdout', SHOWN_BYTES);
    stdout.set(id, end?.text ?? '');
    if (end?.cut === true) cut.add(id);
  });
  return { result, stderr, stdout, cut, unprinted: Math.max(0, printable.length - PRINTED_TASKS), saved, unsaved };
}

/** The run as one object, for `--json`. */
export function jsonOf({ result, stderr, stdout, cut, unprinted, saved }: Told, to: string): Record<string, unknown> {
  const { outcomes, tasks, jobId, poolId, connection, failure, message, made, downloads, decision, elapsedMs } = result;
  return {
    result: failure ?? 'succeeded',
    exitCode: exitCodes[failure ?? 'succeeded'],
    ...(message === undefined ? {} : { message }),
    job: jobId,
    pool: poolId,
    endpoint: connection.batch.endpoint,
    seconds: Math.round(elapsedMs / 10) / 100,
    ...(decision === undefined ? {} : { interrupted: decision }),
    tasks: { total: tasks.length, succeeded: outcomes.filter(({ succeeded }) => succeeded).length, failed: outcomes.filter(({ succeeded }) => !succeeded).length },
    failed: outcomes.flatMap((outcome, index) => (outcome.succeeded ? [] : [{ ...failedJson(outcome), from: tasks[index]?.item.label, stderr: tailOf(stderr.get(outcome.id)) }])),
    outputs: downloads.map(({ taskId, target, bytes }) => ({ task: taskId, file: join(to, target), bytes })),
    ...(stdout.size === 0 ? {} : { stdout: Object.fromEntries(stdout) }),
    ...(cut.size === 0 ? {} : { stdoutCut: [...cut].sort() }),
    ...(unprinted === 0 ? {} : { stdoutLeftOut: unprinted }),
    ...(saved === undefined ? {} : { logs: saved }),
    kept: { ...(made.job === undefined ? {} : { job: made.job }), ...(made.pool === undefined ? {} : { pool: made.pool }), containers: [...made.containers] },
  };
}

function failedJson({ id, exitCode, reason, retries }: TaskOutcome): Record<string, unknown> {
  return { task: id, ...(exitCode === undefined ? {} : { exitCode }), ...(reason === undefined ? {} : { reason }), retries };
}

const tailOf = (text: string | undefined): string | undefined => (text === undefined ? undefined : lastLines(text, SHOWN_LINES).join('\n'));

/** The run as lines for people. Call it after the clean-up, so that it says what is left. */
export function linesOf(told: Told, to: string): string[] {
  const { result } = told;
  switch (result.failure) {
    case 'leftRunning':
      return [`the job ${result.jobId} goes on`, ...howToLook(result), ...leftovers(result)];
    case 'ended':
      return [howEnded(result), ...leftovers(result)];
    default:
      return result.outcomes.length > 0 ? ended(told, to) : [...(result.failure === undefined ? [`job ${result.jobId} on pool ${result.poolId} runs: ${result.tasks.length} tasks`] : []), ...howToLook(result), ...leftovers(result)];
  }
}

function howEnded({ jobId, made: { stage, job } }: RunResult): string {
  if (stage === 'over') return `the download was broken off; the job ${jobId} is over`;
  return job === undefined ? 'ended before there was a job' : `the job ${jobId} was ended`;
}

function ended({ result, stderr, stdout, cut, unprinted, saved, unsaved }: Told, to: string): string[] {
  const { outcomes, tasks, downloads, elapsedMs } = result;
  const failed = outcomes.filter(({ succeeded }) => !succeeded);
  const labels = new Map(tasks.map(({ id, item }) => [id, item.label]));
  const taskMs = outcomes.reduce((sum, { runMs }) => sum + runMs, 0);
  const bytes = downloads.reduce((sum, download) => sum + download.bytes, 0);
  return [
    ...[...stdout].filter(([, text]) => text !== '').sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([id, text]) => [...(cut.has(id) ? [`(cut: the last ${SHOWN_BYTES / 1024} kB of the stdout of ${id})`] : []), text.trimEnd()]),
    ...(unprinted === 0 ? [] : [`… and ${unprinted} more ${unprinted === 1 ? 'task' : 'tasks'} whose stdout is not printed`]),
    ...failed.slice(0, SHOWN_FAILURES).flatMap((outcome) => [`task ${outcome.id} (${labels.get(outcome.id) ?? ''}) failed: ${sayHow(outcome)}`, ...stderrLines(stderr.get(outcome.id))]),
    ...(failed.length > SHOWN_FAILURES ? [`… and ${failed.length - SHOWN_FAILURES} more failed`] : []),
    `${outcomes.length - failed.length} of ${outcomes.length} ${outcomes.length === 1 ? 'task' : 'tasks'} succeeded${failed.length > 0 ? `, ${failed.length} failed` : ''} in ${clock(elapsedMs)} (${(taskMs / 1000).toFixed(1)} s of running tasks)`,
    ...(downloads.length > 0 ? [`${downloads.length} ${downloads.length === 1 ? 'file' : 'files'} (${sizeOf(bytes)}) in ${to}`] : []),
    ...(result.failure === 'files' ? [] : withoutOutputs(result)),
    ...(saved === undefined ? [] : [`stdout and stderr of the ${failed.length > SAVED_FAILURES ? `first ${SAVED_FAILURES} ` : ''}failed tasks: ${saved}`]),
    ...(unsaved === undefined ? [] : [`stdout and stderr of failed tasks could not be saved: ${unsaved}`]),
    ...(failed.length > 0 || result.failure !== undefined ? howToLook(result) : []),
    ...leftovers(result),
  ];
}

function stderrLines(text: string | undefined): string[] {
  if (text === undefined) return ['  (its node no longer has its stderr)'];
  return text.trim() === '' ? ['  (it wrote nothing to stderr)'] : lastLines(text, SHOWN_LINES).map((line) => `  | ${line}`);
}

/** A pattern that matched nothing is worth a word: Batch does not call it a failure. */
function withoutOutputs({ outcomes, tasks, downloads }: RunResult): string[] {
  const having = new Set(downloads.map(({ taskId }) => taskId));
  const empty = outcomes.filter(({ id, succeeded }, index) => succeeded && (tasks[index]?.outputs.length ?? 0) > 0 && !having.has(id));
  const first = empty[0];
  if (first === undefined) return [];
  const patterns = tasks.find(({ id }) => id === first.id)?.outputs.join(', ');
  return [`no file matched ${patterns} in ${empty.length} of the tasks that succeeded (${first.id}${empty.length > 1 ? ', …' : ''})`];
}

function howToLook({ jobId, made, connection }: RunResult): string[] {
  if (made.job === undefined) return [];
  const connected = connection.local === undefined ? '' : `eval "$(${hint('env', connection.local.dataDir)})"; `;
  return [`look further: ${connected}az batch task list --job-id ${jobId} --output table`];
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
