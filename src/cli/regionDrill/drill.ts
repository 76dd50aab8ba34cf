import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../base/errors.ts';
import { isRunning } from '../../processes/identity.ts';
import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory, purgeDataDirectory } from '../service/data/dataDirectory.ts';
import { runningService } from '../service/data/record.ts';
import { startDetached } from '../service/start.ts';
import { stopService } from '../service/stop.ts';
import type { RunResult } from '../run/ending.ts';
import { readFlags } from '../run/plan/options.ts';
import { runSplit } from '../run/split/splitWorkflow.ts';
import { listenForInterrupts, signalsOfThisProcess } from '../run/watch/interrupt.ts';
import type { Progress } from '../run/watch/progress.ts';
import { judge, planDrill, verdictLines, type DrillFacts, type DrillPlan, type Verdict } from './plan.ts';

export interface RegionDrillOptions {
  readonly tasks: number;
  readonly seed: number;
  /** In milliseconds. */
  readonly lostAfter: number;
  /** Data directories of two services of this machine; without them two are made, and removed. */
  readonly account?: readonly string[];
  readonly json?: boolean;
}

/** Services that a drill has made get names of regions. */
const NAMES = ['eastus', 'westus'] as const;

/**
 * `linarite drill region-outage`: a run over two services, of which one is killed in the middle. Returns the exit code:
 * 1 when it has not passed. @throws CommandError usage, and where a service does not start
 */
export async function regionOutage({ tasks, seed, lostAfter, account, json = false }: RegionDrillOptions): Promise<number> {
  const plan = planDrill(seed, tasks);
  const directory = await mkdtemp(join(tmpdir(), 'linarite-drill-'));
  // Users of tasks write what they do there.
  await chmod(directory, 0o711);
  const isOurs = account === undefined;
  const places = account ?? NAMES.map((name) => join(directory, name));
  const startedAt = performance.now();
  const say = (line: string): void => (json ? undefined : console.log(`${((performance.now() - startedAt) / 1000).toFixed(1).padStart(6)} s  ${line}`));
  try {
    if (isOurs) await startBoth(places, say);
    else refusePlaces(places);
    say(`seed ${seed}: ${tasks} tasks; ${nameOf(places[plan.lost])} ends when ${plan.afterResults} ${plan.afterResults === 1 ? 'result is' : 'results are'} here`);
    const verdict = judge(await carryOut({ plan, places, directory, lostAfter, say }));
    if (json) console.log(JSON.stringify({ seed, ...plan, ...verdict }));
    else console.log(verdictLines(verdict).join('\n'));
    if (!isOurs) await bringBack(places[plan.lost] ?? '', say);
    return exitCodeOf(verdict);
  } finally {
    if (isOurs) await Promise.all(places.map(removeService));
    await rm(directory, { recursive: true, force: true });
  }
}

function exitCodeOf({ passed }: Verdict): number {
  return passed ? 0 : 1;
}

async function startBoth(places: readonly string[], say: (line: string) => void): Promise<void> {
  for (const place of places) {
    const { endpoint } = await startDetached(place, { port: 0, region: nameOf(place) });
    say(`${nameOf(place)} is ready at ${endpoint}`);
  }
}

/** Whoever names services has one of them killed: both have to run here. */
function refusePlaces(places: readonly string[]): void {
  if (places.length !== 2 || dataDirectoryPath(places[0]) === dataDirectoryPath(places[1])) throw new CommandError(EXIT.usage, 'give --account twice, with the data directories of two services of this machine; without it two are made for the drill');
  for (const place of places) if (recordOf(place) === undefined) throw new CommandError(EXIT.notRunning, `no service runs on ${place}`);
}

function recordOf(place: string): ReturnType<typeof runningService> {
  const directory = findDataDirectory(dataDirectoryPath(place));
  return directory === undefined ? undefined : runningService(directory);
}

