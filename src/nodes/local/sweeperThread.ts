import { Worker } from 'node:worker_threads';
import type { Enclosure } from '../../agent/nets.ts';
import { threadArguments, siblingModule } from '../../processes/module.ts';

/**
 * A thread of its own looks at the machine's processes. A look reads two small files for each process: some 20 ms on a
 * machine with a hundred nodes, in which the service would answer nobody. While nodes go, look follows look.
 */

/**
 * A request to the thread: kill what lives in `enclosure` (`Sweeper.kill`), or tell the pids of living processes with
 * these marks.
 */
type SweeperAsk =
  | { readonly kind: 'kill'; readonly enclosure: Enclosure }
  | { readonly kind: 'find'; readonly marks: readonly string[] };

export interface SweeperRequest {
  readonly request: number;
  readonly ask: SweeperAsk;
}

/** `answer`: whether nothing is left, or the pids. */
export type SweeperAnswer = { readonly request: number } & ({ readonly kind: 'killed'; readonly isGone: boolean } | { readonly kind: 'found'; readonly pids: readonly number[] });

interface Waiting {
  readonly resolve: (answer: SweeperAnswer) => void;
  readonly reject: (error: Error) => void;
}

let running: Worker | null = null;
let requests = 0;
const waiting = new Map<number, Waiting>();

/** As `Sweeper.kill`. Rejects if the thread fails, which is a fault of ours. */
export async function killInThread(enclosure: Enclosure): Promise<boolean> {
  const answer = await ask({ kind: 'kill', enclosure });
  if (answer.kind !== 'killed') throw new Error(`the sweeper's thread answered a kill with ${answer.kind}`);
  return answer.isGone;
}

/**
 * Pids of living processes that carry `marks`, and of their descendants. Rejects if the thread fails, which is a fault
 * of ours.
 */
export async function findInThread(marks: readonly string[]): Promise<readonly number[]> {
  const answer = await ask({ kind: 'find', marks });
  if (answer.kind !== 'found') throw new Error(`the sweeper's thread answered a search with ${answer.kind}`);
  return answer.pids;
}

function ask(what: SweeperAsk): Promise<SweeperAnswer> {
  running ??= start();
  // The process stays for whom somebody waits, and for nobody else.
  running.ref();
  requests += 1;
  const request: SweeperRequest = { request: requests, ask: what };
  running.postMessage(request);
  return new Promise((resolve, reject) => void waiting.set(request.request, { resolve, reject }));
}

function start(): Worker {
  const thread = new Worker(...threadArguments(siblingModule(import.meta.url, './sweeper')));
  thread.on('message', (answer: SweeperAnswer) => {
    waiting.get(answer.request)?.resolve(answer);
    waiting.delete(answer.request);
    if (waiting.size === 0) thread.unref();
  });
  let reason: Error = new Error("the sweeper's thread ended");
  thread.on('error', (error) => {
    reason = error;
  });
  // The next one who asks has a new thread.
  thread.once('exit', () => {
    running = null;
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  });
  return thread;
}
