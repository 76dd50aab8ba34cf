import type { AddResult, TaskToAdd } from './account/batchAccount.ts';
import { RunError } from './failure.ts';
import { inParallel } from './concurrency.ts';
import { refusalText } from './account/refusal.ts';

/** Tasks in one request (API reference, Task_AddCollection). */
const COLLECTION = 100;
/** Requests at a time. */
const PARALLEL = 4;
/** How often a task that the service failed to add is sent again. */
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** The service as adding tasks sees it. */
export interface TaskSink {
  /** @throws an error with the code `RequestBodyTooLarge` when the collection is over the service's size */
  add(tasks: TaskToAdd[]): Promise<AddResult[]>;
  codeOf(error: unknown): string | undefined;
  pause(ms: number): Promise<void>;
  /** True when the job is to end: nothing more is sent. */
  stopped(): boolean;
}

/**
 * Adds all tasks: collections of 100, halved where they are too large for one request; tasks that the service failed to
 * take are sent again, ones that it has already are taken for ours (a request may have been repeated after its answer
 * was lost).
 * @throws RunError service, naming the first task that was refused
 */
export async function addAllTasks(tasks: readonly TaskToAdd[], sink: TaskSink): Promise<void> {
  const collections: TaskToAdd[][] = [];
  for (let from = 0; from < tasks.length; from += COLLECTION) collections.push(tasks.slice(from, from + COLLECTION));
  await inParallel(collections, PARALLEL, async (collection) => {
    if (!sink.stopped()) await addCollection(collection, sink);
  });
}

async function addCollection(tasks: TaskToAdd[], sink: TaskSink): Promise<void> {
  let left = tasks;
  for (let attempt = 1; left.length > 0; attempt++) {
    const results = await addOrHalve(left, sink);
    if (results === undefined) return;
    const again = retriable(results);
    left = left.filter(({ id }) => again.has(id.toLowerCase()));
    if (left.length === 0 || sink.stopped()) return;
    if (attempt === ATTEMPTS) throw new RunError('service', `task ${left[0]?.id} could not be added: the service failed ${ATTEMPTS} times`);
    await sink.pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
  }
}

/** The results, or undefined when the collection was too large and has been added in halves. */
async function addOrHalve(tasks: TaskToAdd[], sink: TaskSink): Promise<AddResult[] | undefined> {
  try {
    return await sink.add(tasks);
  } catch (error) {
    if (sink.codeOf(error) !== 'RequestBodyTooLarge') throw error;
    if (tasks.length === 1) throw new RunError('service', `task ${tasks[0]?.id} is too large for one request`, { cause: error });
    const half = Math.ceil(tasks.length / 2);
    await addCollection(tasks.slice(0, half), sink);
    await addCollection(tasks.slice(half), sink);
    return undefined;
  }
}

/**
 * The ids, in lower case, that are worth sending again. @throws RunError service, for a task that was refused for good
 */
function retriable(results: readonly AddResult[]): Set<string> {
  const again = new Set<string>();
  for (const { status, taskId, error } of results) {
    switch (status.toLowerCase()) {
      case 'success':
        break;
      case 'servererror':
        again.add(taskId.toLowerCase());
        break;
      default:
        if (error?.code !== 'TaskExists') throw new RunError('service', `task ${taskId} was refused: ${refusalText(error?.code ?? status, error?.message?.value, error?.values)}`);
    }
  }
  return again;
}
