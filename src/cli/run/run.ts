import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dryRun } from './dryRun.ts';
import { comeBack } from './watch/comeBack.ts';
import { deliver, jsonPrinter, plainPrinter, writeTo, type Write } from './files/delivery.ts';
import { missing, type Report, type RunResult, type RunSurroundings } from './ending.ts';
import { RunError, EXIT_CODES } from './failure.ts';
import { listenForInterrupts, signalsOfThisProcess } from './watch/interrupt.ts';
import { readComeBack, readFlags, readSplit, type ComeBack, type RunFlags } from './plan/options.ts';
import { rerunFailed } from './watch/rerun.ts';
import { showProgress, silence } from './watch/progress.ts';
import { refusalOf } from './account/refusal.ts';
import { jsonOf, linesOf, listen, type Told } from './watch/report.ts';
import { comeBackSplit } from './split/comeBackSplit.ts';
import type { SplitOptions } from './split/splitRun.ts';
import { runSplit } from './split/splitWorkflow.ts';
import { runWorkflow } from './workflow.ts';

/**
 * `linarite run`: carries a run out, tells about it, gives the exit code (see failure.ts). What the tasks wrote to
 * stdout goes to standard output, or one JSON object; all that is told about them to standard error.
 */
export async function run(argv: readonly string[], flags: RunFlags): Promise<number> {
  const json = flags.json === true;
  const progress = json && !process.stderr.isTTY ? silence : showProgress(process.stderr, () => performance.now());
  const interrupts = listenForInterrupts({ ...signalsOfThisProcess(), clear: () => progress.clear() });
  const write = writeTo(process.stdout);
  const around: RunSurroundings = { environment: process.env, readStdin: () => readText(process.stdin, interrupts.signal), progress, interrupts, now: () => performance.now() };
  let told: Told = { stderr: new Map(), saved: undefined, unsaved: undefined };
  let to = '';
  let begun = false;
  const report = async (result: RunResult, where: string): Promise<RunResult> => {
    progress.clear();
    to = where;
    told = await listen(result, to);
    if (!json) return withStdout(result, write, false);
    begun = silentTasks(result).length > 0;
    return begun ? withStdout(result, write, true) : result;
  };
  try {
    const back = readComeBack(argv, flags);
    const split = readSplit(flags, process.env);
    if (flags.dryRun === true) {
      await write(`${JSON.stringify(await dryRun(readFlags(argv, flags), around), undefined, 2)}\n`);
      return EXIT_CODES.succeeded;
    }
    const result = await (back !== undefined ? comeBackTo(back, split, around, report) : split === undefined ? runWorkflow(readFlags(argv, flags), around, report) : runSplit(readFlags(argv, flags), split, around, report));
    progress.clear();
    if (json) await write(`${begun ? ',' : '{'}${JSON.stringify(jsonOf(result, told, to)).slice(1)}\n`);
    else tell(result, told, to, flags.detach === true);
    return EXIT_CODES[result.failure ?? 'succeeded'];
  } catch (error) {
    progress.clear();
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const { failure, message } = refusal;
    if (json && !begun) console.log(JSON.stringify({ result: failure, exitCode: EXIT_CODES[failure], message }));
    else console.error(`linarite run: ${message}`);
    return EXIT_CODES[failure];
  } finally {
    interrupts.close();
  }
}

function comeBackTo(back: ComeBack, split: SplitOptions | undefined, around: RunSurroundings, report: Report): Promise<RunResult> {
  if (split !== undefined) return comeBackSplit(back, split, around, report);
  const { kind, options } = back;
  return kind === 'rerun' ? rerunFailed(options, around, report) : comeBack(options, around, report);
}

function tell(result: RunResult, told: Told, to: string, detached: boolean): void {
  if (result.message !== undefined) console.error(`linarite run: ${result.message}`);
  console.error(linesOf(result, told, to).join('\n'));
  if (detached && result.failure === undefined) console.log(result.jobId);
}

/** Tasks that succeeded and have no output files: what they wrote to stdout is their result, unless a merge gets it. */
function silentTasks({ tasks, outcomes }: RunResult): string[] {
  return outcomes.flatMap(({ id, succeeded }, index) => (succeeded && tasks[index]?.outputs.length === 0 && tasks[index].merged !== true ? [id] : []));
}

/**
 * Writes the results that are stdout; with JSON as the first member of the object, so that what follows can say how it
 * went.
 */
async function withStdout(result: RunResult, write: Write, json: boolean): Promise<RunResult> {
  const taskIds = silentTasks(result);
  const printer = json ? jsonPrinter(write) : plainPrinter(write, process.stdout.isTTY);
  try {
    if (json) await write('{"stdout":{');
    const undelivered = await deliver({ taskIds, open: (taskId) => result.batch.taskFile(result.jobId, taskId, 'stdout.txt'), printer });
    if (json) await write('}');
    const before = new Set(result.tasks.filter(({ found }) => found === 'succeeded').map(({ id }) => id));
    const lost = undelivered.taskIds.filter((id) => !before.has(id));
    const gone = undelivered.taskIds.length - lost.length;
    // The run in which they succeeded has written it.
    const told = gone === 0 ? result : { ...result, notes: [`the stdout of ${gone} of the tasks that had succeeded before is not here any more: ${undelivered.reason ?? ''}`] };
    if (lost.length === 0) return told;
    return lacking(told, `the stdout of ${lost.length} of ${taskIds.length} tasks is not here whole (${lost[0]}${lost.length > 1 ? ', …' : ''}): ${undelivered.reason ?? ''}`);
  } catch (error) {
    if (error instanceof RunError) return lacking(result, error.message);
    throw error;
  }
}

function lacking(result: RunResult, sentence: string): RunResult {
  return missing({ ...result, unfetched: [...result.unfetched, sentence] });
}

/**
 * All that a stream holds. Standard input may never end: Ctrl-C does not wait for it. @throws RunError ended, when the
 * signal is aborted first
 */
export function readText(stream: Readable, signal: AbortSignal): Promise<string> {
  // Destroyed, so that it keeps no process alive.
  signal.addEventListener('abort', () => stream.destroy(new RunError('ended', 'ended before anything was started')));
  return text(stream);
}
