import type { Decisions } from '../core/decisions.ts';
import type { JobNumber, TaskNumber } from '../core/keys.ts';
import { MOST_WAITERS } from './waiters.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Callers that wait until a task has ended or is gone, by the tasks that the owner committed so. */
export class TaskEnds {
  readonly #byTask = new Map<string, Set<Waiter>>();
  #count = 0;

  /** Resolves when `settled` tells of the task's end. Rejects when too many wait and when `signal` aborts. */
  wait(job: JobNumber, task: TaskNumber, signal: AbortSignal): Promise<void> {
    if (this.#count >= MOST_WAITERS) return Promise.reject(new Error('too many wait for tasks to end'));
    if (signal.aborted) return Promise.reject(gaveUp());
    const key = keyOf(job, task);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', abort);
        this.#forget(key, waiter);
      };
      const waiter: Waiter = {
        resolve: () => {
          leave();
          resolve();
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const abort = (): void => waiter.reject(gaveUp());
      signal.addEventListener('abort', abort, { once: true });
      const others = this.#byTask.get(key) ?? new Set();
      this.#byTask.set(key, others.add(waiter));
      this.#count += 1;
    });
  }

  /** The owner ends, or forgets what it knew: it would not hear of these ends. */
  rejectAll(error: Error): void {
    for (const waiters of this.#byTask.values()) for (const waiter of waiters) waiter.reject(error);
  }

  /** These decisions are committed. */
  settled({ tasks, gone }: Pick<Decisions, 'tasks' | 'gone'>): void {
    if (this.#count === 0) return;
    for (const { job, task, state } of tasks) if (state === 'completed') this.#tell(job, task);
    for (const { job, task } of gone.tasks) this.#tell(job, task);
  }

  #tell(job: JobNumber, task: TaskNumber): void {
    for (const waiter of this.#byTask.get(keyOf(job, task)) ?? []) waiter.resolve();
  }

  #forget(key: string, waiter: Waiter): void {
    const others = this.#byTask.get(key);
    if (others?.delete(waiter) !== true) return;
    this.#count -= 1;
    if (others.size === 0) this.#byTask.delete(key);
  }
}

function keyOf(job: JobNumber, task: TaskNumber): string {
  return `${job}.${task}`;
}

function gaveUp(): Error {
  return new Error('gave up waiting for a task to end');
}
