import { accessSync, constants, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BatchAccount } from '../run/account/batchAccount.ts';
import { poolBody, sizeForSlots } from '../run/plan/bodies.ts';
import { cleanUp, type Made } from '../run/cleanUp.ts';
import { RunError } from '../run/failure.ts';
import { chooseImage } from '../run/plan/image.ts';
import { containerName } from '../run/plan/names.ts';
import { lastLines } from '../lastLines.ts';
import { OUTCOME_FIELDS, endOfStream, outcomeOf, sayHow, type TaskOutcome } from '../run/watch/outcome.ts';
import { inParallel, pause } from '../run/concurrency.ts';
import type { Progress } from '../run/watch/progress.ts';
import { serviceCode } from '../run/account/refusal.ts';
import type { Storage } from '../run/account/storage.ts';
import { addAllTasks } from '../run/submit.ts';
import { watchTasks } from '../run/watch/watch.ts';
import { JOIN_FILES, PICTURE_FILE, TILE_FILES, demoJob, demoTasks, type Picture } from './tasks.ts';

/** Transfers at a time. */
const TRANSFERS = 8;
const STDERR_BYTES = 4_096;
const STDERR_LINES = 12;

export interface Rendering {
  readonly picture: Picture;
  readonly nodes: number;
  readonly slots: number;
  /** Id of job and pool. */
  readonly name: string;
  /** Where the picture goes. */
  readonly out: string;
  /** Leave pool and containers. */
  readonly keep: boolean;
  readonly batch: BatchAccount;
  readonly storage: Storage;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** How it went. */
export interface Rendered {
  /** From the first request to the picture in its place. */
  readonly elapsedMs: number;
  /** What the tasks took, added up. */
  readonly taskMs: number;
  readonly tasks: number;
  /** Nodes that ran a task. */
  readonly nodesUsed: number;
}

/**
 * Renders the picture as a job. The job stays for a look at it; pool and containers go, unless they are kept.
 * @throws RunError taskFailed, with the first failed task's stderr; ended, when the signal was aborted
 */
export async function renderPicture(rendering: Rendering): Promise<Rendered> {
  const { batch, storage, keep, now, name } = rendering;
  const startedAt = now();
  const made: Made = { stage: 'preparing', containers: new Set(), pool: undefined, job: undefined };
  let failed = true;
  try {
    await submit(rendering, made);
    const outcomes = await outcomesOf(rendering, made);
    await storage.download(containerName(name, 'out'), PICTURE_FILE, rendering.out);
    failed = false;
    return {
      elapsedMs: now() - startedAt,
      taskMs: outcomes.reduce((sum, { runMs }) => sum + runMs, 0),
      tasks: outcomes.length,
      nodesUsed: new Set(outcomes.map(({ nodeId }) => nodeId)).size,
    };
  } finally {
    // A failure of the clean-up must not hide the one before it.
    const cleaned = keep ? Promise.resolve() : cleanUp(made, { batch, storage, keepJob: true, keepPool: false, keepContainers: false });
    await (failed ? cleaned.catch(() => {}) : cleaned);
  }
}

async function submit({ picture, nodes, slots, name, batch, storage, progress, signal }: Rendering, made: Made): Promise<void> {
  const [input, output] = [containerName(name, 'in'), containerName(name, 'out')];
  const wish = { nodes, lowPriorityNodes: 0, slots, vmSize: sizeForSlots(slots) };
  progress.step(`pool of ${nodes} nodes with ${slots} slots each, ${picture.width} x ${picture.height} pixels, ${picture.samples} light paths for each`);
  await batch.addPool(poolBody(name, wish, chooseImage(await batch.images(), undefined)));
  made.pool = name;
  for (const container of [input, output]) {
    await storage.createContainer(container);
    made.containers.add(container);
  }
  const programs = [...new Set<string>([...TILE_FILES, ...JOIN_FILES])];
  await inParallel(programs, TRANSFERS, (file) => storage.upload(input, file, join(PROGRAMS, file)));
  const urls = new Map<string, string>();
  for (const file of programs) urls.set(file, await storage.readUrl(input, file));
  const tasks = demoTasks(picture, {
    node: process.execPath,
    administrator: needsAdministrator(process.execPath),
    programUrl: (file) => urls.get(file) ?? '',
    writeUrl: await storage.writeUrl(output),
    readUrl: await storage.readContainerUrl(output),
  });
  if (signal.aborted) return;
  await batch.addJob(demoJob(name, name));
  made.job = name;
  await addAllTasks(tasks, { add: (some) => batch.addTasks(name, some), codeOf: serviceCode, pause: (ms) => pause(ms, signal), stopped: () => signal.aborted });
  await batch.endJobWithItsTasks(name);
}

/** Waits for the tasks; their outcomes when all succeeded. */
async function outcomesOf({ name, batch, progress, signal, now }: Rendering, made: Made): Promise<TaskOutcome[]> {
  const total = (await batch.tasks(name, 'id')).length;
  let failing = false;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  await watchTasks({
    batch,
    jobId: name,
    poolId: name,
    total,
    signal: either,
    now,
    pause: (ms) => pause(ms, either),
    note: (text) => progress.note(text),
    seen: (counts, waiting) => {
      progress.counts(counts, total, waiting);
      // The last task waits for all others for ever if one of them has failed.
      failing = counts.failed > 0;
      if (failing) stop.abort();
    },
  });
  if (!failing && !signal.aborted) return (await batch.tasks(name, OUTCOME_FIELDS)).map(outcomeOf);
  if (made.job !== undefined) await batch.terminateJob(name, failing ? 'TaskFailed' : 'EndedByUser');
  throw failing ? await firstFailure(batch, name) : new RunError('ended', `the job ${name} was ended`);
}

async function firstFailure(batch: BatchAccount, jobId: string): Promise<RunError> {
  const failed = (await batch.tasks(jobId, OUTCOME_FIELDS)).filter((task) => task.executionInfo?.result?.toLowerCase() === 'failure').map(outcomeOf);
  const [first] = failed;
  if (first === undefined) return new RunError('taskFailed', `a task of the job ${jobId} failed`);
  const stderr = (await endOfStream(batch, jobId, first.id, 'stderr', STDERR_BYTES))?.text ?? '';
  const told = stderr.trim() === '' ? [] : lastLines(stderr, STDERR_LINES);
  return new RunError('taskFailed', [`task ${first.id} of the job ${jobId} failed: ${sayHow(first)}`, ...told].join('\n  | '));
}

/** Where the programs of the tasks lie, in `src` and in `dist` alike. */
const PROGRAMS = fileURLToPath(new URL('render/', import.meta.url));

/**
 * Whether tasks must run as administrator to run this machine's Node.js: tasks of a service that runs as root have
 * users of their own, and those cannot enter, say, /root/.nvm.
 */
function needsAdministrator(node: string): boolean {
  if (process.getuid?.() !== 0) return false;
  accessSync(node, constants.X_OK);
  for (let path = resolve(node); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return true;
    if (path === dirname(path)) return false;
  }
}