function nameOf(place: string | undefined): string {
  return place?.replace(/^.*\//, '') ?? '';
}

interface Setting {
  readonly plan: DrillPlan;
  readonly places: readonly string[];
  readonly directory: string;
  readonly lostAfter: number;
  readonly say: (line: string) => void;
}

async function carryOut({ plan, places, directory, lostAfter, say }: Setting): Promise<DrillFacts> {
  const tasks = plan.workTenths.length;
  const begunFile = join(directory, 'begun');
  await writeFile(begunFile, '');
  await chmod(begunFile, 0o666);
  let lostAt: number | null = null;
  let noticedAt: number | null = null;
  const progress: Progress = {
    step: (line) => say(line),
    counts: ({ completed }) => {
      if (lostAt !== null || completed < plan.afterResults || completed === tasks) return;
      lostAt = performance.now();
      say(`${completed} results are here: ${nameOf(places[plan.lost])} is killed`);
      kill(places[plan.lost] ?? '');
    },
    note: (line) => {
      if (line.includes('does not answer any more')) noticedAt = performance.now();
      say(line);
    },
    clear: () => undefined,
  };
  const interrupts = listenForInterrupts({ ...signalsOfThisProcess(), clear: () => undefined });
  const results = new Map<string, { copies: number; isRight: boolean }>();
  let ended: RunResult | undefined;
  let failure: string | null = null;
  try {
    const options = readFlags([`echo "{index} $(date +%s%3N) $AZ_BATCH_ACCOUNT_URL" >> ${begunFile}; sleep {item}; echo result {index}`], flagsFor(plan, directory));
    const split = { places: places.map((place) => ({ name: nameOf(place), flags: { dataDir: place } })), lostAfterMs: lostAfter };
    ended = await runSplit(options, split, { environment: {}, readStdin: () => Promise.resolve(''), progress, interrupts, now: () => performance.now() }, async (result) => {
      for (const [index, { id }] of result.tasks.entries()) {
        const said = await result.batch.taskFile(result.jobId, id, 'stdout.txt');
        const lines = said === undefined ? '' : await text(said);
        results.set(id, { copies: lines.split('\n').filter((line) => line !== '').length, isRight: lines === `result ${index + 1}\n` });
      }
      return result;
    });
    failure = ended.failure === undefined ? null : (ended.message ?? ended.failure);
  } catch (error) {
    failure = messageOf(error);
  } finally {
    interrupts.close();
  }
  const begun = (await readFile(begunFile, 'utf8')).split('\n').filter((line) => line !== '').map((line) => {
    const [task = '', at = '', service = ''] = line.split(' ');
    return { task, at: Number(at), service };
  });
  return { tasks, begun, results, from: countsIn(ended), lost: nameOf(places[plan.lost]), workTenths: plan.workTenths, lostAt, noticedAt, endedAt: performance.now(), failure };
}

function flagsFor({ workTenths }: DrillPlan, directory: string): Parameters<typeof readFlags>[1] {
  return { before: [], input: [], sweep: [], output: [], mergeOutput: [], resourceFile: [], app: [], env: [], items: workTenths.map((tenths) => `${tenths / 10}`).join(','), shell: true, slots: 2, to: join(directory, 'results') };
}

/** `results: 3 from eastus, 9 from westus; …`, as a run says it. */
function countsIn(result: RunResult | undefined): Readonly<Record<string, number>> {
  const note = result?.notes?.find((line) => line.startsWith('results: ')) ?? '';
  return Object.fromEntries([...note.matchAll(/(\d+) from (\w+)/g)].map(([, count, name = '']) => [name, Number(count)]));
}

/** All of a service at once, as the power goes; its nodes go on by themselves, unseen. */
function kill(place: string): void {
  const record = recordOf(place);
  if (record === undefined) throw new Error(`no service runs on ${place}`);
  for (const part of [record.process, record.blobs, record.database]) if (part !== undefined && isRunning(part)) process.kill(part.pid, 'SIGKILL');
}

async function bringBack(place: string, say: (line: string) => void): Promise<void> {
  if (recordOf(place) !== undefined) return;
  await startDetached(place, {});
  say(`${nameOf(place)} is started again`);
}

async function removeService(place: string): Promise<void> {
  const directory = findDataDirectory(dataDirectoryPath(place));
  if (directory === undefined) return;
  await stopService(directory, 'end');
  await purgeDataDirectory(directory);
}
