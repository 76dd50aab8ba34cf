import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { hint, listOfTasks } from '../hint.ts';
import { pageLink } from '../pageLink.ts';
import { connectBatch } from '../run/account/batchAccount.ts';
import { connectLocal, type Connection } from '../run/account/connection.ts';
import { EXIT_CODES } from '../run/failure.ts';
import { listenForInterrupts, signalsOfThisProcess } from '../run/watch/interrupt.ts';
import { freeName } from '../run/plan/names.ts';
import { showProgress, silence } from '../run/watch/progress.ts';
import { refusalOf } from '../run/account/refusal.ts';
import { connectStorage } from '../run/account/storage.ts';
import { stopHere } from '../run/account/localService.ts';
import type { LogLevel } from '../service/log/level.ts';
import { renderPicture, type Rendered } from './picture.ts';
import { affordable } from './affordable.ts';
import { renderTile } from './render/tracer.mjs';
import { pictureOf, type Picture } from './tasks.ts';

/** The flags of `linarite demo`, as they stand on the command line. */
export interface DemoFlags {
  /** Default of both: as much as this machine has time for. */
  readonly width?: number;
  readonly samples?: number;
  readonly nodes: number;
  readonly slots?: number;
  readonly out: string;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly logLevel?: LogLevel;
}

/** `linarite demo`: starts what is missing, renders, tells where the picture is. Exit codes as those of `run`. */
export async function demo(flags: DemoFlags): Promise<number> {
  const json = flags.json === true;
  const progress = json && !process.stderr.isTTY ? silence : showProgress(json ? process.stderr : process.stdout, () => performance.now());
  // Nobody wants to leave half a picture running: Ctrl-C ends it without a question.
  const { listen, giveUp } = signalsOfThisProcess();
  const interrupts = listenForInterrupts({ listen, giveUp, clear: () => progress.clear() });
  const slots = flags.slots ?? Math.max(2, Math.ceil(availableParallelism() / flags.nodes));
  const name = freeName('demo');
  let connection: Connection | undefined;
  try {
    connection = await connectLocal(flags, (path) => progress.step(`starting a service on ${path}`));
    const tasksAtATime = flags.nodes * slots;
    const { frame, samples } = affordable(flags, { tasksAtATime: Math.min(tasksAtATime, availableParallelism()), render: renderTile, now: () => performance.now() });
    const picture = pictureOf(frame, samples, tasksAtATime);
    const rendered = await renderPicture({
      picture,
      nodes: flags.nodes,
      slots,
      name,
      out: resolve(flags.out),
      keep: flags.keep === true,
      batch: connectBatch(connection.batch),
      storage: connectStorage(connection.storage ?? ''),
      progress,
      signal: interrupts.signal,
      now: () => performance.now(),
    });
    progress.clear();
    const stopped = await stopIfOurs(connection, flags);
    console.log(json ? JSON.stringify(jsonOf(rendered, flags, { job: name, slots, picture })) : linesOf(rendered, flags, { name, running: stopped ? null : await runningOf(connection) }).join('\n'));
    return EXIT_CODES.succeeded;
  } catch (error) {
    progress.clear();
    const refusal = refusalOf(error);
    if (connection !== undefined) await stopIfOurs(connection, flags).catch(() => {});
    if (refusal === undefined) throw error;
    const { failure, message } = refusal;
    if (json) console.log(JSON.stringify({ result: failure, exitCode: EXIT_CODES[failure], message }));
    else console.error(`linarite demo: ${message}`);
    return EXIT_CODES[failure];
  } finally {
    interrupts.close();
  }
}

/** A service that the demo started goes with it; one that was there before stays. */
async function stopIfOurs({ local }: Connection, { keep, dataDir }: DemoFlags): Promise<boolean> {
  if (local?.startedHere !== true || keep === true) return false;
  await stopHere(dataDir);
  return true;
}

async function runningOf({ batch: { endpoint, account, key } }: Connection): Promise<Running> {
  return { endpoint, link: await pageLink({ endpoint, credentials: { kind: 'key', account, key } }, 'contributor') };
}

interface Done {
  readonly job: string;
  readonly slots: number;
  readonly picture: Picture;
}

function jsonOf({ elapsedMs, taskMs, tasks, nodesUsed }: Rendered, { out, nodes }: DemoFlags, { job, slots, picture: { width, samples } }: Done): Record<string, unknown> {
  return { result: 'succeeded', exitCode: EXIT_CODES.succeeded, picture: resolve(out), width, samples, seconds: seconds(elapsedMs), taskSeconds: seconds(taskMs), tasks, nodes, nodesUsed, slots, job };
}

/** The service, where it goes on. */
interface Running {
  readonly endpoint: string;
  /** To its page. */
  readonly link: string;
}

interface Afterwards {
  readonly name: string;
  readonly running: Running | null;
}

function linesOf({ elapsedMs, taskMs, tasks, nodesUsed }: Rendered, { out, keep, dataDir }: DemoFlags, { name, running }: Afterwards): string[] {
  return [
    `the picture: ${resolve(out)}`,
    `${seconds(elapsedMs)} s for ${seconds(taskMs)} s of work: ${tasks} tasks on ${nodesUsed} nodes`,
    running === null ? `the service was ended again; its data stays: ${hint('up --detach', dataDir)} brings it back with the job` : `the service runs at ${running.endpoint}; ${hint('down', dataDir)} ends it`,
    'look further:',
    running === null ? `  ${hint('up --detach', dataDir)}    # prints a link to the page, which shows the job` : `  ${running.link}    # the page, which shows the job: for one browser within two minutes; ${hint('open', dataDir)} makes more`,
    `  eval "$(${hint('env', dataDir)})"`,
    `  ${listOfTasks(name)}`,
    ...(keep === true ? [`  az batch task file list --job-id ${name} --task-id join --recursive --output table`] : []),
    `  ${hint("run --items 1,2,3 --shell -- 'echo {item} on $AZ_BATCH_NODE_ID'", dataDir)}`,
  ];
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
