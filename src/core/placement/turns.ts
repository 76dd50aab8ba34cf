import { placeAmong } from '../task/queue.ts';
import type { JobNumber } from '../keys.ts';
import type { Job, Pool } from '../model.ts';

/** Whose turn it is; told each time whether a task of that job was placed. */
export type Turns = Generator<Job, void, boolean>;

/**
 * The order in which jobs have tasks placed during one filling of a pool: by falling priority. Jobs of equal priority
 * go one after the other, the older one first (`jobDefaultOrder: creationtime`), or a task of each in turn (`none`: the
 * API reference has tasks scheduled uniformly from all of them), beginning behind the one that was served last. A job
 * of which no task was placed is not asked again. However many jobs wait, only those are touched whose turn comes.
 */
export function turns(pool: Pool): Turns {
  return pool.intent.jobOrder === 'creationtime' ? byAge(pool.queue.ready) : inTurn(pool);
}

/** One that has nothing more to place leaves the list, and the next one stands where it stood. */
function* byAge(ready: readonly Job[]): Turns {
  for (let index = 0; index < ready.length; ) {
    const job = ready[index];
    if (job === undefined) return;
    const isServed = yield job;
    if (!isServed && ready[index] === job) index += 1;
  }
}

function* inTurn({ queue: { ready }, lastServed }: Pool): Turns {
  for (let first = 0; first < ready.length; ) {
    const priority = ready[first]?.listed?.priority;
    if (priority === undefined) return;
    const last = lastServed.get(priority) ?? 0;
    const again: Job[] = [];
    const turn = function* (job: Job): Turns {
      if (!(yield job)) return;
      lastServed.set(priority, job.number);
      if (job.listed !== null) again.push(job);
    };
    yield* once(ready, { priority, after: last, upTo: Number.POSITIVE_INFINITY }, turn);
    yield* once(ready, { priority, after: 0, upTo: last }, turn);
    for (const job of again) yield* turn(job);
    first = placeAmong(ready, priority, Number.POSITIVE_INFINITY);
  }
}

interface Some {
  readonly priority: number;
  /** By their numbers. */
  readonly after: JobNumber;
  readonly upTo: JobNumber;
}

function* once(ready: readonly Job[], { priority, after, upTo }: Some, turn: (job: Job) => Turns): Turns {
  for (let index = placeAmong(ready, priority, after + 1); ; ) {
    const job = ready[index];
    if (job?.listed?.priority !== priority || job.number > upTo) return;
    yield* turn(job);
    if (ready[index] === job) index += 1;
  }
}
