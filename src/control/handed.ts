import type { AddedTasks } from '../store/ownerStore.ts';

/** More than a few clients add between two ticks; what is beyond is read, which costs little beside that many. */
const MOST = { tasks: 2_000, characters: 2 * 1024 * 1024 } as const;

/**
 * Tasks that were handed over by those who committed them, until the next tick: a copy of what stands in the database,
 * so that it need not be read. Whatever of it is dropped stands in the inbox.
 */
export class Handed {
  #added: AddedTasks[] = [];
  #tasks = 0;
  #characters = 0;

  get isEmpty(): boolean {
    return this.#added.length === 0;
  }

  /** Returns whether there was room. */
  enqueue(added: AddedTasks): boolean {
    const [tasks, characters] = [this.#tasks + added.tasks.length, this.#characters + added.size];
    if (tasks > MOST.tasks || characters > MOST.characters) return false;
    this.#added.push(added);
    [this.#tasks, this.#characters] = [tasks, characters];
    return true;
  }

  /** In the order in which they were handed over. */
  dequeueAll(): readonly AddedTasks[] {
    const added = this.#added;
    this.#added = [];
    [this.#tasks, this.#characters] = [0, 0];
    return added;
  }
}
